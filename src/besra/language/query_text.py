"""What a text must be to be read as a query, whatever its language: of bounded size, and of whole characters."""

import re

from besra.errors import QuerySyntaxError
from besra.problems import Problem, Span, place_of

MAX_QUERY_CHARACTERS = 2_000_000
"""Longer texts are refused before lexing. The largest public rule has under 200,000 characters."""

MAX_DEPTH = 50
"""How deep parentheses, calls and lists may nest, and nodes in the tree. The deepest public rule stays below 15.

A level of parentheses costs a parser up to ten stack frames, of which Python allows a thousand in all.
"""

SURROGATE = re.compile("[\ud800-\udfff]")


def check_length(text: str, code: str) -> None:
    """Refuse a text of more than `MAX_QUERY_CHARACTERS`. Raises QuerySyntaxError with this code."""
    if len(text) > MAX_QUERY_CHARACTERS:
        message = f"the query has {len(text):,} characters; the limit is {MAX_QUERY_CHARACTERS:,}"
        hint = "move long value lists out of the query (exceptions, indicator match)"
        raise QuerySyntaxError(Problem(code, message, hint=hint))


def check_characters(text: str, code: str) -> None:
    """Refuse half characters, which cannot be written as UTF-8, so neither printed nor shown in a message."""
    if found := SURROGATE.search(text):
        shown = SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
        message = f"U+{ord(found[0]):04X} is no character but half of one"
        place = place_of(shown, Span(*found.span()))
        raise QuerySyntaxError(Problem(code, message, place=place, hint="read the query as UTF-8"))

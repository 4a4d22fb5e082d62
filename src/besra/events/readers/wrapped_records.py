"""Records within a damaged wrapper: `{"Records": [` and as many whole records as follow.

A file of CloudTrail is one object. Where it was cut off, or one record in it is broken, the others are events as in any
other arrangement.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

from besra.events.readers.json_text import Text
from besra.events.readers.json_values import ValueSplitter
from besra.problems import Problem

WRAPPER = re.compile(rb'\s*+\{\s*+"[Rr]ecords"\s*+:\s*+(?=\[\s*+\{)')


def wrapped_texts(text: Text) -> Iterator[Text | Problem] | None:
    """The texts of the records of a text that begins as a wrapper and is no JSON; None for any other text.

    What follows the last record is not looked at.
    """
    found = WRAPPER.match(text.raw)
    return _texts(text, found.end()) if found else None


def _texts(text: Text, start: int) -> Iterator[Text | Problem]:
    before = text.line - 1 + text.raw.count(b"\n", 0, start)
    splitter = ValueSplitter(BytesIO(text.raw[start:]), text.path, len(text.raw))
    for piece in splitter.texts():
        if isinstance(piece, Problem):
            place = piece.place and replace(piece.place, line=(piece.place.line or 1) + before)
            yield replace(piece, place=place)
        elif piece.raw.strip() != b"}":
            yield replace(piece, line=piece.line + before)

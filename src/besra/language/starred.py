"""Texts in which `*` stands for any characters and nothing else is special, as indicators hold them.

A `?` is none: addresses of web pages are full of them.
"""

import re
from functools import lru_cache

from besra.language.glob import Glob, Wild, glob_matches, normalised
from besra.schema.fieldtype import Typed

STAR = "*"


def is_starred(value: object) -> bool:
    """Whether a value is a text with a `*`."""
    return isinstance(value, str) and STAR in value


@lru_cache(maxsize=65536)
def starred_glob(pattern: str) -> Glob:
    """The glob of such a text."""
    return normalised(Wild.ANY if piece == STAR else piece for piece in re.split(r"(\*)", pattern) if piece)


def covers(pattern: Typed | None, value: Typed | None) -> bool:
    """Whether a value is that of an indicator, or covered by it. Case counts."""
    if pattern == value:
        return True
    if not (isinstance(pattern, str) and isinstance(value, str)) or STAR not in pattern:
        return False
    return glob_matches(starred_glob(pattern), value)

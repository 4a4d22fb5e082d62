"""An object as Java writes one: `{bucketName=b, acl=[a, c]}`.

Elastic's pipelines keep requests of AWS this way beside their structure, and rules look for text in it. Members stand
in the order of Java's hash table, in which the pipelines hold an object: rules that look for two names with a wildcard
between depend on it.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

DEPTH = 100
"""Levels that are written; what lies deeper is `…`."""

CAPACITY, LOAD = 16, 0.75
"""Buckets a table starts with, and how full it may become before they are doubled."""


def java_text(value: Any, depth: int = DEPTH) -> str | None:
    """The text of a JSON value; None for one that holds nothing, which is left out of what contains it."""
    match value:
        case None | "":
            return None
        case bool():
            return "true" if value else "false"
        case dict():
            names = java_order(value) if depth else ()
            members = [f"{name}={text}" for name in names if (text := java_text(value[name], depth - 1)) is not None]
            return _enclosed("{", members, "}", depth)
        case list():
            texts = [java_text(member, depth - 1) for member in value] if depth else []
            return _enclosed("[", [text for text in texts if text is not None], "]", depth)
        case _:
            return str(value)


def _enclosed(left: str, members: list[str], right: str, depth: int) -> str | None:
    if members:
        return f"{left}{', '.join(members)}{right}"
    return None if depth else f"{left}…{right}"


def java_order(names: Iterable[str]) -> list[str]:
    """Names in the order in which Java's `HashMap` gives them after they were put in."""
    held = list(names)
    capacity = CAPACITY
    while len(held) > capacity * LOAD:
        capacity *= 2
    return sorted(held, key=lambda name: _spread(name) & (capacity - 1))


@lru_cache(maxsize=4096)
def _spread(name: str) -> int:
    """Java's hash of a text, over its UTF-16 units, with the upper half folded into the lower."""
    units = name.encode("utf-16-le", "surrogatepass")
    value = 0
    for low, high in zip(units[::2], units[1::2], strict=True):
        value = (31 * value + (high << 8 | low)) & 0xFFFFFFFF
    return value ^ value >> 16

"""What makes documents of one source differ in shape: a scalar where others have an array, dots where others nest."""

from random import Random
from typing import Any

SCALAR = 0.05
"""How often a list of one value, of those below, is written as the value alone."""

SCALARS = ("event.category", "event.type", "process.args", "registry.data.strings", "host.mac")

DOTTED = 0.03
"""How often one object of a document is written as dotted keys at its root."""


def vary(random: Random, document: dict[str, Any]) -> dict[str, Any]:
    """The document in another shape, now and then; what it says stays the same."""
    for name in SCALARS:
        if random.random() < SCALAR:
            _unwrap(document, name)
    if random.random() < DOTTED:
        return dotted(document, random.choice([key for key, value in document.items() if isinstance(value, dict)]))
    return document


def _unwrap(document: dict[str, Any], name: str) -> None:
    *path, last = name.split(".")
    held: Any = document
    for key in path:
        held = held.get(key)
        if not isinstance(held, dict):
            return
    if isinstance(held.get(last), list) and len(held[last]) == 1:
        held[last] = held[last][0]


def dotted(document: dict[str, Any], name: str) -> dict[str, Any]:
    """The document with one of its objects as dotted keys: `{"a": {"b": {"c": 1}}}` becomes `{"a.b.c": 1}`."""
    flat: dict[str, Any] = {}

    def spread(value: Any, key: str) -> None:
        if isinstance(value, dict):
            for inner, under in value.items():
                spread(under, f"{key}.{inner}")
        else:
            flat[key] = value

    spread(document[name], name)
    return {key: value for key, value in document.items() if key != name} | flat

"""Which fields documents have, by their dotted names, whatever the shape of the JSON (as `document.flatten` has them).

Names are kept as a tree of keys, so that a document costs a look at each of its keys and no text.
"""

from collections.abc import Iterator, Mapping
from typing import Any

MOST = 20_000
"""Keys kept: documents whose keys are values (addresses, ids) would fill any memory. Names beyond are not told."""


class Key:
    """A key of some object, with the keys of the objects behind it. `has_value`: some document has a value there."""

    __slots__ = ("has_value", "inner")

    def __init__(self) -> None:
        self.has_value = False
        self.inner: dict[str, Key] = {}


class FieldNames:
    """The names of the fields that some document added has a value of."""

    def __init__(self) -> None:
        self._root = Key()
        self._left = MOST

    @property
    def is_complete(self) -> bool:
        """Whether there was room for all names."""
        return self._left > 0

    def add(self, source: Mapping[str, Any]) -> None:
        """Take the names of a document. Works with its own stack, whatever the depth of the document."""
        waiting: list[tuple[Any, Key]] = [(source, self._root)]
        while waiting:
            value, key = waiting.pop()
            inner = key.inner
            for name, held in value.items():
                found = inner.get(name)
                if found is None:
                    if not self._left:
                        continue
                    self._left -= 1
                    found = inner[name] = Key()
                if type(held) is dict:
                    waiting.append((held, found))
                elif type(held) is list:
                    for element in _unnested(held):
                        if type(element) is dict:
                            waiting.append((element, found))
                        else:
                            found.has_value = True
                elif held is not None:
                    found.has_value = True

    def names(self) -> frozenset[str]:
        """All names."""
        return frozenset(self._names())

    def _names(self) -> Iterator[str]:
        waiting = [("", self._root)]
        while waiting:
            prefix, key = waiting.pop()
            for name, found in key.inner.items():
                if found.has_value:
                    yield f"{prefix}{name}"
                waiting.append((f"{prefix}{name}.", found))


def _unnested(values: list[Any]) -> Iterator[Any]:
    """The elements of a list, and of lists in it, but for null."""
    waiting = [iter(values)]
    while waiting:
        for element in waiting[-1]:
            if type(element) is list:
                waiting.append(iter(element))
                break
            if element is not None:
                yield element
        else:
            waiting.pop()

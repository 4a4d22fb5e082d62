"""Keys with `*` in them, found by the keys they cover without trying each.

Every such key is filed under one thing a key it covers must have: a part that has no `*`, else the few characters of
one of its texts that the fewest other keys hold.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from besra.engine.hits import Key
from besra.language.starred import STAR, covers, is_starred

GRAM = 4
"""Characters looked for together, where a text has as many."""

Mark = tuple[int, object, bool]
"""Part of a key, what it must be or hold, and whether it must hold it only."""


class StarredKeys:
    """Keys, each with the number of whom it belongs to."""

    def __init__(self, keys: Sequence[tuple[Key, int]]) -> None:
        marks = [tuple(_marks(key)) for key, _ in keys]
        common = Counter(mark for found in marks for mark in set(found))
        self._filed: defaultdict[Mark | None, list[tuple[Key, int]]] = defaultdict(list)
        for entry, found in zip(keys, marks, strict=True):
            self._filed[min(found, key=lambda mark: (mark[2], common[mark]), default=None)].append(entry)
        held = (mark for mark in self._filed if mark is not None and mark[2])
        self._sizes = sorted({len(str(mark[1])) for mark in held})

    def __bool__(self) -> bool:
        return bool(self._filed)

    def covering(self, key: Key) -> list[int]:
        """The numbers of the keys that cover this one, ascending and each once."""
        asked: set[Mark | None] = {None}
        for part, value in enumerate(key):
            asked.add((part, value, False))
            if isinstance(value, str):
                asked.update((part, gram, True) for size in self._sizes for gram in _grams(value, size))
        found = {
            number
            for mark in asked & self._filed.keys()
            for pattern, number in self._filed[mark]
            if all(map(covers, pattern, key))
        }
        return sorted(found)


def _marks(key: Key) -> Iterator[Mark]:
    """What the keys that a key covers have, of which any will do."""
    for part, value in enumerate(key):
        if not is_starred(value):
            yield part, value, False
            continue
        piece = max(str(value).split(STAR), key=len)
        for gram in _grams(piece, min(GRAM, len(piece))) if piece else ():
            yield part, gram, True


def _grams(text: str, size: int) -> set[str]:
    return {text[start : start + size] for start in range(len(text) - size + 1)}

"""Value ids: every distinct JSON scalar of any field gets the next number, and is decoded once.

A scalar is kept as the JSON text that `orjson.dumps` writes for it, which tells `1` from `1.0` and `"1"`. The texts
stand in the order of their ids with a comma after each: the inside of one JSON array, so that any run of ids is decoded
by one call of orjson. The kernels write the same arrays (`kernels.interning`).
"""

import secrets
import sys
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple, TypeVar

import numpy as np
import orjson
from numpy.typing import NDArray

from besra.schema.fieldtype import Scalar

PADDING = 64
"""Bytes behind the end of an arena, or of a text, that a kernel may touch."""

SEED = 2

ODD = b"\0"
"""Begins the text of a scalar without JSON text: a lone surrogate, an integer beyond 64 bits, NaN, an infinity."""

Item = TypeVar("Item", bound=np.generic)

FIRST_TOKENS = 1 << 13
FIRST_BYTES = 1 << 18


class Interned(NamedTuple):
    """The arrays of a table.

    `slots` is the hash table: two int64 for each place, the upper half of the hash beside the id + 1 (0: free), then
    where in the arena the token is. `arena` holds the tokens, and `offsets[id]` is where one begins. `counts` holds
    the number of tokens, the bytes used of the arena and, at SEED, the number all hashes are mixed with, which is
    random: nobody can prepare values that collide.
    """

    slots: NDArray[np.int64]
    arena: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    counts: NDArray[np.int64]


class ValueTable:
    """Value ids of JSON scalars, dense from 0, in one space for all fields.

    Equal scalars of one JSON type have one id; `-0.0` and `0.0` have two, as they are written differently. The table
    only grows: `clear` it, or take a new one, when `nbytes` is too much. Not for use by two threads at once.
    """

    def __init__(self) -> None:
        places = 4 * FIRST_TOKENS if compiled() else 0
        counts = np.array([0, 0, secrets.randbits(62)], np.int64)
        arena, offsets = np.empty(FIRST_BYTES, np.uint8), np.empty(FIRST_TOKENS, np.int64)
        self.interned = Interned(np.zeros(places, np.int64), arena, offsets, counts)
        # By text. Of a table that kernels write too, it holds only what came by way of Python.
        self._ids: dict[bytes, int] = {}
        self._odd: dict[int, Scalar] = {}

    def __len__(self) -> int:
        return int(self.interned.counts[0])

    @property
    def nbytes(self) -> int:
        """Bytes in use by the values and their hash table."""
        return int(self.interned.counts[1]) + self.interned.slots.nbytes + self.interned.offsets.nbytes

    def clear(self) -> None:
        """Forgets all values: ids begin anew at 0. Keeps the memory."""
        self.interned.slots.fill(0)
        self.interned.counts[:SEED] = 0
        self._ids.clear()
        self._odd.clear()

    def id_of(self, scalar: Scalar) -> int:
        """The id of one scalar, new or known. For many, `ids_of` is much quicker."""
        return self.ids_of((scalar,))[0]

    def ids_of(self, scalars: Sequence[Scalar]) -> list[int]:
        """The ids of scalars, new or known."""
        texts = [text_of(scalar) for scalar in scalars]
        new = {text: scalar for text, scalar in zip(texts, scalars, strict=True) if text not in self._ids}
        if new:
            self._add(new)
        return [self._ids[text] for text in texts]

    def number_ids(self, numbers: list[int | float]) -> NDArray[np.int64]:
        """The ids of numbers that orjson has read, new or known. Only where there are kernels."""
        return self._interned(orjson.dumps(numbers)[1:-1] + b",", len(numbers))

    def scalars(self, start: int) -> list[Scalar]:
        """The scalars with ids from `start` on, as orjson decodes them."""
        if start >= len(self):
            return []
        arena, offsets = self.interned.arena, self.interned.offsets
        text = arena[offsets[start] : self.interned.counts[1] - 1].tobytes()
        found: list[Scalar] = orjson.loads(b"[%b]" % text)
        for number, scalar in self._odd.items():
            if number >= start:
                found[number - start] = scalar
        return found

    def reserve(self, tokens: int, size: int) -> None:
        """Makes room for so many new tokens of together so many bytes, as the kernels need it."""
        slots, arena, offsets, counts = self.interned
        number, used = int(counts[0]) + tokens, int(counts[1]) + size + tokens + PADDING
        if used > len(arena):
            arena = grown(arena, used)
        if number > len(offsets):
            offsets = grown(offsets, number)
        if compiled() and 4 * number > len(slots):
            from besra.events.kernels.interning import rehash  # noqa: PLC0415

            wider = np.zeros(1 << (4 * number - 1).bit_length(), np.int64)
            rehash(slots.ctypes.data, len(slots) // 2, wider.ctypes.data, len(wider) // 2 - 1)
            slots = wider
        self.interned = Interned(slots, arena, offsets, counts)

    def _add(self, new: dict[bytes, Scalar]) -> None:
        """Gives ids to texts that came by way of Python; the kernels may know some of them."""
        self.reserve(len(new), sum(map(len, new)))
        texts = [text for text in new if not text.startswith(ODD)]
        if not compiled():
            self._ids.update((text, self._append(text)) for text in texts)
        elif texts:
            ids = self._interned(b",".join(texts) + b",", len(texts)).tolist()
            self._ids.update(zip(texts, ids, strict=True))
        for text, scalar in new.items():
            if text.startswith(ODD):
                number = self._ids[text] = self._append(b"null")
                self._odd[number] = scalar

    def _interned(self, text: bytes, count: int) -> NDArray[np.int64]:
        """The ids of `count` texts, a comma after each, by the kernels' table."""
        from besra.events.kernels.interning import intern_list, table_of  # noqa: PLC0415

        self.reserve(count, len(text))
        held = np.frombuffer(text + bytes(PADDING), np.uint8)
        ids = np.empty(count, np.int64)
        start = held.ctypes.data
        intern_list(table_of(self.interned), start, start + len(text), ids.ctypes.data)
        return ids

    def _append(self, text: bytes) -> int:
        """Keeps a text under the next id, where the kernels do not find it."""
        _, arena, offsets, counts = self.interned
        number, used = int(counts[0]), int(counts[1])
        offsets[number] = used
        arena[used : used + len(text) + 1] = np.frombuffer(text + b",", np.uint8)
        counts[:SEED] = number + 1, used + len(text) + 1
        return number


@cache
def compiled() -> bool:
    """Whether kernels can be used: numba is installed and works, and the machine is little-endian as they assume."""
    try:
        import numba  # noqa: F401, PLC0415
    except ImportError:
        return False
    return sys.byteorder == "little"


def text_of(scalar: Scalar) -> bytes:
    """The JSON text a scalar is known by; for what orjson cannot write or would read otherwise, ODD and a text."""
    try:
        text = orjson.dumps(scalar)
    except TypeError:
        return ODD + ascii(scalar).encode()
    return ODD + ascii(scalar).encode() if text == b"null" else text


def grown(array: NDArray[Item], needed: int) -> NDArray[Item]:
    """A copy with room for at least `needed` items, and for twice as many as before."""
    larger = np.empty(max(needed, 2 * len(array)), array.dtype)
    larger[: len(array)] = array
    return larger

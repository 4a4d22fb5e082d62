"""Value ids: every distinct JSON scalar of a field gets the next number, so that it is looked at once.

A scalar is kept as the JSON text that `orjson.dumps` writes for it, which tells `1` from `1.0` and `"1"`. An id stands
for a scalar *of a field*: what rules say about it is an array by id, and new ids are what has to be learned. The texts
stand in the order of their ids, each with a comma and its field behind it. The kernels write the same arrays
(`kernels.interning`).
"""

import secrets
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple, TypeVar

import numpy as np
import orjson
from numpy.typing import NDArray

from besra.schema.fieldtype import Scalar

PADDING = 64
"""Bytes behind the end of an arena, or of a text, that a kernel may touch."""

TAIL = 5
"""Bytes behind a text in the arena: a comma, and the number of its field as int32."""

SEED = 2

ODD = b"\0"
"""Begins the text of a scalar without JSON text: a lone surrogate, an integer beyond 64 bits, NaN, an infinity."""

Item = TypeVar("Item", bound=np.generic)

FIRST_TOKENS = 1 << 13
FIRST_BYTES = 1 << 18


class Interned(NamedTuple):
    """The arrays of a table.

    `slots` is the hash table: two int64 for each place, the upper half of the hash beside the id + 1 (0: free), then
    where in the arena the token is. `arena` holds the tokens, and `offsets[id]` is where one begins; the offset behind
    the last one is there too. `counts` holds the number of tokens, the bytes used of the arena and, at SEED, the number
    all hashes are mixed with, which is random: nobody can prepare values that collide.
    """

    slots: NDArray[np.int64]
    arena: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    counts: NDArray[np.int64]


class ValueTable:
    """Value ids of JSON scalars, dense from 0. Fields are numbers, whatever they stand for.

    Equal scalars of one JSON type and field have one id; `-0.0` and `0.0` have two, as they are written differently.
    The table only grows: `clear` it, or take a new one, when it holds too much. Not for use by two threads at once.
    """

    def __init__(self, *, compiled: bool | None = None) -> None:
        """With `compiled` kernels share the table, by default where they can be used."""
        self._compiled = kernels_work() if compiled is None else compiled
        places = 4 * FIRST_TOKENS if self._compiled else 0
        counts = np.array([0, 0, secrets.randbits(62)], np.int64)
        arena, offsets = np.empty(FIRST_BYTES, np.uint8), np.zeros(FIRST_TOKENS, np.int64)
        self.interned = Interned(np.zeros(places, np.int64), arena, offsets, counts)
        # By field and text. Of a table that kernels write too, it holds only what came by way of Python.
        self._ids: dict[tuple[int, bytes], int] = {}
        self._odd: dict[int, Scalar] = {}

    def __len__(self) -> int:
        return int(self.interned.counts[0])

    def __getitem__(self, number: int) -> Scalar:
        return self.scalars((number,))[0]

    @property
    def is_compiled(self) -> bool:
        """Whether kernels share the table."""
        return self._compiled

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

    def ids_of(self, field: int, scalars: Sequence[Scalar]) -> list[int]:
        """The ids of scalars of a field, new or known."""
        keys = [(field, text_of(scalar)) for scalar in scalars]
        new = {key: scalar for key, scalar in zip(keys, scalars, strict=True) if key not in self._ids}
        if new:
            self._add(new)
        return [self._ids[key] for key in keys]

    def ids_of_distinct(self, field: int, scalars: Sequence[Scalar]) -> NDArray[np.int32]:
        """The same for many scalars that hardly repeat, which only cost memory if they are looked up one by one."""
        if self._compiled and scalars:
            try:
                text = orjson.dumps(scalars)
            except TypeError:
                pass  # one of them has no JSON text
            else:
                fields = np.full(len(scalars), field, np.int32)
                return self._interned(fields, text[1:-1] + b",").astype(np.int32)
        return np.array(self.ids_of(field, scalars), np.int32)

    def number_ids(self, fields: NDArray[np.int32], numbers: list[int | float]) -> NDArray[np.int64]:
        """The ids of numbers that orjson has read, each of its field, new or known. Only where there are kernels."""
        return self._interned(fields, orjson.dumps(numbers)[1:-1] + b",")

    def scalars(self, ids: Iterable[int]) -> list[Scalar]:
        """The scalars of some ids, as orjson decodes them."""
        numbers = list(ids)
        view, offsets = memoryview(self.interned.arena), self.interned.offsets  # type: ignore[arg-type]  # a buffer
        first = np.array(numbers, np.int64)
        bounds = zip(offsets[first].tolist(), (offsets[first + 1] - TAIL).tolist(), strict=True)
        found: list[Scalar] = orjson.loads(b"[%b]" % b",".join([view[start:end] for start, end in bounds]))
        if self._odd:
            found = [self._odd.get(number, scalar) for number, scalar in zip(numbers, found, strict=True)]
        return found

    def fields_of(self, ids: NDArray[np.int64]) -> NDArray[np.int32]:
        """The fields of some ids."""
        ends = self.interned.offsets[ids + 1]
        parts = self.interned.arena[ends[:, None] + np.arange(-4, 0)]
        found: NDArray[np.int32] = parts.view("<i4").reshape(-1)
        return found

    def reserve(self, tokens: int, size: int) -> None:
        """Makes room for so many new tokens of together so many bytes, as the kernels need it."""
        slots, arena, offsets, counts = self.interned
        number, used = int(counts[0]) + tokens, int(counts[1]) + size + TAIL * tokens + PADDING
        if used > len(arena):
            arena = grown(arena, used)
        if number >= len(offsets):
            offsets = grown(offsets, number + 1)
        if self._compiled and 4 * number > len(slots):
            from besra.events.kernels.interning import rehash  # noqa: PLC0415

            wider = np.zeros(1 << (4 * number - 1).bit_length(), np.int64)
            rehash(slots.ctypes.data, len(slots) // 2, wider.ctypes.data, len(wider) // 2 - 1)
            slots = wider
        self.interned = Interned(slots, arena, offsets, counts)

    def _add(self, new: dict[tuple[int, bytes], Scalar]) -> None:
        """Gives ids to texts that came by way of Python; the kernels may know some of them."""
        self.reserve(len(new), sum(len(text) for _, text in new))
        plain = [key for key in new if not key[1].startswith(ODD)]
        if not self._compiled:
            self._ids.update((key, self._append(*key)) for key in plain)
        elif plain:
            fields = np.array([field for field, _ in plain], np.int32)
            ids = self._interned(fields, b",".join([text for _, text in plain]) + b",").tolist()
            self._ids.update(zip(plain, ids, strict=True))
        for key, scalar in new.items():
            if key[1].startswith(ODD):
                number = self._ids[key] = self._append(key[0], b"null")
                self._odd[number] = scalar

    def _interned(self, fields: NDArray[np.int32], text: bytes) -> NDArray[np.int64]:
        """The ids of texts, a comma after each, by the kernels' table."""
        from besra.events.kernels.interning import intern_list, table_of  # noqa: PLC0415

        self.reserve(len(fields), len(text))
        held = np.frombuffer(text + bytes(PADDING), np.uint8)
        ids = np.empty(len(fields), np.int64)
        start = held.ctypes.data
        intern_list(table_of(self.interned), start, start + len(text), fields.ctypes.data, ids.ctypes.data)
        return ids

    def _append(self, field: int, text: bytes) -> int:
        """Keeps a text under the next id, where the kernels do not find it."""
        _, arena, offsets, counts = self.interned
        number, used = int(counts[0]), int(counts[1])
        end = used + len(text) + TAIL
        arena[used:end] = np.frombuffer(text + b"," + field.to_bytes(4, "little"), np.uint8)
        offsets[number : number + 2] = used, end
        counts[:SEED] = number + 1, end
        return number


@cache
def kernels_work() -> bool:
    """Whether kernels can be used: numba is installed and works, and the machine is little-endian as they assume."""
    try:
        import numba  # noqa: F401, PLC0415
    except ImportError:
        return False
    return sys.byteorder == "little"


def text_of(scalar: Scalar) -> bytes:
    """The JSON text a scalar is known by; for what orjson cannot write or would read otherwise, ODD and a text."""
    try:
        # A copy: what orjson gives holds a page of memory, however short it is.
        text = b"%b" % orjson.dumps(scalar)
    except TypeError:
        return ODD + ascii(scalar).encode()
    return ODD + ascii(scalar).encode() if text == b"null" else text


def grown(array: NDArray[Item], needed: int) -> NDArray[Item]:
    """A copy with room for at least `needed` items, and for twice as many as before."""
    larger = np.empty(max(needed, 2 * len(array)), array.dtype)
    larger[: len(array)] = array
    return larger

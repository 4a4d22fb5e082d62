"""Hashes of join keys: 128 bits, the same for every value that joins, in every thread of a process.

Correlations tell keys apart by them alone, so the keys of a million rows need not be kept. What they are mixed with is
drawn anew in every process: nobody can prepare two keys with one hash, and by chance there is none. Values that are
equal in Python have one hash, for equal values join: 4 and 4.0.
"""

import secrets
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np

from besra.engine.hits import Key
from besra.events.batch import EventBatch
from besra.events.value_table import text_of
from besra.language.expr import FieldRef
from besra.schema.fieldtype import FieldType, Typed, to_typed

Hashes = np.ndarray[tuple[int, int], np.dtype[np.uint64]]
"""One row a key, of two numbers."""

Ints = np.ndarray[tuple[int], np.dtype[np.int32]]

SEVERAL = 0
"""The first number of a row that takes part under many keys: which they are, only its document says."""

FACTORS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], np.uint64)
SHIFT = np.uint64(32)

WORD = 2**64 - 1

TEXTS, INTEGERS, ADDRESSES = 1, 2, 4
KINDS = {
    FieldType.KEYWORD: TEXTS,
    FieldType.TEXT: TEXTS,
    FieldType.LONG: INTEGERS,
    FieldType.DOUBLE: INTEGERS,
    FieldType.DYNAMIC: TEXTS | INTEGERS,
    FieldType.IP: ADDRESSES,
}
"""The values that a kernel can hash, by the type they are read as: those whose token is the text that is hashed, and
IPv4 addresses."""


@cache
def seeds() -> tuple[int, int, int, int]:
    """What hashes are mixed with: a seed and a factor for each half."""
    first, factor, second, other = (secrets.randbits(62) | 1 for _ in range(4))
    return first, factor, second, other


def hashes_of(values: Iterable[Typed | None]) -> Hashes:
    """The hashes of typed values; None is a missing one."""
    first, factor, second, other = seeds()
    texts = map(_text, values)
    pairs = [(hash_of(text, first, factor), hash_of(text, second, other)) for text in texts]
    return np.array(pairs, np.uint64).reshape(-1, 2)


def _text(value: Typed | None) -> bytes:
    """A text that only equal values have: of texts and integers that of their JSON token."""
    match value:
        case str():
            return text_of(value)
        case float() if not value.is_integer():
            return b"f" + repr(value).encode()
        case int() | float():
            # Written by Python only up to a bound.
            return str(int(value)).encode() if abs(value) < 2**64 else f"x{int(value):x}".encode()
        case None:
            return b"n"
        case _:
            return b"t" + ascii(value).encode()


def hash_of(text: bytes, seed: int, factor: int) -> int:
    """What `events.kernels.interning.hash_token` gives for a text of at least one byte."""
    mixed, start, length = seed ^ len(text), 0, len(text)
    while length > 16:
        low, high = (int.from_bytes(text[at : at + 8], "little") for at in (start, start + 8))
        mixed = _fold(low ^ mixed, high ^ factor)
        start += 16
        length -= 16
    size = min(length, 8)
    unused = 64 - 8 * size
    first = int.from_bytes(text[start : start + size], "little") << unused
    last = int.from_bytes(text[start + length - size : start + length], "little") << unused
    return _fold(first ^ mixed, last ^ factor)


def _fold(left: int, right: int) -> int:
    product = left * right
    return (product & WORD) ^ (product >> 64)


def combined(parts: Sequence[Hashes], count: int) -> Hashes:
    """The hashes of keys from those of their parts; `count` keys without parts all have one hash."""
    found = np.ones((count, 2), np.uint64)
    for part in parts:
        found = (found ^ part) * FACTORS
        found ^= found >> SHIFT
    found[:, 0] |= np.uint64(1)  # never SEVERAL
    return found


def hashes_of_keys(keys: Sequence[Key]) -> Hashes:
    """The hashes of whole keys, as rows of batches have them."""
    return combined([hashes_of(part) for part in zip(*keys, strict=True)], len(keys))


class ValueHashes:
    """The hashes of the values of join fields: by a kernel if `compiled`, else in Python.

    What Python has worked out is remembered by value id until the ids are renewed.
    """

    def __init__(self, *, compiled: bool = False) -> None:
        self._compiled = compiled
        self._known: dict[tuple[FieldRef, int], bytes] = {}

    def forget(self) -> None:
        """Value ids are about to mean something else."""
        self._known.clear()

    def of(self, field: FieldRef, values: Ints, batch: EventBatch) -> Hashes:
        """The hashes of values as the field's type; a value that does not fit counts as missing."""
        found = np.zeros((len(values), 2), np.uint64)
        kinds = KINDS.get(field.type, 0)
        if self._compiled and kinds and len(values):
            self._by_kernel(kinds, values, batch, found)
        left = np.flatnonzero(~found.any(axis=1))
        if len(left):
            distinct, place = np.unique(values[left], return_inverse=True)
            found[left] = self._by_python(field, distinct.tolist(), batch)[place]
        return found

    def _by_kernel(self, kinds: int, values: Ints, batch: EventBatch, found: Hashes) -> None:
        from besra.events.kernels.integers import hash_values  # noqa: PLC0415  numba takes long to import

        ids = np.ascontiguousarray(values, np.int32)
        mixed_with = np.array(seeds(), np.int64)
        _, arena, offsets, _ = batch.scalars.interned
        arrays = (arena, offsets, ids, mixed_with, found)
        at_arena, at_offsets, at_ids, at_seeds, at_found = (array.ctypes.data for array in arrays)
        hash_values(at_arena, at_offsets, at_ids, len(ids), kinds, at_seeds, at_found)

    def _by_python(self, field: FieldRef, ids: list[int], batch: EventBatch) -> Hashes:
        unknown = [number for number in ids if (field, number) not in self._known]
        if unknown:
            hashes = hashes_of(to_typed(scalar, field.type) for scalar in batch.scalars.scalars(unknown))
            self._known |= {(field, n): pair.tobytes() for n, pair in zip(unknown, hashes, strict=True)}
        return np.frombuffer(b"".join([self._known[field, number] for number in ids]), np.uint64).reshape(-1, 2)

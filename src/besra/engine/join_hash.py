"""Hashes of join keys: 128 bits of BLAKE2b, the same in every process and run.

Correlations tell keys apart by them alone, so the keys of a million rows need not be kept; they are long enough that
nobody finds two keys with one hash. Values that are equal in Python have one hash, for equal values join: 4 and 4.0.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

import numpy as np

from besra.engine.hits import Key
from besra.events.batch import EventBatch
from besra.language.expr import FieldRef
from besra.language.plan import JoinKey
from besra.schema.fieldtype import Typed, to_typed

Hashes = np.ndarray[tuple[int, int], np.dtype[np.uint64]]
"""One row a key, of two numbers."""

Ints = np.ndarray[tuple[int], np.dtype[np.int32]]

SEVERAL = 0
"""The first number of a row that takes part under several keys, or may: which they are, only its document says."""

FACTORS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], np.uint64)
SHIFT = np.uint64(32)


def hashes_of(values: Iterable[Typed | None]) -> Hashes:
    """The hashes of typed values; None is a missing one."""
    return np.frombuffer(b"".join(map(_digest, values)), np.uint64).reshape(-1, 2)


def _digest(value: Typed | None) -> bytes:
    match value:
        case str():
            text = b"s" + value.encode("utf-8", "surrogatepass")
        case float() if not value.is_integer():
            text = b"f" + repr(value).encode()
        case int() | float():
            text = f"i{int(value):x}".encode()
        case None:
            text = b"n"
        case _:
            text = b"t" + ascii(value).encode()
    return blake2b(text, digest_size=16).digest()


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
    """The hashes of the values of join fields by value id, each computed once until the ids are renewed."""

    def __init__(self) -> None:
        self._known: dict[FieldRef, Hashes] = {}

    def forget(self) -> None:
        """Value ids are about to mean something else."""
        self._known.clear()

    def of(self, field: FieldRef, values: Ints, batch: EventBatch) -> Hashes:
        """The hashes of values as the field's type; a value that does not fit counts as missing."""
        known = self._known.get(field)
        if known is None or len(known) < len(batch.scalars):
            # Untouched pages take no memory: of a field with few values nearly all.
            grown = np.zeros((2 * len(batch.scalars), 2), np.uint64)
            if known is not None:
                grown[: len(known)] = known
            known = self._known[field] = grown
        found = known[values]
        unknown = np.unique(values[~found.any(axis=1)])
        if len(unknown):
            scalars = batch.scalars.scalars(unknown.tolist())
            known[unknown] = hashes_of(to_typed(scalar, field.type) for scalar in scalars)
            found = known[values]
        return found


def row_hashes(keys: Sequence[JoinKey], batch: EventBatch, rows: Ints, known: ValueHashes) -> Hashes:
    """The key hashes of some rows of a batch, ascending; SEVERAL where a field of the key has several values."""
    parts = []
    several = np.zeros(len(rows), np.bool_)
    missing = hashes_of([None])
    place = np.full(batch.size, -1, np.int64)
    place[rows] = np.arange(len(rows))
    for key in keys:
        part = np.repeat(missing, len(rows), axis=0)
        column = batch.columns.get(key.field.name)
        if column is not None:
            places = place[column.rows]
            held = np.flatnonzero(places >= 0)
            places = places[held]
            part[places] = known.of(key.field, column.values[held], batch)
            several[places[1:][places[1:] == places[:-1]]] = True
        parts.append(part)
    found = combined(parts, len(rows))
    found[several] = SEVERAL
    return found

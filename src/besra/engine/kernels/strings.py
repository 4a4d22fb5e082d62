"""Texts as bytes: many packed into one buffer, and constants found among them by hash.

A buffer holds UTF-8 with a zero byte before, between and behind the texts, so that a pattern bound to the start or end
of a value is one that begins or ends with that byte. Text may hold zero bytes too: they make a candidate, never a
match, because the tests themselves go by start and end.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from besra.events.kernels.kernel import inlined, kernel
from besra.language.casefold import fold_case

Array = np.ndarray[Any, np.dtype[Any]]

PADDING = b"\0" * 8
"""Eight bytes are read at once, also at the end of the last text."""


class Packed(NamedTuple):
    """Texts in one buffer; text *i* is `buffer[starts[i]:ends[i]]`."""

    buffer: Array
    starts: Array
    ends: Array


def wide_texts(texts: Sequence[str]) -> list[int]:
    """The positions of the texts that are not ASCII."""
    return [] if "".join(texts).isascii() else [i for i, text in enumerate(texts) if not text.isascii()]


def pack(texts: Sequence[str], wide: Sequence[int]) -> Packed:
    """The texts as they are. `wide` are the positions of those that are not ASCII."""
    raw = "\0".join(("", *texts, "")).encode("utf-8", "surrogatepass")
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    for position in wide:
        lengths[position] = len(texts[position].encode("utf-8", "surrogatepass"))
    ends = np.cumsum(lengths + 1)
    return Packed(np.frombuffer(raw + PADDING, np.uint8), ends - lengths, ends)


def pack_folded(packed: Packed, texts: Sequence[str], wide: Sequence[int]) -> Packed:
    """Texts that are packed already, with case folded as `casefold.fold_case` does."""
    if wide:
        folded = list(texts)
        for position in wide:
            folded[position] = fold_case(texts[position])
        packed = pack(folded, wide)
    # Of bytes, `lower` changes ASCII letters only, and the others are folded already.
    return packed._replace(buffer=np.frombuffer(packed.buffer.tobytes().lower(), np.uint8))


AtomsAt = Callable[[Array], Iterable[list[int]]]
"""The atoms found at some positions."""


class Marking(NamedTuple):
    """A random 64-bit number for each atom, and for each text the sum of those of the atoms it satisfies.

    Texts with equal sums are taken to satisfy the same atoms. Among the 65,536 sets of atoms a matcher remembers, one
    false equality is expected in 2**33 matchers; the numbers are drawn anew for each, so that nobody can search for it.
    """

    of_atoms: Array
    of_texts: Array


class Constants:
    """Whole texts, each with the atom that holds if a text is that constant."""

    def __init__(self, atoms: Mapping[str, int]) -> None:
        texts = list(atoms)
        packed = pack(texts, wide_texts(texts))
        hashes = _hashes(*packed)
        order, self._slots = in_slots(hashes, 1 << (2 * len(texts)).bit_length())
        self._texts = Packed(packed.buffer, packed.starts[order], packed.ends[order])
        self._hashes = hashes[order]
        self._atoms = np.fromiter(atoms.values(), np.int32, len(texts))[order]

    def find(self, packed: Packed, marking: Marking) -> AtomsAt:
        """Mark the texts that are constants; what is returned tells their atoms."""
        found = _constants(*packed, *self._texts, self._slots, self._hashes, self._atoms, *marking)
        return lambda positions: [[atom] if atom >= 0 else [] for atom in found[positions].tolist()]


def in_slots(hashes: Array, size: int) -> tuple[Array, Array]:
    """The order that sorts hashes by slot, and where each slot begins in it. `size` is a power of two."""
    slot = hashes & np.uint64(size - 1)
    order = np.argsort(slot, kind="stable")
    return order, np.searchsorted(slot[order], np.arange(size + 1, dtype=np.uint64)).astype(np.int32)


@inlined
def _eight_bytes(buffer: Array, position: int) -> Any:
    # LLVM makes one load of this; unsigned positions spare the check for negative ones.
    base = np.uint64(position)
    word = np.uint64(0)
    for k in range(8):
        word |= np.uint64(buffer[base + np.uint64(k)]) << np.uint64(8 * k)
    return word


@inlined
def _hash(buffer: Array, start: int, end: int) -> Any:
    """A 64-bit hash of a text. Not secret: only constants share slots, and those are compared by their bytes."""
    hashed = np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(end - start)
    factor = np.uint64(0xFF51AFD7ED558CCD)
    position = start
    while position < end:
        word = _eight_bytes(buffer, position)
        if end - position < 8:
            word &= (np.uint64(1) << np.uint64(8 * (end - position))) - np.uint64(1)
        hashed = (hashed ^ word) * factor
        hashed ^= hashed >> np.uint64(32)
        position += 8
    return hashed


@kernel
def _hashes(buffer: Array, starts: Array, ends: Array) -> Array:
    hashes = np.empty(len(starts), np.uint64)
    for i in range(len(hashes)):
        hashes[i] = _hash(buffer, starts[i], ends[i])
    return hashes


@kernel
def _constants(  # noqa: PLR0913, PLR0917
    buffer: Array,
    starts: Array,
    ends: Array,
    constant_buffer: Array,
    constant_starts: Array,
    constant_ends: Array,
    slots: Array,
    hashes: Array,
    atoms: Array,
    marks_of_atoms: Array,
    marks: Array,
) -> Array:
    """For each text the atom of the constant it is, or -1; the texts are marked."""
    found = np.full(len(starts), -1, np.int32)
    last_slot = np.uint64(len(slots) - 2)
    for i in range(len(starts)):
        start, size = starts[i], ends[i] - starts[i]
        hashed = _hash(buffer, start, ends[i])
        slot = hashed & last_slot
        for entry in range(slots[slot], slots[slot + np.uint64(1)]):
            if hashes[entry] != hashed:
                continue
            first = constant_starts[entry]
            if constant_ends[entry] - first != size:
                continue
            same = 0
            while same < size and constant_buffer[first + same] == buffer[start + same]:
                same += 1
            if same == size:
                found[i] = atoms[entry]
                marks[i] += marks_of_atoms[atoms[entry]]
                break
    return found

"""Globs over packed texts: all of a field tried at once, by one group of up to four bytes of each.

A *gram* is a few literal bytes every text covered by a glob must hold, chosen to be rare (`grams`). A text is read
once; where its last bytes are a gram, the globs of that gram become candidates, each at most once a text. A glob
without literal text is a candidate for every text. Candidates are then tested. Everything happens on UTF-8: literal
text is found byte by byte, `?` takes a code point.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from besra.engine.kernels.automaton import ASCII
from besra.engine.kernels.grams import choose_grams
from besra.engine.kernels.strings import Array, AtomsAt, Marking, Packed, in_slots
from besra.engine.kernels.texts import GlobTest
from besra.events.kernels.kernel import inlined, kernel
from besra.language.glob import Glob, Wild

ONE = 256
"""In a piece: any code point. The elements below it are bytes."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """What globs ask for: glob *i* is pieces `firsts[i]` to `firsts[i + 1]`, the parts between its `*`.

    Piece *j* is the elements `starts[j]` to `starts[j + 1]`.
    """

    firsts: Array
    starts: Array
    elements: Array


@dataclass(frozen=True, slots=True)
class GramTable:
    """The grams to look for and the globs each may be part of.

    `always` are the globs to try on every text. `bits` says of four-byte grams by hash, `tails` of shorter ones by
    their last two bytes (bit *n* for a length of *n*), whether it is worth while to look among the entries. An entry is
    a gram with its length and a glob; `slots` says where the entries of a hash begin.
    """

    always: Array
    bits: Array
    tails: Array
    slots: Array
    grams: Array
    globs: Array


class Outcomes(NamedTuple):
    """What follows if a glob covers a text: the atom, once the automaton whose first state is `states` agrees.

    `asking` is the atom where it meets a byte beyond ASCII. All automata are one table of 128 bytes a state; state 0
    takes nothing any more, and stands for no automaton too.
    """

    atoms: Array
    asking: Array
    states: Array
    following: Array
    accepting: Array


class Globs:
    """Globs, each with the atom that holds if it covers the text."""

    def __init__(self, tests: Sequence[GlobTest], constants: Sequence[str]) -> None:
        """`constants` are other texts the field is compared with: they help to tell rare grams from common ones."""
        globs = [test.glob for test in tests]
        self._pieces = pieces_of(globs)
        self._table = gram_table(choose_grams(globs, constants))
        self._outcomes = outcomes_of(tests)

    def find(self, packed: Packed, marking: Marking) -> AtomsAt:
        """Mark the texts with the atoms of globs that cover them; what is returned tells these atoms."""
        table, pieces = self._table, self._pieces
        room = np.empty((2, 4 * len(packed.starts) + len(self._outcomes.atoms)), np.int32)
        satisfied = np.full(len(marking.of_atoms), -1, np.int64)
        tried = np.full(len(self._outcomes.atoms), -1, np.int64)
        grams = table.always, table.bits, table.tails, table.slots, table.grams, table.globs
        asked = pieces.firsts, pieces.starts, pieces.elements
        first, found = 0, []
        while first < len(packed.starts):
            first, used = _candidates(*packed, *grams, tried, first, room)
            kept = _covered(*packed, *asked, *self._outcomes, satisfied, room, used, *marking)
            found.append(room[:, :kept].copy())
        return lambda positions: _atoms_at(np.concatenate(found, axis=1), positions)


def _atoms_at(pairs: Array, positions: Array) -> Iterable[list[int]]:
    """The atoms of some texts, out of pairs of text and atom that are in order of text."""
    texts, atoms = pairs
    asked = positions.astype(texts.dtype)
    bounds = zip(np.searchsorted(texts, asked).tolist(), np.searchsorted(texts, asked, "right").tolist(), strict=True)
    return [atoms[first:last].tolist() for first, last in bounds]


def pieces_of(globs: Sequence[Glob]) -> Pieces:
    """The pieces of globs."""
    firsts, starts, elements = [0], [0], list[int]()
    for glob in globs:
        for part in glob.parts:
            if part is Wild.ANY:
                starts.append(len(elements))
            elif part is Wild.ONE:
                elements.append(ONE)
            else:
                elements.extend(str(part).encode("utf-8", "surrogatepass"))
        starts.append(len(elements))
        firsts.append(len(starts) - 1)
    return Pieces(np.array(firsts, np.int32), np.array(starts, np.int32), np.array(elements, np.uint16))


def outcomes_of(tests: Sequence[GlobTest]) -> Outcomes:
    """The outcomes of tests, those of one pattern sharing its automaton."""
    rows, accepting, states = [(0,) * ASCII], [False], list[int]()
    known: dict[int, int] = {}
    for test in tests:
        if test.automaton and id(test.automaton) not in known:
            shift = len(rows) - 1
            known[id(test.automaton)] = shift + 1
            rows += [tuple(state and state + shift for state in row) for row in test.automaton.next[1:]]
            accepting += test.automaton.accepting[1:]
        states.append(known[id(test.automaton)] if test.automaton else 0)
    return Outcomes(
        atoms=np.array([test.atom for test in tests], np.int32),
        asking=np.array([test.asking for test in tests], np.int32),
        states=np.array(states, np.int32),
        following=np.array(rows, np.int32).reshape(-1),
        accepting=np.array(accepting, np.bool_),
    )


def gram_table(grams: Sequence[bytes]) -> GramTable:
    """The table of the grams of globs 0, 1, 2 …; an empty gram is of a glob to be tried always."""
    words = np.array([(len(gram) << 32) | int.from_bytes(gram, "big") for gram in grams], np.uint64)
    sizes = np.array([len(gram) for gram in grams], np.int32)
    globs = np.flatnonzero(sizes)
    order, slots = in_slots(_gram_hash(words[globs]), 1 << (2 * len(globs)).bit_length())
    return GramTable(
        always=np.flatnonzero(sizes == 0),
        bits=_bits(words[sizes == 4]),
        tails=_tails(words, sizes),
        slots=slots,
        grams=words[globs][order],
        globs=globs[order],
    )


MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
HASH_SHIFT = np.uint64(40)
FOUR = np.uint64(4 << 32)
FULL = np.uint64(0xFFFFFFFFFFFFFFFF)


def _gram_hash(words: Array) -> Array:
    with np.errstate(over="ignore"):
        return (words * MULTIPLIER) >> HASH_SHIFT


def _bits(words: Array) -> Array:
    # With 64 bits a gram one byte in a hundred is a wrong guess, and those of 2,000 grams still fit the nearest cache.
    size = min(max(1 << (64 * len(words)).bit_length(), 1 << 10), 1 << 20)
    bits = np.zeros(size // 8, np.uint8)
    hashed = _gram_hash(words) & np.uint64(size - 1)
    np.bitwise_or.at(bits, hashed >> np.uint64(3), np.uint8(1) << (hashed & np.uint64(7)).astype(np.uint8))
    return bits


def _tails(words: Array, sizes: Array) -> Array:
    if not ((sizes > 0) & (sizes < 4)).any():
        return np.zeros(1, np.uint8)
    tails = np.zeros(1 << 16, np.uint8)
    for word, size in zip(words.tolist(), sizes.tolist(), strict=True):
        if size == 1:
            tails[word & 0xFF :: 256] |= 2
        elif 1 < size < 4:
            tails[word & 0xFFFF] |= 1 << size
    return tails


# Arrays reach compiled functions one by one: tuples of them would cost reference counts at every access.


@kernel
def _candidates(  # noqa: PLR0913, PLR0917
    buffer: Array,
    starts: Array,
    ends: Array,
    always: Array,
    bits: Array,
    tails: Array,
    slots: Array,
    grams: Array,
    globs: Array,
    tried: Array,
    first: int,
    room: Array,
) -> tuple[int, int]:
    """From text `first` on, pairs of text and glob that may fit; the text to go on with, and the number of pairs."""
    used, most = 0, len(tried)
    mask, pair = np.uint64(len(bits) * 8 - 1), np.uint64(len(tails) - 1)
    last_slot = np.uint64(len(slots) - 2)
    for text in range(first, len(starts)):
        if used + most > room.shape[1]:
            return text, used
        for i in range(len(always)):
            room[0, used], room[1, used] = text, always[i]
            used += 1
        if len(grams) == 0:
            continue
        word = np.uint64(0)
        for position in range(starts[text] - 1, ends[text] + 1):
            word = ((word << np.uint64(8)) | np.uint64(buffer[np.uint64(position)])) & np.uint64(0xFFFFFFFF)
            hashed = ((FOUR | word) * MULTIPLIER >> HASH_SHIFT) & mask
            is_long = bits[hashed >> np.uint64(3)] >> np.uint8(hashed & np.uint64(7)) & np.uint8(1)
            lengths = tails[word & pair] | is_long << np.uint8(4)
            if lengths == 0:
                continue
            for size in range(1, 5):
                if (lengths >> size) & 1 == 0:
                    continue
                gram = (np.uint64(size) << np.uint64(32)) | (word & (FULL >> np.uint64(64 - 8 * size)))
                slot = (gram * MULTIPLIER >> HASH_SHIFT) & last_slot
                for entry in range(slots[slot], slots[slot + np.uint64(1)]):
                    if grams[entry] == gram and tried[globs[entry]] != text:
                        tried[globs[entry]] = text
                        room[0, used], room[1, used] = text, globs[entry]
                        used += 1
    return len(starts), used


@kernel
def _covered(  # noqa: PLR0913, PLR0917
    buffer: Array,
    starts: Array,
    ends: Array,
    firsts: Array,
    piece_starts: Array,
    elements: Array,
    atoms: Array,
    asking: Array,
    states: Array,
    following: Array,
    accepting: Array,
    satisfied: Array,
    pairs: Array,
    used: int,
    marks_of_atoms: Array,
    marks: Array,
) -> int:
    """Of pairs of text and glob keep those that fit, as pairs of text and atom, each once; how many."""
    kept = 0
    for i in range(used):
        text, glob = pairs[0, i], pairs[1, i]
        atom = atoms[glob]
        if satisfied[atom] == text:
            continue
        first, last = firsts[glob], firsts[glob + 1] - 1
        end = ends[text]
        position = _fits(buffer, starts[text], end, elements, piece_starts[first], piece_starts[first + 1])
        if position < 0:
            continue
        if first == last:
            if position != end:
                continue
        else:
            stop = _fits_before(buffer, position, end, elements, piece_starts[last], piece_starts[last + 1])
            if stop < 0:
                continue
            for piece in range(first + 1, last):
                position = _find(buffer, position, stop, elements, piece_starts[piece], piece_starts[piece + 1])
                if position < 0:
                    break
            if position < 0:
                continue
        state = states[glob]
        if state:
            for position in range(starts[text], end):
                if buffer[position] >= ASCII:
                    atom = asking[glob]
                    break
                state = following[state * ASCII + buffer[position]]
                if state == 0:
                    break
            if atom != asking[glob] and not accepting[state]:
                continue
            if satisfied[atom] == text:
                continue
        satisfied[atom] = text
        marks[text] += marks_of_atoms[atom]
        pairs[0, kept], pairs[1, kept] = text, atom
        kept += 1
    return kept


@inlined
def _fits(buffer: Array, position: int, end: int, elements: Array, first: int, last: int) -> int:
    """Where the piece ends if it stands at `position`, else -1."""
    for k in range(first, last):
        if position >= end:
            return -1
        element = elements[k]
        if element == ONE:
            position += 1
            while position < end and (buffer[position] & 0xC0) == 0x80:
                position += 1
        elif buffer[position] != element:
            return -1
        else:
            position += 1
    return position


@inlined
def _fits_before(buffer: Array, start: int, position: int, elements: Array, first: int, last: int) -> int:
    """Where the piece starts, at or behind `start`, if it ends at `position`, else -1."""
    for k in range(last - 1, first - 1, -1):
        if position <= start:
            return -1
        element = elements[k]
        position -= 1
        if element == ONE:
            while position > start and (buffer[position] & 0xC0) == 0x80:
                position -= 1
        elif buffer[position] != element:
            return -1
    return position


@inlined
def _find(buffer: Array, position: int, end: int, elements: Array, first: int, last: int) -> int:
    """Where the first occurrence of the piece in `position` to `end` ends, or -1."""
    if first == last:
        return position
    element = elements[first]
    while position + (last - first) <= end:
        byte = buffer[position]
        if byte == element or (element == ONE and (byte & 0xC0) != 0x80):
            stop = _fits(buffer, position, end, elements, first, last)
            if stop >= 0:
                return stop
        position += 1
    return -1

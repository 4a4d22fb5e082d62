"""The text tests of all fields as arrays, for the learning kernel: made once for a pack, from then on only read.

Every field has two forms, texts as they are and folded texts; each form has its constants, found by hash, and its
globs, found by *grams* (`grams`). Atoms are numbered through all fields.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from besra.engine.kernels.automaton import ASCII
from besra.engine.kernels.grams import choose_grams, place_of
from besra.engine.kernels.ordered import Sections
from besra.engine.kernels.texts import Candidate, Form, GlobTest, TextTests
from besra.language.glob import Glob, Wild
from besra.schema.fieldtype import MAPPED

Array = np.ndarray[Any, np.dtype[Any]]

ONE = 256
"""In a piece of a glob: any code point. The elements below it are bytes."""

NO_PLACE = (-1, 0)
"""The piece and offset of a gram whose place in its glob is not certain."""

PADDING = 64
MULTIPLIER = np.int64(0x2D358DCCAA6C78A5)
"""That of `events.kernels.interning`, which hashes the texts."""

NOTHING, TEXTS, OTHERS, INTEGERS, DOUBLES, ADDRESSES, DATES = range(7)
"""Kinds of fields: without tests; with tests of texts only; with others; with tests of one kind of number only."""

Atom = tuple[int, ...] | Candidate
"""Leaves that hold together, or a regular expression that may match."""


@dataclass(frozen=True)
class TextTables:
    """The arrays `kernels.layout.Tests` points at, and the atoms by number."""

    fields: Array
    forms: Array
    constants: Array
    constant_slots: Array
    constant_texts: Array
    wide: Array
    always: Array
    bits: Array
    tails: Array
    slots: Array
    grams: Array
    gram_globs: Array
    gram_pieces: Array
    gram_offsets: Array
    firsts: Array
    starts: Array
    elements: Array
    atoms: Array
    asking: Array
    states: Array
    following: Array
    accepting: Array
    cuts: Array
    of_sections: tuple[tuple[int, ...], ...]
    """The leaves of the sections of all fields of numbers."""
    of_atoms: tuple[Atom, ...]
    foreign: frozenset[int]
    """The fields with a regular expression that ignores case and is not ASCII."""


@dataclass(frozen=True, slots=True)
class NumberTests:
    """The tests of a field of numbers, and its kind.

    Of addresses only the IPv4 ones are numbers here: those that the cuts from `first` to `last` tell apart.
    """

    kind: int
    sections: Sections
    first: int
    last: int


def text_tables(tests: Mapping[int, TextTests], numbers: Mapping[int, NumberTests], kinds: Sequence[int]) -> TextTables:
    """The tables of the tests of some fields, of texts or of numbers; `kinds` are those of all fields, by number."""
    building = _Building(len(kinds))
    for number, of_field in tests.items():
        building.add(number, of_field)
    for number, of_numbers in numbers.items():
        building.add_numbers(number, of_numbers)
    building.fields[:, 0] = kinds
    return building.tables()


@dataclass
class _Building:
    """Tables under way: what belongs to a form stands together."""

    size: int
    fields: Array = field(init=False)
    forms: Array = field(init=False)
    constants: list[tuple[int, int, bytes]] = field(default_factory=list)
    wide: list[int] = field(default_factory=list)
    always: list[int] = field(default_factory=list)
    bits: list[Array] = field(default_factory=list)
    tails: list[Array] = field(default_factory=list)
    slots: list[Array] = field(default_factory=list)
    grams: list[Array] = field(default_factory=list)
    gram_globs: list[Array] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)
    globs: list[GlobTest] = field(default_factory=list)
    of_atoms: list[Atom] = field(default_factory=list)
    foreign: set[int] = field(default_factory=set)
    cuts: list[float] = field(default_factory=list)
    of_sections: list[tuple[int, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fields = np.zeros((self.size, 7), np.int64)
        self.fields[:, 1] = -1
        self.forms = np.zeros((2 * self.size, 8), np.int64)
        self.forms[:, [4, 5, 7]] = -1

    def add(self, number: int, tests: TextTests) -> None:
        """The tests of one field."""
        first = len(self.of_atoms)
        self.of_atoms += tests.atoms
        if tests.always:
            self.fields[number, 1] = len(self.of_atoms)
            self.of_atoms.append(tests.always)
        self.fields[number, 2:4] = len(self.wide), len(self.wide) + len(tests.wide)
        self.wide += [first + atom for atom in tests.wide]
        if tests.foreign:
            self.foreign.add(number)
        for which, form in ((2 * number, tests.plain), (2 * number + 1, tests.folded)):
            self.add_form(which, form, first)

    def add_numbers(self, number: int, tests: NumberTests) -> None:
        """The tests of one field of numbers."""
        first = len(self.cuts)
        cuts = tests.sections.cuts[tests.first : tests.last]
        self.fields[number, 4:] = first, first + len(cuts), len(self.of_sections) + 2 * tests.first
        self.cuts += [float(cut - MAPPED if tests.kind == ADDRESSES else cut) for cut in cuts]
        self.of_sections += tests.sections.verdicts

    def add_form(self, which: int, form: Form, first: int) -> None:
        row = self.forms[which]
        row[0] = len(form.constants)
        for text, atom in form.constants.items():
            self.constants.append((which, first + atom, text.encode("utf-8", "surrogatepass")))
        globs = [test.glob for test in form.globs]
        grams = choose_grams(globs, tuple(form.constants))
        shift = len(self.globs)
        for test in form.globs:
            asking = first + test.asking if test.asking >= 0 else -1
            self.globs.append(GlobTest(test.glob, first + test.atom, test.automaton, asking))
        row[1] = len(self.always)
        self.always += [shift + glob for glob, gram in enumerate(grams) if not gram]
        row[2] = len(self.always)
        if any(grams):
            self.add_grams(row, grams, shift)

    def add_grams(self, row: Array, grams: Sequence[bytes], shift: int) -> None:
        words = np.array([(len(gram) << 32) | int.from_bytes(gram, "big") for gram in grams], np.int64)
        sizes = np.array([len(gram) for gram in grams], np.int64)
        if (sizes == 4).any():
            bits = _bits(words[sizes == 4])
            row[3:5] = sum(map(len, self.bits)), 8 * len(bits) - 1
            self.bits.append(bits)
        if ((sizes > 0) & (sizes < 4)).any():
            row[5] = sum(map(len, self.tails))
            self.tails.append(_tails(words, sizes))
        globs = np.flatnonzero(sizes)
        count = 1 << (2 * len(globs)).bit_length()
        slot = gram_hash(words[globs]) & (count - 1)
        order = np.argsort(slot, kind="stable")
        entries = sum(map(len, self.grams))
        row[6:] = sum(map(len, self.slots)), count - 1
        self.slots.append(entries + np.searchsorted(slot[order], np.arange(count + 1)))
        self.grams.append(words[globs][order])
        self.gram_globs.append(globs[order] + shift)
        for glob in globs[order].tolist():
            self.places.append(place_of(grams[glob], self.globs[glob + shift].glob) or NO_PLACE)

    def tables(self) -> TextTables:
        texts, constants, slots = _constants(self.constants)
        firsts, starts, elements = _pieces([test.glob for test in self.globs])
        states, following, accepting = _automata(self.globs)
        gram_globs = _joined(self.gram_globs, np.int32)
        pieces, offsets = np.array(self.places or [NO_PLACE], np.int32).T
        return TextTables(
            fields=self.fields,
            forms=self.forms,
            constants=constants,
            constant_slots=slots,
            constant_texts=texts,
            wide=np.array(self.wide, np.int32),
            always=np.array(self.always, np.int32),
            bits=_joined(self.bits, np.uint8),
            tails=_joined(self.tails, np.uint8),
            slots=_joined(self.slots, np.int32),
            grams=_joined(self.grams, np.int64),
            gram_globs=gram_globs,
            gram_pieces=np.where(pieces < 0, -1, firsts[gram_globs] + pieces).astype(np.int32),
            gram_offsets=np.ascontiguousarray(offsets),
            firsts=firsts,
            starts=starts,
            elements=elements,
            atoms=np.array([test.atom for test in self.globs], np.int32),
            asking=np.array([test.asking for test in self.globs], np.int32),
            states=states,
            following=following,
            accepting=accepting,
            cuts=np.array(self.cuts or [0.0]),
            of_sections=tuple(self.of_sections),
            of_atoms=tuple(self.of_atoms),
            foreign=frozenset(self.foreign),
        )


def _joined(parts: Sequence[Array], kind: Any) -> Array:
    return np.concatenate(parts).astype(kind) if parts else np.zeros(1, kind)


def gram_hash(words: Array) -> Array:
    """The hashes of grams, as the kernel has them but for the upper bits."""
    with np.errstate(over="ignore"):
        hashed: Array = (words * MULTIPLIER) >> np.int64(40)
    return hashed


def _bits(words: Array) -> Array:
    # With 64 bits a gram one byte in a hundred is a wrong guess, and those of 2,000 grams still fit the nearest cache.
    size = min(max(1 << (64 * len(words)).bit_length(), 1 << 10), 1 << 20)
    bits = np.zeros(size // 8, np.uint8)
    hashed = gram_hash(words) & (size - 1)
    np.bitwise_or.at(bits, hashed >> 3, np.uint8(1) << (hashed & 7).astype(np.uint8))
    return bits


def _tails(words: Array, sizes: Array) -> Array:
    """For every last two bytes a bit for each length a gram that ends with them may have."""
    tails = np.zeros(1 << 16, np.uint8)
    for word, size in zip(words.tolist(), sizes.tolist(), strict=True):
        if size == 1:
            tails[word & 0xFF :: 256] |= 2
        elif 1 < size < 4:
            tails[word & 0xFFFF] |= 1 << size
    return tails


def _constants(constants: Sequence[tuple[int, int, bytes]]) -> tuple[Array, Array, Array]:
    """The texts of constants, a zero byte behind each; their entries; and the slots that say where to look."""
    texts = np.frombuffer(b"\0".join([*(text for _, _, text in constants), bytes(PADDING)]), np.uint8)
    lengths = np.array([len(text) for _, _, text in constants], np.int64)
    entries = np.zeros((len(constants), 4), np.int64)
    slots = np.zeros(1 << (2 * len(constants) + 2).bit_length(), np.int32)
    if constants:
        entries[:, 0] = [(which << 32) | atom for which, atom, _ in constants]
        entries[:, 2] = np.cumsum(lengths + 1) - lengths - 1
        entries[:, 3] = lengths
        from besra.engine.kernels.constants import place_constants  # noqa: PLC0415  numba takes long to import

        place_constants(texts.ctypes.data, entries.ctypes.data, len(entries), slots.ctypes.data, len(slots) - 1)
    return texts, entries, slots


def _pieces(globs: Sequence[Glob]) -> tuple[Array, Array, Array]:
    """What globs ask for: glob *i* is pieces `firsts[i]` to `firsts[i + 1]`, the parts between its `*`.

    Piece *j* is the elements `starts[j]` to `starts[j + 1]`.
    """
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
    return np.array(firsts, np.int32), np.array(starts, np.int32), np.array(elements or [0], np.int32)


def _automata(tests: Sequence[GlobTest]) -> tuple[Array, Array, Array]:
    """The first state of each glob's automaton, and all automata as one table of 128 entries a state.

    State 0 takes nothing any more, and stands for no automaton too.
    """
    rows, accepting, states = [np.zeros(ASCII, np.int32)], [False], list[int]()
    known: dict[int, int] = {}
    for test in tests:
        automaton = test.automaton
        if automaton and id(automaton) not in known:
            shift = len(accepting) - 1
            known[id(automaton)] = shift + 1
            held = np.frombuffer(b"".join(automaton.next[1:]), np.uint8).astype(np.int32)
            rows.append(np.where(held, held + shift, 0).astype(np.int32))
            accepting += automaton.accepting[1:]
        states.append(known[id(automaton)] if automaton else 0)
    following = np.concatenate(rows)
    return np.array(states or [0], np.int32), following, np.array(accepting, np.uint8)

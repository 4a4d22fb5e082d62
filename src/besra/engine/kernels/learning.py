"""Which text tests each new value satisfies: one pass over the values a table has learned of, whatever their fields.

A text is taken out of its JSON token, looked up among the constants of its field, and read once; where its last bytes
are a *gram* (`grams`), the globs of that gram are tried, each at most once a text. What it satisfies are *atoms*
(`texts`); the set of them gets a number, the same for every value with the same set. What is no plain ASCII string is
left to Python, which comes back with texts it has folded itself (`learn_texts`).

Everything happens on UTF-8 in memory that is addressed by number (`events.kernels.machine`): literal text is found byte
by byte, `?` takes a code point.
"""

from typing import NamedTuple

from besra.engine.kernels.atom_sets import Sets, set_number
from besra.engine.kernels.automaton import ASCII
from besra.engine.kernels.tables import ADDRESSES, INTEGERS, NOTHING, ONE, TEXTS
from besra.events.kernels.interning import MULTIPLIER, hash_token, is_same
from besra.events.kernels.kernel import inlined, inner, kernel
from besra.events.kernels.machine import (
    BLOCK,
    byte_at,
    copy_block,
    double_at,
    first_bit,
    half_at,
    high_bytes,
    lower_block,
    put_byte,
    put_half,
    put_word,
    string_stops,
    word_at,
)
from besra.events.kernels.tokens import MINUS, NINE, POINT, QUOTE, ZERO, character_of, code_unit
from besra.events.value_table import TAIL

LEFT = -1
"""The verdict of a value that is left to Python."""

FORM = 64
CONSTANTS, ALWAYS, ALWAYS_END, BITS, BITS_MASK, TAILS, SLOTS, SLOTS_MASK = range(0, FORM, 8)
"""Bytes of a form of a field (`Tests.forms`): how many constants it has; its globs without a gram; where in `bits` its
four-byte grams are marked, and the number of bits less one, -1 for none; where in `tails`, -1 for none; where in
`slots`, and the number of slots less one."""

FIELD = 56
F_KIND, F_EXISTS, F_WIDE, F_WIDE_END, F_CUTS, F_CUTS_END, F_SECTIONS = range(0, FIELD, 8)
"""Bytes of a field: its kind; the atom that holds of every value, or -1; its wide atoms
(`texts`); of a field of numbers its `cuts`, and where in `sections` the sets of its sections (`ordered`) begin."""

EXACT_DIGITS = 15
"""Digits of which a double is surely the nearest to the number they are."""

MOST_DIGITS = 18
"""Digits that fit 64 bits."""

SLACK = 4e-15
"""How near to a cut, by its share, a number of more digits may come that is not read exactly here."""

ENTRY = 32
E_KEY, E_HASH, E_PLACE, E_LENGTH = range(0, ENTRY, 8)
"""Bytes of a constant: its form and atom, its hash, where its text is, how long."""

ATOM_BITS = 32


class Tests(NamedTuple):
    """Addresses of the tests of all fields (`tables.TextTables`), and the number of slots of constants less one."""

    fields: int
    forms: int
    constants: int
    constant_slots: int
    constant_mask: int
    constant_texts: int
    wide: int
    always: int
    bits: int
    tails: int
    slots: int
    grams: int
    gram_globs: int
    firsts: int
    starts: int
    elements: int
    atoms: int
    asking: int
    states: int
    following: int
    accepting: int
    cuts: int
    sections: int


class Room(NamedTuple):
    """Addresses of room to work in.

    `plain` and `folded`: bytes for a text, with BLOCK bytes before and behind it. `found`: the atoms found (int32).
    `satisfied` and `tried` (int64): for every atom and every glob the number of the text it was last met in; `counts`
    holds the number of texts so far. `longest`: the bytes a text may have.
    """

    plain: int
    folded: int
    found: int
    satisfied: int
    tried: int
    counts: int
    longest: int


@kernel
def learn(  # noqa: PLR0913, PLR0917
    first: int, last: int, arena: int, offsets: int, tests: Tests, room: Room, sets: Sets, verdicts: int
) -> int:
    """Writes the verdicts (int32, by id) of the values `first` to `last`; the id it came to: it goes on, given room."""
    for number in range(first, last):
        start, end = word_at(offsets + 8 * number), word_at(offsets + 8 * number + 8) - TAIL
        field = half_at(arena + end + 1)
        kind = word_at(tests.fields + FIELD * field + F_KIND)
        verdict = LEFT
        if kind == NOTHING:
            verdict = 0
        elif kind == TEXTS and byte_at(arena + start) == QUOTE:
            if end - start > room.longest:
                return number
            length = unescape(arena + start + 1, arena + end - 1, room.plain + BLOCK)
            if length >= 0:
                put_byte(room.plain + BLOCK - 1, 0)
                put_byte(room.plain + BLOCK + length, 0)
                for done in range(BLOCK - 1, BLOCK + length + 1, BLOCK):
                    lower_block(room.folded + done, room.plain + done)
                plain, folded = room.plain + BLOCK, room.folded + BLOCK
                count = atoms_of(plain, length, folded, length, False, field, tests, room)
                verdict = set_number(count, room.found, sets)
                if verdict < 0:
                    return number
        elif kind >= INTEGERS:
            verdict = number_verdict(arena + start, arena + end, kind, tests.fields + FIELD * field, tests)
        put_half(verdicts + 4 * number, verdict)
    return last


@kernel
def learn_texts(  # noqa: PLR0913, PLR0917
    first: int, last: int, texts: int, wide: int, field: int, tests: Tests, room: Room, sets: Sets, verdicts: int
) -> int:
    """The same for texts of a field that Python has prepared.

    `texts` holds four int64 a text: the addresses of its first byte and end, then those of the folded text; each stands
    between zero bytes. `wide` (bytes) says which get the wide atoms.
    """
    for number in range(first, last):
        bounds = texts + 32 * number
        plain, folded = word_at(bounds), word_at(bounds + 16)
        length, other = word_at(bounds + 8) - plain, word_at(bounds + 24) - folded
        count = atoms_of(plain, length, folded, other, byte_at(wide + number) != 0, field, tests, room)
        verdict = set_number(count, room.found, sets)
        if verdict < 0:
            return number
        put_half(verdicts + 4 * number, verdict)
    return last


@inlined
def unescape(p: int, stop: int, target: int) -> int:
    """Writes the text of a canonical JSON string to `target`; its length, or -1 if it is not ASCII."""
    to = target
    while p < stop:
        copy_block(to, p)
        size = min(stop - p, BLOCK)
        high = high_bytes(p)
        if high and first_bit(high) < size:
            return -1
        stops = string_stops(p)
        bit = first_bit(stops) if stops else BLOCK
        if bit >= size:
            p += size
            to += size
            continue
        p += bit
        to += bit
        letter = byte_at(p + 1)
        if letter == ord("u"):
            put_byte(to, code_unit(p + 2))
            p += 6
        else:
            put_byte(to, character_of(letter) or letter)
            p += 2
        to += 1
    return to - target


@inner
def number_verdict(p: int, end: int, kind: int, row: int, tests: Tests) -> int:
    """The set of leaves that a number or address satisfies, or LEFT if it is none that is read exactly here."""
    if kind == ADDRESSES:
        address = address_of(p, end)
        return LEFT if address < 0 else section_verdict(float(address), 0.0, row, tests)
    is_negative = byte_at(p) == MINUS
    p += 1 if is_negative else 0
    mantissa, digits, decimals = 0, 0, -1
    while p < end and digits < MOST_DIGITS:
        byte = byte_at(p)
        if byte == POINT and decimals < 0:
            decimals = 0
        elif ZERO <= byte <= NINE:
            mantissa = mantissa * 10 + byte - ZERO
            digits += 1
            decimals += 1 if decimals >= 0 else 0
        else:
            return LEFT
        p += 1
    if p < end or (decimals >= 0 and kind == INTEGERS) or (decimals < 0 and digits > EXACT_DIGITS):
        return LEFT
    number = float(-mantissa if is_negative else mantissa)
    scale = 1.0
    for _ in range(decimals):
        scale *= 10.0
    number /= scale
    return section_verdict(number, abs(number) * SLACK if digits > EXACT_DIGITS else 0.0, row, tests)


@inlined
def address_of(p: int, end: int) -> int:
    """The 32-bit number that a token is, if it is an IPv4 address in dotted form, else -1."""
    if byte_at(p) != QUOTE:
        return -1
    address, octet, digits, octets = 0, 0, 0, 0
    for place in range(p + 1, end):
        byte = byte_at(place) if place < end - 1 else POINT
        if ZERO <= byte <= NINE:
            if digits == 3 or (digits == 1 and octet == 0):  # a leading zero might mean octal
                return -1
            octet = octet * 10 + byte - ZERO
            digits += 1
        elif byte == POINT and digits and octet < 256 and octets < 4:
            address = address * 256 + octet
            octets += 1
            octet, digits = 0, 0
        else:
            return -1
    return address if octets == 4 else -1


@inlined
def section_verdict(number: float, slack: float, row: int, tests: Tests) -> int:
    """The set of leaves of the section a number is in; LEFT if a cut is no farther away than the slack, if any."""
    first = low = word_at(row + F_CUTS)
    last = high = word_at(row + F_CUTS_END)
    while low < high:
        middle = (low + high) >> 1
        if double_at(tests.cuts + 8 * middle) < number:
            low = middle + 1
        else:
            high = middle
    if slack > 0.0:
        if low < last and double_at(tests.cuts + 8 * low) - number <= slack:
            return LEFT
        if low > first and number - double_at(tests.cuts + 8 * (low - 1)) <= slack:
            return LEFT
    section = 2 * (low - first)
    if low < last and double_at(tests.cuts + 8 * low) == number:
        section += 1
    return half_at(tests.sections + 4 * (word_at(row + F_SECTIONS) + section))


@inner
def atoms_of(  # noqa: PLR0913, PLR0917
    plain: int, length: int, folded: int, folded_length: int, is_wide: bool, field: int, tests: Tests, room: Room
) -> int:
    """Writes the atoms of a text to `room.found`, ascending; how many."""
    text = word_at(room.counts) + 1
    put_word(room.counts, text)
    put_word(room.counts + 8, 0)
    row = tests.fields + FIELD * field
    exists = word_at(row + F_EXISTS)
    if exists >= 0:
        add(exists, text, room)
    if is_wide:
        for place in range(word_at(row + F_WIDE), word_at(row + F_WIDE_END)):
            add(half_at(tests.wide + 4 * place), text, room)
    for form in range(2):
        which = 2 * field + form
        start, end = (folded, folded + folded_length) if form else (plain, plain + length)
        match_form(which, start, end, text, tests, room)
    count = word_at(room.counts + 8)
    for i in range(1, count):
        atom, k = half_at(room.found + 4 * i), i
        while k > 0 and half_at(room.found + 4 * (k - 1)) > atom:
            put_half(room.found + 4 * k, half_at(room.found + 4 * (k - 1)))
            k -= 1
        put_half(room.found + 4 * k, atom)
    return count


@inlined
def add(atom: int, text: int, room: Room) -> None:
    """Adds an atom to those found in a text, once."""
    if word_at(room.satisfied + 8 * atom) != text:
        put_word(room.satisfied + 8 * atom, text)
        count = word_at(room.counts + 8)
        put_half(room.found + 4 * count, atom)
        put_word(room.counts + 8, count + 1)


@inlined
def constant_hash(start: int, length: int, which: int) -> int:
    """The hash of a text among the constants of a form. The zero byte behind it takes part: no text is empty then."""
    return hash_token(start, length + 1, which * MULTIPLIER)


@kernel
def place_constants(texts: int, entries: int, count: int, slots: int, mask: int) -> None:
    """Writes the hashes of constants into their entries, and their numbers + 1 into the free slots (int32)."""
    for number in range(count):
        entry = entries + ENTRY * number
        which = word_at(entry + E_KEY) >> ATOM_BITS
        hashed = constant_hash(texts + word_at(entry + E_PLACE), word_at(entry + E_LENGTH), which)
        put_word(entry + E_HASH, hashed)
        place = hashed & mask
        while half_at(slots + 4 * place):
            place = (place + 1) & mask
        put_half(slots + 4 * place, number + 1)


@inner
def match_form(which: int, start: int, end: int, text: int, tests: Tests, room: Room) -> None:
    """Adds the atoms of the tests of one form that a text satisfies."""
    form = tests.forms + FORM * which
    if word_at(form + CONSTANTS):
        hashed = constant_hash(start, end - start, which)
        place = hashed & tests.constant_mask
        entry = half_at(tests.constant_slots + 4 * place)
        while entry:
            constant = tests.constants + ENTRY * (entry - 1)
            if word_at(constant + E_HASH) == hashed and word_at(constant + E_LENGTH) == end - start:
                key = word_at(constant + E_KEY)
                known = tests.constant_texts + word_at(constant + E_PLACE)
                if key >> ATOM_BITS == which and is_same(start, known, end - start + 1):
                    add(key & 0xFFFFFFFF, text, room)
                    break
            place = (place + 1) & tests.constant_mask
            entry = half_at(tests.constant_slots + 4 * place)
    for place in range(word_at(form + ALWAYS), word_at(form + ALWAYS_END)):
        try_glob(half_at(tests.always + 4 * place), start, end, text, tests, room)
    if word_at(form + SLOTS_MASK) < 0:
        return
    bits, mask = tests.bits + word_at(form + BITS), word_at(form + BITS_MASK)
    tails = tests.tails + word_at(form + TAILS) if word_at(form + TAILS) >= 0 else 0
    word = 0
    for p in range(start - 1, end + 1):
        word = ((word << 8) | byte_at(p)) & 0xFFFFFFFF
        lengths = 0
        if mask >= 0:
            hashed = gram_hash((4 << 32) | word) & mask
            lengths = ((byte_at(bits + (hashed >> 3)) >> (hashed & 7)) & 1) << 4
        if tails:
            lengths |= byte_at(tails + (word & 0xFFFF))
        if lengths:
            try_grams(lengths, word, form, start, end, text, tests, room)


@inlined
def gram_hash(gram: int) -> int:
    """The hash of a gram: 24 bits, in the lower ones of the result."""
    return (gram * MULTIPLIER) >> 40


@inner
def try_grams(  # noqa: PLR0913, PLR0917
    lengths: int, word: int, form: int, start: int, end: int, text: int, tests: Tests, room: Room
) -> None:
    """Tries the globs of grams that the last bytes read are; `lengths` has a bit for each length they may have."""
    slots, mask = tests.slots + 4 * word_at(form + SLOTS), word_at(form + SLOTS_MASK)
    for size in range(1, 5):
        if (lengths >> size) & 1 == 0:
            continue
        gram = (size << 32) | (word & ((1 << (8 * size)) - 1))
        slot = slots + 4 * (gram_hash(gram) & mask)
        for entry in range(half_at(slot), half_at(slot + 4)):
            if word_at(tests.grams + 8 * entry) == gram:
                try_glob(half_at(tests.gram_globs + 4 * entry), start, end, text, tests, room)


@inner
def try_glob(glob: int, start: int, end: int, text: int, tests: Tests, room: Room) -> None:
    """Adds the atom of a glob if it covers the text and its automaton, if any, agrees."""
    if word_at(room.tried + 8 * glob) == text:
        return
    put_word(room.tried + 8 * glob, text)
    atom = half_at(tests.atoms + 4 * glob)
    if word_at(room.satisfied + 8 * atom) == text:
        return
    first = half_at(tests.firsts + 4 * glob)
    last = half_at(tests.firsts + 4 * glob + 4) - 1
    position = fits(start, end, first, tests)
    if position < 0:
        return
    if first == last:
        if position != end:
            return
    else:
        stop = fits_before(position, end, last, tests)
        if stop < 0:
            return
        for piece in range(first + 1, last):
            position = find(position, stop, piece, tests)
            if position < 0:
                return
    state = half_at(tests.states + 4 * glob)
    if state:
        atom = decided(state, start, end, atom, half_at(tests.asking + 4 * glob), tests)
        if atom < 0:
            return
    add(atom, text, room)


@inner
def decided(state: int, start: int, end: int, atom: int, asking: int, tests: Tests) -> int:
    """The atom if the automaton takes the text, -1 if not; `asking` if the text is not ASCII."""
    for p in range(start, end):
        byte = byte_at(p)
        if byte >= ASCII:
            return asking
        state = half_at(tests.following + 4 * (state * ASCII + byte))
        if state == 0:
            return -1
    return atom if byte_at(tests.accepting + state) else -1


@inlined
def fits(position: int, end: int, piece: int, tests: Tests) -> int:
    """Where the piece ends if it stands at `position`, else -1."""
    for k in range(half_at(tests.starts + 4 * piece), half_at(tests.starts + 4 * piece + 4)):
        if position >= end:
            return -1
        element = half_at(tests.elements + 4 * k)
        if element == ONE:
            position += 1
            while position < end and (byte_at(position) & 0xC0) == 0x80:
                position += 1
        elif byte_at(position) != element:
            return -1
        else:
            position += 1
    return position


@inlined
def fits_before(start: int, position: int, piece: int, tests: Tests) -> int:
    """Where the piece starts, at or behind `start`, if it ends at `position`, else -1."""
    for k in range(half_at(tests.starts + 4 * piece + 4) - 1, half_at(tests.starts + 4 * piece) - 1, -1):
        if position <= start:
            return -1
        element = half_at(tests.elements + 4 * k)
        position -= 1
        if element == ONE:
            while position > start and (byte_at(position) & 0xC0) == 0x80:
                position -= 1
        elif byte_at(position) != element:
            return -1
    return position


@inlined
def find(position: int, end: int, piece: int, tests: Tests) -> int:
    """Where the first occurrence of the piece in `position` to `end` ends, or -1."""
    first = half_at(tests.starts + 4 * piece)
    size = half_at(tests.starts + 4 * piece + 4) - first
    if size == 0:
        return position
    element = half_at(tests.elements + 4 * first)
    while position + size <= end:
        byte = byte_at(position)
        if byte == element or (element == ONE and (byte & 0xC0) != 0x80):
            stop = fits(position, end, piece, tests)
            if stop >= 0:
                return stop
        position += 1
    return -1

"""Which text tests each new value satisfies: one pass over the values a table has learned of, whatever their fields.

A text is taken out of its JSON token, looked up among the constants of its field, and read once; where its last bytes
are a *gram* (`grams`), the globs of that gram are tried, each at most once a text. What it satisfies are *atoms*
(`texts`); the set of them gets a number, the same for every value with the same set. What is no plain ASCII string is
left to Python, which comes back with texts it has folded itself (`learn_texts`).

Everything happens on UTF-8 in memory that is addressed by number (`events.kernels.machine`).
"""

from besra.engine.kernels.atom_sets import Sets, set_number
from besra.engine.kernels.constants import match_constant
from besra.engine.kernels.globs import fits, try_glob
from besra.engine.kernels.layout import (
    ALWAYS,
    ALWAYS_END,
    BITS,
    BITS_MASK,
    CONSTANTS,
    F_EXISTS,
    F_KIND,
    F_WIDE,
    F_WIDE_END,
    FIELD,
    FORM,
    SLOTS,
    SLOTS_MASK,
    TAILS,
    Tests,
)
from besra.engine.kernels.numbers import LEFT, number_verdict
from besra.engine.kernels.room import Room, add
from besra.engine.kernels.tables import INTEGERS, NOTHING, TEXTS
from besra.events.kernels.interning import MULTIPLIER
from besra.events.kernels.kernel import inlined, inner, kernel
from besra.events.kernels.machine import (
    BLOCK,
    byte_at,
    copy_block,
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
from besra.events.kernels.tokens import QUOTE, character_of, code_unit
from besra.events.value_table import TAIL


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


@inner
def match_form(which: int, start: int, end: int, text: int, tests: Tests, room: Room) -> None:
    """Adds the atoms of the tests of one form that a text satisfies."""
    form = tests.forms + FORM * which
    if word_at(form + CONSTANTS):
        match_constant(which, start, end, text, tests, room)
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
            try_grams(lengths, word, p, form, start, end, text, tests, room)


@inlined
def gram_hash(gram: int) -> int:
    """The hash of a gram: 24 bits, in the lower ones of the result."""
    return (gram * MULTIPLIER) >> 40


@inner
def try_grams(  # noqa: PLR0913, PLR0917
    lengths: int, word: int, p: int, form: int, start: int, end: int, text: int, tests: Tests, room: Room
) -> None:
    """Tries the globs of grams that the bytes read up to `p` end with, if the piece around the gram is there too.

    `lengths` has a bit for each length the grams may have.
    """
    slots, mask = tests.slots + 4 * word_at(form + SLOTS), word_at(form + SLOTS_MASK)
    for size in range(1, 5):
        if (lengths >> size) & 1 == 0:
            continue
        gram = (size << 32) | (word & ((1 << (8 * size)) - 1))
        slot = slots + 4 * (gram_hash(gram) & mask)
        for entry in range(half_at(slot), half_at(slot + 4)):
            if word_at(tests.grams + 8 * entry) == gram and is_in_place(entry, p + 1 - size, start, end, tests):
                try_glob(half_at(tests.gram_globs + 4 * entry), start, end, text, tests, room)


@inlined
def is_in_place(entry: int, p: int, start: int, end: int, tests: Tests) -> bool:
    """Whether the piece of the glob that holds a gram stands around the gram at `p`, as far as that is known.

    A text may hold a common gram often: looking here is cheaper than looking for the piece everywhere.
    """
    piece = half_at(tests.gram_pieces + 4 * entry)
    if piece < 0:
        return True
    position = p - half_at(tests.gram_offsets + 4 * entry)
    return position >= start and fits(position, end, piece, tests) >= 0

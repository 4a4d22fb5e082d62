"""Constants among the tests of texts: found by the hash of the whole text."""

from besra.engine.kernels.layout import ATOM_BITS, E_HASH, E_KEY, E_LENGTH, E_PLACE, ENTRY, Tests
from besra.engine.kernels.room import Room, add
from besra.events.kernels.interning import MULTIPLIER, hash_token, is_same
from besra.events.kernels.kernel import inlined, kernel
from besra.events.kernels.machine import half_at, put_half, put_word, word_at


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


@inlined
def match_constant(which: int, start: int, end: int, text: int, tests: Tests, room: Room) -> None:
    """Adds the atom of the constant of a form that a text is, if any."""
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

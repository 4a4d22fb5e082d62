"""Sets of atoms, numbered: a hash table in memory that is addressed by number, grown between calls."""

from typing import NamedTuple

from besra.events.kernels.interning import MULTIPLIER
from besra.events.kernels.kernel import inlined, inner, kernel
from besra.events.kernels.machine import fold, half_at, put_half, put_word, word_at


class Sets(NamedTuple):
    """Sets of atoms by number, as addresses: a hash table of numbers + 1, where each set begins, all their atoms.

    `counts`: the number of sets, the atoms used. There is room for `room` sets of together `atoms_room` atoms.
    """

    slots: int
    mask: int
    starts: int
    atoms: int
    counts: int
    room: int
    atoms_room: int


@inner
def set_number(count: int, found: int, sets: Sets) -> int:
    """The number of a set of atoms, new or known; -1 if there is no room for a new one. The empty set is number 0."""
    if count == 0:
        return 0
    place = set_hash(count, found) & sets.mask
    while True:
        number = word_at(sets.slots + 8 * place) - 1
        if number < 0:
            break
        if is_set(number, count, found, sets):
            return number
        place = (place + 1) & sets.mask
    number, used = word_at(sets.counts), word_at(sets.counts + 8)
    if number >= sets.room or used + count > sets.atoms_room:
        return -1
    for i in range(count):
        put_half(sets.atoms + 4 * (used + i), half_at(found + 4 * i))
    put_word(sets.starts + 8 * (number + 1), used + count)
    put_word(sets.slots + 8 * place, number + 1)
    put_word(sets.counts, number + 1)
    put_word(sets.counts + 8, used + count)
    return number


@inlined
def is_set(number: int, count: int, found: int, sets: Sets) -> bool:
    """Whether a set holds exactly these atoms."""
    start = word_at(sets.starts + 8 * number)
    if word_at(sets.starts + 8 * number + 8) - start != count:
        return False
    for i in range(count):  # noqa: SIM110  generators cannot be compiled
        if half_at(sets.atoms + 4 * (start + i)) != half_at(found + 4 * i):
            return False
    return True


@inlined
def set_hash(count: int, atoms: int) -> int:
    """The hash of some atoms (int32)."""
    hashed = count
    for i in range(count):
        hashed = fold(hashed ^ ((half_at(atoms + 4 * i) + 1) * MULTIPLIER), MULTIPLIER)
    return hashed


@kernel
def rehash_sets(sets: Sets) -> None:
    """Fills the free slots with the sets there are; those that others know have no atoms."""
    for number in range(word_at(sets.counts)):
        start = word_at(sets.starts + 8 * number)
        count = word_at(sets.starts + 8 * number + 8) - start
        if count:
            place = set_hash(count, sets.atoms + 4 * start) & sets.mask
            while word_at(sets.slots + 8 * place):
                place = (place + 1) & sets.mask
            put_word(sets.slots + 8 * place, number + 1)

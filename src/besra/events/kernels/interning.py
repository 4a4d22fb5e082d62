"""A hash table of JSON tokens of fields: every distinct token of a field gets the next number, and is kept once.

The arrays are those of `value_table.Interned`, by their addresses. They are grown between calls, never in a kernel.
"""

from typing import NamedTuple

from besra.events.kernels.kernel import inlined, kernel
from besra.events.kernels.machine import (
    BLOCK,
    byte_at,
    copy_block,
    differences,
    first_bit,
    fold,
    half_at,
    put_byte,
    put_half,
    put_word,
    word_at,
)
from besra.events.kernels.tokens import QUOTE, string_end
from besra.events.value_table import PADDING, SEED, TAIL, Interned

COMMA = ord(",")

MULTIPLIER = 0x2D358DCCAA6C78A5
"""An odd number with half of its bits set, to spread what is hashed."""

SLOT = 16
"""Bytes of a slot: the upper half of the hash beside the id + 1 (0: free), then where in the arena the token is."""


class Table(NamedTuple):
    """A table of tokens. `mask` is the number of slots less one, a power of two less one.

    It has room for `room` tokens, so that it stays half empty and look-ups stay short, of `bytes_room` bytes.
    """

    slots: int
    mask: int
    arena: int
    offsets: int
    counts: int
    seed: int
    room: int
    bytes_room: int


def table_of(interned: Interned) -> Table:
    """A table of values as kernels take it; valid as long as its arrays are."""
    slots, arena, offsets, counts = (array.ctypes.data for array in interned)
    places, seed = len(interned.slots) // 2, int(interned.counts[SEED])
    room, bytes_room = min(len(interned.offsets) - 1, places // 2), len(interned.arena) - PADDING
    return Table(slots, places - 1, arena, offsets, counts, seed, room, bytes_room)


@inlined
def hash_token(p: int, length: int, seed: int, factor: int = MULTIPLIER) -> int:
    """The hash of the bytes at `p`, of which there must be one. Reads eight bytes, however short.

    Both `seed` and `factor` have to be secret where others choose the bytes: words that differ from a known factor in
    one bit make a step a mere rotation, and then texts can be prepared that collide whatever the seed.
    """
    mixed = seed ^ length
    while length > 16:
        mixed = fold(word_at(p) ^ mixed, word_at(p + 8) ^ factor)
        p += 16
        length -= 16
    size = min(length, 8)
    unused = 64 - 8 * size
    return fold((word_at(p) << unused) ^ mixed, (word_at(p + length - size) << unused) ^ factor)


@inlined
def hash_of_field(table: Table, p: int, length: int, field: int) -> int:
    """The hash of a token of a field in a table."""
    return hash_token(p, length, table.seed ^ (field * MULTIPLIER), table.seed * MULTIPLIER)


@inlined
def slot_address(table: Table, hashed: int) -> int:
    """Where in memory the look-up of a hash begins."""
    return table.slots + SLOT * ((hashed >> 32) & table.mask)


@inlined
def is_same(p: int, other: int, length: int) -> bool:
    """Whether the bytes at two addresses are the same. Reads up to a block beyond."""
    while length > BLOCK:
        if differences(p, other):
            return False
        p += BLOCK
        other += BLOCK
        length -= BLOCK
    found = differences(p, other)
    return found == 0 or first_bit(found) >= length


@inlined
def intern(table: Table, p: int, length: int, hashed: int, field: int) -> int:
    """The id of the token of a field at `p`, new or known. There must be room for it."""
    tag = hashed >> 32
    place = tag & table.mask
    while True:
        slot = table.slots + SLOT * place
        head = word_at(slot)
        if head == 0:
            return insert(table, slot, tag, p, length, field)
        if head >> 32 == tag:
            known = table.arena + word_at(slot + 8)
            end = known + length
            if is_same(p, known, length) and byte_at(end) == COMMA and half_at(end + 1) == field:
                return (head & 0xFFFFFFFF) - 1
        place = (place + 1) & table.mask


@inlined
def insert(table: Table, slot: int, tag: int, p: int, length: int, field: int) -> int:
    """Gives the token at `p` the next id, findable in this slot."""
    number, used = word_at(table.counts), word_at(table.counts + 8)
    put_word(slot, (tag << 32) | (number + 1))
    put_word(slot + 8, used)
    target = table.arena + used
    for done in range(0, length, BLOCK):
        copy_block(target + done, p + done)
    put_byte(target + length, COMMA)
    put_half(target + length + 1, field)
    used += length + TAIL
    put_word(table.offsets + 8 * number, used - length - TAIL)
    put_word(table.offsets + 8 * number + 8, used)
    put_word(table.counts, number + 1)
    put_word(table.counts + 8, used)
    return number


@kernel
def intern_list(table: Table, p: int, end: int, fields: int, ids: int) -> None:
    """The ids (int64) of the canonical scalars at `p`, a comma after each, of `fields` (int32). There must be room."""
    while p < end:
        stop = p
        if byte_at(p) == QUOTE:
            stop, _ = string_end(p + 1, end)
        while byte_at(stop) != COMMA:
            stop += 1
        length = stop - p
        field = half_at(fields)
        put_word(ids, intern(table, p, length, hash_of_field(table, p, length, field), field))
        fields += 4
        ids += 8
        p = stop + 1


@kernel
def rehash(slots: int, count: int, wider: int, mask: int) -> None:
    """Moves `count` slots to a larger table of free ones."""
    for old in range(slots, slots + SLOT * count, SLOT):
        head = word_at(old)
        if head:
            place = (head >> 32) & mask
            while word_at(wider + SLOT * place):
                place = (place + 1) & mask
            put_word(wider + SLOT * place, head)
            put_word(wider + SLOT * place + 8, word_at(old + 8))

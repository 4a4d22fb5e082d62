"""Values read and hashed by id: integers, and hashes for joins."""

from besra.events.kernels.addresses import address_of, hash_of_address
from besra.events.kernels.interning import hash_token
from besra.events.kernels.kernel import inlined, kernel
from besra.events.kernels.machine import byte_at, half_at, put_word, word_at
from besra.events.kernels.tokens import MINUS, NINE, QUOTE, ZERO
from besra.events.value_table import TAIL

UNREAD = -(2**63)
"""Stands for what is no integer of at most MOST_DIGITS digits."""

MOST_DIGITS = 15
"""Digits of which an integer and the double that equals it are written alike."""


@kernel
def read_integers(arena: int, offsets: int, ids: int, count: int, numbers: int) -> None:
    """Writes the integers (int64) that `count` values are, by their ids (int32); UNREAD for others."""
    for place in range(count):
        number = half_at(ids + 4 * place)
        start, end = word_at(offsets + 8 * number), word_at(offsets + 8 * number + 8) - TAIL
        put_word(numbers + 8 * place, integer_of(arena + start, arena + end))


@inlined
def integer_of(p: int, end: int) -> int:
    """The integer a token is, or UNREAD; `-0` is none, for it is written in another way than it is meant."""
    is_negative = byte_at(p) == MINUS
    p += 1 if is_negative else 0
    if end - p > MOST_DIGITS or end <= p or (is_negative and byte_at(p) == ZERO):
        return UNREAD
    number = 0
    while p < end:
        byte = byte_at(p)
        if byte < ZERO or byte > NINE:
            return UNREAD
        number = number * 10 + byte - ZERO
        p += 1
    return -number if is_negative else number


@kernel
def hash_values(  # noqa: PLR0913, PLR0917
    arena: int, offsets: int, ids: int, count: int, kinds: int, seeds: int, hashes: int
) -> None:
    """Writes two hashes (int64) for each of `count` values, by their ids (int32), or zeros where Python has to.

    `kinds`: 1 for texts, 2 for integers, 3 for both, 4 for addresses. `seeds`: seed and factor of each half, int64.
    """
    for place in range(count):
        number = half_at(ids + 4 * place)
        start, end = word_at(offsets + 8 * number), word_at(offsets + 8 * number + 8) - TAIL
        p, length = arena + start, end - start
        if kinds == 4:
            address = address_of(p, p + length)
            for half in range(0, 16, 8):
                seed, factor = word_at(seeds + 2 * half), word_at(seeds + 2 * half + 8)
                put_word(hashes + 16 * place + half, hash_of_address(address, seed, factor) if address >= 0 else 0)
            continue
        is_meant = byte_at(p) == QUOTE if kinds == 1 else kinds == 3 or byte_at(p) != QUOTE
        if is_meant and byte_at(p) != QUOTE:
            is_meant = integer_of(p, p + length) != UNREAD
        for half in range(0, 16, 8):
            seed, factor = word_at(seeds + 2 * half), word_at(seeds + 2 * half + 8)
            put_word(hashes + 16 * place + half, hash_token(p, length, seed, factor) if is_meant else 0)

"""Members of JSON objects that have been written one behind the other, brought into the order of their keys."""

from besra.events.kernels.kernel import inlined, inner
from besra.events.kernels.machine import BLOCK, byte_at, copy_block, differences, first_bit, put_byte, put_word, word_at

MEMBER = 16
M_PLACE, M_LENGTH = range(0, MEMBER, 8)
"""Bytes of a member: the address where it was written, the length of its key, without its quotes."""

MOST_MEMBERS = 256
"""Members of an object that are sorted, in at most the square of their number of steps."""

COMMA = ord(",")


@inner
def sort_members(first: int, last: int, end: int, order: int, scratch: int) -> bool:
    """Sorts the members from `first` to before `last`, whose text ends at `end`, by the bytes of their keys.

    False if there are too many or two of one key. `order` has room for MOST_MEMBERS int64, `scratch` for their text.
    """
    count = (last - first) // MEMBER
    if count > MOST_MEMBERS:
        return False
    is_moved = False
    for number in range(count):
        member = first + MEMBER * number
        place = order + 8 * number
        while place > order:
            before = word_at(place - 8)
            difference = compared(before, member)
            if difference == 0:
                return False
            if difference < 0:
                break
            put_word(place, before)
            place -= 8
            is_moved = True
        put_word(place, member)
    if is_moved:
        to = scratch
        for place in range(order, order + 8 * count, 8):
            member = word_at(place)
            following = member + MEMBER
            stop = end if following == last else word_at(following + M_PLACE) - 1
            to = copied(word_at(member + M_PLACE), stop, to)
            put_byte(to, COMMA)
            to += 1
        copied(scratch, to - 1, word_at(first + M_PLACE))
    return True


@inlined
def compared(one: int, other: int) -> int:
    """Below, above or 0: how the key of a member stands to that of another. Reads up to a block beyond."""
    p, q = word_at(one + M_PLACE) + 1, word_at(other + M_PLACE) + 1
    length, rest = word_at(one + M_LENGTH), word_at(other + M_LENGTH)
    shorter = min(length, rest)
    done = 0
    while done < shorter:
        found = differences(p + done, q + done)
        if found:
            place = done + first_bit(found)
            if place < shorter:
                return byte_at(p + place) - byte_at(q + place)
            break
        done += BLOCK
    return length - rest


@inlined
def copied(p: int, stop: int, to: int) -> int:
    """Copies the bytes from `p` to `stop`; the address after the copy. Writes up to a block beyond."""
    end = to + stop - p
    while p < stop:
        copy_block(to, p)
        p += BLOCK
        to += BLOCK
    return end

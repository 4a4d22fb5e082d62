"""Whether bytes are UTF-8, as Unicode defines it: no overlong forms, no surrogates, nothing beyond U+10FFFF."""

from besra.events.kernels.kernel import inner
from besra.events.kernels.machine import BLOCK, byte_at, first_bit, high_bytes


@inner
def is_utf8(p: int, end: int) -> bool:
    """Whether the bytes from `p` to `end` are UTF-8. The byte at `end` must be ASCII; reads up to a block beyond."""
    while p < end:
        high = high_bytes(p)
        if high == 0:
            p += BLOCK
            continue
        p += first_bit(high)
        if p >= end:
            return True
        length = sequence_length(p)
        if length == 0:
            return False
        p += length
    return True


@inner
def sequence_length(p: int) -> int:
    """The length of the well-formed sequence of two to four bytes at `p`, or 0."""
    lead = byte_at(p)
    second = byte_at(p + 1)
    if second & 0xC0 != 0x80:
        return 0
    if 0xC2 <= lead < 0xE0:
        return 2
    if byte_at(p + 2) & 0xC0 != 0x80:
        return 0
    if 0xE0 <= lead < 0xF0:
        is_overlong = lead == 0xE0 and second < 0xA0
        is_surrogate = lead == 0xED and second >= 0xA0
        return 0 if is_overlong or is_surrogate else 3
    if byte_at(p + 3) & 0xC0 != 0x80:
        return 0
    is_overlong = lead == 0xF0 and second < 0x90
    is_beyond = lead == 0xF4 and second >= 0x90
    return 4 if 0xF0 <= lead < 0xF5 and not is_overlong and not is_beyond else 0

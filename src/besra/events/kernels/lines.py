"""Lines of text: where each ends, and what can be said of all its bytes at once."""

from besra.events.kernels.kernel import inner
from besra.events.kernels.machine import BLOCK, byte_at, controls, first_bit, high_bytes

RETURN, NEWLINE, SPACE = (ord(char) for char in "\r\n ")
FIRST_BLANK, LAST_BLANK = 9, 13
"""The control characters that are white space stand together."""


@inner
def line_end(p: int) -> tuple[int, int, bool, bool]:
    """The line at `p`: the end of its text, of its line break too, whether it is all ASCII and free of controls."""
    high = 0
    found = controls(p)
    while found == 0:
        high |= high_bytes(p)
        p += BLOCK
        found = controls(p)
    bit = first_bit(found)
    high |= high_bytes(p) & ((1 << bit) - 1)
    p += bit
    text = p
    while byte_at(p) == RETURN:
        p += 1
    if byte_at(p) == NEWLINE:
        return text, p + 1, high == 0, True
    while byte_at(p) != NEWLINE:
        found = controls(p + 1)
        p += 1 + (first_bit(found) if found else BLOCK - 1)
    text = p
    while byte_at(text - 1) == RETURN:
        text -= 1
    return text, p + 1, False, False


@inner
def is_blank(p: int, end: int) -> bool:
    """Whether there is nothing but white space."""
    while p < end:
        byte = byte_at(p)
        if byte != SPACE and not FIRST_BLANK <= byte <= LAST_BLANK:
            return False
        p += 1
    return True

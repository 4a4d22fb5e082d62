"""IPv4 addresses in dotted form: read from tokens, and hashed for joins."""

from besra.events.kernels.kernel import inlined
from besra.events.kernels.machine import byte_at, fold
from besra.events.kernels.tokens import NINE, POINT, QUOTE, ZERO

MAPPED = 0xFFFF << 32
"""Added to the number of an address it is that of the IPv4-mapped IPv6 address."""

DIGITS = 15
"""Of all such numbers."""


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
def hash_of_address(address: int, seed: int, factor: int) -> int:
    """What `interning.hash_token` gives for the digits of the number of an IPv4-mapped address, never written down."""
    number, first, last = MAPPED + address, 0, 0
    for place in range(DIGITS - 1, -1, -1):
        digit = ZERO + number % 10
        number //= 10
        if place < 8:
            first |= digit << (8 * place)
        if place >= DIGITS - 8:
            last |= digit << (8 * (place - DIGITS + 8))
    return fold(first ^ seed ^ DIGITS, last ^ factor)

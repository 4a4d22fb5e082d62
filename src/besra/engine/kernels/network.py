"""Addresses as text put into sections (`ordered`) all at once."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

import numpy as np

from besra.engine.kernels.numbers import places
from besra.engine.kernels.strings import Array, pack, wide_texts
from besra.events.kernels.kernel import inlined, kernel
from besra.schema.fieldtype import MAPPED


def sections_of_addresses(cuts: Sequence[Any], texts: Sequence[str]) -> list[int]:
    """The section of each IPv4 address in dotted form among cuts that are 128-bit addresses; -1 for any other text."""
    numbers = parse_ipv4(texts)
    first, last = bisect_left(cuts, MAPPED), bisect_left(cuts, MAPPED + (1 << 32))
    within = np.array([int(cut) - MAPPED for cut in cuts[first:last]], np.int64)
    sections: list[int] = np.where(numbers < 0, -1, 2 * first + places(within, numbers)).tolist()
    return sections


def parse_ipv4(texts: Sequence[str]) -> Array:
    """The 32-bit number of each text that is an IPv4 address in dotted form, -1 for any other text."""
    return _parse_ipv4(*pack(texts, wide_texts(texts)))


@kernel
def _parse_ipv4(buffer: Array, starts: Array, ends: Array) -> Array:
    addresses = np.empty(len(starts), np.int64)
    for i in range(len(starts)):
        addresses[i] = _address(buffer, starts[i], ends[i])
    return addresses


@inlined
def _address(buffer: Array, start: int, end: int) -> int:
    address, octet, digits, octets = 0, 0, 0, 0
    for position in range(start, end + 1):
        byte = buffer[position] if position < end else ord(".")
        if ord("0") <= byte <= ord("9"):
            if digits == 3 or (digits == 1 and octet == 0):  # a leading zero might mean octal
                return -1
            octet = octet * 10 + (byte - ord("0"))
            digits += 1
        elif byte == ord(".") and digits and octet < 256 and octets < 4:
            address = address * 256 + octet
            octets += 1
            octet, digits = 0, 0
        else:
            return -1
    return address if octets == 4 else -1

"""A value of a value list: what its text has to be, and what it is compared as (detection-engine.md 4.4)."""

import socket
from collections.abc import Callable, Iterable

from besra.rules.value_list import Addresses, AddressRanges, Texts, ValueListType, Values
from besra.schema.fieldtype import MAPPED, ip_text, parse_ip, parse_network

MAX_VALUE = 32_766
"""Bytes of the longest value: Elasticsearch indexes no longer keyword."""

Parsed = str | int | tuple[int, int]
"""A text, an address as a 128-bit number, or the first and last one of a range."""


class UnusableValueError(ValueError):
    """Why a text is no value, as the rest of a sentence, and what to do."""

    def __init__(self, reason: str, hint: str) -> None:
        self.reason, self.hint = reason, hint
        super().__init__(reason)


def parser_of(list_type: ValueListType) -> Callable[[str], Parsed]:
    """What makes a value of a text without white space around it, or raises UnusableValueError."""
    match list_type:
        case ValueListType.IP:
            return _address
        case ValueListType.IP_RANGE:
            return _range
        case ValueListType.KEYWORD | ValueListType.TEXT:
            return _text


def values_of(list_type: ValueListType, parsed: Iterable[Parsed]) -> Values:
    """The values of a list, whose texts were parsed for its type."""
    match list_type:
        case ValueListType.IP:
            return Addresses(frozenset(value for value in parsed if isinstance(value, int)))
        case ValueListType.IP_RANGE:
            return AddressRanges.of(value for value in parsed if isinstance(value, tuple))
        case ValueListType.KEYWORD | ValueListType.TEXT:
            return Texts(frozenset(value for value in parsed if isinstance(value, str)))


def canonical_text(text: str, parsed: Parsed) -> str:
    """The text of a value as it is kept: an address has one, however it was written."""
    return ip_text(parsed) if isinstance(parsed, int) and ":" in text else text


def _text(text: str) -> str:
    if len(text) > MAX_VALUE // 4 and len(text.encode("utf-8")) > MAX_VALUE:
        raise UnusableValueError(f"is longer than {MAX_VALUE:,} bytes", "write one value a line")
    return text


def _address(text: str) -> int:
    address = _ip(text)
    if address is not None:
        return address
    if "/" in text or "-" in text:
        raise UnusableValueError("is no single address", "import networks and ranges as a list of type ip_range")
    raise UnusableValueError("is no address", "write an address such as 192.0.2.1 or 2001:db8::1")


def _range(text: str) -> tuple[int, int]:
    """First and last address of a network, of a range `a-b`, or of one address."""
    first, dash, last = text.partition("-")
    found = _between(first.strip(), last.strip()) if dash else _network(text)
    if found is None:
        hint = "write a network such as 192.0.2.0/24, or a range such as 192.0.2.1-192.0.2.9"
        raise UnusableValueError("is neither a network nor a range of addresses", hint)
    return found


def _between(first: str, last: str) -> tuple[int, int] | None:
    start, end = _ip(first), _ip(last)
    if start is None or end is None:
        return None
    if _is_ipv4(start) != _is_ipv4(end):
        raise UnusableValueError("is a range from IPv4 to IPv6", "write a range for each")
    if start > end:
        raise UnusableValueError("is a range that ends before it begins", "exchange the two addresses")
    return start, end


def _network(text: str) -> tuple[int, int] | None:
    address, _, length = text.partition("/")
    if not (length.isascii() and length.isdigit()):
        return parse_network(text)  # one address, or a network mask
    start, width = _ip(address), 128 if ":" in address else 32
    if start is None or int(length[:4]) > width:
        return None
    size = 1 << (width - int(length))
    return start & -size, start | (size - 1)


def _is_ipv4(address: int) -> bool:
    return address >> 32 == MAPPED >> 32


def _ip(text: str) -> int | None:
    # Ten times as fast as `ipaddress`, with which a million values would take seconds.
    if ":" not in text:
        try:
            return int.from_bytes(socket.inet_pton(socket.AF_INET, text)) | MAPPED
        except (OSError, ValueError):
            return None
    return parse_ip(text)

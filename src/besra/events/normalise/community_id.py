"""Community ID version 1: one text for both directions of a network flow (public specification, corelight)."""

import base64
import hashlib
import ipaddress

PROTOCOLS = {"tcp": 6, "udp": 17, "sctp": 132}


def community_id(transport: str, source: tuple[str, int], destination: tuple[str, int]) -> str | None:
    """The id of a flow between two (address, port) ends, seed 0; None for other transports or malformed ends."""
    protocol = PROTOCOLS.get(transport.lower())
    try:
        ends = [(ipaddress.ip_address(address).packed, port) for address, port in (source, destination)]
    except ValueError:
        return None
    if protocol is None or len(ends[0][0]) != len(ends[1][0]) or not all(0 <= port <= 0xFFFF for _, port in ends):
        return None
    (low, low_port), (high, high_port) = sorted(ends)
    text = b"\0\0" + low + high + bytes((protocol, 0)) + low_port.to_bytes(2, "big") + high_port.to_bytes(2, "big")
    return "1:" + base64.b64encode(hashlib.sha1(text).digest()).decode("ascii")

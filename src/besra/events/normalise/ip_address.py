"""Addresses as logs write them, with a port or without."""

import re
from dataclasses import dataclass
from ipaddress import ip_address

from besra.events.normalise.nested_document import Document, collect, put

WITH_PORT = re.compile(r"\[([^\]]+)\](?::(\d{1,5}))?|([\d.]+):(\d{1,5})")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An IP address and the port beside it, if any."""

    ip: str
    port: int | None = None


def endpoint_of(text: str | None) -> Endpoint | None:
    """The endpoint of `192.0.2.7`, `192.0.2.7:443`, `2001:db8::1` or `[2001:db8::1]:443`; None of any other text."""
    if text is None or len(text) > 64:
        return None
    found = WITH_PORT.fullmatch(text)
    address, port = (found[1] or found[3], found[2] or found[4]) if found else (text, None)
    try:
        ip_address(address)
    except ValueError:
        return None
    return Endpoint(address, int(port) if port else None)


def put_source(document: Document, text: str | None) -> bool:
    """Set `source.ip`, `source.port` and `related.ip` from an address, if it is one; says whether."""
    endpoint = endpoint_of(text)
    if endpoint is None:
        return False
    put(document, "source.ip", endpoint.ip)
    put(document, "source.port", endpoint.port)
    collect(document, "related.ip", endpoint.ip)
    return True

"""The socket address of an audit record (`saddr=`): a C structure in hexadecimal."""

import ipaddress
from typing import Any

UNIX, INET, INET6 = 1, 2, 10

FAMILIES = {0: "unspecified", UNIX: "unix", INET: "ipv4", INET6: "ipv6", 16: "netlink", 17: "packet", 38: "alg"}


def socket_address(text: str) -> dict[str, Any] | None:
    """Family, address and port, or path, of an address; None if it is no address.

    The family is in the byte order of its machine: the smaller reading is taken. An abstract name of a Unix socket
    begins with `@` in place of its NUL.
    """
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        return None
    if len(raw) < 2:
        return None
    family = min(int.from_bytes(raw[:2], "little"), int.from_bytes(raw[:2], "big"))
    match family:
        case 2 if len(raw) >= 8:
            return _internet("ipv4", raw, raw[4:8])
        case 10 if len(raw) >= 24:
            return _internet("ipv6", raw, raw[8:24])
        case 1:
            return _unix(raw[2:])
        case _:
            return {"family": FAMILIES.get(family, str(family))}


def _internet(family: str, raw: bytes, address: bytes) -> dict[str, Any]:
    return {"family": family, "address": str(ipaddress.ip_address(address)), "port": int.from_bytes(raw[2:4], "big")}


def _unix(raw: bytes) -> dict[str, Any]:
    is_abstract = raw[:1] == b"\0" and len(raw) > 1
    name = raw[1:] if is_abstract else raw
    path = name.partition(b"\0")[0].decode("utf-8", "replace")
    if not path:
        return {"family": "unix"}
    return {"family": "unix", "path": f"@{path}" if is_abstract else path}

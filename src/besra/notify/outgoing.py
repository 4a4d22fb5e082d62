"""Where the service may connect to when somebody names an address: not to what stands behind the firewall.

The check is of the address that is connected to, not of the name: a name is resolved once, and what was checked is
what is used. Addresses that stand for others (IPv4 within IPv6, 6to4, Teredo, NAT64) are judged by those.
"""

import ipaddress
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from besra.errors import InputError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
IPV4_COMPATIBLE = ipaddress.IPv6Network("::/96")
LOOKS_PUBLIC = (ipaddress.IPv4Network("168.63.129.16/32"), ipaddress.IPv6Network("64:ff9b:1::/48"))
"""A service of a cloud for its machines, whose address looks public; and NAT64 within a network of one's own."""
MOST = 8
"""Addresses of a host that are tried."""
PORTS = frozenset({25, 80, 443, 465, 587, 2525, 8080, 8443})


class RefusedAddressError(InputError):
    """An address the service does not connect to (`connector-address`)."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What may be connected to besides public addresses: networks, and hosts by name; and which ports, None for any."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()
    ports: frozenset[int] | None = PORTS

    def check(self, host: str, port: int, address: str) -> None:
        """Raises RefusedAddressError if an address, which a host's name led to, is none to connect to."""
        self.check_port(host, port)
        found = ipaddress.ip_address(address.partition("%")[0])
        if host.lower().rstrip(".") in self.hosts:
            return
        for one in stood_for(found) or (found,):
            if not is_public(one) and not any(one in network for network in self.networks if _fits(one, network)):
                message = f"{address if host == address else f'{host} is at {address}, which'} is no public address"
                hint = "name it under allow_private of [outgoing] in the connectors file, if it is meant"
                raise RefusedAddressError.of("connector-address", message, hint=hint)

    def check_port(self, host: str, port: int) -> None:
        """Raises RefusedAddressError if a port is none to connect to."""
        if self.ports is not None and port not in self.ports:
            told = ", ".join(map(str, sorted(self.ports)))
            hint = f"the ports are {told}; name others under ports of [outgoing] in the connectors file"
            raise RefusedAddressError.of("connector-address", f"port {port} of {host} is not connected to", hint=hint)

    def connect(self, host: str, port: int, timeout: float) -> socket.socket:
        """A connection to a host whose address has been checked; to the first of its addresses that answers.

        Raises RefusedAddressError, and OSError if nobody answers.
        """
        self.check_port(host, port)
        found = list(dict.fromkeys(_resolved(host, port)))[:MOST]
        last: Exception | None = None
        for family, address in found:
            try:
                self.check(host, port, address)
            except RefusedAddressError as error:
                last = error
                continue
            opened = socket.socket(family, socket.SOCK_STREAM)
            try:
                opened.settimeout(timeout / len(found))
                opened.connect((address, port))
            except OSError as error:
                opened.close()
                last = error
                continue
            opened.settimeout(timeout)
            # Dialogues of short lines, as of SMTP, would wait for each other.
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return opened
        raise last or OSError(f"{host} has no address")


def _resolved(host: str, port: int) -> Iterator[tuple[int, str]]:
    try:
        told = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"{host!r} is no name of a host") from error
    for family, _, _, _, address in told:
        if family in (socket.AF_INET, socket.AF_INET6):
            yield family, str(address[0])


def is_public(address: Address) -> bool:
    """Whether an address is one of the internet's, where anybody may be."""
    if any(address in network for network in LOOKS_PUBLIC if _fits(address, network)):
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.is_site_local:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def stood_for(address: Address) -> tuple[Address, ...]:
    """The addresses one stands for, if it does."""
    if not isinstance(address, ipaddress.IPv6Address):
        return ()
    found: list[Address | None] = [address.ipv4_mapped, address.sixtofour]
    if address.teredo:
        found += address.teredo
    is_compatible = address in IPV4_COMPATIBLE and int(address) > 0xFFFF  # `::1` is itself
    if is_compatible or address in NAT64:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return tuple(one for one in found if one is not None)


def _fits(address: Address, network: Network) -> bool:
    return address.version == network.version


def outgoing_of(allowed: Iterable[str], ports: Iterable[int] | None = None) -> Outgoing:
    """What is allowed by addresses, networks (`10.1.0.0/16`) and names of hosts."""
    networks: list[Network] = []
    hosts: set[str] = set()
    for text in allowed:
        try:
            networks.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            hosts.add(text.lower().rstrip("."))
    return Outgoing(tuple(networks), frozenset(hosts), PORTS if ports is None else frozenset(ports))

"""The service connects to nothing behind the firewall, however its address is written, unless that is allowed."""

import ipaddress
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sinks import web_sink

from besra.notify.outgoing import Outgoing, RefusedAddressError, is_public, outgoing_of, stood_for

INSIDE = (
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.1.2.3",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.168.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:10.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.1.2.3",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::10.0.0.1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::",
    "2001:0:7f00:1::",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
)


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_public_is_refused(address: str) -> None:
    with pytest.raises(RefusedAddressError) as refused:
        Outgoing().check("hooks.example.com", 443, address)
    assert refused.value.problem.code == "connector-address"


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "64:ff9b::8.8.8.8"])
def test_what_is_public_is_connected_to(address: str) -> None:
    Outgoing().check("hooks.example.com", 443, address)


@given(st.ip_addresses(v=4))
def test_an_address_within_another_is_judged_as_by_itself(address: ipaddress.IPv4Address) -> None:
    mapped = ipaddress.IPv6Address(f"64:ff9b::{address}")
    assert address in stood_for(mapped)
    if not is_public(address):
        with pytest.raises(RefusedAddressError):
            Outgoing().check("h", 443, str(mapped))


def test_networks_hosts_and_ports_may_be_allowed() -> None:
    outgoing = outgoing_of(["10.1.0.0/16", "Hooks.Internal", "127.0.0.1"], [443, 8443])
    outgoing.check("h", 443, "10.1.2.3")
    outgoing.check("hooks.internal", 8443, "192.168.7.7")
    outgoing.check("h", 443, "127.0.0.1")
    for host, port, address in (("h", 443, "10.2.0.1"), ("h", 80, "10.1.2.3"), ("h", 443, "192.168.7.7")):
        with pytest.raises(RefusedAddressError):
            outgoing.check(host, port, address)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "2130706433", "0x7f.1", "127.1", "0", "[::1]".strip("[]")])
def test_names_of_this_machine_are_refused_by_what_they_lead_to(host: str) -> None:
    with web_sink() as sink:
        outgoing = Outgoing(ports=None)
        with pytest.raises((RefusedAddressError, OSError)) as refused:
            outgoing.connect(host, sink.port, 2.0).close()
        assert isinstance(refused.value, RefusedAddressError) or host == "0x7f.1"
        assert sink.got == []


def test_a_name_is_looked_up_once_and_what_was_checked_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def changing(host: str, port: int, **_: Any) -> Any:
        asked.append(host)
        address = "8.8.8.8" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    tried: list[Any] = []

    class Unconnected(socket.socket):
        def connect(self, address: Any) -> None:
            tried.append(address)
            raise OSError("not in a test")

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    monkeypatch.setattr(socket, "socket", Unconnected)
    with pytest.raises(OSError, match="not in a test"):
        Outgoing().connect("rebinding.example", 443, 1.0)
    assert tried == [("8.8.8.8", 443)]
    assert asked == ["rebinding.example"]

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.events.normalise.registered_domain import DomainParts, split_domain


@pytest.mark.parametrize(
    ("name", "registered", "top", "subdomain"),
    [
        ("www.example.com", "example.com", "com", "www"),
        ("a.b.example.io", "example.io", "io", "a.b"),
        ("example.com", "example.com", "com", None),
        ("www.shop.example.co.uk", "example.co.uk", "co.uk", "www.shop"),
        ("example.com.br", "example.com.br", "com.br", None),
        ("x.akamaized.net", "akamaized.net", "net", "x"),
        ("c.global.ssl.fastly.net", "global.ssl.fastly.net", "ssl.fastly.net", "c"),
        ("WWW.Example.COM", "Example.COM", "COM", "WWW"),
        ("a.xn--p1ai", "a.xn--p1ai", "xn--p1ai", None),
    ],
)
def test_names_with_a_registered_domain(name: str, registered: str, top: str, subdomain: str | None) -> None:
    assert split_domain(name) == DomainParts(registered, top, subdomain)


@pytest.mark.parametrize(
    "name", ["wpad", "", ".", "a..com", "dc1.corp", "printer.local", "10.0.0.1", "co.uk", "x.lan", "com.", "h.1"]
)
def test_names_without(name: str) -> None:
    assert split_domain(name) is None


@given(st.text(max_size=30))
def test_parts_make_up_the_name(name: str) -> None:
    parts = split_domain(name)
    if parts is not None:
        assert ".".join(filter(None, (parts.subdomain, parts.registered_domain))) == name
        assert parts.registered_domain.endswith("." + parts.top_level_domain)

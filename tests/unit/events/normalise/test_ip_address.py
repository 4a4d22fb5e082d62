"""Addresses as logs write them."""

import pytest

from besra.events.normalise.ip_address import Endpoint, endpoint_of, put_source
from besra.events.normalise.nested_document import Document


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("192.0.2.7", Endpoint("192.0.2.7")),
        ("192.0.2.7:443", Endpoint("192.0.2.7", 443)),
        ("2001:db8::1", Endpoint("2001:db8::1")),
        ("[2001:db8::1]:443", Endpoint("2001:db8::1", 443)),
        ("[2001:db8::1]", Endpoint("2001:db8::1")),
        ("backup.amazonaws.com", None),
        ("192.0.2.700", None),
        ("", None),
        (None, None),
        ("1" * 65, None),
    ],
)
def test_endpoints(text: str | None, endpoint: Endpoint | None) -> None:
    assert endpoint_of(text) == endpoint


def test_only_an_address_becomes_a_source() -> None:
    document: Document = {}
    assert not put_source(document, "AWS Internal")
    assert document == {}
    assert put_source(document, "192.0.2.7:443")
    assert document == {"source": {"ip": "192.0.2.7", "port": 443}, "related": {"ip": ["192.0.2.7"]}}

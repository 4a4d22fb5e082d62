from typing import Any

import pytest

from besra.events.normalise.dns_lookup import put_answers, status_name, unmapped


def answers_of(results: str) -> dict[str, Any]:
    document: dict[str, Any] = {}
    put_answers(document, results)
    return document


def test_addresses_follow_the_other_answers() -> None:
    document = answers_of("::ffff:192.0.2.1;type:  5 a.example;2001:db8::2;")
    assert document["dns"]["answers"] == [
        {"type": "CNAME", "data": "a.example"},
        {"type": "A", "data": "192.0.2.1"},
        {"type": "AAAA", "data": "2001:db8::2"},
    ]
    assert document["dns"]["resolved_ip"] == ["192.0.2.1", "2001:db8::2"]
    assert document["related"] == {"hosts": ["a.example"], "ip": ["192.0.2.1", "2001:db8::2"]}


def test_record_without_data() -> None:
    assert answers_of("type:  33 ;")["dns"] == {"answers": [{"type": "SRV"}]}


def test_unknown_record_type_stays_a_number() -> None:
    assert answers_of("type:  777 x;")["dns"]["answers"] == [{"type": "777", "data": "x"}]


@pytest.mark.parametrize("results", ["", ";;", "-", "type:", "not an address;"])
def test_nothing_usable_sets_nothing(results: str) -> None:
    assert answers_of(results) == {}


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("[::ffff:10.0.0.1]:443", "10.0.0.1"),
        ("[::ffff:10.0.0.1]", "10.0.0.1"),
        ("::1", "::1"),
        ("10.0.0.1", "10.0.0.1"),
        ("fe80::ffff:10.0.0.1", "fe80::ffff:10.0.0.1"),
    ],
)
def test_mapped_addresses_are_unwrapped(address: str, plain: str) -> None:
    assert unmapped(address) == plain


def test_status() -> None:
    assert status_name("0") == "SUCCESS"
    assert status_name("9003") == "DNS_ERROR_RCODE_NAME_ERROR"
    assert status_name("424242") == "424242"

import ipaddress
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from besra.rules.value_list import Addresses, AddressRanges, Texts, ValueList, ValueListType
from besra.schema.fieldtype import parse_ip

RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8)).map(lambda pair: (pair[0], sum(pair))), max_size=12)


@given(RANGES)
def test_ranges_are_merged_and_hold_the_same_addresses(ranges: list[tuple[int, int]]) -> None:
    merged = AddressRanges.of(ranges).ranges

    assert {n for first, last in merged for n in range(first, last + 1)} == {
        n for first, last in ranges for n in range(first, last + 1)
    }
    assert all(before[1] + 1 < after[0] for before, after in pairwise(merged))


@given(RANGES, st.integers(0, 80))
def test_an_address_is_in_a_list_if_it_is_in_one_of_its_ranges(ranges: list[tuple[int, int]], address: int) -> None:
    values = ValueList("l", ValueListType.IP_RANGE, AddressRanges.of(ranges))
    text = str(ipaddress.IPv6Address(address))

    assert (text in values) == any(first <= address <= last for first, last in ranges)


def test_texts_are_compared_as_they_stand() -> None:
    values = ValueList("l", ValueListType.KEYWORD, Texts(frozenset({"A"})))

    assert "A" in values
    assert "a" not in values and 1 not in values
    assert len(values) == 1


def test_addresses_are_compared_as_numbers() -> None:
    address = parse_ip("2001:db8::1")
    assert address is not None
    values = ValueList("l", ValueListType.IP, Addresses(frozenset({address})))

    assert "2001:DB8:0::1" in values
    assert "2001:db8::2" not in values and "x" not in values
    ranges = ValueList("l", ValueListType.IP_RANGE, AddressRanges(()))
    assert "x" not in ranges and "::1" not in ranges

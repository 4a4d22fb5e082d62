import io
import ipaddress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.errors import InputError
from besra.problems import Severity
from besra.rules import value_import
from besra.rules.value_import import ValueListImport, import_value_list, read_value_list
from besra.rules.value_list import Addresses, AddressRanges, Texts, ValueListType
from besra.schema.fieldtype import ip_text, parse_ip, parse_network

KEYWORD, IP, IP_RANGE = ValueListType.KEYWORD, ValueListType.IP, ValueListType.IP_RANGE


def read(data: bytes | str, list_type: ValueListType = KEYWORD) -> ValueListImport:
    raw = data.encode("utf-8") if isinstance(data, str) else data
    return read_value_list(io.BytesIO(raw), "l", list_type, "l.txt")


def texts(found: ValueListImport) -> set[str]:
    assert isinstance(found.list.values, Texts)
    return set(found.list.values.values)


def ranges(found: ValueListImport) -> list[tuple[str, str]]:
    assert isinstance(found.list.values, AddressRanges)
    return [(ip_text(first), ip_text(last)) for first, last in found.list.values.ranges]


def test_a_value_a_line_whatever_surrounds_it() -> None:
    found = read("\ufeffa\r\n  b c \r\n\r\nä\ta\n \na")

    assert texts(found) == {"a", "b c", "ä\ta"}
    assert (found.used, found.repeated, found.blank, found.bad, found.problems) == (3, 1, 2, 0, ())


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("block", [1 << 16, 7])
def test_line_ends_and_encodings(monkeypatch: pytest.MonkeyPatch, end: str, encoding: str, block: int) -> None:
    monkeypatch.setattr(value_import, "BLOCK", block)
    mark = "\ufeff" if encoding.startswith("utf-16") else ""
    found = read((mark + end.join(["ä😀", "b", "", "c"])).encode(encoding))

    assert texts(found) == {"ä😀", "b", "c"}
    assert (found.blank, found.problems) == (1, ())


def test_a_million_lines_with_three_bad_ones_give_the_others_and_name_the_three() -> None:
    lines = [ip_text(number) for number in range(0xFFFF_0A00_0000, 0xFFFF_0A00_0000 + 1_000_000)]
    for number, text in ((4, "10.0.0"), (500_000, "fe80::/10"), (1_000_000, "-")):
        lines[number - 1] = text
    found = read("\n".join(lines), IP)

    assert (len(found.list), found.used, found.repeated, found.blank, found.bad) == (999_997, 999_997, 0, 0, 3)
    assert [(str(problem.place), problem.place.excerpt, problem.code) for problem in found.problems] == [
        ("l.txt:4:1", "10.0.0", "value-list-bad-line"),
        ("l.txt:500000:1", "fe80::/10", "value-list-bad-line"),
        ("l.txt:1000000:1", "-", "value-list-bad-line"),
    ]
    assert all(problem.severity is Severity.WARNING and problem.hint for problem in found.problems)


@pytest.mark.parametrize(
    ("line", "list_type", "message"),
    [
        (b"\xff", KEYWORD, "is not UTF-8 text"),
        (b"a\0b", KEYWORD, "a character that was damaged or is none"),
        ("a\ufffdb".encode(), ValueListType.TEXT, "a character that was damaged or is none"),
        (b"a" * 32_767, KEYWORD, "is longer than 32,766 bytes"),
        ("ä".encode() * 16_384, KEYWORD, "is longer than 32,766 bytes"),
        (b"a" * 300_000, KEYWORD, "is longer than 32,766 bytes"),
        (b"host", IP, "is no address"),
        (b"192.0.2.300", IP, "is no address"),
        (b"192.0.2.0/24", IP, "is no single address"),
        (b"192.0.2.1-192.0.2.9", IP, "is no single address"),
        (b"192.0.2.0/33", IP_RANGE, "neither a network nor a range"),
        (b"2001:db8::/129", IP_RANGE, "neither a network nor a range"),
        (b"192.0.2.0/-1", IP_RANGE, "neither a network nor a range"),
        (b"192.0.2.0/" + b"9" * 9_999, IP_RANGE, "neither a network nor a range"),
        (b"192.0.2.1-x", IP_RANGE, "neither a network nor a range"),
        (b"x-192.0.2.1", IP_RANGE, "neither a network nor a range"),
        (b"192.0.2.9-192.0.2.1", IP_RANGE, "ends before it begins"),
        (b"192.0.2.1-::1", IP_RANGE, "from IPv4 to IPv6"),
    ],
)
def test_each_bad_line_is_named_and_the_others_count(line: bytes, list_type: ValueListType, message: str) -> None:
    found = read(b"192.0.2.1\n" + line + b"\n192.0.2.3", list_type)
    (problem,) = found.problems

    assert message in problem.message
    assert (problem.code, problem.place.line, found.used, found.bad) == ("value-list-bad-line", 2, 2, 1)
    assert len(problem.render()) < 1000


def test_of_many_bad_lines_a_hundred_are_named_and_the_rest_is_counted() -> None:
    found = read("x\n" * 2_500 + "::1", IP)

    assert (found.bad, found.used, len(found.problems)) == (2_500, 1, 101)
    assert "2,400 more lines" in found.problems[-1].message


def test_damage_in_utf16_is_one_line() -> None:
    data = "\ufeffa\nb\nc".encode("utf-16-le").replace(b"b\0", b"\0\xd8")
    found = read(data)

    assert (texts(found), found.bad, found.problems[0].place.line) == ({"a", "c"}, 1, 2)


def test_networks_ranges_and_addresses_become_ranges() -> None:
    found = read("192.0.2.9/25\n192.0.2.128 - 192.0.2.200\n192.0.2.202\n192.0.2.202\n2001:db8::/64", IP_RANGE)

    assert ranges(found) == [
        ("192.0.2.0", "192.0.2.200"),
        ("192.0.2.202", "192.0.2.202"),
        ("2001:db8::", "2001:db8::ffff:ffff:ffff:ffff"),
    ]
    assert (found.used, found.repeated, found.problems) == (4, 1, ())


def test_a_network_may_be_written_with_its_mask() -> None:
    assert ranges(read("10.0.0.0/255.0.0.0", IP_RANGE)) == [("10.0.0.0", "10.255.255.255")]


ADDRESSES = st.ip_addresses().map(str) | st.text("0123456789.:abf/", max_size=20)


@given(ADDRESSES, st.integers(0, 130))
def test_addresses_and_networks_are_those_of_the_schema(address: str, length: int) -> None:
    found = read(address, IP).list.values
    assert isinstance(found, Addresses)
    expected = parse_ip(address)
    assert found.values == (set() if expected is None else {expected})
    network = f"{address}/{length}"
    between = read(network, IP_RANGE).list.values
    assert isinstance(between, AddressRanges)
    whole = parse_network(network)
    assert between.ranges == (() if whole is None else (whole,))


@given(st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_a_range_holds_what_lies_between(one: ipaddress.IPv4Address, other: ipaddress.IPv4Address) -> None:
    first, last = sorted((one, other))
    assert ranges(read(f"{first}-{last}", IP_RANGE)) == [(str(first), str(last))]


@given(st.binary(max_size=60), st.sampled_from(list(ValueListType)), st.integers(1, 9))
def test_any_bytes_give_values_or_problems(data: bytes, list_type: ValueListType, block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(value_import, "BLOCK", block)
        patch.setattr(value_import, "LONGEST_LINE", 16)
        found = read(data, list_type)

    assert found.used or found.problems
    assert len(found.list) <= found.used


@given(st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=8), max_size=9))
def test_every_text_of_a_file_is_in_the_list(values: list[str]) -> None:
    wanted = {value.strip() for value in values} - {""}
    assert texts(read("\n".join(values))) == {value for value in wanted if "\ufffd" not in value}


def test_a_file_names_its_list(tmp_path: Path) -> None:
    (tmp_path / "hosts.txt").write_text("a\nb\n", "utf-8")
    found = import_value_list(tmp_path / "hosts.txt", "keyword")

    assert (found.list.id, found.list.type, len(found.list)) == ("hosts.txt", KEYWORD, 2)
    assert import_value_list(tmp_path / "hosts.txt", "text", "hosts").list.id == "hosts"


def test_an_empty_file_is_an_empty_list_and_it_is_said() -> None:
    found = read("\n \n")

    assert (len(found.list), [problem.code for problem in found.problems]) == (0, ["value-list-empty"])


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    for path, list_type, code in (
        (tmp_path / "none", "keyword", "value-list-unreadable"),
        (tmp_path, "keyword", "value-list-unreadable"),
        (tmp_path, "date_range", "value-list-type"),
    ):
        with pytest.raises(InputError) as error:
            import_value_list(path, list_type)
        assert error.value.problem.code == code
        assert error.value.problem.hint

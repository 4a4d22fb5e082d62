"""Value lists from text files, one value a line (detection-engine.md 4.4), of any length.

White space around a value, blank lines and repeated values do not count. A line that cannot be used is a problem, and
the others make the list.
"""

import codecs
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from besra.errors import InputError
from besra.problems import Place, Problem, Severity
from besra.rules.value_list import Addresses, AddressRanges, Texts, ValueList, ValueListType
from besra.schema.fieldtype import MAPPED, parse_ip, parse_network

MAX_VALUE = 32_766
"""Bytes of the longest value: Elasticsearch indexes no longer keyword."""
LONGEST_LINE = 4 * MAX_VALUE
"""Bytes of a line that are kept: a file without line breaks must not be read as a whole."""
BLOCK = 1 << 16
PROBLEM_LIMIT = 100
"""So many bad lines are named, and the rest is counted."""
EXCERPT = 200


@dataclass(frozen=True)
class ValueListImport:
    """A value list and how its file was read, by lines: used, repeating a value that came before, blank, bad.

    `problems` are warnings: the first hundred bad lines, and how many more there are.
    """

    list: ValueList
    used: int = 0
    repeated: int = 0
    blank: int = 0
    bad: int = 0
    problems: tuple[Problem, ...] = ()


def import_value_list(path: str | Path, list_type: str, list_id: str | None = None) -> ValueListImport:
    """The value list of a file. Its id is by default the file's name, as in Kibana.

    Raises InputError for a file that cannot be read and for a type besra does not know.
    """
    known = value_list_type(list_type, str(path))
    try:
        with Path(path).open("rb") as file:
            return read_value_list(file, list_id or Path(path).name, known, str(path))
    except OSError as error:
        hint = "check the spelling and the permissions"
        raise InputError.of("value-list-unreadable", f"{error.strerror}", path=str(path), hint=hint) from error


def value_list_type(name: str, path: str | None = None) -> ValueListType:
    """The type of that name. Raises InputError for one besra does not know; Elastic's API accepts any mapping type."""
    if name in list(ValueListType):
        return ValueListType(name)
    known = ", ".join(ValueListType)
    message = f"value lists of type {name!r} are not supported"
    raise InputError.of("value-list-type", message, path=path, hint=f"the types are {known}; most values are keywords")


def read_value_list(file: BinaryIO, list_id: str, list_type: ValueListType, path: str | None = None) -> ValueListImport:
    """The value list of an open file in UTF-8, or in UTF-16 if it begins with that mark."""
    read = _Lines(path)
    if list_type is ValueListType.IP:
        addresses = frozenset(read.values(file, _address))
        return read.result(ValueList(list_id, list_type, Addresses(addresses)), len(addresses))
    if list_type is ValueListType.IP_RANGE:
        ranges = set(read.values(file, _range))
        return read.result(ValueList(list_id, list_type, AddressRanges.of(ranges)), len(ranges))
    texts = frozenset(read.values(file, _text))
    return read.result(ValueList(list_id, list_type, Texts(texts)), len(texts))


class _UnusableError(ValueError):
    """Why a line is no value, as the rest of a sentence, and what to do."""

    def __init__(self, reason: str, hint: str) -> None:
        self.reason, self.hint = reason, hint
        super().__init__(reason)


@dataclass
class _Lines:
    """The lines of one file as they are read, counted by kind."""

    path: str | None
    values_read: int = 0
    blank: int = 0
    bad: int = 0
    problems: list[Problem] = field(default_factory=list)

    def values(self, file: BinaryIO, parse: Callable[[str], Any]) -> Iterator[Any]:
        """The values of a file, as they come."""
        for number, line in enumerate(_lines(file), 1):
            try:
                text = _decoded(line)
                if text:
                    value = parse(text)
                    self.values_read += 1
                    yield value
                else:
                    self.blank += 1
            except _UnusableError as error:
                self._add(number, line, error)

    def _add(self, number: int, line: bytes, error: _UnusableError) -> None:
        self.bad += 1
        if self.bad > PROBLEM_LIMIT:
            return
        shown = line[:EXCERPT].decode("utf-8", "replace").strip()
        place = Place(self.path, number, 1, shown, width=len(shown) or 1)
        self.problems.append(_bad_line(f"the line {error.reason}; it is left out", place, error.hint))

    def result(self, found: ValueList, distinct: int) -> ValueListImport:
        """What came of the file; `distinct` are the values that differ."""
        if self.bad > PROBLEM_LIMIT:
            more = self.bad - PROBLEM_LIMIT
            self.problems.append(_bad_line(f"{more:,} more lines cannot be used", Place(self.path), "see those above"))
        if not distinct:
            message, hint = "there is no value in it, so the list holds nothing", "write one value a line"
            self.problems.append(Problem("value-list-empty", message, Severity.WARNING, Place(self.path), hint))
        repeated = self.values_read - distinct
        return ValueListImport(found, distinct, repeated, self.blank, self.bad, tuple(self.problems))


def _bad_line(message: str, place: Place, hint: str) -> Problem:
    return Problem("value-list-bad-line", message, Severity.WARNING, place, hint)


# --- lines ------------------------------------------------------------------------------------------------------------


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file in UTF-8, whether they end in LF, CR or both. A line far too long is cut."""
    carry = b""
    for block in _blocks(file):
        lines = (carry + block).splitlines(keepends=True)
        # A CR at the end of a block may be half of an end.
        carry = b"" if lines[-1].endswith(b"\n") else lines.pop()
        yield from lines
        if len(carry) > LONGEST_LINE:
            carry = carry.lstrip()[:LONGEST_LINE]
    if carry:
        yield carry


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """The content without the mark of its encoding, as UTF-8. What is no UTF-16 in a file of that comes as U+FFFD."""
    block = file.read(BLOCK)
    if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        decoder = codecs.getincrementaldecoder("utf-16")("replace")
        while block:
            text = decoder.decode(block)
            block = file.read(BLOCK)
            if text := text + ("" if block else decoder.decode(b"", final=True)):
                yield text.encode("utf-8")
        return
    block = block.removeprefix(codecs.BOM_UTF8)
    while block:
        yield block
        block = file.read(BLOCK)


def _decoded(line: bytes) -> str:
    """A line as text without the white space around it. Raises _UnusableError."""
    try:
        text = line.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise _UnusableError(
            f"is not UTF-8 text: {error.reason} at byte {error.start}", "save the file as UTF-8"
        ) from error
    if "\0" in text or "\ufffd" in text:
        raise _UnusableError(
            "holds a character that was damaged or is none", "look at the line in the file it came from"
        )
    return text


# --- values -----------------------------------------------------------------------------------------------------------


def _text(text: str) -> str:
    if len(text) > MAX_VALUE // 4 and len(text.encode("utf-8")) > MAX_VALUE:
        raise _UnusableError(f"is longer than {MAX_VALUE:,} bytes", "write one value a line")
    return text


def _address(text: str) -> int:
    address = _ip(text)
    if address is not None:
        return address
    if "/" in text or "-" in text:
        raise _UnusableError("is no single address", "import networks and ranges as a list of type ip_range")
    raise _UnusableError("is no address", "write an address such as 192.0.2.1 or 2001:db8::1")


def _range(text: str) -> tuple[int, int]:
    """First and last address of a network, of a range `a-b`, or of one address."""
    first, dash, last = text.partition("-")
    found = _between(first.strip(), last.strip()) if dash else _network(text)
    if found is None:
        hint = "write a network such as 192.0.2.0/24, or a range such as 192.0.2.1-192.0.2.9"
        raise _UnusableError("is neither a network nor a range of addresses", hint)
    return found


def _between(first: str, last: str) -> tuple[int, int] | None:
    start, end = _ip(first), _ip(last)
    if start is None or end is None:
        return None
    if _is_ipv4(start) != _is_ipv4(end):
        raise _UnusableError("is a range from IPv4 to IPv6", "write a range for each")
    if start > end:
        raise _UnusableError("is a range that ends before it begins", "exchange the two addresses")
    return start, end


def _network(text: str) -> tuple[int, int] | None:
    address, _, length = text.partition("/")
    if not (length.isascii() and length.isdigit()):
        return parse_network(text)  # one address, or a network mask
    start, width = _ip(address), 128 if ":" in address else 32
    if start is None or int(length[:4]) > width:
        return None
    size = 1 << (width - int(length))
    return start & -size, start | (size - 1)


def _is_ipv4(address: int) -> bool:
    return address >> 32 == MAPPED >> 32


def _ip(text: str) -> int | None:
    # Ten times as fast as `ipaddress`, with which a million values would take seconds.
    if ":" not in text:
        try:
            return int.from_bytes(socket.inet_pton(socket.AF_INET, text)) | MAPPED
        except (OSError, ValueError):
            return None
    return parse_ip(text)

"""Value lists from text files, one value a line (detection-engine.md 4.4), of any length.

White space around a value, blank lines and repeated values do not count. A line that cannot be used is a problem, and
the others make the list.
"""

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from besra.errors import InputError
from besra.problems import Place, Problem, Severity
from besra.rules.listed_value import MAX_VALUE, UnusableValueError, parser_of, values_of
from besra.rules.value_list import ValueList, ValueListType

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
    read = ValueLines(path)
    distinct = set(read.values(file, parser_of(list_type)))
    return read.result(ValueList(list_id, list_type, values_of(list_type, distinct)), len(distinct))


@dataclass
class ValueLines:
    """The lines of one file as they are read, counted by kind. Those that cannot be used are warnings."""

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
            except UnusableValueError as error:
                self._add(number, line, error)

    def _add(self, number: int, line: bytes, error: UnusableValueError) -> None:
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
    """A line as text without the white space around it. Raises UnusableValueError."""
    try:
        text = line.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise UnusableValueError(
            f"is not UTF-8 text: {error.reason} at byte {error.start}", "save the file as UTF-8"
        ) from error
    if "\0" in text or "\ufffd" in text:
        raise UnusableValueError(
            "holds a character that was damaged or is none", "look at the line in the file it came from"
        )
    return text

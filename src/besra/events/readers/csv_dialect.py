"""How a table of values is written: what separates its cells, and which line is its header."""

import csv
import re
from dataclasses import dataclass

DELIMITERS = (",", "\t", ";", "|")

FEWEST = 3
"""Columns of the smallest table. Two words with a comma between them are rather a sentence."""

MOST_WORDS = 5
"""Words in the name of a column."""

NAME = re.compile(r"[\w@#.][^=<>{}\x00-\x1f]{0,199}")
SEPARATOR = re.compile(r"\"?sep=(\t|[^\w\s\"])\"?", re.IGNORECASE)
"""The line by which a table tells a spreadsheet what separates its cells."""

POWERSHELL_TYPE = "#TYPE "
"""How the line begins that `Export-Csv` writes before the header."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What separates cells, and the lines before the header."""

    delimiter: str
    skip: int = 0


def dialect_of(head: bytes) -> Dialect | None:
    """The dialect of the table whose first bytes these are; None if it is no table.

    The header is names, and what follows it, if anything, has cells as well.
    """
    lines = head.decode("utf-8", "replace").split("\n")
    skip = 0
    delimiters: tuple[str, ...] = DELIMITERS
    while skip < len(lines) and _is_before_header(line := lines[skip].rstrip("\r")):
        if found := SEPARATOR.fullmatch(line):
            delimiters = (found[1],)
        skip += 1
    rest = [line for line in lines[skip:] if line.strip()]
    if not rest:
        return None
    found_names = [(names_of(rest[0], delimiter), delimiter) for delimiter in delimiters]
    names, delimiter = max(found_names, key=lambda item: len(item[0]))
    is_named = len(delimiters) == 1
    if len(names) < (2 if is_named else FEWEST) or not _are_names(names):
        return None
    if len(rest) > 1 and not is_named and not _may_be_row(rest[1], delimiter, len(names)):
        return None
    return Dialect(delimiter, skip)


def _may_be_row(line: str, delimiter: str, columns: int) -> bool:
    """Whether a line is a row, or the beginning of one that goes on in the next."""
    is_open = line.count('"') % 2 == 1
    return line[0] not in "{[" and (is_open or line.count(delimiter) * 2 >= columns - 1)


def _is_before_header(line: str) -> bool:
    return not line.strip() or line.startswith(POWERSHELL_TYPE) or SEPARATOR.fullmatch(line) is not None


def names_of(line: str, delimiter: str) -> list[str]:
    """The cells of a line that is whole."""
    try:
        return next(csv.reader([line.rstrip("\r")], delimiter=delimiter), [])
    except csv.Error:
        return []


def _are_names(names: list[str]) -> bool:
    named = [name.strip() for name in names if name.strip()]
    if len(named) * 3 < len(names) * 2 or all(name[:1].isdigit() for name in named):
        return False
    return all(NAME.fullmatch(name) and len(name.split()) <= MOST_WORDS and name[-1] != "." for name in named)

"""The header of a table, and rows as records by its names."""

from dataclasses import dataclass
from typing import Any

from besra.problems import Place, Problem, Severity

EXTRA_CELLS = "extra_cells"
"""Holds the cells of a row that has more of them than the header."""


@dataclass(frozen=True, slots=True)
class Header:
    """The names of columns, each once and none empty; `last` names one more cell that rows may have."""

    names: tuple[str, ...]
    last: str | None = None

    def record(self, cells: list[str]) -> dict[str, Any]:
        """A row by names, empty cells left out; what has no name is under `EXTRA_CELLS`."""
        record: dict[str, Any] = {name: cell for name, cell in zip(self.names, cells, strict=False) if cell}
        extra = cells[len(self.names) :]
        if self.last and extra and extra[0]:
            record[self.last] = extra[0]
            extra = extra[1:]
        if any(extra):
            record[EXTRA_CELLS] = extra
        return record

    def fits(self, cells: list[str]) -> bool:
        """Whether a row has as many cells as there are columns; empty ones beyond do not count."""
        most = len(self.names) + (self.last is not None)
        return len(self.names) <= len(cells) and not any(cells[most:])


def header_of(cells: list[str], place: Place) -> tuple[Header, Problem | None]:
    """The header a row is, and what had to be done to its names: columns of equal names are numbered from the second
    on, those without one by their place."""
    names: list[str] = []
    changed = []
    for number, cell in enumerate(cells, start=1):
        name = wanted = cell.strip() or f"column_{number}"
        count = 1
        while name in names:
            count += 1
            name = f"{wanted}_{count}"
        # A delimiter at the end of every line makes a column of nothing.
        if name != cell.strip() and (cell.strip() or number < len(cells)):
            changed.append(name)
        names.append(name)
    problem = None
    if changed:
        message = f"the header names columns twice or not at all; they are called {', '.join(changed[:5])}"
        problem = Problem("csv-header", message, Severity.WARNING, place, "every row is read")
    return Header(tuple(names)), problem


def ragged(cells: list[str], header: Header, place: Place) -> Problem:
    """The problem of a row that does not fit its header."""
    found, columns = len(cells), len(header.names)
    hint = f"the cells there are are used; those beyond the last column are under `{EXTRA_CELLS}`"
    return Problem("csv-ragged-row", f"a row of {found} cells, the header has {columns}", Severity.WARNING, place, hint)

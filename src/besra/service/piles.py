"""The rows of one clause in the order of their arrival, found by their join keys.

Rows come all the time and looking for some must not take longer the more there are. So a pile is parts: a part that
follows one not much larger is joined to it, and in each part keys are found by bisection. The older parts are in files
(`pile_files`).
"""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from besra.events.spill import Table
from besra.service.row_file import RowFile
from besra.service.row_part import SPAN, About, Integers, Mask, Part, part_of_table

LARGE = 1 << 19
"""Rows of a part to which nothing is joined any more: joining takes as long as the part is large."""


class Found(NamedTuple):
    """Some rows by column: their numbers, their clocks (`row_part`), their keys. One stands there for each key."""

    rows: Integers
    clocks: Integers
    keys: Integers


NOTHING = Found(*(np.empty(0, np.int64) for _ in Found._fields))


class Pile:
    """The rows of one clause."""

    __slots__ = ("_first", "_parts")

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._first = 0
        """The lowest number of a row that is not dropped; a file may still hold some below."""

    def __len__(self) -> int:
        return sum(int(np.count_nonzero(part.offsets >= self._first - part.first)) for part in self._parts)

    def __bool__(self) -> bool:
        return bool(self._parts)

    @property
    def held(self) -> int:
        """Rows in memory."""
        return sum(len(part) for part in self._parts if part.file is None)

    @property
    def size(self) -> int:
        """How many rows there are; some may have been dropped."""
        return sum(map(len, self._parts))

    def size_of(self, about: About) -> int:
        """How many rows have to be looked at to tell those a run is about."""
        return sum(len(part) for part in self._parts if about.meets(part))

    # --- what comes and goes ------------------------------------------------------------------------------------------

    def append(self, table: Table) -> None:
        """Add rows, whose numbers are those of no row before, or higher."""
        self._parts.append(part_of_table(table))
        while len(self._parts) > 1:
            before, last = self._parts[-2:]
            if before.file is not None or len(before) > min(2 * len(last), LARGE) or not _are_near(before, last):
                break
            self._parts[-2:] = [before.joined(last)]

    def drop_before(self, row: int) -> None:
        """Let go of rows with lower numbers."""
        self._first = max(self._first, row)
        left = [part for part in self._parts if part.last >= row]
        self._parts = [part if part.file is not None else part.since(row) for part in left]

    def parts_of(self, files: Collection[RowFile | None]) -> Iterator[Part]:
        """The parts in some files, or in memory (None), without dropped rows and joined where they are small."""
        waiting: Part | None = None
        for part in (held.since(self._first) for held in self._parts if held.file in files):
            if waiting is not None and len(waiting) + len(part) <= LARGE and _are_near(waiting, part):
                waiting = waiting.joined(part)
                continue
            if waiting is not None:
                yield waiting
            waiting = part
        if waiting is not None:
            yield waiting

    def move(self, files: Collection[RowFile | None], parts: Sequence[Part]) -> None:
        """Have these in place of the parts in some files, which follow each other."""
        places = [place for place, part in enumerate(self._parts) if part.file in files]
        self._parts[places[0] : places[-1] + 1] = parts

    @property
    def files(self) -> set[RowFile]:
        """Where its parts are."""
        return {part.file for part in self._parts if part.file is not None}

    # --- what is found ------------------------------------------------------------------------------------------------

    def chosen(self, about: About) -> Table:
        """The rows a run is about, in order of arrival: their numbers, and their clocks below."""
        found = self.about(about)
        order = np.argsort(found.rows, kind="stable")
        return np.stack([found.rows[order], found.clocks[order]])

    def about(self, about: About) -> Found:
        """The rows a run is about."""
        found = []
        for part in self._parts:
            if about.meets(part):
                places = np.flatnonzero(about.holds(part.rows, part.clocks))
                found.append(self._at(part, places))
        return together(found)

    def everything(self) -> Found:
        """All rows."""
        return together([self._at(part, np.arange(len(part))) for part in self._parts])

    @property
    def rows(self) -> Integers:
        """The numbers of its rows, each once."""
        return np.unique(self.everything().rows)

    def distinct_keys(self) -> Iterator[Integers]:
        """The keys its rows have, part by part."""
        for part in self._parts:
            first = np.ones(len(part), np.bool_)
            np.not_equal(part.keys[1:], part.keys[:-1], out=first[1:])
            yield part.keys[first]

    def holds(self, keys: Integers) -> Mask:
        """Which of some keys rows have."""
        held = np.zeros(len(keys), np.bool_)
        for part, starts, ends in self._spans(keys):
            if part.first >= self._first:
                held |= starts < ends
                continue
            for place in np.flatnonzero((starts < ends) & ~held).tolist():
                offsets = part.offsets[starts[place] : ends[place]]
                held[place] = bool((offsets >= self._first - part.first).any())
        return held

    def with_keys(self, keys: Integers) -> Found:
        """The rows with any of some keys."""
        found = []
        for part, starts, ends in self._spans(keys):
            counts = ends - starts
            if total := int(counts.sum()):
                behind = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
                found.append(self._at(part, np.repeat(starts, counts) + behind))
        return together(found)

    def among(self, rows: Integers) -> Found:
        """Those of some rows that are here; they are told by their numbers, ascending."""
        found = []
        for part in self._parts:
            start, end = np.searchsorted(rows, part.first), np.searchsorted(rows, part.last, "right")
            if start < end:
                offsets = (rows[start:end] - part.first).astype(np.uint32)
                found.append(self._at(part, np.flatnonzero(np.isin(part.offsets, offsets))))
        return together(found)

    def rows_with(self, keys: Integers) -> Integers:
        """The numbers of the rows with any of some keys, each once."""
        return np.unique(self.with_keys(keys).rows)

    def _at(self, part: Part, places: Integers) -> Found:
        """The rows at some places of a part that are not dropped."""
        if part.first < self._first:
            places = places[part.offsets[places] >= self._first - part.first]
        return Found(part.offsets[places].astype(np.int64) + part.first, part.clocks[places], part.keys[places])

    def _spans(self, keys: Integers) -> Iterator[tuple[Part, Integers, Integers]]:
        for part in self._parts:
            yield part, np.searchsorted(part.keys, keys), np.searchsorted(part.keys, keys, "right")


def _are_near(before: Part, last: Part) -> bool:
    return max(before.last, last.last) - min(before.first, last.first) < SPAN


def together(found: Sequence[Found]) -> Found:
    """Some rows, and some more."""
    if len(found) == 1:
        return found[0]
    return Found(*(np.concatenate(columns) for columns in zip(NOTHING, *found, strict=True)))

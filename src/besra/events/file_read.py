"""What reading one file comes to: its counts, its problems kept within bounds, and the decision to give it up."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from besra.events.compression import Compression
from besra.events.document import field_values
from besra.events.event import Event, Origin
from besra.events.event_time import TIMESTAMP, event_time
from besra.events.expansion import ExpansionLimits
from besra.events.files import InputFile
from besra.events.format import Format
from besra.events.index_name import INDICATORS
from besra.events.line_block import Decoder, LineBlock, no_rows
from besra.events.readers.ndjson import DOCUMENT_LIMIT
from besra.events.recognise import Intake, Recogniser, bundled_recogniser, is_known_shape, unknown_rows
from besra.events.table_part import PassedOver, TablePart
from besra.problems import Place, Problem, Severity

Item = Event | LineBlock | TablePart | Problem


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read.

    `index` is the home of documents that do not say where they belong. `document_limit`: bytes of the longest document
    read. `problem_limit`: problems of one kind shown a file, the rest being summed up. `patience`: records at the
    beginning of a file, none of them an event, after which it is given up. `decoder` makes plain lines come as blocks,
    and tables as parts. Without `expects_times` nothing is said of documents that have none. `recogniser` tells the
    sources of records; a decoder has the same one. `expansion` are the limits of what compressed files and archives may
    hold.
    """

    index: str | None = None
    timestamp_field: str = TIMESTAMP
    document_limit: int = DOCUMENT_LIMIT
    problem_limit: int = 100
    patience: int = 20
    decoder: Decoder | None = None
    expects_times: bool = True
    recogniser: Recogniser = field(default_factory=bundled_recogniser)
    expansion: ExpansionLimits = field(default_factory=ExpansionLimits)

    @property
    def intake(self) -> Intake:
        """How documents become events."""
        return Intake(self.index, self.recogniser)

    def of_indicators(self) -> "ReadOptions":
        """The same for documents that are indicators and no events."""
        return replace(self, index=INDICATORS, expects_times=False)


@dataclass(frozen=True, slots=True)
class FileRead:
    """A file that has been read, as far as it could be; `format` is None if it is nothing besra reads.

    `skipped` counts records that gave no event, `without_time` events without a usable time, `problems` all problems,
    those summed up included. `bytes` is the size as stored, before decompression. `passed_over` counts rows that were
    not read since nothing wanted can be among them; they are in no other count.

    `homes` says how many events are at home in which index: the source of each as far as it is known. `unknown` counts
    those of an unknown shape and `first_unknown` is where the first of them is.

    The files in an archive come before it, each with its own counts and `bytes` as stored there; `within` says in how
    many archives they stand. The archive itself has `members`, no events, and no format if there are none in it.
    """

    path: str
    format: Format | None
    compression: Compression | None = None
    events: int = 0
    skipped: int = 0
    without_time: int = 0
    problems: int = 0
    bytes: int = 0
    passed_over: int = 0
    homes: Mapping[str, int] = field(default_factory=dict)
    unknown: int = 0
    first_unknown: Origin | None = None
    within: int = 0
    members: int | None = None

    @property
    def is_unused(self) -> bool:
        """Whether nothing of it could be used, and something was said about it."""
        return bool(self.problems) and (not self.events if self.members is None else self.format is None)


SKIPPED = frozenset(
    (
        "record-not-json",
        "record-not-document",
        "record-too-long",
        "evtx-damaged-record",
        "xml-damaged-record",
        "csv-damaged-row",
        "record-not-log-line",
    )
)
"""The codes of problems that stand for one record that gave no event."""

LIMIT = "input-limit"

NOTHING_ELSE = (
    "besra reads JSON, event logs, tables, syslog and Parquet; leave other files out of the folder or ignore this"
)


class Tally:
    """Counts what one file gives while it passes through."""

    def __init__(self, file: InputFile, options: ReadOptions) -> None:
        self.events = 0
        self.skipped = 0
        self.without_time = 0
        self.passed_over = 0
        self.unknown = 0
        self.homes: Counter[str] = Counter()
        self.problems: Counter[str] = Counter()
        self._file = file
        self._options = options
        self._untimed: Event | None = None
        self._unknown: Event | None = None
        self._given_up = False

    def follow(self, items: Iterator[Item | PassedOver]) -> Iterator[Item]:
        """The same items, problems of one kind beyond the limit summed up at the end."""
        for item in items:
            if isinstance(item, Event):
                self._follow_event(item)
                yield item
                continue
            if isinstance(item, LineBlock):
                self._follow_block(item)
                yield item
                continue
            if isinstance(item, TablePart):
                yield item
                # Only then is it known whether its rows come again.
                self._follow_part(item)
                continue
            if isinstance(item, PassedOver):
                self.passed_over += item.rows
                continue
            self.problems[item.code] += 1
            self.skipped += item.code in SKIPPED
            if self.problems[item.code] <= self._options.problem_limit:
                yield item
        yield from self._closing()

    def _follow_event(self, event: Event) -> None:
        self.events += 1
        self.homes[event.index[0]] += 1
        if event_time(event.source, self._options.timestamp_field) is None:
            self.without_time += 1
            self._untimed = _earlier(self._untimed, event)
        # A document that a reader has written is one that a normaliser made.
        if event.written is None and not is_known_shape(event.source):
            self.unknown += 1
            self._unknown = _earlier(self._unknown, event)

    def _follow_block(self, block: LineBlock) -> None:
        self.events += len(block.rows)
        self.homes.update(block.outcome.homes)
        untimed, unknown = block.outcome.untimed, block.outcome.unknown
        self.without_time += len(untimed)
        if len(untimed) and self._untimed is None:
            self._untimed = block.event(int(untimed[0]))
        self.unknown += len(unknown)
        if len(unknown) and self._unknown is None:
            self._unknown = block.event(int(unknown[0]))

    def _follow_part(self, part: TablePart) -> None:
        if part.is_given_up:
            return
        self.events += part.size
        self.homes.update(part.homes)
        untimed = part.untimed
        self.without_time += len(untimed)
        if len(untimed) and self._untimed is None:
            self._untimed = part.event(int(untimed[0]))
        # Where nothing can be wanted no columns are read: its events have a category.
        unknown = np.flatnonzero(unknown_rows(part.cells, part.size)) if part.cells else no_rows()
        self.unknown += len(unknown)
        if len(unknown) and self._unknown is None:
            self._unknown = part.event(int(unknown[0]))

    def until_given_up(self, items: Iterator[Item]) -> Iterator[Item]:
        """The items of a file that may hold no events: if none comes with the first records, one problem says so."""
        held: list[Problem] = []
        for item in items:
            if isinstance(item, Problem) and item.code == LIMIT:
                yield item  # says nothing of the records before
                continue
            if not isinstance(item, Problem):
                yield from held
                yield item
                yield from items
                return
            held.append(item)
            if len(held) == self._options.patience:
                yield self._without_events(held, "the first ")
                return
        # A lone problem says more than its sum.
        yield from held if len(held) <= 1 else [self._without_events(held, "its ")]

    def _without_events(self, held: list[Problem], which: str) -> Problem:
        self._given_up = True
        self.skipped += len(held)
        first = held[0]
        return Problem(
            "input-no-events",
            f"none of {which}{len(held)} records is an event document; the file is not read ({first.message})",
            severity=Severity.ERROR if self._file.named else Severity.WARNING,
            place=Place(first.place.path, first.place.line),
            hint=NOTHING_ELSE,
        )

    def _closing(self) -> Iterator[Problem]:
        place = Place(self._file.name)
        for code, count in self.problems.items():
            more = count - self._options.problem_limit
            if more > 0:
                yield Problem(code, f"{more} more problems of this kind in this file", Severity.WARNING, place)
        if self._untimed is not None and self._options.expects_times:
            yield self._time_problem(self._untimed)

    def _time_problem(self, first: Event) -> Problem:
        self.problems["event-without-time"] += 1
        field = self._options.timestamp_field
        values = field_values(first.source, field)
        reason = f"{field} is {str(values[0])[:40]!r}, which is no time" if values else f"no {field}"
        return Problem(
            "event-without-time",
            f"{self.without_time} of {self.events} documents have no usable time; the first: {reason}",
            severity=Severity.WARNING,
            place=Place(first.origin.path, first.origin.line),
            hint="they take no part in sequences; name the field that holds the time if it is another",
        )

    def result(self, found: Format | None, compression: Compression | None, size: int) -> FileRead:
        """The marker that ends the file."""
        return FileRead(
            self._file.name,
            None if self._given_up else found,
            compression,
            self.events,
            self.skipped,
            self.without_time,
            self.problems.total(),
            size,
            self.passed_over,
            dict(self.homes),
            self.unknown,
            None if self._unknown is None else self._unknown.origin,
            self._file.within,
        )


def _earlier(known: Event | None, event: Event) -> Event:
    # The lines a block leaves to the ordinary reader come behind it.
    return event if known is None or event.position < known.position else known

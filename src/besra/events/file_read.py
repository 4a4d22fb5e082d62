"""What reading one file comes to: its counts, its problems kept within bounds, and the decision to give it up."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from besra.events.compression import Compression
from besra.events.document import field_values
from besra.events.event import Event
from besra.events.event_time import TIMESTAMP, event_time
from besra.events.files import InputFile
from besra.events.format import Format
from besra.events.index_name import INDICATORS
from besra.events.line_block import Decoder, LineBlock
from besra.events.readers.ndjson import DOCUMENT_LIMIT
from besra.events.table_part import PassedOver, TablePart
from besra.problems import Place, Problem, Severity

Item = Event | LineBlock | TablePart | Problem


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read.

    `index` is the home of documents that do not say where they belong. `document_limit`: bytes of the longest document
    read. `problem_limit`: problems of one kind shown a file, the rest being summed up. `patience`: records at the
    beginning of a file, none of them an event, after which it is given up. `decoder` makes plain lines come as blocks,
    and tables as parts. Without `expects_times` nothing is said of documents that have none.
    """

    index: str | None = None
    timestamp_field: str = TIMESTAMP
    document_limit: int = DOCUMENT_LIMIT
    problem_limit: int = 100
    patience: int = 20
    decoder: Decoder | None = None
    expects_times: bool = True

    def of_indicators(self) -> "ReadOptions":
        """The same for documents that are indicators and no events."""
        return replace(self, index=INDICATORS, expects_times=False)


@dataclass(frozen=True, slots=True)
class FileRead:
    """A file that has been read, as far as it could be; `format` is None if it is nothing besra reads.

    `skipped` counts records that gave no event, `without_time` events without a usable time, `problems` all problems,
    those summed up included. `bytes` is the size as stored, before decompression. `passed_over` counts rows that were
    not read since nothing wanted can be among them; they are in no other count.
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


SKIPPED = frozenset(("record-not-json", "record-not-document", "record-too-long", "evtx-damaged-record"))
"""The codes of problems that stand for one record that gave no event."""


class Tally:
    """Counts what one file gives while it passes through."""

    def __init__(self, file: InputFile, options: ReadOptions) -> None:
        self.events = 0
        self.skipped = 0
        self.without_time = 0
        self.passed_over = 0
        self.problems: Counter[str] = Counter()
        self._file = file
        self._options = options
        self._untimed: Event | None = None
        self._given_up = False

    def follow(self, items: Iterator[Item | PassedOver]) -> Iterator[Item]:
        """The same items, problems of one kind beyond the limit summed up at the end."""
        field = self._options.timestamp_field
        for item in items:
            if isinstance(item, Event):
                self.events += 1
                if event_time(item.source, field) is None:
                    self.without_time += 1
                    self._note_untimed(item)
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

    def _follow_block(self, block: LineBlock) -> None:
        self.events += len(block.rows)
        untimed = block.untimed
        self.without_time += len(untimed)
        if len(untimed) and self._untimed is None:
            self._note_untimed(block.event(int(untimed[0])))

    def _follow_part(self, part: TablePart) -> None:
        if part.is_given_up:
            return
        self.events += part.size
        untimed = part.untimed
        self.without_time += len(untimed)
        if len(untimed) and self._untimed is None:
            self._untimed = part.event(int(untimed[0]))

    def _note_untimed(self, event: Event) -> None:
        # The lines a block leaves to the ordinary reader come behind it.
        if self._untimed is None or event.position < self._untimed.position:
            self._untimed = event

    def until_given_up(self, items: Iterator[Item]) -> Iterator[Item]:
        """The items of a file that may hold no events: if none comes with the first records, one problem says so."""
        held: list[Problem] = []
        for item in items:
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
            hint="besra reads JSON and EVTX; leave other files out of the folder or ignore this",
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
        )

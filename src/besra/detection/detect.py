"""Detection over a stream of events: evaluate batch by batch, keep the hits, correlate at the end.

Files need not be sorted and an event may be read twice: order and identity are settled when hits are correlated.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from besra.detection.execution import NO_LIMITS, Execution, Limits, execute
from besra.detection.run import RunInfo
from besra.detection.window import EVERYTHING, Window
from besra.engine.hits import Hit, Hits
from besra.engine.indicator_pack import indicator_pack
from besra.engine.pack import Entry, RulePack
from besra.engine.profile import Profile
from besra.engine.reference import evaluate
from besra.events.event import Event
from besra.events.event_time import event_time
from besra.events.line_block import Decoder, LineBlock
from besra.events.row_store import MEMORY_LIMIT
from besra.events.table_part import TablePart
from besra.events.wanted import EVERYTHING as EVERY_EVENT
from besra.language.plan import Plan
from besra.language.relative import at, is_relative, relative_dates, resolved, unresolved
from besra.rules.rule import Rule

BATCH = 5000
"""Events evaluated together, where they do not come as blocks."""

BATCH_SIZE = 64 << 20
"""Bytes they may take together (`size_of`), but for the last of them."""

EACH = 100
"""Bytes of a key or element, about."""


class Engine(StrEnum):
    """What evaluates: all rules together over columns, or the plain judge, one event at a time, for debugging."""

    COLUMNAR = "columnar"
    REFERENCE = "reference"


Read = Callable[[Decoder | None], Iterable[Event | LineBlock | TablePart]]
"""Gives the events to detect in; told how to decode them, it may give them as blocks and parts."""

RuleHits = tuple[Collection[Hit], ...]
"""The hits of every rule of a job, in the job's order."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What a job may use: `workers` processes, and `memory` bytes for what it keeps of events. They change no alert.

    With `profile` it also measures what things cost, which may take as long again.
    """

    workers: int = 1
    memory: int = MEMORY_LIMIT
    profile: bool = False


ONE_WORKER = Resources()


@dataclass(frozen=True, slots=True)
class Job:
    """What to detect with: rules and their plans, whether index patterns count, the window and the limits.

    `fingerprint` tells the content of the files the rules are from, if it is known: then their pack is remembered.
    `now`, in nanoseconds since 1970, is what dates relative to it mean; it has to be known if a plan holds any
    (`relative.is_relative`).
    """

    rules: tuple[tuple[Rule, Plan], ...]
    match_index: bool = True
    window: Window = EVERYTHING
    limits: Limits = NO_LIMITS
    engine: Engine = Engine.COLUMNAR
    resources: Resources = ONE_WORKER
    fingerprint: str = ""
    now: int | None = None

    @property
    def needs_now(self) -> bool:
        """Whether some plan depends on a time and none is known."""
        return self.now is None and any(is_relative(plan) for _, plan in self.rules)

    def pack(self) -> RulePack:
        """The pack of its plans at `now`, one entry a rule. Raises ValueError if it `needs_now`."""
        dates = {date for _, plan in self.rules for date in relative_dates(plan)}
        if dates and self.now is None:
            raise unresolved(next(iter(dates)))
        now = self.now or 0
        entries = tuple(
            Entry(resolved(plan, now) if dates else plan, rule.index if self.match_index else ())
            for rule, plan in self.rules
        )
        # What dates mean and not `now` itself: where they are rounded, the pack of an hour ago is still good.
        meanings = sorted(repr(at(date, now)) for date in dates)
        chosen = " ".join(rule.rule_id for rule, _ in self.rules)
        told = " ".join([self.fingerprint, str(self.match_index), chosen, *meanings]) if self.fingerprint else ""
        return RulePack(entries, hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest() if told else "")


@dataclass(frozen=True, slots=True)
class Gathered:
    """The hits of every rule of a job, and the newest time of all events in nanoseconds since 1970 (0 if none has one).

    That time is "now" for callers who name none; `oldest` is how far the events reach back, None if none has a time.
    `profile` is there if asked for and the engine is the columnar one.
    """

    hits: RuleHits
    newest: int
    oldest: int | None = None
    profile: Profile | None = None


def gather(
    job: Job, read: Read, indicators: Read | None = None, on_compile: Callable[[], None] | None = None
) -> Gathered:
    """The hits of every rule over all events, and over documents that are given as `indicators` and no events.

    `on_compile` is called if code has to be compiled first.
    """
    if job.engine is Engine.COLUMNAR:
        return _gather_columnar(job, read, indicators, on_compile)
    pack = job.pack()
    hits: list[list[Hit]] = [[] for _ in job.rules]
    newest, oldest = 0, None
    for batch in in_batches(indicators(None)) if indicators else ():
        _extend(hits, evaluate(indicator_pack(pack), events_of(batch)))
    for batch in in_batches(read(None)):
        events = events_of(batch)
        _extend(hits, evaluate(pack, events))
        times = [time for event in events if (time := event_time(event.source)) is not None and abs(time) < 2**63]
        newest = max([newest, *times])
        oldest = min(times if oldest is None else [oldest, *times], default=None)
    return Gathered(tuple(tuple(found) for found in hits), newest, oldest)


def _extend(hits: list[list[Hit]], more: Hits) -> None:
    for mine, found in zip(hits, more.by_entry, strict=True):
        mine.extend(found)


def _gather_columnar(job: Job, read: Read, indicators: Read | None, on_compile: Callable[[], None] | None) -> Gathered:
    # numba and the kernels take half a second to import: a few documents do without them.
    from besra.engine.columnar import ColumnarEvaluator  # noqa: PLC0415

    own = job.resources
    with ColumnarEvaluator(job.pack(), workers=own.workers, memory_limit=own.memory, profile=own.profile) as columnar:
        columnar.look_between(job.window.start, job.window.end)
        if on_compile is not None:
            columnar.when_compiling(on_compile)
        if indicators is not None:
            with columnar.of_indicators() as of_indicators:
                for batch in in_batches(indicators(of_indicators)):
                    of_indicators.add(batch)
        for batch in in_batches(read(columnar)):
            columnar.add(batch)
        return Gathered(columnar.hits().by_entry, columnar.newest, columnar.oldest, columnar.profile())


def newest_time(read: Read) -> int:
    """The newest time of all events in nanoseconds since 1970, 0 if none has one: "now" for callers who name none."""
    from besra.engine.columnar import ColumnarEvaluator  # noqa: PLC0415  as above

    with ColumnarEvaluator(RulePack(())) as columnar:
        columnar.wanted = EVERY_EVENT
        for batch in in_batches(read(columnar)):
            columnar.add(batch)
        return columnar.newest


def conclude(job: Job, hits: RuleHits, run: RunInfo) -> Iterator[Execution]:
    """The execution of every rule that has hits: the most severe first, then by risk score and name."""
    for position in _by_severity(job.rules):
        rule, plan = job.rules[position]
        if hits[position]:
            plan = plan if job.now is None else resolved(plan, job.now)
            yield execute(rule, plan, hits[position], run, window=job.window, limits=job.limits)


def in_batches(events: Iterable[Event | LineBlock | TablePart]) -> Iterator[list[Event] | LineBlock | TablePart]:
    """Blocks and parts as they come, other events in lists of up to BATCH.

    A block is passed on before anything behind it is read: it is only good until the next one is decoded. So is a part.
    """
    batch: list[Event] = []
    size = 0
    for item in events:
        if isinstance(item, (LineBlock, TablePart)):
            yield item
            continue
        batch.append(item)
        size += size_of(item.source)
        if len(batch) == BATCH or size > BATCH_SIZE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def size_of(document: Mapping[str, Any]) -> int:
    """About how many bytes a document takes: what its texts hold, and as much again as its keys and elements cost."""
    size, waiting = 0, [document]
    while waiting:  # documents may be deeper than Python recurses
        held = waiting.pop()
        size += EACH * len(held)
        for value in held.values():
            if isinstance(value, dict):
                waiting.append(value)
            elif isinstance(value, list):
                size += EACH * len(value)
            elif isinstance(value, str):
                size += len(value)
    return size


def events_of(batch: Sequence[Event] | LineBlock | TablePart) -> Sequence[Event]:
    """The events of a batch, those of a block or part made."""
    match batch:
        case LineBlock():
            return [batch.event(row) for row in batch.rows.tolist()]
        case TablePart():
            return batch.events(range(batch.size))
        case _:
            return batch


def _by_severity(rules: Sequence[tuple[Rule, Plan]]) -> list[int]:
    def rank(position: int) -> tuple[int, int, str, str]:
        rule = rules[position][0]
        return -rule.severity.rank, -rule.risk_score, rule.name, rule.rule_id

    return sorted(range(len(rules)), key=rank)

"""Detection over a stream of events: evaluate batch by batch and keep the hits. `conclude` correlates them at the end.

Files need not be sorted and an event may be read twice: order and identity are settled when hits are correlated.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache, partial
from typing import Protocol

from besra.detection.alert import prepare_alerts
from besra.detection.alert_event import reads_alerts
from besra.detection.batches import events_of, in_batches, unparsed
from besra.detection.execution import NO_LIMITS, Limits
from besra.detection.feeding import descends_from
from besra.detection.stages import NO_STAGES, Stages, stages_of
from besra.detection.window import EVERYTHING, Window
from besra.engine.hits import Hit, Hits
from besra.engine.pack import Entry, RulePack
from besra.engine.plain import PlainEvaluator
from besra.engine.profile import Profile
from besra.events.event import Event
from besra.events.line_block import Decoder, LineBlock
from besra.events.recognise import Recogniser, bundled_recogniser
from besra.events.row_store import MEMORY_LIMIT
from besra.events.table_part import TablePart
from besra.events.wanted import EVERYTHING as EVERY_EVENT
from besra.language.plan import Plan
from besra.language.relative import at, is_relative, relative_dates, resolved, unresolved
from besra.language.simplify import all_of, negated
from besra.rules.rule import Rule


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
    (`relative.is_relative`). `recogniser` is the one events are read with.
    """

    rules: tuple[tuple[Rule, Plan], ...]
    match_index: bool = True
    window: Window = EVERYTHING
    limits: Limits = NO_LIMITS
    engine: Engine = Engine.COLUMNAR
    resources: Resources = ONE_WORKER
    fingerprint: str = ""
    now: int | None = None
    recogniser: Recogniser = field(default_factory=bundled_recogniser)

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
        plans = ((rule, resolved(plan, now) if dates else plan) for rule, plan in self.rules)
        entries = tuple(
            Entry(_without_descent(rule, plan), rule.index if self.match_index else ()) for rule, plan in plans
        )
        # What dates mean and not `now` itself: where they are rounded, the pack of an hour ago is still good.
        meanings = sorted(repr(at(date, now)) for date in dates)
        chosen = " ".join(f"{rule.space}:{rule.rule_id}" for rule, _ in self.rules)
        told = " ".join([self.fingerprint, str(self.match_index), chosen, *meanings]) if self.fingerprint else ""
        return RulePack(entries, hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest() if told else "")


def _without_descent(rule: Rule, plan: Plan) -> Plan:
    """The plan of a rule over alerts without those that come from the rule."""
    if not reads_alerts(rule, plan):
        return plan
    others = negated(descends_from(rule))
    return replace(plan, clauses=tuple(replace(c, predicate=all_of([c.predicate, others])) for c in plan.clauses))


class Evaluator(Protocol):
    """What evaluates a pack and keeps the hits: `engine.columnar` or `engine.plain`."""

    @property
    def pack(self) -> RulePack:
        """What it evaluates."""

    def add(self, events: Sequence[Event], /) -> None:
        """Evaluate some events."""

    def hits(self, awaiting: Collection[int] = ()) -> Hits:
        """The hits so far. Only for entries that are `awaiting` more something can be added after."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """The hits of every rule of a job, and the newest time of all events in nanoseconds since 1970 (0 if none has one).

    That time is "now" for callers who name none; `oldest` is how far the events reach back, None if none has a time.
    Rules over alerts have hits to come: `stages` says in which order, and `evaluator` has them. `profile` is there if
    asked for and the engine is the columnar one.
    """

    hits: RuleHits
    newest: int
    evaluator: Evaluator
    oldest: int | None = None
    stages: Stages = NO_STAGES
    profile: Profile | None = None


def gather(
    job: Job, read: Read, indicators: Read | None = None, on_compile: Callable[[], None] | None = None
) -> Gathered:
    """The hits of every rule over all events, and over documents that are given as `indicators` and no events.

    `on_compile` is called if code has to be compiled first.
    """
    if job.engine is Engine.COLUMNAR:
        return _gather_columnar(job, read, indicators, on_compile)
    stages = stages_of(job.rules)
    plain = PlainEvaluator(job.pack())
    for batch in in_batches(indicators(None)) if indicators else ():
        plain.add_indicators(events_of(batch))
    for batch in in_batches(read(None)):
        plain.add(events_of(batch))
    return Gathered(plain.hits(stages.readers).by_entry, plain.newest, plain, plain.oldest, stages)


def _gather_columnar(job: Job, read: Read, indicators: Read | None, on_compile: Callable[[], None] | None) -> Gathered:
    # numba and the kernels take half a second to import: a few documents do without them.
    from besra.engine.columnar import ColumnarEvaluator  # noqa: PLC0415

    own = job.resources
    stages = cache(partial(stages_of, job.rules))

    def prepare() -> None:
        """What is needed once all has been read."""
        stages()
        prepare_alerts()

    with ColumnarEvaluator(job.pack(), workers=own.workers, memory_limit=own.memory, profile=own.profile) as columnar:
        columnar.know_sources(job.recogniser)
        columnar.look_between(job.window.start, job.window.end)
        columnar.while_waiting(prepare)
        if on_compile is not None:
            columnar.when_compiling(on_compile)
        if indicators is not None:
            with columnar.of_indicators() as of_indicators:
                for batch in in_batches(unparsed(indicators(of_indicators))):
                    of_indicators.add(batch)
            columnar.look_for_covered()
        for batch in in_batches(unparsed(read(columnar))):
            columnar.add(batch)
        hits = columnar.hits(stages().readers).by_entry
        return Gathered(hits, columnar.newest, columnar, columnar.oldest, stages(), columnar.profile())


def newest_time(read: Read, recogniser: Recogniser) -> int:
    """The newest time of all events in nanoseconds since 1970, 0 if none has one: "now" for callers who name none.

    `recogniser` is the one they are read with.
    """
    from besra.engine.columnar import ColumnarEvaluator  # noqa: PLC0415  as above

    with ColumnarEvaluator(RulePack(())) as columnar:
        columnar.know_sources(recogniser)
        columnar.wanted = EVERY_EVENT
        for batch in in_batches(unparsed(read(columnar))):
            columnar.add(batch)
        return columnar.newest

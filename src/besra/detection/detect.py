"""Detection over a stream of events: evaluate batch by batch, keep the hits, correlate at the end.

Files need not be sorted and an event may be read twice: order and identity are settled when hits are correlated.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from besra.detection.execution import NO_LIMITS, Execution, Limits, execute
from besra.detection.run import RunInfo
from besra.detection.window import EVERYTHING, Window
from besra.engine.hits import Hit
from besra.engine.pack import Entry, RulePack
from besra.engine.reference import evaluate
from besra.events.event import Event
from besra.language.plan import Plan
from besra.rules.rule import Rule

BATCH = 1000
"""Events evaluated together."""

RuleHits = tuple[tuple[Hit, ...], ...]
"""The hits of every rule of a job, in the job's order."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to detect with: rules and their plans, whether index patterns count, the window and the limits."""

    rules: tuple[tuple[Rule, Plan], ...]
    match_index: bool = True
    window: Window = EVERYTHING
    limits: Limits = NO_LIMITS

    def pack(self) -> RulePack:
        """The pack of its plans, one entry a rule."""
        return RulePack(tuple(Entry(plan, rule.index if self.match_index else ()) for rule, plan in self.rules))


def gather(job: Job, events: Iterable[Event]) -> RuleHits:
    """The hits of every rule over all events."""
    pack = job.pack()
    hits: list[list[Hit]] = [[] for _ in job.rules]
    for batch in in_batches(events):
        for mine, found in zip(hits, evaluate(pack, batch).by_entry, strict=True):
            mine.extend(found)
    return tuple(tuple(found) for found in hits)


def conclude(job: Job, hits: RuleHits, run: RunInfo) -> Iterator[Execution]:
    """The execution of every rule that has hits: the most severe first, then by risk score and name."""
    for position in _by_severity(job.rules):
        rule, plan = job.rules[position]
        if hits[position]:
            yield execute(rule, plan, hits[position], run, window=job.window, limits=job.limits)


def newest_time(hits: RuleHits) -> int:
    """The time of the newest hit, in nanoseconds since 1970: "now" for callers who name none. 0 without hits."""
    return max((hit.time for found in hits for hit in found if hit.time is not None), default=0)


def in_batches(events: Iterable[Event]) -> Iterator[list[Event]]:
    """The events in lists of up to BATCH."""
    stream = iter(events)
    while batch := list(islice(stream, BATCH)):
        yield batch


def _by_severity(rules: Sequence[tuple[Rule, Plan]]) -> list[int]:
    def rank(position: int) -> tuple[int, int, str, str]:
        rule = rules[position][0]
        return -rule.severity.rank, -rule.risk_score, rule.name, rule.rule_id

    return sorted(range(len(rules)), key=rank)

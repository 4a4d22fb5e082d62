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


@dataclass(frozen=True, slots=True)
class Job:
    """What to detect with: rules and their plans, whether index patterns count, and the limits of the run."""

    rules: tuple[tuple[Rule, Plan], ...]
    run: RunInfo
    match_index: bool = True
    window: Window = EVERYTHING
    limits: Limits = NO_LIMITS

    def pack(self) -> RulePack:
        """The pack of its plans, one entry a rule."""
        return RulePack(tuple(Entry(plan, rule.index if self.match_index else ()) for rule, plan in self.rules))


def detect_events(job: Job, events: Iterable[Event]) -> Iterator[Execution]:
    """The execution of every rule over the events, most severe rules first, then by risk score and name."""
    pack = job.pack()
    hits: list[list[Hit]] = [[] for _ in job.rules]
    for batch in in_batches(events):
        for mine, found in zip(hits, evaluate(pack, batch).by_entry, strict=True):
            mine.extend(found)
    for position in _by_severity(job.rules):
        rule, plan = job.rules[position]
        if hits[position]:
            yield execute(rule, plan, hits[position], job.run, window=job.window, limits=job.limits)


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

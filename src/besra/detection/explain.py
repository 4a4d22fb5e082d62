"""Why a rule fires on some events, or how far it gets and what stops it (interfaces.md 2, 3).

Each clause of the rule is looked at by itself: how many events satisfy it, and of one event, a satisfying one or else
the one nearest to it, each condition with whether it holds and what its fields are. Of a sequence it is also said how
many of its stages can be joined. Judged as the reference evaluator does: for a few events.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from besra.detection.correlate import correlate
from besra.engine.hits import Hit
from besra.engine.pack import Entry
from besra.engine.reference import holds, keys_of, ordinal_of
from besra.events.document import Fields
from besra.events.event import Event
from besra.language.eql.leaf_text import leaf_text
from besra.language.expr import (
    Always,
    And,
    Call,
    Constant,
    FieldRef,
    Nested,
    Not,
    Or,
    Predicate,
    RelativeDate,
    Script,
    Value,
    fields_of,
)
from besra.language.plan import Each, NewTerms, Plan, Sample, ThreatMatch, Threshold
from besra.language.plan import Sequence as EventSequence
from besra.schema.fieldtype import Scalar, to_text
from besra.schema.indexpattern import matches

MOST_VALUES = 10
"""Values of a field that are shown."""
LONGEST_VALUE = 200
"""Characters of one."""
MOST_PARTS = 100
"""Parts of a condition that are shown."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition and its parts, about one event: whether it holds, and of a single test what its fields are."""

    text: str
    holds: bool
    values: dict[str, tuple[str, ...]]
    parts: tuple["Condition", ...] = ()


@dataclass(frozen=True, slots=True)
class ClauseReport:
    """A clause of a rule: the part it plays, how many events satisfy it, and one event judged by it.

    `elsewhere` counts events that would satisfy it but are of indices the rule does not read.
    """

    role: str
    satisfied: int
    elsewhere: int
    event: str | None
    condition: Condition | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a rule fares over some events. Of a sequence `reached` of its stages can be joined, in order and in time."""

    fires: bool
    matches: int
    events: int
    clauses: tuple[ClauseReport, ...]
    why: str
    reached: int | None = None
    stages: int | None = None


def explain(plan: Plan, index: tuple[str, ...], events: Sequence[Event], *, match_index: bool = True) -> Explanation:
    """How the plan of a rule that reads some indices fares. The plan has a time (`language.relative.resolved`)."""
    entry = Entry(plan, index if match_index else ())
    fields = [Fields(event.source) for event in events]
    hits: list[Hit] = []
    reports = []
    for position, (clause, role) in enumerate(zip(plan.clauses, _roles(plan), strict=True)):
        held = [holds(clause.predicate, one) for one in fields]
        read = [not match_index or matches(entry.index_of(clause), event.index) for event in events]
        is_hit = [is_held and is_read for is_held, is_read in zip(held, read, strict=True)]
        hits += [
            Hit(position, event, ordinal_of(plan.ordering, event, one), keys_of(clause, one))
            for event, one, hit in zip(events, fields, is_hit, strict=True)
            if hit
        ]
        satisfied = sum(is_hit)
        shown = _shown(clause.predicate, fields, is_hit)
        reports.append(
            ClauseReport(
                role,
                satisfied,
                sum(held) - satisfied,
                None if shown is None else events[shown].id,
                None if shown is None else _condition(clause.predicate, fields[shown]),
            )
        )
    found = len(list(correlate(plan, hits)))
    reached = _reached(plan, hits)
    stages = len(plan.correlation.stages) if isinstance(plan.correlation, EventSequence) else None
    why = _why(plan, reports, found, reached)
    return Explanation(found > 0, found, len(events), tuple(reports), why, reached, stages)


def _roles(plan: Plan) -> list[str]:
    """What each clause is for."""
    roles = ["events"] * len(plan.clauses)
    match plan.correlation:
        case EventSequence() as sequence:
            for number, stage in enumerate(sequence.stages):
                roles[stage.clause] = f"step {number}, which must not occur" if stage.missing else f"step {number}"
            if sequence.until is not None:
                roles[sequence.until] = "until"
        case Sample() as sample:
            for number, clause in enumerate(sample.clauses):
                roles[clause] = f"item {number}"
        case Threshold() as threshold:
            for cardinality in threshold.cardinality:
                roles[cardinality.clause] = f"events that count towards {cardinality.least} different values"
        case ThreatMatch() as threat:
            for group in threat.groups:
                for comparison in (group.wanted, *group.unwanted):
                    roles[comparison.indicators] = "indicators"
    return roles


def _shown(predicate: Predicate, fields: Sequence[Fields], satisfied: Sequence[bool]) -> int | None:
    """The event to show: the first that satisfies a condition, else the first of those that come nearest."""
    if True in satisfied:
        return satisfied.index(True)
    nearest = [_nearness(predicate, one) for one in fields]
    return nearest.index(max(nearest)) if nearest else None


def _nearness(predicate: Predicate, fields: Fields) -> float:
    """How much of a condition holds, from 0 to 1."""
    match predicate:
        case And():
            return sum(_nearness(part, fields) for part in predicate.operands) / max(len(predicate.operands), 1)
        case Or():
            return max((_nearness(part, fields) for part in predicate.operands), default=0.0)
        case _:
            return float(holds(predicate, fields))


def _condition(predicate: Predicate, fields: Fields) -> Condition:
    is_held = holds(predicate, fields)
    match predicate:
        case And() | Or():
            word = "all of" if isinstance(predicate, And) else "one of"
            parts = tuple(_condition(part, fields) for part in predicate.operands[:MOST_PARTS])
            left = len(predicate.operands) - len(parts)
            return Condition(f"{word}{f' (and {left:,} more)' if left else ''}", is_held, {}, parts)
        case Not():
            return Condition("not", is_held, {}, (_condition(predicate.operand, fields),))
        case Nested():
            inside = [_condition(predicate.operand, one) for one in fields.objects(predicate.path)][:MOST_VALUES]
            return Condition(f"one object of {predicate.path}", is_held, {}, tuple(inside))
        case _:
            return Condition(_text(predicate), is_held, dict(_values(predicate, fields)))


def _values(predicate: Predicate, fields: Fields) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name in sorted({field.name for field in fields_of(predicate)}):
        yield name, tuple(map(_cut, fields.scalars(name)[:MOST_VALUES]))


def _cut(value: Scalar) -> str:
    text = to_text(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def _text(leaf: Predicate) -> str:
    match leaf:
        case Always():
            return "any event" if leaf.value else "no event"
        case Script():
            return _value_text(leaf.value)
        case RelativeDate():
            return f"{leaf.field.name} {leaf.operator} {leaf.text}"
        case And() | Or() | Not() | Nested():
            raise AssertionError("no single test")
        case _:
            return leaf_text(leaf)


def _value_text(value: Value) -> str:
    match value:
        case FieldRef():
            return value.name
        case Constant():
            return _cut(str(value.value))
        case Call():
            tilde = "~" if value.ignore_case else ""
            return f"{value.function}{tilde}({', '.join(map(_value_text, value.args))})"


# --- how far it got ---------------------------------------------------------------------------------------------------


def _reached(plan: Plan, hits: Sequence[Hit]) -> int | None:
    """How many stages of a sequence, from its first, can be joined."""
    sequence = plan.correlation
    if not isinstance(sequence, EventSequence):
        return None
    for length in range(len(sequence.stages), 0, -1):
        stages = sequence.stages[:length]
        if stages[-1].missing and length < len(sequence.stages):
            continue
        shorter = replace(plan, correlation=replace(sequence, stages=stages), pipes=(), exclusions=())
        if length == 1:
            return int(any(hit.clause == stages[0].clause and hit.ordinal is not None for hit in hits))
        if next(iter(correlate(shorter, hits)), None) is not None:
            return length
    return 0


def _why(plan: Plan, reports: Sequence[ClauseReport], found: int, reached: int | None) -> str:
    """The answer in a sentence."""
    if found:
        return f"it fires: {found:,} match{'es' if found > 1 else ''}"
    needed = [report for report in reports if report.role != "until" and "must not" not in report.role]
    for report in needed:
        if not report.satisfied and report.elsewhere:
            told = f"{report.elsewhere:,} events satisfy the conditions of {report.role}"
            return f"{told}, but are of indices the rule does not read"
        if not report.satisfied:
            return f"no event satisfies the conditions of {report.role}"
    match plan.correlation:
        case EventSequence() as sequence if reached is not None and reached < len(sequence.stages):
            span = f", within {sequence.maxspan}" if sequence.maxspan else ""
            return (
                f"events satisfy every step, but only the first {reached} can be joined: what follows does not come"
                f" behind them with equal keys{span}, or `until` ends it"
            )
        case EventSequence() | Sample():
            return "events satisfy every part, but no group of them has equal keys, or an exception takes it out"
        case Threshold() as threshold:
            return f"events satisfy the query, but no group of them has {threshold.count:,} with what else is asked"
        case NewTerms():
            return "events satisfy the query, but their values are not new"
        case ThreatMatch():
            return "events satisfy the query, but no indicator matches one"
        case Each():
            return "events satisfy the query, but exceptions or pipes take them out"

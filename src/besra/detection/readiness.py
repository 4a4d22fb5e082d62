"""Whether rules can run on the events there are: whether kinds of events have the fields their queries need.

A clause can hold for a kind of event if its indices cover it and its predicate is not false whatever the values of the
fields it has: a condition on a missing field is false, its negation true (eql.md 2.3), one on a field that is there may
be either. So a rule that cannot run is certain to find nothing; one that can may still find nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from besra.engine.reference import holds
from besra.events.event_kind import EventKind
from besra.language.expr import Always, FieldRef, Leaf, Nested, Script, fields_of
from besra.language.partial import Truth, outcomes, truth_of
from besra.language.plan import (
    Clause,
    Correlation,
    Each,
    NewTerms,
    Plan,
    Sample,
    ThreatMatch,
    Threshold,
)
from besra.language.plan import Sequence as EventSequence
from besra.rules.rule import Rule
from besra.schema.fieldtype import FieldType
from besra.schema.indexpattern import matches


class Readiness(StrEnum):
    """What stands between a rule and the events, from little to much."""

    READY = "ready"
    FIELD = "one field"
    FIELDS = "several fields"
    KIND = "kind of event"
    INDEX = "index"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule lacks. `missing` are the fields each of which alone would make it run."""

    readiness: Readiness
    missing: frozenset[str] = frozenset()


def needed_clauses(correlation: Correlation) -> tuple[tuple[int, ...], ...]:
    """Groups of clauses about events: there are matches only if some event satisfies each clause of some group.

    Indicators are taken to be there.
    """
    match correlation:
        case Each() | NewTerms():
            return ((0,),)
        case EventSequence():
            return (tuple(stage.clause for stage in correlation.stages if not stage.missing),)
        case Sample():
            return (correlation.clauses,)
        case Threshold():
            return ((0, *(cardinality.clause for cardinality in correlation.cardinality)),)
        case ThreatMatch():
            return tuple((group.wanted.events,) for group in correlation.groups)


class Evidence:
    """The kinds of events there are. Without `match_index` every rule reads all of them, whatever its patterns."""

    def __init__(self, kinds: Iterable[EventKind], *, match_index: bool = True) -> None:
        self.kinds = tuple(dict.fromkeys(kinds))
        self._match_index = match_index

    def can_run(self, plan: Plan, index: Sequence[str]) -> bool:
        """Whether a rule with this plan and these index patterns lacks nothing."""

        def may_be(clause: Clause) -> bool:
            return any(may_hold(clause, kind) for kind in self._read(clause, index))

        return any(all(may_be(plan.clauses[n]) for n in group) for group in needed_clauses(plan.correlation))

    def verdict(self, plan: Plan, index: Sequence[str]) -> Verdict:
        """What a rule with this plan and these index patterns lacks."""
        groups = needed_clauses(plan.correlation)
        wanted = [[self._needs(plan.clauses[number], index) for number in dict.fromkeys(group)] for group in groups]
        found = [_of_group(needs) for needs in wanted]
        best = min(found, key=lambda verdict: list(Readiness).index(verdict.readiness))
        if best.readiness is not Readiness.FIELD:
            return best
        return Verdict(Readiness.FIELD, frozenset().union(*(verdict.missing for verdict in found)))

    def _needs(self, clause: Clause, index: Sequence[str]) -> Verdict:
        """What a clause lacks, on the kind of event that lacks least."""
        read = self._read(clause, index)
        if not read:
            return Verdict(Readiness.INDEX)
        if any(may_hold(clause, kind) for kind in read):
            return Verdict(Readiness.READY)
        fitting = [kind for kind in read if may_hold(clause, kind, lambda _: True)]
        if not fitting:
            return Verdict(Readiness.KIND)
        missing = frozenset(field for kind in fitting for field in _single_fields(clause, kind))
        return Verdict(Readiness.FIELD if missing else Readiness.FIELDS, missing)

    def _read(self, clause: Clause, index: Sequence[str]) -> list[EventKind]:
        """The kinds of events a clause reads."""
        patterns = () if not self._match_index else index if clause.index is None else clause.index
        return [kind for kind in self.kinds if matches(patterns, kind.names)]


def _of_group(needs: Sequence[Verdict]) -> Verdict:
    """What all clauses lack together: one field if the same one is enough for each that lacks any."""
    worst = max((need.readiness for need in needs), key=list(Readiness).index)
    if worst is not Readiness.FIELD:
        return Verdict(worst)
    common = frozenset.intersection(*(need.missing for need in needs if need.readiness is Readiness.FIELD))
    return Verdict(Readiness.FIELD if common else Readiness.FIELDS, common)


def _single_fields(clause: Clause, kind: EventKind) -> Iterator[str]:
    """The fields of which one alone would let the clause hold for the kind."""
    for name in {field.name for field in fields_of(clause.predicate)}:
        if not kind.has(name) and may_hold(clause, kind, lambda added, name=name: added == name):  # type: ignore[misc]
            yield name


def may_hold(clause: Clause, kind: EventKind, is_added: Callable[[str], bool] = lambda _: False) -> bool:
    """Whether an event of the kind can satisfy the clause, if it had the added fields as well."""

    def is_missing(field: FieldRef) -> bool:
        has_values = field.type not in (FieldType.OBJECT, FieldType.NESTED, FieldType.UNSUPPORTED)
        return not (has_values and (kind.has(field.name) or is_added(field.name)))

    def truth_by_names(leaf: Leaf | Nested) -> Truth:
        if isinstance(leaf, Nested):
            # Some object may be there without any field.
            return False if truth_of(leaf.operand, truth_by_names) is False else None
        if isinstance(leaf, Always):
            return leaf.value
        if isinstance(leaf, Script):
            possible = outcomes(leaf.value, is_missing)
            return False if True not in possible else True if possible == {True} else None
        return False if all(is_missing(field) for field in fields_of(leaf)) else None

    def truth(leaf: Leaf | Nested) -> Truth:
        # What a kind tells, it tells of whole events: of a single object only names are known.
        if not isinstance(leaf, Nested) and all(kind.has_told(field.name) for field in fields_of(leaf)):
            return holds(leaf, kind.known)
        return truth_by_names(leaf)

    return truth_of(clause.predicate, truth) is not False


@dataclass(frozen=True, slots=True)
class MissingField:
    """A field, and how many rules could run if the events had it."""

    name: str
    rules: int


@dataclass(frozen=True, slots=True)
class RulesOnEvidence:
    """What rules can do with events: verdicts in the order of the rules, and the missing fields, the best first."""

    verdicts: tuple[tuple[Rule, Verdict], ...]

    @property
    def counts(self) -> dict[Readiness, int]:
        """How many rules lack what."""
        found = [verdict.readiness for _, verdict in self.verdicts]
        return {readiness: found.count(readiness) for readiness in Readiness}

    @property
    def missing(self) -> tuple[MissingField, ...]:
        """The missing fields by the number of rules each alone would make run."""
        counts: dict[str, int] = {}
        for _, verdict in self.verdicts:
            for name in verdict.missing:
                counts[name] = counts.get(name, 0) + 1
        return tuple(
            MissingField(name, counts[name]) for name in sorted(counts, key=lambda name: (-counts[name], name))
        )


def rules_on(evidence: Evidence, rules: Iterable[tuple[Rule, Plan]]) -> RulesOnEvidence:
    """What each rule lacks of the evidence."""
    return RulesOnEvidence(tuple((rule, evidence.verdict(plan, rule.index)) for rule, plan in rules))

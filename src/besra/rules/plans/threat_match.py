"""Indicator match rules: events compared with indicators (detection-engine.md 5.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from besra.language.eql.lower import Lowered
from besra.language.expr import FieldRef, Like, Predicate
from besra.language.glob import Glob, Wild
from besra.language.kuery.lower import lower_kuery
from besra.language.kuery.parser import parse_kuery
from besra.language.plan import Clause, Comparison, IndicatorMapping, ThreatMatch
from besra.language.simplify import all_of, any_of
from besra.rules.plans.keys import field_ref, keyed_clause
from besra.rules.plans.query import query_plan
from besra.rules.rule import Rule
from besra.schema.catalogue import Catalogue
from besra.schema.fieldtype import FieldType

Entry = Mapping[str, Any]

A_STAR = Glob((Wild.ANY, "*", Wild.ANY))
"""Covers texts that hold a `*`."""


def threat_match_plan(rule: Rule, catalogue: Catalogue) -> Lowered:
    """The plan of an indicator match rule. Raises QuerySyntaxError and QuerySemanticError."""
    lowered = query_plan(rule, catalogue)
    threat = lower_kuery(parse_kuery(rule.parameters["threat_query"]), catalogue)
    events, indicators = (found.plan.clauses[0].predicate for found in (lowered, threat))
    writer = _Writer(catalogue, tuple(rule.parameters["threat_index"]))
    groups = tuple(writer.mapping(events, indicators, group["entries"]) for group in rule.parameters["threat_mapping"])
    plan = replace(lowered.plan, clauses=tuple(writer.clauses), correlation=ThreatMatch(groups))
    return Lowered(plan, (*lowered.warnings, *threat.warnings))


class _Writer:
    """Writes clauses, each once: several groups of a mapping may read one field of the indicators."""

    def __init__(self, catalogue: Catalogue, index: tuple[str, ...]) -> None:
        self.clauses: dict[Clause, int] = {}
        self._catalogue = catalogue
        self._index = index

    def mapping(self, events: Predicate, indicators: Predicate, entries: Sequence[Entry]) -> IndicatorMapping:
        """A group of a mapping. Negated entries look only at what the others may match."""
        wanted = [entry for entry in entries if not entry.get("negate")]
        unwanted = [entry for entry in entries if entry.get("negate")]
        found, events, indicators = self._compared(events, indicators, wanted)
        return IndicatorMapping(found, tuple(self._compared(events, indicators, [entry])[0] for entry in unwanted))

    def _compared(
        self, events: Predicate, indicators: Predicate, entries: Sequence[Entry]
    ) -> tuple[Comparison, Predicate, Predicate]:
        """A comparison, and the predicates of the events and indicators that take part in it."""
        fields = [compared(entry, self._catalogue) for entry in entries]
        of_events = keyed_clause(events, [event for event, _ in fields])
        of_indicators = keyed_clause(indicators, [indicator for _, indicator in fields], self._index)
        comparison = Comparison(self._number(of_events), self._number(of_indicators))
        if texts := [indicator for _, indicator in fields if indicator.type is FieldType.KEYWORD]:
            starred = all_of([of_indicators.predicate, any_of(Like(field, (A_STAR,)) for field in texts)])
            comparison = replace(comparison, wildcards=self._number(replace(of_indicators, predicate=starred)))
        return comparison, of_events.predicate, of_indicators.predicate

    def _number(self, clause: Clause) -> int:
        return self.clauses.setdefault(clause, len(self.clauses))


def compared(entry: Entry, catalogue: Catalogue) -> tuple[FieldRef, FieldRef]:
    """The fields of the event and of the indicator, both as the event's field compares.

    Where no mapping has that field the indicator's decides; where none has either, values compare as texts.
    """
    mapped = (entry[side] for side in ("field", "value") if catalogue.type_of(entry[side]) is not FieldType.DYNAMIC)
    kind = field_ref(next(mapped, entry["field"]), catalogue).type
    return FieldRef(entry["field"], kind), FieldRef(entry["value"], kind)

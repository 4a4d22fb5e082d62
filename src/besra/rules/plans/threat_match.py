"""Indicator match rules: events compared with indicators (detection-engine.md 5.4)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from besra.language.eql.lower import Lowered
from besra.language.expr import FieldRef
from besra.language.kuery.lower import lower_kuery
from besra.language.kuery.parser import parse_kuery
from besra.language.plan import Clause, IndicatorMapping, ThreatMatch
from besra.rules.plans.keys import field_ref, keyed_clause
from besra.rules.plans.query import query_plan
from besra.rules.rule import Rule
from besra.schema.catalogue import Catalogue

Entry = Mapping[str, Any]


def threat_match_plan(rule: Rule, catalogue: Catalogue) -> Lowered:
    """The plan of an indicator match rule. Raises QuerySyntaxError and QuerySemanticError."""
    lowered = query_plan(rule, catalogue)
    threat = lower_kuery(parse_kuery(rule.parameters["threat_query"]), catalogue)
    events, indicators = (found.plan.clauses[0].predicate for found in (lowered, threat))
    index = tuple(rule.parameters["threat_index"])
    clauses: list[Clause] = []
    groups = []
    for group in rule.parameters["threat_mapping"]:
        wanted = _compared([entry for entry in group["entries"] if not entry.get("negate")], catalogue)
        negated = _compared([entry for entry in group["entries"] if entry.get("negate")], catalogue)
        groups.append(IndicatorMapping(len(clauses), len(clauses) + 1, wanted, negated))
        clauses.append(keyed_clause(events, [event for event, _ in wanted]))
        clauses.append(keyed_clause(indicators, [indicator for _, indicator in wanted], index))
    plan = replace(lowered.plan, clauses=tuple(clauses), correlation=ThreatMatch(tuple(groups)))
    return Lowered(plan, (*lowered.warnings, *threat.warnings))


def _compared(entries: list[Entry], catalogue: Catalogue) -> tuple[tuple[FieldRef, FieldRef], ...]:
    """The fields of the event and the indicator; values of both are compared as the event's field has them."""
    events = [field_ref(entry["field"], catalogue) for entry in entries]
    return tuple((event, FieldRef(entry["value"], event.type)) for event, entry in zip(events, entries, strict=True))

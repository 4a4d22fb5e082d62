"""Threshold rules: how many events of a query share the values of some fields (detection-engine.md 5.2)."""

from dataclasses import replace

from besra.language.eql.lower import Lowered
from besra.language.plan import Cardinality, Threshold
from besra.rules.plans.keys import field_ref, keyed_clause, without_values
from besra.rules.plans.query import query_plan
from besra.rules.rule import Rule
from besra.schema.catalogue import Catalogue


def threshold_plan(rule: Rule, catalogue: Catalogue) -> Lowered:
    """The plan of a threshold rule. Raises QuerySyntaxError and QuerySemanticError."""
    lowered = query_plan(rule, catalogue)
    predicate = lowered.plan.clauses[0].predicate
    asked = rule.parameters["threshold"]
    given = [asked["field"]] if isinstance(asked["field"], str) else asked["field"]
    names = [name for name in dict.fromkeys(given) if name]
    counted = keyed_clause(predicate, [field_ref(name, catalogue) for name in names])
    distinct = asked.get("cardinality") or ()
    clauses = [keyed_clause(counted.predicate, [field_ref(part["field"], catalogue)]) for part in distinct]
    parts = tuple(Cardinality(number, int(part["value"])) for number, part in enumerate(distinct, start=1))
    correlation = Threshold(int(asked["value"]), parts)
    plan = replace(lowered.plan, clauses=(counted, *clauses), correlation=correlation)
    odd = without_values([*names, *(part["field"] for part in distinct)], catalogue)
    return Lowered(plan, (*lowered.warnings, *odd))

"""New terms rules: values that had not been seen for so long (detection-engine.md 5.3)."""

from dataclasses import replace
from datetime import timedelta

from besra.language.eql.lower import Lowered
from besra.language.plan import NewTerms
from besra.rules.plans.keys import field_ref, keyed_clause
from besra.rules.plans.query import query_plan
from besra.rules.rule import Rule
from besra.schema.catalogue import Catalogue
from besra.schema.datemath import parse_date_math

ANY_NOW = 1_750_000_000_000_000_000
"""To measure between two expressions relative to the same now."""


def new_terms_plan(rule: Rule, catalogue: Catalogue) -> Lowered:
    """The plan of a new terms rule. Raises QuerySyntaxError and QuerySemanticError."""
    lowered = query_plan(rule, catalogue)
    fields = [field_ref(name, catalogue) for name in rule.parameters["new_terms_fields"]]
    clause = keyed_clause(lowered.plan.clauses[0].predicate, fields)
    history = parse_date_math(rule.parameters["history_window_start"], ANY_NOW)
    length = timedelta(microseconds=(parse_date_math(rule.schedule.start, ANY_NOW) - history) // 1000)
    return replace(lowered, plan=replace(lowered.plan, clauses=(clause,), correlation=NewTerms(length)))

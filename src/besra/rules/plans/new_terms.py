"""New terms rules: values that had not been seen for so long (detection-engine.md 5.3)."""

from dataclasses import replace
from datetime import timedelta

from besra.errors import QuerySemanticError
from besra.language.eql.lower import Lowered
from besra.language.plan import NewTerms
from besra.problems import Problem
from besra.rules.plans.keys import field_ref, keyed_clause, without_values
from besra.rules.plans.query import query_plan
from besra.rules.rule import Rule
from besra.schema.catalogue import Catalogue
from besra.schema.datemath import ANY_NOW, parse_date_math

MOST_TERMS = 100
"""Combinations of values looked at in one document, as in Elastic."""


def new_terms_plan(rule: Rule, catalogue: Catalogue) -> Lowered:
    """The plan of a new terms rule. Raises QuerySyntaxError and QuerySemanticError."""
    lowered = query_plan(rule, catalogue)
    names = rule.parameters["new_terms_fields"]
    fields = [field_ref(name, catalogue) for name in names]
    clause = replace(keyed_clause(lowered.plan.clauses[0].predicate, fields), most_keys=MOST_TERMS)
    plan = replace(lowered.plan, clauses=(clause,), correlation=NewTerms(history_of(rule)))
    return Lowered(plan, (*lowered.warnings, *without_values(names, catalogue)))


def history_of(rule: Rule) -> timedelta:
    """How long before the window's start the history begins. Raises QuerySemanticError if that depends on the run."""
    begin, start = rule.parameters["history_window_start"], rule.schedule.start
    for name, text in (("history_window_start", begin), ("from", start)):
        if not text.strip().startswith("now"):
            message = f"{name} ({text}) is a date: the history of an event is as long whenever it happened"
            raise QuerySemanticError(Problem("unsupported-history-window", message, hint='write for example "now-7d"'))
    length = parse_date_math(start, ANY_NOW) - parse_date_math(begin, ANY_NOW)
    return timedelta(microseconds=length // 1000)

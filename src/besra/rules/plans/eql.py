"""EQL rules: the query says everything (eql.md)."""

from besra.language.eql.lower import Lowered, QueryFields, lower_query
from besra.language.eql.parser import parse_query
from besra.rules.rule import Rule
from besra.schema.catalogue import Catalogue

DEFAULT_TIEBREAKER = "event.sequence"
"""Elasticsearch has no default tiebreaker and falls back to arrival order. Files have no arrival order worth the name,
and Elastic Defend numbers all events of an agent in this field (sources.md 2); events without it sort by position."""


def query_fields(rule: Rule) -> QueryFields:
    """The fields a rule's query stands on besides those it names."""
    return QueryFields(rule.event_category_field, rule.timestamp_field, rule.tiebreaker_field or DEFAULT_TIEBREAKER)


def eql_plan(rule: Rule, catalogue: Catalogue) -> Lowered:
    """The plan of an EQL rule. Raises QuerySyntaxError and QuerySemanticError."""
    text = rule.query.text if rule.query else ""
    return lower_query(parse_query(text), catalogue, fields=query_fields(rule))

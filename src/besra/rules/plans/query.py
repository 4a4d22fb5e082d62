"""KQL: rules in which every event the query finds is a match, and the query of rules that count or compare them."""

from besra.language.eql.lower import Lowered
from besra.language.kuery.lower import lower_kuery
from besra.language.kuery.parser import parse_kuery
from besra.rules.plans.eql import query_fields
from besra.rules.rule import Rule
from besra.schema.catalogue import Catalogue


def query_plan(rule: Rule, catalogue: Catalogue) -> Lowered:
    """The plan of a rule's KQL query, of which an empty one finds every event.

    Raises QuerySyntaxError and QuerySemanticError.
    """
    text = rule.query.text if rule.query else ""
    return lower_kuery(parse_kuery(text), catalogue, fields=query_fields(rule))

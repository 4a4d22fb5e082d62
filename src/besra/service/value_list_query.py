"""Filters over value lists and their values, in KQL (detection-engine.md 8.3)."""

from collections.abc import Iterable
from functools import cache

from besra.engine.reference import holds
from besra.errors import QueryError
from besra.events.document import Fields
from besra.language.expr import Predicate
from besra.language.kuery.lower import lower_kuery_expression
from besra.language.kuery.parser import parse_kuery
from besra.schema.catalogue import EMPTY, Catalogue
from besra.service.answering import RequestError
from besra.service.value_list_book import Document

TYPES = {
    "id": "keyword",
    "name": "text",
    "description": "text",
    "type": "keyword",
    "value": "keyword",
    "created_at": "date",
    "created_by": "keyword",
    "updated_at": "date",
    "updated_by": "keyword",
}


@cache
def _catalogue() -> Catalogue:
    return EMPTY.with_types(TYPES)


def document_condition(query: str, now: int) -> Predicate | None:
    """What a filter says; None for one that says nothing. Raises RequestError (400)."""
    if not query.strip():
        return None
    try:
        return lower_kuery_expression(parse_kuery(query), _catalogue(), now=now).predicate
    except QueryError as error:
        raise RequestError(400, f"filter: {error}", error.problems) from error


def holding(documents: Iterable[Document], condition: Predicate | None) -> list[Document]:
    """Those that satisfy a condition."""
    return [one for one in documents if condition is None or holds(condition, Fields(dict(one)))]

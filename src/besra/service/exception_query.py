"""Finding exception lists and items: filters in KQL over what Kibana stores of them, and orders (8.3).

Kibana keeps lists of a space as `exception-list` and those of all spaces as `exception-list-agnostic`; a filter asks
about `.attributes` below either.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from besra.engine.reference import holds
from besra.errors import QueryError
from besra.events.document import Fields
from besra.language.kuery.lower import lower_kuery_expression
from besra.language.kuery.parser import parse_kuery
from besra.schema.catalogue import EMPTY, Catalogue
from besra.service.answering import RequestError

Document = Mapping[str, Any]

ROOTS = {"single": "exception-list", "agnostic": "exception-list-agnostic"}
TEXTS = ("name", "description")
KEYWORDS = (
    "list_id",
    "item_id",
    "type",
    "tags",
    "os_types",
    "created_by",
    "updated_by",
    "entries.field",
    "entries.value",
)
DATES = ("created_at", "updated_at", "expire_time")
SORTED = ("name", "list_id", "item_id", "type", "created_at", "created_by", "updated_at", "updated_by")
"""What lists and items are sorted by; Kibana's clients may put the root before it."""


@cache
def _catalogue() -> Catalogue:
    types = {**dict.fromkeys(TEXTS, "text"), **dict.fromkeys(KEYWORDS, "keyword"), **dict.fromkeys(DATES, "date")}
    return EMPTY.with_types(
        {f"{root}.attributes.{name}": kind for root in ROOTS.values() for name, kind in types.items()}
    )


def matching(documents: Sequence[Document], query: str, now: int) -> list[Document]:
    """Those that satisfy a filter. Raises RequestError (400)."""
    if not query.strip():
        return [*documents]
    try:
        condition = lower_kuery_expression(parse_kuery(query), _catalogue(), now=now).predicate
    except QueryError as error:
        raise RequestError(400, f"filter: {error}", error.problems) from error
    return [one for one in documents if holds(condition, Fields(_stored(one)))]


def _stored(document: Document) -> dict[str, Any]:
    return {ROOTS.get(str(document.get("namespace_type")), ROOTS["single"]): {"attributes": dict(document)}}


def ordered(documents: list[Document], asked: Mapping[str, str]) -> list[Document]:
    """In the order a request asks for; without one, as they are. Raises RequestError (400)."""
    name, order = asked.get("sort_field", "").rpartition(".")[2], asked.get("sort_order", "asc")
    if order not in ("asc", "desc"):
        raise RequestError(400, "`sort_order` is asc or desc")
    if not name:
        return documents
    if name not in SORTED:
        raise RequestError(400, f"nothing is sorted by {name[:100]!r}; use one of {', '.join(SORTED)}")
    key: Callable[[Document], str] = lambda one: str(one.get(name, "")).casefold()  # noqa: E731
    return sorted(documents, key=key, reverse=order == "desc")

"""Exceptions for one rule, put into the list that is its own (detection-engine.md 4.1, 8.3)."""

from collections.abc import Callable
from uuid import uuid4

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from besra.service.answering import RequestError, object_of
from besra.service.author import author_of
from besra.service.elasticsearch import reply
from besra.service.endpoint import Endpoint, Face, Right, space_of
from besra.service.exception_book import Document, ExceptionBook, Wanted
from besra.service.exception_copies import OF_RULE, TAG, add_items, items_of, reference_to
from besra.service.ingest import Clock
from besra.service.plain_paths import named
from besra.service.rule_book import Entry, RuleBook
from besra.service.rule_changes import RuleChanges, changeable
from besra.storage.exception_store import Kind
from besra.storage.workflow import Author

PATH = "/api/detection_engine/rules/{id}/exceptions"


def rule_exception_routes(
    rules: Callable[[str], RuleBook], exceptions: Callable[[str], ExceptionBook], clock: Clock
) -> list[Endpoint]:
    """All of them."""

    async def add(request: Request) -> Response:
        given, author, space = await object_of(request), author_of(request, clock()), space_of(request)
        book, known, id_ = rules(space), exceptions(space), named(request, "id") or ""

        def added() -> list[Document]:
            entry = book.by_id(id_)
            if entry is None:
                raise RequestError(404, f'id: "{id_}" not found')
            items = items_of(given.get("items"))
            return add_items(known, _own_list(book, known, entry, author), items, author)

        return reply(await run_in_threadpool(added))

    return [Endpoint(Face.KIBANA, "POST", PATH, Right.AUTHOR, add)]


def _own_list(book: RuleBook, known: ExceptionBook, entry: Entry, author: Author) -> str:
    """The list that is a rule's own, made if it has none. Raises RequestError, for a rule of a file without one too."""
    references = list(entry.given.get("exceptions_list") or ())
    for reference in references:
        if isinstance(reference, dict) and reference.get("type") == OF_RULE:
            list_id = str(reference.get("list_id"))
            if not known.has(Wanted(Kind.LIST, None, list_id)):
                made = {"list_id": list_id, "name": f"Exceptions of {entry.name}", "type": OF_RULE, "tags": [TAG]}
                known.create(Kind.LIST, made, author)
            return list_id
    changeable(entry)
    made = {
        "list_id": str(uuid4()),
        "name": f"Exceptions of {entry.name}",
        "description": f"Exceptions of the rule {entry.rule_id} alone",
        "type": OF_RULE,
        "tags": [TAG],
    }
    told = known.create(Kind.LIST, made, author)
    RuleChanges(book, author).patch(entry, {"exceptions_list": [*references, reference_to(told)]})
    return str(told["list_id"])

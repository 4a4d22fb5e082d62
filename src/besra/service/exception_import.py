"""Exports of exception lists taken in, object by object: one that cannot be used does not stop the others.

Source: detection-engine.md 8.3.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from besra.rules.ndjson import is_exception_item, parse_ndjson
from besra.service.answering import RequestError
from besra.service.exception_book import IDS, ExceptionBook, Wanted, says_same
from besra.storage.exception_store import Kind
from besra.storage.workflow import Author

UNKNOWN = "(unknown list_id)"


def import_exceptions(
    book: ExceptionBook, text: str, author: Author, *, overwrites: bool, as_new: bool = False
) -> dict[str, Any]:
    """Take lists, and then items, and tell what became of them. Raises AlertStoreError.

    Those that are there are an error each, or get the content of the file. With `as_new` lists get other ids, and items
    with them, so that none is there.
    """
    export = parse_ndjson(text)
    syntax = [problem for rule in export.rules for problem in rule.problems if problem.code == "json-syntax"]
    errors = [_error({}, 400, problem.render()) for problem in (*syntax, *export.unknown)]
    numbers = {Kind.LIST: 0, Kind.ITEM: 0}
    failed = {Kind.LIST: 0, Kind.ITEM: 0}
    documents = [document.parameters for document in export.exceptions]
    documents = _renamed(documents) if as_new else documents
    for kind in Kind:
        for given in documents:
            if is_exception_item(given) is not (kind is Kind.ITEM):
                continue
            try:
                _take(book, kind, given, author, overwrites)
                numbers[kind] += 1
            except RequestError as error:
                failed[kind] += 1
                errors.append(_error(given, error.status, str(error)))
    return {
        "errors": errors,
        "success": not errors,
        "success_count": sum(numbers.values()),
        "success_exception_lists": not failed[Kind.LIST],
        "success_count_exception_lists": numbers[Kind.LIST],
        "success_exception_list_items": not failed[Kind.ITEM],
        "success_count_exception_list_items": numbers[Kind.ITEM],
    }


def _renamed(documents: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Lists under new ids, and their items with them."""
    lists = {given.get("list_id"): str(uuid4()) for given in documents if not is_exception_item(given)}
    found: list[Mapping[str, Any]] = []
    for given in documents:
        own = {"item_id": str(uuid4())} if is_exception_item(given) else {}
        found.append({**given, "list_id": lists.get(given.get("list_id"), given.get("list_id")), **own})
    return found


def _take(book: ExceptionBook, kind: Kind, given: Mapping[str, Any], author: Author, overwrites: bool) -> None:
    own = {name: value for name, value in given.items() if name not in ("id", "_version")}
    name, namespace = own.get(IDS[kind]), own.get("namespace_type") or "single"
    if overwrites and isinstance(name, str) and isinstance(namespace, str):
        wanted = Wanted(kind, None, name, namespace)
        if book.has(wanted):
            if not says_same(kind, own, book.find(wanted)):
                book.update(wanted, own, author)
            return
    book.create(kind, own, author)


def _error(given: Mapping[str, Any], status: int, message: str) -> dict[str, Any]:
    names = {name: given[name] for name in IDS.values() if isinstance(given.get(name), str)}
    return {**(names or {"list_id": UNKNOWN}), "error": {"status_code": status, "message": message}}

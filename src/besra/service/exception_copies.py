"""Copies of exception lists with their items, for the copies of rules too (detection-engine.md 4.5, 8.3)."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from besra.schema.timestamp import parse_timestamp
from besra.service.answering import RequestError
from besra.service.exception_book import Document, ExceptionBook, Wanted
from besra.storage.exception_store import Kind
from besra.storage.workflow import Author

COPY = "{name} [Duplicate]"
OF_RULE = "rule_default"
TAG = "default_rule_exception_list"
"""What Kibana tags the lists of single rules with."""


def is_over(item: Mapping[str, Any], now: int) -> bool:
    """Whether the time of an item is past."""
    time = parse_timestamp(item["expire_time"]) if item.get("expire_time") else None
    return time is not None and time < now


def copied(book: ExceptionBook, source: Wanted, author: Author, *, with_expired: bool = True) -> Document:
    """A new list with the items of one, perhaps those alone that last. Raises RequestError, AlertStoreError."""
    old = book.find(source)
    items = book.all(Kind.ITEM, [old["namespace_type"]], old["list_id"])
    given = {**old, "list_id": str(uuid.uuid4()), "name": COPY.format(name=old["name"])}
    new = book.create(Kind.LIST, given, author)
    for item in items:
        if with_expired or not is_over(item, author.at):
            book.create(Kind.ITEM, {**item, "item_id": str(uuid.uuid4()), "list_id": new["list_id"]}, author)
    return new


def reference_to(told: Document) -> dict[str, Any]:
    """How a rule names a list."""
    return {name: told[name] for name in ("id", "list_id", "type", "namespace_type")}


def references_of_copy(
    book: ExceptionBook, references: Sequence[Any], author: Author, *, with_expired: bool
) -> list[Any]:
    """What the copy of a rule names in the place of some lists: a rule's own are copied, and others are shared."""
    found = []
    for reference in references:
        if isinstance(reference, dict) and reference.get("type") == OF_RULE:
            wanted = Wanted(
                Kind.LIST, None, str(reference.get("list_id")), str(reference.get("namespace_type", "single"))
            )
            if book.has(wanted):
                found.append(reference_to(copied(book, wanted, author, with_expired=with_expired)))
                continue
        found.append(reference)
    return found


def items_of(given: object) -> list[Document]:
    """The exception items of a request. Raises RequestError (400)."""
    if not isinstance(given, list) or not given or not all(isinstance(item, dict) for item in given):
        raise RequestError(400, "`items` is a list of exception items")
    return given


def add_items(book: ExceptionBook, list_id: str, items: Sequence[Document], author: Author) -> list[Document]:
    """Items put into a list, all or none. Raises RequestError, AlertStoreError."""
    made: list[Document] = []
    try:
        for item in items:
            made.append(book.create(Kind.ITEM, {**item, "list_id": list_id}, author))
    except RequestError:
        for document in made:
            book.delete(Wanted(Kind.ITEM, str(document["id"]), None, str(document["namespace_type"])))
        raise
    return made

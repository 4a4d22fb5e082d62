"""The exceptions that name a value list: without it they silence nothing (detection-engine.md 4.5)."""

from collections.abc import Iterator

from besra.service.answering import RequestError
from besra.service.exception_book import Document, ExceptionBook, Wanted
from besra.storage.exception_store import Kind
from besra.storage.workflow import Author

TOLD = 5
"""So many are named."""


def refuse_referenced(exceptions: ExceptionBook, list_id: str) -> None:
    """Raises RequestError (409) if exceptions name a list."""
    names = [str(item["item_id"]) for item, _ in _naming(exceptions, list_id)]
    if names:
        more = f" and {len(names) - TOLD:,} more" if len(names) > TOLD else ""
        raise RequestError(
            409,
            f'exceptions name the list "{list_id}": {", ".join(names[:TOLD])}{more}. They would silence nothing; say'
            " deleteReferences=true to remove their entries too, or ignoreReferences=true to leave them",
        )


def drop_references(exceptions: ExceptionBook, list_id: str, author: Author) -> None:
    """Remove the entries that name a list, and items that have no other. Raises RequestError, AlertStoreError."""
    for item, left in [*_naming(exceptions, list_id)]:
        wanted = Wanted(Kind.ITEM, str(item["id"]), None, str(item["namespace_type"]))
        if left:
            exceptions.update(wanted, {**item, "entries": left}, author)
        else:
            exceptions.delete(wanted)


def _naming(exceptions: ExceptionBook, list_id: str) -> Iterator[tuple[Document, list[object]]]:
    """The items that name a list, each with its other entries."""
    for item in exceptions.all(Kind.ITEM):
        left = [entry for entry in item["entries"] if _list_of(entry) != list_id]
        if len(left) < len(item["entries"]):
            yield item, left


def _list_of(entry: object) -> object:
    named = entry.get("list") if isinstance(entry, dict) and entry.get("type") == "list" else None
    return named.get("id") if isinstance(named, dict) else None

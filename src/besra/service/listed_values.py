"""The values of the value lists of a service, one by one and page by page (detection-engine.md 8.3).

A value is in a list once: who puts in what is there gets what is there. Those of files are shown, and changed there.
"""

import base64
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from besra.engine.reference import holds
from besra.events.document import Fields
from besra.language.expr import Predicate
from besra.rules.listed_value import Parsed, UnusableValueError, canonical_text, parser_of
from besra.rules.value_list import ValueListType
from besra.schema.timestamp import format_timestamp
from besra.service.answering import RequestError
from besra.service.value_list_book import Document, ValueListBook, check_meta, named, written
from besra.service.value_list_query import holding
from besra.storage.columns import LONGEST_NAME, is_storable
from besra.storage.value_list_store import NewValue, StoredList, StoredValue, key_of
from besra.storage.workflow import Author

SHOWN = 100
"""Characters of a value that is no value which are said again."""


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page of values is wanted, and in which order."""

    page: int
    size: int
    offset: int
    sort: str | None = None
    descending: bool = False


class ListedValues:
    """The values of the lists of a book, in a space. Methods raise RequestError and AlertStoreError."""

    def __init__(self, book: ValueListBook, space: str) -> None:
        self._book = book
        self._space = space

    # --- asking -------------------------------------------------------------------------------------------------------

    def with_id(self, id_: str) -> Document:
        """The value with an id (404)."""
        return _told(*self._by_id(id_))

    def with_text(self, list_id: str, text: str) -> list[Document]:
        """The value of a list with a text, as a list of one (404)."""
        if list_id in self._book.files.paths:
            found = [told for told in self._of_file(list_id) if told["value"] == text]
            if not found:
                raise self._missing(list_id, text)
            return found[:1]
        return [_told(*self._by_text(list_id, text))]

    def page(self, list_id: str, asked: Paging, condition: Predicate | None = None) -> tuple[int, list[Document]]:
        """How many values a list has, and some of them (404).

        With a condition it is those that satisfy it: every value is looked at, of a million for some seconds.
        """
        if list_id in self._book.files.paths:
            return self._page_of_file(list_id, asked, condition)
        one = self._book.find(self._space, list_id)
        store = self._book.store
        if condition is not None:
            found = [text for some in store.texts(one.number) for text, _ in some if _holds(condition, text)]
            texts = _in_order(found, asked, str)
            values = (store.by_text(one.number, text) for text in texts)
            return len(found), [_told(one, value) for value in values if value]
        page = store.page(one.number, asked.offset, asked.size, asked.sort, descending=asked.descending)
        return store.count(one.number), [_told(one, value) for value in page]

    def texts(self, list_id: str) -> Iterator[str]:
        """All values of a list, in the order of their making (404)."""
        if list_id in self._book.files.paths:
            return self._book.files.texts(list_id)
        one = self._book.find(self._space, list_id)
        return (text for some in self._book.store.texts(one.number) for text, _ in some)

    def _page_of_file(self, list_id: str, asked: Paging, condition: Predicate | None) -> tuple[int, list[Document]]:
        found = holding(self._of_file(list_id), condition)
        return len(found), _in_order(found, asked, lambda told: str(told["value"]))

    def _of_file(self, list_id: str) -> Iterator[Document]:
        document = self._book.files.document(list_id)
        of_list = {name: document[name] for name in ("type", "created_at", "updated_at", "besra") if name in document}
        for text in self._book.files.texts(list_id):
            yield {"id": str(UUID(bytes=key_of(0, f"{list_id}:{text}"))), "list_id": list_id, "value": text, **of_list}

    def _by_id(self, id_: str) -> tuple[StoredList, StoredValue]:
        found = self._book.store.by_id(id_)
        one = found and self._book.numbered(self._space, found.list)
        if not found or not one:
            raise RequestError(404, f'list item id: "{id_[:LONGEST_NAME]}" not found')
        return one, found

    def _by_text(self, list_id: str, text: str) -> tuple[StoredList, StoredValue]:
        one = self._book.find(self._space, list_id)
        found = self._book.store.by_text(one.number, text)
        if found is None:
            raise self._missing(list_id, text)
        return one, found

    def _missing(self, list_id: str, text: str) -> RequestError:
        return RequestError(404, f'the list "{list_id}" has no value {text[:SHOWN]!r}')

    # --- changing -----------------------------------------------------------------------------------------------------

    def add(self, given: Document, author: Author) -> Document:
        """Put a value into a list; one that is there is answered as it is. 400, 404; 409 for an id that is taken."""
        one = self._book.find(self._space, named(given, "list_id"))
        parsed, new = new_value(one, named(given, "value"))
        id_, meta = given.get("id"), given.get("meta")
        check_meta(meta)
        if id_ is not None:
            if not is_storable(id_) or not 0 < len(id_) <= LONGEST_NAME:
                raise RequestError(400, f"`id` is a text of 1 to {LONGEST_NAME} characters")
            other = self._book.store.by_id(id_)
            if other is not None and (other.list, other.text) != (one.number, new.text):
                raise RequestError(409, f'list item id: "{id_}" already exists')
        wanted = NewValue(new.text, new.range, id_, meta)
        written(lambda: self._book.store.add(one.number, [wanted], author))
        self._book.note(one, [parsed])
        return _told(*self._by_text(one.id, new.text))

    def change(self, given: Document, author: Author, *, is_part: bool = False) -> Document:
        """Put another value in the place of one, which keeps its id. 400, 404, 409."""
        one, old = self._by_id(named(given, "id"))
        if given.get("_version") not in (None, str(old.revision)):
            raise RequestError(409, f"the value was changed meanwhile: its _version is {old.revision}")
        if given.get("list_id") not in (None, one.id):
            raise RequestError(400, "a value stays in its list")
        text = old.text if is_part and given.get("value") is None else named(given, "value")
        meta = given.get("meta") if "meta" in given or not is_part else old.meta
        check_meta(meta)
        parsed, new = new_value(one, text)
        wanted = NewValue(new.text, new.range, None, meta)
        changed = written(lambda: self._book.store.change(old, wanted, author))
        if changed.text != old.text:
            self._book.note(one, [new_value(one, old.text)[0]], is_there=False)
            self._book.note(one, [parsed])
        return _told(one, changed)

    def remove(self, id_: str) -> Document:
        """Take out the value with an id (404)."""
        one, old = self._by_id(id_)
        return self._removed(one, old)

    def remove_text(self, list_id: str, text: str) -> list[Document]:
        """Take out the value of a list with a text, answered as a list of one (404)."""
        return [self._removed(*self._by_text(list_id, text))]

    def _removed(self, one: StoredList, old: StoredValue) -> Document:
        self._book.store.remove_value(old)
        self._book.note(one, [new_value(one, old.text)[0]], is_there=False)
        return _told(one, old)


def new_value(one: StoredList, text: str) -> tuple[Parsed, NewValue]:
    """A value for a list: what it is compared as, and as it is kept. Raises RequestError (400)."""
    text = text.strip()
    if not text or not is_storable(text):
        raise RequestError(400, "a value is a text that is not empty, without NUL characters")
    try:
        parsed = parser_of(ValueListType(one.type))(text)
    except UnusableValueError as error:
        raise RequestError(400, f"{text[:SHOWN]!r} {error.reason}; {error.hint}") from error
    return parsed, NewValue(canonical_text(text, parsed), parsed if isinstance(parsed, tuple) else None)


def _holds(condition: Predicate, text: str) -> bool:
    return holds(condition, Fields({"value": text}))


def _in_order(found: Sequence[Any], asked: Paging, text_of: Callable[[Any], str]) -> list[Any]:
    """A page of values, which are known by their texts only."""
    if asked.sort not in (None, "value"):
        raise RequestError(400, "these are sorted by `value`, or in their order")
    ordered = sorted(found, key=text_of) if asked.sort else found
    return [*(ordered[::-1] if asked.descending else ordered)[asked.offset : asked.offset + asked.size]]


# --- requests and answers ---------------------------------------------------------------------------------------------

PAGE, LARGEST_PAGE = 20, 10_000


def paging_of(given: Mapping[str, str], known: Collection[str]) -> Paging:
    """The page a request asks for: by number, or by the cursor of the page before; `known` is what may be sorted by.

    Raises RequestError (400).
    """
    page, size = _number(given, "page", 1), _number(given, "per_page", PAGE)
    if not 1 <= size <= LARGEST_PAGE or page < 1:
        raise RequestError(400, f"`page` is 1 or more, `per_page` 1 to {LARGEST_PAGE:,}")
    sort, order = given.get("sort_field") or None, given.get("sort_order", "asc")
    if sort is not None and sort not in known:
        raise RequestError(400, f"nothing is sorted by {sort!r}; use one of {', '.join(known)}")
    if order not in ("asc", "desc"):
        raise RequestError(400, "`sort_order` is asc or desc")
    cursor = given.get("cursor")
    return Paging(page, size, _offset(cursor) if cursor else (page - 1) * size, sort, order == "desc")


def cursor_of(offset: int) -> str:
    """What says to go on behind so many values."""
    return base64.urlsafe_b64encode(str(offset).encode()).decode()


def _offset(cursor: str) -> int:
    try:
        told = base64.urlsafe_b64decode(cursor.encode()).decode()
    except ValueError:
        told = ""
    if not told.isascii() or not told.isdigit() or len(told) > 12:
        raise RequestError(400, "`cursor` is that of an earlier page")
    return int(told)


def _number(given: Mapping[str, str], name: str, default: int) -> int:
    value = given.get(name, str(default))
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise RequestError(400, f"`{name}` is a number")
    return int(value)


def _told(one: StoredList, value: StoredValue) -> Document:
    return {
        "id": value.id,
        "type": one.type,
        "list_id": one.id,
        "value": value.text,
        **({} if value.meta is None else {"meta": value.meta}),
        "_version": str(value.revision),
        "tie_breaker_id": value.id,
        "@timestamp": format_timestamp(value.created),
        "created_at": format_timestamp(value.created),
        "created_by": value.created_by,
        "updated_at": format_timestamp(value.updated),
        "updated_by": value.updated_by,
    }

"""Value lists made over the API, beside those of files (detection-engine.md 4.4, 8.3).

What is said of lists is in memory; their values are in the store, and of the lists that exceptions name in memory too.
Whoever loads rules asks for these (`found`), and `changed` is set when there are others for some exception. Where a
file has a list of the same id, the file counts.
"""

import threading
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import orjson

from besra.errors import InputError
from besra.rules.exception_filter import ListName
from besra.rules.listed_value import Parsed, parser_of
from besra.rules.value_import import value_list_type
from besra.rules.value_list import ValueList, ValueListType
from besra.schema.timestamp import format_timestamp
from besra.service.answering import RequestError
from besra.service.known_values import KnownValues, Range
from besra.service.value_list_files import ValueListFiles
from besra.storage.columns import LONGEST_NAME, is_storable
from besra.storage.database import AlertStoreError
from besra.storage.value_list_store import StoredList, ValueListStore
from besra.storage.workflow import Author

Document = Mapping[str, Any]
Written = TypeVar("Written")
Key = tuple[str, str]
"""The space of a list and its id."""

OWN = ("name", "description", "meta", "version")
PLAIN = {"serializer": ("(?<value>.+)",), "deserializer": ("{{value}}", "{{{value}}}")}
"""What these are in Kibana unless somebody says otherwise: the whole line."""


class ValueListBook:
    """The value lists of a service. Any thread may use it."""

    def __init__(self, changed: threading.Event | None = None, files: Collection[tuple[str, str]] = ()) -> None:
        self.changed = changed or threading.Event()
        self.files = ValueListFiles.of(files)
        self._lock = threading.RLock()
        self._store: ValueListStore | None = None
        self._lists: dict[Key, StoredList] = {}
        self._known: dict[Key, KnownValues] = {}
        self._wanted: dict[str, frozenset[ListName]] = {}

    def open(self, store: ValueListStore) -> None:
        """Read the lists of a store. Raises AlertStoreError."""
        store.tidy()
        with self._lock:
            self._store = store
            self._lists = {(one.space, one.id): one for one in store.all()}

    @property
    def store(self) -> ValueListStore:
        """The store behind it."""
        if self._store is None:
            raise RuntimeError("no store of value lists is open")
        return self._store

    # --- for rules ----------------------------------------------------------------------------------------------------

    def found(self, wanted: Collection[ListName], space: str, *, is_whole: bool = True) -> dict[ListName, ValueList]:
        """Those of a space that exceptions name, all exceptions or with `is_whole` false some.

        Raises AlertStoreError.
        """
        with self._lock:
            if is_whole:
                self.files.note(wanted, space)
                self._wanted[space] = frozenset(wanted)
            there = [one for key, one in self._lists.items() if key[0] == space and (one.id, one.type) in wanted]
            keys = {(one.space, one.id) for one in there}
            if is_whole:
                self._known = {key: known for key, known in self._known.items() if key[0] != space or key in keys}
            for one in there:
                self._known.setdefault((one.space, one.id), KnownValues(one.id, ValueListType(one.type)))
            known = [(one, self._known[one.space, one.id]) for one in there]
        return {(one.id, one.type): values.current(StoredValues(self.store, one)) for one, values in known}

    def note(self, one: StoredList, values: Sequence[Parsed] = (), *, is_there: bool = True) -> None:
        """Note that values have been put into a list, or taken out, or that there is the list now, or no longer."""
        with self._lock:
            if known := self._known.get((one.space, one.id)):
                known.note(values, is_there=is_there)
            if (one.id, one.type) in self._wanted.get(one.space, ()):
                self.changed.set()

    # --- asking -------------------------------------------------------------------------------------------------------

    def get(self, space: str, id_: str) -> StoredList | None:
        """The list of the API with an id."""
        with self._lock:
            return self._lists.get((space, id_))

    def numbered(self, space: str, number: int) -> StoredList | None:
        """The list of the API with a number, if it is of a space."""
        with self._lock:
            return next((one for one in self._lists.values() if (one.space, one.number) == (space, number)), None)

    def find(self, space: str, id_: str) -> StoredList:
        """The list of the API with an id. Raises RequestError: 404, and 403 for one of a file."""
        found = self.get(space, id_)
        if id_ in self.files.paths:
            raise self.files.refusal(id_)
        if found is None:
            raise RequestError(404, f'list id: "{id_[:LONGEST_NAME]}" does not exist')
        return found

    def document(self, space: str, id_: str) -> Document:
        """A list as it is told, of a file too. Raises RequestError (404)."""
        return self.files.document(id_) if id_ in self.files.paths else self.told(self.find(space, id_))

    def documents(self, space: str) -> list[Document]:
        """All lists of a space as they are told: those of files, then those of the API in the order of their making."""
        return [*self.files.documents(), *map(self.told, self.own(space))]

    def own(self, space: str) -> list[StoredList]:
        """The lists of the API of a space."""
        with self._lock:
            return [one for one in self._lists.values() if one.space == space]

    def told(self, one: StoredList) -> Document:
        """A list of the API as it is told."""
        path = self.files.paths.get(one.id)
        return {
            "id": one.id,
            "type": one.type,
            **one.document,
            "immutable": False,
            "_version": str(one.revision),
            "@timestamp": format_timestamp(one.created),
            "created_at": format_timestamp(one.created),
            "created_by": one.created_by,
            "updated_at": format_timestamp(one.updated),
            "updated_by": one.updated_by,
            "besra": {"source": "api", **({"replaced_by": path} if path else {})},
        }

    # --- changing -----------------------------------------------------------------------------------------------------

    def create(self, space: str, given: Document, author: Author) -> StoredList:
        """Make a list. Raises RequestError (400; 409 if its id is taken) and AlertStoreError."""
        id_, kind = given.get("id") or str(uuid.uuid4()), list_type_of(given.get("type"))
        if not is_storable(id_) or len(id_) > LONGEST_NAME:
            raise RequestError(400, f"`id` is a text of 1 to {LONGEST_NAME} characters")
        document = {"tie_breaker_id": str(uuid.uuid4()), **_said(given, {"version": 1})}
        by = (author.at, author.name)
        with self._lock:
            if id_ in self.files.paths:
                raise RequestError(409, f'list id: "{id_}" already exists, in the file {self.files.paths[id_]}')
            if (space, id_) in self._lists:
                raise RequestError(409, f'list id: "{id_}" already exists')
            new = written(lambda: self.store.create(StoredList(0, space, id_, kind, 1, *by, *by, document)))
            self._lists[space, id_] = new
        self.note(new)
        return new

    def update(self, space: str, given: Document, author: Author, *, is_part: bool = False) -> StoredList:
        """Have a list say something else, or with `is_part` some of it.

        Raises RequestError (409 if `_version` is not that it has) and AlertStoreError.
        """
        with self._lock:
            old = self.find(space, named(given, "id"))
            if given.get("_version") not in (None, str(old.revision)):
                raise RequestError(409, f'the list "{old.id}" was changed meanwhile: its _version is {old.revision}')
            if given.get("type") not in (None, old.type):
                raise RequestError(400, "the type of a list stays what it is; make another list")
            was = {**(old.document if is_part else {}), "version": old.document["version"] + 1}
            document = {"tie_breaker_id": old.document["tie_breaker_id"], **_said(given, was)}
            new = replace(old, revision=old.revision + 1, updated=author.at, updated_by=author.name, document=document)
            written(lambda: self.store.write(new))
            self._lists[space, old.id] = new
        return new

    def delete(self, space: str, id_: str) -> StoredList:
        """Remove a list; its values go with `tidy`. Raises RequestError and AlertStoreError."""
        with self._lock:
            old = self.find(space, id_)
            self.store.remove(old.number)
            del self._lists[space, id_]
            self._known.pop((space, id_), None)
        self.note(old)
        return old

    def tidy(self) -> None:
        """Remove the values of lists that are gone, which takes its time. Raises AlertStoreError."""
        self.store.tidy()


@dataclass(frozen=True, slots=True)
class StoredValues:
    """The values of a list in the store (`known_values.ValueSource`). Raises AlertStoreError."""

    store: ValueListStore
    list: StoredList

    def parsed(self) -> Sequence[Parsed]:
        """All of them."""
        parse = parser_of(ValueListType(self.list.type))
        return [stretch or parse(text) for some in self.store.texts(self.list.number) for text, stretch in some]

    def ranges(self, first: int, last: int) -> Sequence[Range]:
        """The ranges that begin between two addresses."""
        return self.store.ranges(self.list.number, first, last)


# --- what is given ----------------------------------------------------------------------------------------------------


def list_type_of(given: object) -> ValueListType:
    """The type of a list. Raises RequestError (400)."""
    try:
        return value_list_type(given if isinstance(given, str) else "")
    except InputError as error:
        raise RequestError(400, f"{error.problem.message}; {error.problem.hint}") from error


def named(given: Document, name: str) -> str:
    """A text that has to be given. Raises RequestError (400)."""
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise RequestError(400, f"`{name}` is a text, and has to be given")
    return value


def _said(given: Document, was: Document) -> dict[str, Any]:
    """What an author says of a list. Raises RequestError (400)."""
    for name, plain in PLAIN.items():
        if given.get(name) not in (None, "", *plain):
            raise RequestError(400, f"`{name}` is not supported: a line of a file is a value as it is")
    said = {**was, **{name: given[name] for name in OWN if given.get(name) is not None}}
    for name in ("name", "description"):
        named(said, name)
    if not isinstance(said["version"], int) or not 0 < said["version"] < 1 << 53:
        raise RequestError(400, "`version` is a number from 1")
    check_meta(said.get("meta"))
    return {name: said[name] for name in OWN if name in said}


def check_meta(meta: object) -> None:
    """Raises RequestError (400) for what is no object that can be kept."""
    if meta is None:
        return
    try:
        is_fine = isinstance(meta, dict) and bool(orjson.dumps(meta))
    except TypeError:
        is_fine = False
    if not is_fine:
        raise RequestError(400, "`meta` is an object, and not nested too deeply")


def written(write: Callable[[], Written]) -> Written:
    """What writing gives. Raises RequestError (409) where somebody else was faster, and AlertStoreError."""
    try:
        return write()
    except AlertStoreError as error:
        if error.problem.code == "value-list-conflict":
            raise RequestError(409, error.problem.message) from error
        raise

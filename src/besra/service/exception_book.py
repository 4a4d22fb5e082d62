"""Exceptions made over the API, beside those of files (detection-engine.md 4, 8.3).

Whoever loads rules passes them through `merged`, which puts the exceptions beside those their files hold: they silence
the rules that name their lists, and no others. Where a file has a list or item of the same id, the file counts.
"""

import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from besra.problems import Severity
from besra.rules.exception_list import Namespace
from besra.rules.loaded import RuleSet
from besra.rules.space import DEFAULT
from besra.schema.timestamp import format_timestamp
from besra.service.answering import RequestError
from besra.storage.columns import LONGEST_NAME, is_storable
from besra.storage.exception_store import EVERYWHERE, ExceptionKey, ExceptionStore, Kind
from besra.storage.workflow import Author

Document = Mapping[str, Any]

IDS = {Kind.LIST: "list_id", Kind.ITEM: "item_id"}
SERVER = (
    "id",
    "_version",
    "tie_breaker_id",
    "immutable",
    "version",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
)
"""What the service says of a document, whatever it is given."""
NAMESPACES = ("single", "agnostic")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which document is meant: by the id of its object, or by its own id in a namespace."""

    kind: Kind
    id: str | None
    name: str | None
    namespace: str = "single"

    def __str__(self) -> str:
        return f"exception {self.kind} {self.id or self.name!r}"


@dataclass
class _Shelf:
    """The exceptions of all spaces, which share the agnostic ones."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    store: ExceptionStore | None = None
    documents: dict[ExceptionKey, Document] = field(default_factory=dict)


class ExceptionBook:
    """The exceptions of the API that are known in a space: its own, and the agnostic ones.

    Any thread may use it. `changed` is set when there are others.
    """

    def __init__(
        self, changed: threading.Event | None = None, space: str = DEFAULT, beside: "ExceptionBook | None" = None
    ) -> None:
        self.changed = changed or threading.Event()
        self._space = space
        self._shelf: _Shelf = beside._shelf if beside else _Shelf()
        self._is_closed = False

    def in_space(self, space: str) -> "ExceptionBook":
        """The exceptions known in another space of the same service."""
        return ExceptionBook(self.changed, space, self)

    def open(self, store: ExceptionStore) -> None:
        """Read those of a store, for all spaces. Raises AlertStoreError."""
        with self.lock:
            self._shelf.store = store
            self._shelf.documents = dict(store.all())

    def close(self) -> None:
        """The space is removed: nothing is stored any more."""
        self._is_closed = True

    @property
    def lock(self) -> threading.RLock:
        """Held by whoever reads exceptions to change and write them."""
        return self._shelf.lock

    @property
    def _all(self) -> dict[ExceptionKey, Document]:
        return self._shelf.documents

    def _is_known(self, key: ExceptionKey) -> bool:
        return key.space in (self._space, EVERYWHERE)

    def key(self, kind: Kind, namespace: str, name: str) -> ExceptionKey:
        """What a document of this space is known by."""
        return ExceptionKey(kind, namespace, name, EVERYWHERE if namespace == Namespace.AGNOSTIC else self._space)

    def merged(self, rules: RuleSet) -> RuleSet:
        """The rules with these exceptions beside those of their files."""
        with self.lock:
            documents = tuple(document for key, document in self._all.items() if self._is_known(key))
        if not documents:
            return rules
        # Parsers take a tenth of a second to import, which rules without exceptions do without.
        from besra.rules.exception_build import exceptions_of  # noqa: PLC0415

        return replace(rules, exceptions=rules.exceptions.merged(exceptions_of(documents)))

    # --- asking -------------------------------------------------------------------------------------------------------

    def find(self, wanted: Wanted) -> Document:
        """One of them. Raises RequestError."""
        with self.lock:
            return self._all[self._key(wanted)]

    def has(self, wanted: Wanted) -> bool:
        """Whether there is one of that name."""
        with self.lock:
            return self.key(wanted.kind, wanted.namespace, wanted.name or "") in self._all

    def all(self, kind: Kind, namespaces: Sequence[str] = NAMESPACES, list_id: str | None = None) -> list[Document]:
        """The lists, or the items, perhaps those of one list; in the order of their making."""
        with self.lock:
            return [
                document
                for key, document in self._all.items()
                if self._is_known(key)
                and key.kind is kind
                and key.namespace in namespaces
                and list_id in (None, document["list_id"])
            ]

    def _key(self, wanted: Wanted) -> ExceptionKey:
        if wanted.id is not None:
            for key, document in self._all.items():
                if self._is_known(key) and key.kind is wanted.kind and document["id"] == wanted.id:
                    return key
        elif wanted.name is not None:
            key = self.key(wanted.kind, wanted.namespace, wanted.name)
            if key in self._all:
                return key
        else:
            raise RequestError(400, f"which {wanted.kind}: give `id` or `{IDS[wanted.kind]}`")
        raise RequestError(404, f"there is no {wanted}")

    # --- changing -----------------------------------------------------------------------------------------------------

    def create(self, kind: Kind, given: Document, author: Author) -> Document:
        """Make one. Raises RequestError, also where there is one of its id, and AlertStoreError."""
        own = _own(given)
        own.setdefault(IDS[kind], str(uuid.uuid4()))
        document = _told(kind, own, None, author)
        key = self.key(kind, document["namespace_type"], document[IDS[kind]])
        with self.lock:
            if key in self._all:
                raise RequestError(409, f"there is an exception {kind} {key.name!r} already")
            self._check_list(kind, document)
            self._open.write({key: document}, {})
            self._all[key] = document
        self.changed.set()
        return document

    def update(self, wanted: Wanted, given: Document, author: Author) -> Document:
        """Give one another content. Raises RequestError, also if `_version` is not that it has, and AlertStoreError."""
        with self.lock:
            key = self._key(wanted)
            old = self._all[key]
            if given.get("_version") not in (None, old["_version"]):
                raise RequestError(409, f"{wanted} was changed meanwhile: its _version is {old['_version']}")
            own = _own(given)
            kept = {"list_id": old["list_id"], IDS[key.kind]: key.name, "namespace_type": key.namespace}
            if moved := [name for name, value in kept.items() if own.get(name, value) != value]:
                raise RequestError(400, f"`{moved[0]}` of an exception {key.kind} stays what it is")
            document = _told(key.kind, {**own, **kept, "type": own.get("type", old["type"])}, old, author)
            self._open.write({}, {key: document})
            self._all[key] = document
        self.changed.set()
        return document

    def delete(self, wanted: Wanted) -> Document:
        """Remove one, a list with its items. Raises RequestError and AlertStoreError."""
        with self.lock:
            key = self._key(wanted)
            gone = [key]
            if key.kind is Kind.LIST:
                gone += [
                    other
                    for other, document in self._all.items()
                    if other.kind is Kind.ITEM
                    and other.space == key.space
                    and (other.namespace, document["list_id"]) == (key.namespace, key.name)
                ]
            self._open.write({}, {}, gone)
            document = self._all[key]
            for one in gone:
                del self._all[one]
        self.changed.set()
        return document

    def _check_list(self, kind: Kind, document: Document) -> None:
        wanted = self.key(Kind.LIST, document["namespace_type"], document["list_id"])
        if kind is Kind.ITEM and wanted not in self._all:
            raise RequestError(404, f"there is no exception list {wanted.name!r}; make it before its items")

    @property
    def _open(self) -> ExceptionStore:
        if self._is_closed:
            raise RequestError(404, f"there is no space {self._space!r}")
        if self._shelf.store is None:
            raise RuntimeError("no store of exceptions is open")
        return self._shelf.store


def _own(given: Document) -> dict[str, Any]:
    """What is given of a document; what is null is as good as left out."""
    return {name: value for name, value in given.items() if name not in SERVER and value is not None}


def says_same(kind: Kind, given: Document, known: Document) -> bool:
    """Whether a document that is there says all that is given, and nothing besides."""
    wanted = {**defaults(kind), **_own(given)}
    old = {name: value for name, value in known.items() if name not in SERVER}
    for document in (wanted, old):
        if isinstance(document.get("comments"), list):
            document["comments"] = [_said(comment) for comment in document["comments"]]
    return wanted == old


def _said(comment: Any) -> Any:
    return comment.get("comment") if isinstance(comment, dict) else comment


def defaults(kind: Kind) -> dict[str, Any]:
    """What a document says unless its author does."""
    usual: dict[str, Any] = {"namespace_type": "single", "name": "", "description": "", "tags": [], "os_types": []}
    return usual | ({"type": "detection"} if kind is Kind.LIST else {"type": "simple", "comments": []})


def _told(kind: Kind, own: dict[str, Any], old: Document | None, author: Author) -> Document:
    """A document with what the service says of it. Raises RequestError if it is none."""
    by, at = author.name, format_timestamp(author.at)
    own = {**defaults(kind), **own}
    if kind is Kind.ITEM and isinstance(own["comments"], list):
        own["comments"] = [_comment(comment, author) for comment in own["comments"]]
    _check(kind, own)
    number = 1 if old is None else old["version"] + 1
    return {
        "id": str(uuid.uuid4()) if old is None else old["id"],
        **own,
        "_version": str(number),
        "version": number,
        "immutable": False,
        "tie_breaker_id": str(uuid.uuid4()) if old is None else old["tie_breaker_id"],
        "created_at": at if old is None else old["created_at"],
        "created_by": by if old is None else old["created_by"],
        "updated_at": at,
        "updated_by": by,
    }


def _comment(comment: Any, author: Author) -> Any:
    if not isinstance(comment, dict):
        return comment
    said = {"id": str(uuid.uuid4()), "created_at": format_timestamp(author.at), "created_by": author.name}
    return {**said, **comment}


def _check(kind: Kind, document: Document) -> None:
    from besra.rules.exception_build import exceptions_of  # noqa: PLC0415  as above

    is_item = "entries" in document
    if is_item is not (kind is Kind.ITEM):
        raise RequestError(400, "an item has `entries`" if kind is Kind.ITEM else "a list has no `entries`: items have")
    for name in dict.fromkeys((IDS[kind], "list_id")):
        value = document.get(name)
        if not is_storable(value) or not 0 < len(str(value)) <= LONGEST_NAME:
            raise RequestError(400, f"`{name}` is a text of 1 to {LONGEST_NAME} characters")
    try:
        orjson.dumps(document)
    except TypeError as error:
        raise RequestError(400, "it is nested too deeply") from error
    errors = [problem for problem in exceptions_of([document]).problems if problem.severity is Severity.ERROR]
    if errors:
        raise RequestError(400, "; ".join(problem.render() for problem in errors[:5]))

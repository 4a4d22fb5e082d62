"""The spaces of a service, each with rules and exceptions of its own (detection-engine.md 8.4, 9).

There is always `default`. Others are made over the API, or because a setting has rules in them. Whatever a request
reads or changes it gets from here by the space it is in, so there is no way from one space into another.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from besra.rules.space import DEFAULT
from besra.service.answering import RequestError
from besra.service.exception_book import ExceptionBook
from besra.service.rule_book import RuleBook
from besra.service.space_document import checked, named
from besra.service.value_list_book import ValueListBook
from besra.storage.alert_store import AlertStore
from besra.storage.space_alerts import SpaceAlerts

OF_DEFAULT: Mapping[str, Any] = MappingProxyType(
    {"name": "Default", "description": "What is in no other space", "disabledFeatures": [], "_reserved": True}
)
MOST = 1000
"""Spaces there may be, as in Kibana."""

Holder = Callable[[str], str]
"""Says what there is of something in a space, such as `3 connectors`; nothing if there is none."""


@dataclass
class _Space:
    document: dict[str, Any]
    rules: RuleBook
    exceptions: ExceptionBook


@dataclass
class Spaces:
    """The spaces there are. Any thread may use it. `changed` is set when rules or exceptions have changed in one.

    `named` are those that settings name: they are there, and stay.
    """

    named: Iterable[str] = ()
    changed: threading.Event = field(default_factory=threading.Event)
    lists: ValueListBook = field(default_factory=ValueListBook)
    """The value lists of all spaces, asked for by space."""
    holders: list[Holder] = field(default_factory=list)
    """What keeps a space from being removed, beside what is in the alert store."""

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._alerts: AlertStore | None = None
        self._exceptions = ExceptionBook(self.changed)
        self.named = frozenset(self.named)
        self._spaces = {id_: self._space(id_, {}) for id_ in (DEFAULT, *sorted(self.named - {DEFAULT}))}

    def open(self, alerts: AlertStore) -> None:
        """Read what a store has of them. Raises AlertStoreError."""
        with self._lock:
            self._alerts = alerts
            self._exceptions.open(alerts.exceptions)
            self.lists.open(alerts.value_lists)
            stored = alerts.spaces.all()
            for id_, document in stored.items():
                known = self._spaces.setdefault(id_, self._space(id_, document))
                known.document = _document(id_, document)
            for id_ in self._spaces.keys() - stored.keys() - {DEFAULT}:
                # It outlives the setting, for what is made in it does.
                alerts.spaces.write(id_, {"name": id_, "disabledFeatures": []})
            for id_, space in self._spaces.items():
                space.rules.open(alerts.rules(id_))

    def _space(self, id_: str, document: Mapping[str, Any]) -> _Space:
        exceptions = self._exceptions if id_ == DEFAULT else self._exceptions.in_space(id_)
        return _Space(_document(id_, document), RuleBook(self.changed, id_), exceptions)

    # --- asking -------------------------------------------------------------------------------------------------------

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all, that of the default one first, the others in their order."""
        with self._lock:
            return (DEFAULT, *sorted(self._spaces.keys() - {DEFAULT}))

    def has(self, id_: str) -> bool:
        """Whether there is such a space."""
        return id_ in self._spaces

    def find(self, id_: str) -> Mapping[str, Any]:
        """What is said of a space. Raises RequestError (404)."""
        return self._known(id_).document

    def rules(self, id_: str) -> RuleBook:
        """The rules of a space. Raises RequestError (404)."""
        return self._known(id_).rules

    def exceptions(self, id_: str) -> ExceptionBook:
        """The exceptions known in a space. Raises RequestError (404)."""
        return self._known(id_).exceptions

    def alerts(self, id_: str) -> SpaceAlerts:
        """The alerts of a space, with its runs and gaps. Raises RequestError (404)."""
        self._known(id_)
        return SpaceAlerts(self.store, id_)

    def _known(self, id_: str) -> _Space:
        space = self._spaces.get(id_)
        if space is None:
            raise RequestError(404, f"there is no space {id_[:100]!r}")
        return space

    @property
    def store(self) -> AlertStore:
        """The store of all alerts, for whoever says itself of which spaces."""
        if self._alerts is None:
            raise RuntimeError("no store is open")
        return self._alerts

    # --- changing -----------------------------------------------------------------------------------------------------

    def create(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make a space. Raises RequestError, also where there is one of that id, and AlertStoreError."""
        id_, document = named(given), checked(given)
        with self._lock:
            if id_ in self._spaces:
                raise RequestError(409, f"there is a space {id_!r} already; choose another id")
            if len(self._spaces) >= MOST:
                raise RequestError(400, f"there are {MOST:,} spaces already, which is the most")
            self.store.spaces.make(id_, document)
            for one in self.lists.own(id_):  # that somebody made while the space was removed
                self.lists.delete(id_, one.id)
            space = self._space(id_, document)
            space.rules.open(self.store.rules(id_))
            self._spaces[id_] = space
            return space.document

    def update(self, id_: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Say something else of a space. Raises RequestError and AlertStoreError."""
        if given.get("id", id_) != id_:
            raise RequestError(400, "the `id` of a space stays what it is")
        document = checked(given)
        with self._lock:
            space = self._known(id_)
            self.store.spaces.write(id_, document)
            space.document = _document(id_, document)
            return space.document

    def remove(self, id_: str) -> None:
        """Remove a space in which nothing is that somebody still needs, with what is over there.

        Raises RequestError and AlertStoreError.
        """
        with self._lock:
            space = self._known(id_)
            if id_ == DEFAULT:
                raise RequestError(400, "the space `default` is always there")
            if id_ in self.named:
                raise RequestError(409, f"the settings of the service name the space {id_!r}: change them first")
            with space.rules.lock, space.exceptions.lock:
                lists = self.lists.own(id_)
                held_lists = [f"{len(lists):,} value lists"] if lists else []
                self._refuse([*held_lists, *(told for holder in self.holders if (told := holder(id_)))], id_)
                held = self.store.spaces.remove(id_)
                numbers = {"rules": held.rules, "exceptions": held.exceptions, "alerts not closed": held.alerts}
                self._refuse([f"{number:,} {what}" for what, number in numbers.items() if number], id_)
                space.rules.close()
                space.exceptions.close()
                del self._spaces[id_]

    def _refuse(self, held: list[str], id_: str) -> None:
        if held:
            message = f"the space {id_!r} has {', '.join(held)}: delete or close them, and it can be removed"
            raise RequestError(409, message)


def _document(id_: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of a space, with its id; of one nobody has said anything of, its id is the name."""
    usual = OF_DEFAULT if id_ == DEFAULT else {"name": id_, "disabledFeatures": []}
    return {"id": id_, **usual, **document}

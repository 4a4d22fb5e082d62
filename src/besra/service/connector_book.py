"""The connectors of a service: those of its file, and those made over the API, whose secrets are sealed.

Answers are made of `as_json`, in which no secret is.
"""

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from besra.errors import InputError
from besra.notify.connector import EVERY_SPACE, Connector
from besra.notify.connector_types import COMMON, checked, secrets_lacking
from besra.notify.connectors_file import ID
from besra.notify.sealing import Sealing
from besra.service.answering import RequestError
from besra.storage.connector_store import ConnectorStore, StoredConnector
from besra.storage.workflow import Author


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the connectors of an import: those that were taken, and by id why others were not."""

    taken: tuple[Connector, ...]
    wrong: Mapping[str, str]


class ConnectorBook:
    """The connectors there are. Any thread may ask, and never waits for the store."""

    def __init__(self, of_file: Iterable[Connector], store: ConnectorStore, sealing: Sealing) -> None:
        self._of_file = {(one.space, one.id): one for one in of_file}
        self._store = store
        self._sealing = sealing
        self._lock = threading.RLock()
        self._made = {(one.space, one.id): (one, self._opened(one)) for one in store.all()}

    # --- asking -------------------------------------------------------------------------------------------------------

    def get(self, space: str, id_: str) -> Connector | None:
        """A connector that a space has: that of the file, where there are two."""
        with self._lock:
            made = self._made.get((space, id_))
            return self._of_file.get((space, id_)) or self._of_file.get((EVERY_SPACE, id_)) or (made and made[1])

    def all(self, space: str) -> list[Connector]:
        """The connectors that a space has, those of the file first."""
        with self._lock:
            own = {one.id: one for one in self._of_file.values() if one.space in (space, EVERY_SPACE)}
            made = {one.id: one for _, one in self._made.values() if one.space == space and one.id not in own}
            return [*own.values(), *sorted(made.values(), key=lambda one: (one.name, one.id))]

    def held(self, space: str) -> str:
        """What was made in a space, as `spaces.Holder`."""
        with self._lock:
            number = sum(one.space == space for one, _ in self._made.values())
        return f"{number:,} connectors" if number else ""

    def named(self, space: str, id_: str) -> Connector:
        """A connector that a space has. Raises RequestError (404)."""
        if (found := self.get(space, id_)) is None:
            raise RequestError(404, f"Saved object [action/{id_}] not found")
        return found

    # --- changing -----------------------------------------------------------------------------------------------------

    def add(self, space: str, id_: str | None, given: Mapping[str, Any], author: Author) -> Connector:
        """Make one. Raises RequestError (400, 409), AlertStoreError."""
        id_ = id_ or str(uuid4())
        if not ID.fullmatch(id_):
            raise RequestError(400, "the id of a connector is of letters, digits, `.`, `_` and `-`, up to 100")
        _check_members(given, ("connector_type_id", "name", "config", "secrets"))
        connector = _checked(
            Connector(
                id_,
                _text(given, "connector_type_id"),
                _text(given, "name"),
                space,
                _object(given, "config"),
                _secrets(given),
            )
        )
        if lacking := secrets_lacking(connector):
            raise RequestError(400, f"the connector lacks secrets: {', '.join(lacking)}")
        with self._lock:
            if self.get(space, id_) is not None or not self._store.add(stored := self._sealed(connector, author)):
                raise RequestError(409, f"there is a connector {id_} already")
            self._made[space, id_] = stored, connector
        return connector

    def change(self, space: str, id_: str, given: Mapping[str, Any], author: Author) -> Connector:
        """Give one another name, configuration and secrets. Raises RequestError (400, 404), AlertStoreError."""
        _check_members(given, ("name", "config", "secrets"))
        with self._lock:
            old = self._changeable(space, id_, "update")
            changed = replace(
                old,
                name=_text(given, "name"),
                config=_object(given, "config"),
                secrets=_secrets(given),
                lacks_secrets=False,
            )
            connector = _checked(changed)
            if lacking := secrets_lacking(connector):
                raise RequestError(400, f"the connector lacks secrets: {', '.join(lacking)}")
            stored = replace(self._sealed(connector, author), created=self._made[space, id_][0].created)
            self._store.replace(stored)
            self._made[space, id_] = stored, connector
        return connector

    def remove(self, space: str, id_: str) -> None:
        """Remove one. Raises RequestError (400, 404), AlertStoreError."""
        with self._lock:
            self._changeable(space, id_, "delete")
            self._store.remove(space, id_)
            del self._made[space, id_]

    def take(self, space: str, given: Sequence[Mapping[str, Any]], author: Author, *, overwrite: bool) -> Taken:
        """Take connectors of an export, which have no secrets, and say what became of them. Raises AlertStoreError.

        One that is there stays as it is, or is overwritten; its secrets are kept where they go where they went.
        """
        wrong: dict[str, str] = {}
        with self._lock:
            taken: dict[str, Connector] = {}
            for one in given:
                id_ = str(one.get("id"))
                attributes = one.get("attributes") if isinstance(one.get("attributes"), dict) else {}
                assert isinstance(attributes, dict)
                known = self.get(space, id_)
                if known is not None and (known.is_of_file or not overwrite):
                    continue
                try:
                    if not ID.fullmatch(id_):
                        raise RequestError(400, f"{id_!r} is no id of a connector")
                    type_, name = _text(attributes, "actionTypeId"), _text(attributes, "name")
                    made = Connector(id_, type_, name, space, _object(attributes, "config"))
                    if known is not None and _goes_where(known) == _goes_where(made):
                        made = replace(made, secrets=known.secrets)
                    made = _checked(made)
                except RequestError as error:
                    wrong[id_] = error.message
                    continue
                taken[id_] = replace(made, lacks_secrets=bool(secrets_lacking(made)))
            rows = {id_: self._sealed(one, author) for id_, one in taken.items()}
            self._store.put([*rows.values()])
            self._made |= {(space, id_): (rows[id_], one) for id_, one in taken.items()}
        return Taken(tuple(taken.values()), wrong)

    def _changeable(self, space: str, id_: str, what: str) -> Connector:
        found = self.named(space, id_)
        if found.is_of_file:
            raise RequestError(400, f"Preconfigured action {id_} is not allowed to {what}: it stands in the file")
        return found

    def _sealed(self, connector: Connector, author: Author) -> StoredConnector:
        try:
            sealed = self._sealing.sealed(connector.secrets) if connector.secrets else None
        except InputError as error:
            raise RequestError(503, str(error)) from error
        return StoredConnector(
            connector.space,
            connector.id,
            connector.type,
            connector.name,
            connector.config,
            sealed,
            author.at,
            author.at,
            author.name,
        )

    def _opened(self, stored: StoredConnector) -> Connector:
        secrets = {} if stored.secrets is None else self._sealing.opened(stored.secrets)
        found = Connector(stored.id, stored.type, stored.name, stored.space, stored.config, secrets or {})
        try:
            is_lacking = secrets is None or bool(secrets_lacking(found))
        except KeyError:  # of a type that is no more
            is_lacking = True
        return replace(found, lacks_secrets=is_lacking)


def as_json(connector: Connector) -> dict[str, Any]:
    """A connector as Kibana tells it. The configuration of one of the file is told too."""
    return {
        "id": connector.id,
        "name": connector.name,
        "connector_type_id": connector.type,
        "config": connector.config,
        "is_preconfigured": connector.is_of_file,
        "is_deprecated": False,
        "is_system_action": False,
        "is_missing_secrets": connector.lacks_secrets,
    }


def exported(connector: Connector) -> dict[str, Any]:
    """A connector as a line of an export, without secrets (detection-engine.md 1.1)."""
    attributes = {
        "actionTypeId": connector.type,
        "name": connector.name,
        "isMissingSecrets": bool(connector.secrets) or connector.lacks_secrets,
        "config": connector.config,
        "secrets": {},
    }
    return {"id": connector.id, "type": "action", "attributes": attributes, "references": []}


def _goes_where(connector: Connector) -> tuple[str, dict[str, Any]]:
    """Everything that has a part in where secrets are sent: who may change it need not be who may know them."""
    return connector.type, {name: value for name, value in connector.config.items() if name not in COMMON}


def _checked(connector: Connector) -> Connector:
    try:
        return checked(connector)
    except InputError as error:
        hint = f"; {error.problem.hint}" if error.problem.hint else ""
        raise RequestError(400, f"{error.problem.message}{hint}", [error.problem]) from error


def _check_members(given: Mapping[str, Any], known: Sequence[str]) -> None:
    if unknown := sorted(set(given) - set(known)):
        raise RequestError(400, f"unknown member [{unknown[0]}]; known are {', '.join(known)}")


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > 250 or not value.isprintable():
        raise RequestError(400, f"`{name}` is a text of printable characters")
    return value


def _object(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = given.get(name) or {}
    if not isinstance(value, dict):
        raise RequestError(400, f"`{name}` is an object")
    return {key: member for key, member in value.items() if member is not None}


def _secrets(given: Mapping[str, Any]) -> dict[str, str]:
    """Secrets as texts: an object, such as that of headers, is one in JSON."""
    found: dict[str, str] = {}
    for name, value in _object(given, "secrets").items():
        if not isinstance(value, str | dict):
            raise RequestError(400, f"secrets.{name} is a text")
        found[name] = value if isinstance(value, str) else json.dumps(value)
    return found

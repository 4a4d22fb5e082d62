"""The rules of a service: those of files, and those made over the API, side by side (detection-engine.md 1.2, 8.1).

Whoever loads rules passes those of the files through `merged`, which brings the others in. A file counts where a rule
of the API has the same `rule_id`: somebody put it there to have what it says. What changes over the API is noted here
as it is stored, so that answers are made from memory, and `changed` tells whoever runs the rules.
"""

import hashlib
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from besra.detection.rule_copy import rule_uuid
from besra.events.document import Fields
from besra.problems import Place, Problem, Severity
from besra.rules.build import parse_rule
from besra.rules.document import RuleDocument
from besra.rules.exception_list import ExceptionSet
from besra.rules.loaded import LoadedRule, RuleSet
from besra.rules.location import Locations
from besra.rules.rule import Rule, RuleStatus
from besra.rules.ruleset import loaded_rule
from besra.rules.space import DEFAULT
from besra.schema.timestamp import format_timestamp
from besra.service.answering import RequestError
from besra.service.rule_attributes import attributes_of
from besra.storage.rule_store import RuleStore, StoredRule

NAMESPACE = UUID("5e2f4b0c-3d6a-5b1e-9c47-1a8e0d7f6b32")
"""That of the ids of objects of files in other spaces than the default one."""


@dataclass(frozen=True)
class Entry:
    """A rule of the service.

    `given` is what its author gave, `parameters` the rule as the API has it, without defaults. `stored` is the rule of
    the store, None for one of a file, which then is at `path`.
    """

    id: str
    rule_id: str
    loaded: LoadedRule
    given: Mapping[str, Any]
    parameters: Mapping[str, Any]
    stored: StoredRule | None = None
    path: str | None = None

    @property
    def name(self) -> str:
        """Its name, as it is shown."""
        return str(self.parameters.get("name", self.rule_id))

    @property
    def is_enabled(self) -> bool:
        """Whether it is switched on; one that besra cannot run does not run for that."""
        return bool(self.parameters["enabled"])

    @property
    def tags(self) -> list[str]:
        """Its tags."""
        return list(self.parameters.get("tags") or ())

    @cached_property
    def fields(self) -> Fields:
        """What filters ask about it."""
        return Fields(attributes_of(self.id, self.parameters))

    @cached_property
    def digest(self) -> bytes:
        """What tells it from others, and from itself as it was."""
        told = repr((self.id, self.is_enabled, self.given)).encode("utf-8", "surrogatepass")
        return hashlib.sha256(told).digest()

    @property
    def text(self) -> Mapping[str, Any]:
        """The rule as its author gave it, and whether it is on where that has to be said: what an export holds."""
        if "enabled" in self.given or not self.is_enabled:
            return {**self.given, "enabled": self.is_enabled}
        return self.given


class RuleBook:
    """The rules there are in a space. Any thread may ask, and never waits for the store.

    `lock` is held by whoever reads rules to change and write them.
    """

    def __init__(self, changed: threading.Event | None = None, space: str = DEFAULT) -> None:
        self.changed = changed or threading.Event()
        """Set when a rule was changed over the API."""
        self.space = space
        self.lock = threading.RLock()
        self._lock = threading.RLock()
        self._store: RuleStore | None = None
        self._files: Mapping[str, Entry] = {}
        self._loaded: RuleSet = RuleSet()
        self._switches: dict[str, bool] = {}
        self._stored: dict[str, Entry] = {}
        self._all: tuple[Entry, ...] | None = None
        self._is_closed = False

    def open(self, store: RuleStore) -> None:
        """Read the rules of a store. Raises AlertStoreError."""
        switches, stored = store.switches(), {one.id: entry_of(one) for one in store.all()}
        with self._lock:
            self._store, self._switches, self._stored = store, switches, stored
            self._all = None

    @property
    def store(self) -> RuleStore:
        """The store behind it. Raises RequestError (404) if the space has been removed."""
        if self._is_closed:
            raise RequestError(404, f"there is no space {self.space!r}")
        if self._store is None:
            raise RuntimeError("no store of rules is open")
        return self._store

    def close(self) -> None:
        """The space is removed: nothing is stored any more."""
        self._is_closed = True

    # --- asking -------------------------------------------------------------------------------------------------------

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All rules: those of files in their order, then those of the API in the order of their making."""
        with self._lock:
            if self._all is None:
                self._all = (*self._files.values(), *(self._shown(entry) for entry in self._stored.values()))
            return self._all

    def by_id(self, id_: str) -> Entry | None:
        """The rule with an object id."""
        with self._lock:
            if id_ in self._stored:
                return self._shown(self._stored[id_])
            return next((entry for entry in self._files.values() if entry.id == id_), None)

    def by_rule_id(self, rule_id: str) -> Entry | None:
        """The rule with a `rule_id`: that of a file, where there are two."""
        with self._lock:
            return self._files.get(rule_id) or self._by_rule_id.get(rule_id)

    @property
    def _by_rule_id(self) -> Mapping[str, Entry]:
        return {entry.rule_id: entry for entry in self._stored.values()}

    def made(self, id_: str) -> Entry | None:
        """The rule of the API with an object id, as it is by itself."""
        with self._lock:
            return self._stored.get(id_)

    def known(self) -> dict[str, Entry]:
        """All rules by `rule_id`."""
        with self._lock:
            return {**self._by_rule_id, **self._files}

    def _shown(self, entry: Entry) -> Entry:
        over = self._files.get(entry.rule_id)
        if over is None:
            return entry
        loaded = replace(entry.loaded, problems=(*entry.loaded.problems, _shadowed(entry, over)))
        return replace(entry, loaded=loaded)

    # --- loading ------------------------------------------------------------------------------------------------------

    def merged(self, files: RuleSet) -> RuleSet:
        """The rules of files and those of the API as one set, switched on and off as people have said."""
        with self._lock:
            self._loaded = files
            self._list_files()
            own = [entry for entry in self._stored.values() if entry.rule_id not in self._files]
            shadowed = [entry for entry in self._stored.values() if entry.rule_id in self._files]
            told = [_shadowed(entry, self._files[entry.rule_id]) for entry in shadowed]
            running = [self._files[loaded.rule.rule_id].loaded if loaded.rule else loaded for loaded in files]
            switches = dict(self._switches)
        return replace(
            files,
            rules=(*running, *(entry.loaded for entry in own)),
            file_problems=(*files.file_problems, *told),
            superseded=files.superseded + len(shadowed),
            fingerprint=_fingerprint(files.fingerprint, own, switches),
        )

    def _list_files(self) -> None:
        self._files = {
            loaded.rule.rule_id: _file_entry(self._running(loaded), loaded.rule)
            for loaded in self._loaded
            if loaded.rule
        }
        self._all = None

    def _running(self, loaded: LoadedRule) -> LoadedRule:
        """A rule of a file as it is here: in the space, and switched as people have said."""
        loaded = in_space(loaded, self.space)
        rule = loaded.rule
        if rule is None or self._switches.get(rule.rule_id, rule.enabled) == rule.enabled:
            return loaded
        is_on = self._switches[rule.rule_id]
        return replace(loaded, rule=replace(rule, enabled=is_on, parameters={**rule.parameters, "enabled": is_on}))

    @property
    def file_exceptions(self) -> ExceptionSet:
        """The exceptions that came with the rules of files."""
        return self._loaded.exceptions

    def said_by_file(self, entry: Entry) -> bool:
        """Whether a rule of a file is on by what the file says."""
        loaded = self._loaded.get(entry.rule_id)
        return bool(loaded and loaded.rule and loaded.rule.enabled)

    # --- noting what was stored ---------------------------------------------------------------------------------------

    def put(self, entries: Iterable[Entry]) -> None:
        """Note rules that have been stored."""
        with self._lock:
            self._stored |= {entry.id: entry for entry in entries}
            self._note()

    def drop(self, ids: Iterable[str]) -> None:
        """Note that rules are gone."""
        with self._lock:
            for id_ in ids:
                self._stored.pop(id_, None)
            self._note()

    def switch(self, rule_ids: Iterable[str], *, enabled: bool) -> None:
        """Note that rules of files have been switched."""
        with self._lock:
            self._switches |= dict.fromkeys(rule_ids, enabled)
            self._list_files()
            self._note()

    def _note(self) -> None:
        self._all = None
        self.changed.set()


def entry_of(stored: StoredRule, loaded: LoadedRule | None = None) -> Entry:
    """A rule of the store; `loaded` is what has been made of its document already."""
    place = _place(stored)
    if loaded is None:
        loaded = loaded_rule(parse_rule(RuleDocument(stored.document, Locations(path=place.path))))
    # Lines are those of a request that is over.
    loaded = replace(loaded, problems=tuple(problem.at(place) for problem in loaded.problems), path=place.path)
    parameters = {
        "immutable": False,
        "rule_source": {"type": "internal"},
        **stored.document,
        "id": stored.id,
        "rule_id": stored.rule_id,
        "enabled": stored.enabled,
        "revision": stored.revision,
        "created_at": format_timestamp(stored.created),
        "created_by": stored.created_by,
        "updated_at": format_timestamp(stored.updated),
        "updated_by": stored.updated_by,
    }
    if loaded.rule:
        own = replace(loaded.rule, space=stored.space, enabled=stored.enabled, parameters=parameters)
        loaded = replace(loaded, rule=own)
    return Entry(stored.id, stored.rule_id, loaded, stored.document, parameters, stored)


def in_space(loaded: LoadedRule, space: str) -> LoadedRule:
    """A rule of a file as it is in a space.

    Ids of objects are those of one rule, whatever its space, so outside of the default one they follow from the id
    there and the space.
    """
    rule = loaded.rule
    if rule is None or space == rule.space:
        return loaded
    parameters = {**rule.parameters, "id": str(uuid5(NAMESPACE, f"{space}:{rule_uuid(rule)}"))}
    return replace(loaded, rule=replace(rule, space=space, parameters=parameters))


def _place(stored: StoredRule) -> Place:
    """Where problems of a rule of the API are said to be."""
    where = stored.rule_id if stored.space == DEFAULT else f"{stored.space}/{stored.rule_id}"
    return Place(f"api:{where}")


def _file_entry(loaded: LoadedRule, rule: Rule) -> Entry:
    """A rule of a file as it runs; `rule` is what the file says."""
    id_ = rule_uuid(loaded.rule or rule)
    parameters = {
        **rule.parameters,
        **_times(rule.path),
        "id": id_,
        "enabled": loaded.rule.enabled if loaded.rule else rule.enabled,
        "immutable": True,
        "rule_source": {"type": "external", "is_customized": False},
    }
    return Entry(id_, rule.rule_id, loaded, rule.parameters, parameters, path=rule.path)


def _times(path: str | None) -> dict[str, str]:
    """When a rule of a file was written, if that can be told."""
    try:
        written = format_timestamp(Path(path or "").stat().st_mtime_ns)
    except (OSError, ValueError):
        return {}
    return {"created_at": written, "updated_at": written}


def _shadowed(entry: Entry, over: Entry) -> Problem:
    message = f"rule id {entry.rule_id} is also in {over.path}, which counts; the rule made over the API does not run"
    hint = "give one of them another rule_id, or delete the rule over the API"
    return Problem("rule-duplicate", message, Severity.WARNING, Place(entry.loaded.path), hint)


def _fingerprint(of_files: str, own: Iterable[Entry], switches: Mapping[str, bool]) -> str:
    """The fingerprint of rules of files with those of the API beside; none if the files have none."""
    rules = [entry for entry in own if entry.loaded.status is RuleStatus.READY]
    if not of_files or not (rules or switches):
        return of_files
    digest = hashlib.sha256(of_files.encode())
    for entry in rules:
        digest.update(entry.digest)
    digest.update(repr(sorted(switches.items())).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:32]

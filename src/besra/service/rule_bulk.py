"""One action on many rules (detection-engine.md 8.1).

What can be done is done, and of the rest each rule is named with why not. A dry run says the same and does nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from besra.detection.schedule import Gap
from besra.rules.build import parse_rule
from besra.rules.document import RuleDocument
from besra.service.answering import RequestError
from besra.service.asked_runs import refuse_run, stretch_of
from besra.service.exception_book import ExceptionBook
from besra.service.exception_copies import references_of_copy
from besra.service.rule_answers import rule_document
from besra.service.rule_book import Entry, RuleBook
from besra.service.rule_changes import Draft, RuleChanges, changeable, drafted
from besra.service.rule_edits import Edit, edits_of
from besra.service.rule_query import matching
from besra.storage.workflow import Author

ACTIONS = ("enable", "disable", "delete", "duplicate", "export", "edit", "run")
COPY = "{name} [Duplicate]"


@dataclass
class Bulk:
    """What becomes of a bulk action, rule by rule."""

    updated: list[Entry] = field(default_factory=list)
    created: list[Entry] = field(default_factory=list)
    deleted: list[Entry] = field(default_factory=list)
    skipped: list[Entry] = field(default_factory=list)
    failed: list[tuple[Entry, RequestError]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def document(self, *, is_dry: bool) -> tuple[int, dict[str, Any]]:
        """The HTTP status and the answer. As in Kibana it is 500 where a rule has failed."""
        done = [*self.updated, *self.created, *self.deleted]
        failed = len(self.failed) + len(self.unknown)
        skips = [{"id": entry.id, "name": entry.name, "skip_reason": "RULE_NOT_MODIFIED"} for entry in self.skipped]
        results = {
            "updated": [] if is_dry else [rule_document(entry) for entry in self.updated],
            "created": [] if is_dry else [rule_document(entry) for entry in self.created],
            "deleted": [] if is_dry else [rule_document(entry) for entry in self.deleted],
            "skipped": skips,
        }
        total = len(done) + len(skips) + failed
        summary = {"failed": failed, "skipped": len(skips), "succeeded": len(done), "total": total}
        attributes: dict[str, Any] = {"results": results, "summary": summary}
        if not failed:
            return 200, {"success": True, "rules_count": total, "attributes": attributes}
        attributes["errors"] = self._errors()
        partly = "partially " if done or skips else ""
        return 500, {"message": f"Bulk edit {partly}failed", "status_code": 500, "attributes": attributes}

    def _errors(self) -> list[dict[str, Any]]:
        """What went wrong, each once with the rules it did for."""
        found: dict[tuple[int, str], list[dict[str, str]]] = {}
        for entry, error in self.failed:
            found.setdefault((error.status, error.message), []).append({"id": entry.id, "name": entry.name})
        for id_ in self.unknown:
            found.setdefault((404, "Rule not found"), []).append({"id": id_})
        return [
            {"message": message, "status_code": status, "rules": rules} for (status, message), rules in found.items()
        ]


def chosen(book: RuleBook, body: Mapping[str, Any], now: int) -> tuple[list[Entry], list[str]]:
    """The rules a request names, and the ids there are none of. Raises RequestError (400)."""
    ids, query = body.get("ids"), body.get("query")
    if ids is not None and query is not None:
        raise RequestError(400, "Both query and ids are sent. Define either ids or query in request payload.")
    if query is not None and not isinstance(query, str):
        raise RequestError(400, "query is a text in KQL, such as alert.attributes.tags: lab")
    if ids is None:
        return matching(book.entries, query or "", now), []
    if not isinstance(ids, list) or not all(isinstance(id_, str) for id_ in ids):
        raise RequestError(400, "ids is a list of texts")
    by_id = {entry.id: entry for entry in reversed(book.entries)}
    names = list(dict.fromkeys(ids))
    return [by_id[id_] for id_ in names if id_ in by_id], [id_ for id_ in names if id_ not in by_id]


@dataclass(frozen=True, slots=True)
class Workbench:
    """What an action works on and with: `ask` has a rule run over a stretch of time, or raises RequestError."""

    changes: RuleChanges
    rules: RuleBook
    exceptions: ExceptionBook
    ask: Callable[[Entry, Gap], None]
    author: Author


def act(bench: Workbench, body: Mapping[str, Any], *, is_dry: bool) -> Bulk:
    """Do what a request asks for, but for an export. Raises RequestError, AlertStoreError."""
    action, changes, now = body.get("action"), bench.changes, bench.author.at
    edits = edits_of(body.get("edit")) if action == "edit" else []
    time = stretch_of(body.get("run"), now) if action == "run" else None
    how = _how_to_copy(body.get("duplicate")) if action == "duplicate" else (True, True)
    with bench.rules.lock:
        entries, unknown = chosen(bench.rules, body, now)
        bulk = Bulk(unknown=unknown)
        match action:
            case "enable" | "disable":
                _switch(changes, bulk, entries, is_dry=is_dry, enabled=action == "enable")
            case "delete":
                kept = [entry for entry in entries if _allowed(bulk, entry)]
                bulk.deleted = kept
                if not is_dry:
                    changes.delete(kept)
            case "duplicate":
                bulk.created = entries if is_dry else _copies(bench, entries, *how)
            case "edit":
                _edit(changes, bulk, entries, edits, is_dry=is_dry)
            case "run" if time is not None:
                _run(bench, bulk, entries, time, is_dry=is_dry)
            case _:
                raise RequestError(400, f"action is one of {', '.join(ACTIONS)}")
    return bulk


def _allowed(bulk: Bulk, entry: Entry) -> bool:
    try:
        changeable(entry)
    except RequestError as error:
        bulk.failed.append((entry, error))
        return False
    return True


def _switch(changes: RuleChanges, bulk: Bulk, entries: list[Entry], *, is_dry: bool, enabled: bool) -> None:
    bulk.skipped = [entry for entry in entries if entry.is_enabled == enabled]
    others = [entry for entry in entries if entry.is_enabled != enabled]
    bulk.updated = others if is_dry else changes.switch(others, enabled=enabled)


def _how_to_copy(asked: Any) -> tuple[bool, bool]:
    """Whether exceptions are copied too, and whether also those that have expired. Raises RequestError (400)."""
    asked = {} if asked is None else asked
    names = ("include_exceptions", "include_expired_exceptions")
    if not isinstance(asked, dict) or not all(isinstance(asked.get(name, True), bool) for name in names):
        raise RequestError(400, f"duplicate has {' and '.join(names)}, true or false")
    return asked.get(names[0], True), asked.get(names[1], True)


def _copies(bench: Workbench, entries: Sequence[Entry], with_exceptions: bool, with_expired: bool) -> list[Entry]:
    drafts: list[tuple[Draft, Entry | None]] = []
    for entry in entries:
        given = _copy(entry)
        if not with_exceptions:
            given.pop("exceptions_list", None)
        elif references := given.get("exceptions_list"):
            known, author = bench.exceptions, bench.author
            given["exceptions_list"] = references_of_copy(known, references, author, with_expired=with_expired)
        drafts.append((drafted(parse_rule(RuleDocument(given))), None))
    return bench.changes.write(drafts)


def _copy(entry: Entry) -> dict[str, Any]:
    """What a copy of a rule says, switched off, that may be changed: of one of a file too."""
    name = COPY.format(name=entry.name)
    given = {**entry.given, "rule_id": str(uuid4()), "name": name, "enabled": False}
    return {key: value for key, value in given.items() if key not in ("immutable", "rule_source")}


def _run(bench: Workbench, bulk: Bulk, entries: Sequence[Entry], time: Gap, *, is_dry: bool) -> None:
    for entry in entries:
        try:
            refuse_run(entry)
            if not is_dry:
                bench.ask(entry, time)
            bulk.updated.append(entry)
        except RequestError as error:
            bulk.failed.append((entry, error))


def _edit(changes: RuleChanges, bulk: Bulk, entries: list[Entry], edits: Sequence[Edit], *, is_dry: bool) -> None:
    drafts: list[tuple[Draft, Entry | None]] = []
    for entry in entries:
        try:
            old = changeable(entry).document
            document = dict(old)
            for edit in edits:
                edit(document)
            if document == old:
                bulk.skipped.append(entry)
                continue
            drafts.append((drafted(parse_rule(RuleDocument(document))), entry))
        except RequestError as error:
            bulk.failed.append((entry, error))
    bulk.updated = [entry for _, entry in drafts if entry] if is_dry else changes.write(drafts)

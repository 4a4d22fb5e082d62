"""One action on many rules (detection-engine.md 8.1).

What can be done is done, and of the rest each rule is named with why not. A dry run says the same and does nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from besra.rules.build import parse_rule
from besra.rules.document import RuleDocument
from besra.service.answering import RequestError
from besra.service.rule_answers import rule_document
from besra.service.rule_book import Entry, RuleBook
from besra.service.rule_changes import Draft, RuleChanges, changeable, drafted
from besra.service.rule_query import matching

ACTIONS = ("enable", "disable", "delete", "duplicate", "export", "edit")
TAGS, PATTERNS = "tags", "index_patterns"
EDITS = tuple(f"{how}_{what}" for what in (TAGS, PATTERNS) for how in ("add", "delete", "set"))
FIELDS = {TAGS: "tags", PATTERNS: "index"}
WITHOUT_PATTERNS = ("esql", "machine_learning")
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


def act(changes: RuleChanges, book: RuleBook, body: Mapping[str, Any], now: int, *, is_dry: bool) -> Bulk:
    """Do what a request asks for, but for an export. Raises RequestError, AlertStoreError."""
    action = body.get("action")
    edits = edits_of(body.get("edit")) if action == "edit" else []
    with book.lock:
        entries, unknown = chosen(book, body, now)
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
                drafts = [(_copy(entry), None) for entry in entries]
                bulk.created = entries if is_dry else changes.write(drafts)
            case "edit":
                _edit(changes, bulk, entries, edits, is_dry=is_dry)
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


def _copy(entry: Entry) -> Draft:
    """A copy of a rule, switched off, that may be changed: of one of a file too."""
    name = COPY.format(name=entry.name)
    given = {**entry.given, "rule_id": str(uuid4()), "name": name, "enabled": False}
    own = {key: value for key, value in given.items() if key not in ("immutable", "rule_source")}
    return drafted(parse_rule(RuleDocument(own)))


# --- edits ------------------------------------------------------------------------------------------------------------

Edit = Callable[[list[str]], list[str]]


def edits_of(asked: Any) -> list[tuple[str, Edit]]:
    """The edits of a request, each with the field it is about. Raises RequestError (400)."""
    if isinstance(asked, dict):  # Elastic's own client sends one so
        asked = [asked]
    if not isinstance(asked, list) or not asked or not all(isinstance(one, dict) for one in asked):
        raise RequestError(400, 'edit is a list such as [{"type": "add_tags", "value": ["lab"]}]')
    return [_edit_of(one) for one in asked]


def _edit_of(one: Mapping[str, Any]) -> tuple[str, Edit]:
    kind, value = one.get("type"), one.get("value")
    if kind not in EDITS:
        raise RequestError(400, f"besra has no edit of the type {kind!r}; it has {', '.join(EDITS)}")
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise RequestError(400, f"the value of {kind} is a list of texts")
    how, _, what = str(kind).partition("_")
    match how:
        case "add":
            return FIELDS[what], lambda old: [*old, *(text for text in dict.fromkeys(value) if text not in old)]
        case "delete":
            return FIELDS[what], lambda old: [text for text in old if text not in value]
        case _:
            return FIELDS[what], lambda _: list(dict.fromkeys(value))


def _edit(
    changes: RuleChanges, bulk: Bulk, entries: list[Entry], edits: Sequence[tuple[str, Edit]], *, is_dry: bool
) -> None:
    drafts: list[tuple[Draft, Entry | None]] = []
    for entry in entries:
        try:
            document = _edited(entry, edits)
            if document == changeable(entry).document:
                bulk.skipped.append(entry)
                continue
            drafts.append((drafted(parse_rule(RuleDocument(document))), entry))
        except RequestError as error:
            bulk.failed.append((entry, error))
    bulk.updated = [entry for _, entry in drafts if entry] if is_dry else changes.write(drafts)


def _edited(entry: Entry, edits: Sequence[tuple[str, Edit]]) -> dict[str, Any]:
    """What a rule says after some edits. Raises RequestError where they cannot be made to it."""
    document = dict(changeable(entry).document)
    for name, edit in edits:
        if name == "index" and document.get("type") in WITHOUT_PATTERNS:
            raise RequestError(400, f"rules of the type {document['type']} have no index patterns")
        old = list(document.get(name) or ())
        new = edit(old)
        if name == "index" and not new:
            raise RequestError(400, "a rule without index patterns would read everything; leave it one")
        if new != old:
            document[name] = new
    return document

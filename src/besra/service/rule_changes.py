"""Changing rules over the API: what is checked, what is stored, and what is refused (detection-engine.md 1.2, 8.1).

A rule is checked by the code that checks those of files. One that its author has to correct is refused with the places
of its problems; one that besra cannot run is kept and told as such. Rules of files are changed in their files: only
whether they are on can be said over the API.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from besra.problems import Problem, Severity
from besra.rules.build import parse_rule
from besra.rules.document import ParsedRule, RuleDocument
from besra.rules.loaded import LoadedRule
from besra.rules.rule import RuleStatus
from besra.rules.ruleset import loaded_rule
from besra.service.answering import RequestError
from besra.service.rule_book import Entry, RuleBook, entry_of
from besra.storage.columns import LONGEST_NAME, is_storable
from besra.storage.database import AlertStoreError
from besra.storage.rule_store import StoredRule, Write
from besra.storage.workflow import Author

SERVER = frozenset(
    {
        "id",
        "revision",
        "created_at",
        "created_by",
        "updated_at",
        "updated_by",
        "execution_summary",
        "outcome",
        "alias_target_id",
        "alias_purpose",
        "besra",
    }
)
"""What the service says of a rule; whoever sends a rule back as it was read sends it along."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule that has been checked and may be stored: what its author gave, and what it comes to."""

    document: Mapping[str, Any]
    loaded: LoadedRule

    @property
    def rule_id(self) -> str:
        """Its `rule_id`."""
        return str(self.document["rule_id"])


def drafted(given: ParsedRule) -> Draft:
    """A rule that was read, checked. Raises RequestError (400)."""
    document = {name: value for name, value in given.document.parameters.items() if name not in SERVER}
    loaded = loaded_rule(given)
    if loaded.status is RuleStatus.INVALID:
        errors = [problem for problem in loaded.problems if problem.severity is Severity.ERROR]
        raise RequestError(400, "; ".join(_told(problem) for problem in errors), loaded.problems)
    rule_id = document["rule_id"]
    if not (0 < len(rule_id) <= LONGEST_NAME and is_storable(rule_id)):
        raise RequestError(400, f"rule_id has 1 to {LONGEST_NAME} characters")
    return Draft(document, loaded)


def _told(problem: Problem) -> str:
    where = f"line {problem.place.line}, column {problem.place.column}: " if problem.place.line else ""
    return f"{where}{problem.message}" + (f" ({problem.hint})" if problem.hint else "")


class RuleChanges:
    """Changes that somebody makes to the rules of a book.

    Every method raises AlertStoreError if the store cannot be written.
    """

    def __init__(self, book: RuleBook, author: Author) -> None:
        self._book = book
        self._author = author

    # --- one rule -----------------------------------------------------------------------------------------------------

    def create(self, given: RuleDocument) -> Entry:
        """Make a new rule. Raises RequestError: 400 for one that is not valid, 409 if its `rule_id` is taken."""
        if not given.parameters.get("rule_id"):
            given = replace(given, parameters={**given.parameters, "rule_id": str(uuid4())})
        draft = drafted(parse_rule(given))
        with self._book.lock:
            if (known := self._book.by_rule_id(draft.rule_id)) is not None:
                raise taken(known)
            return self.write([(draft, None)])[0]

    def update(self, entry: Entry, given: RuleDocument, revision: int | None = None) -> Entry:
        """Have a rule say something else, all of it; it keeps its ids, and stays on or off unless that is said.

        `revision` is the one the change rests on, if that is told. Raises RequestError.
        """
        stored = changeable(entry)
        rule_id = given.parameters.get("rule_id") or stored.rule_id
        if rule_id != stored.rule_id:
            raise RequestError(400, f"the rule_id of a rule does not change; it is {stored.rule_id}")
        draft = drafted(parse_rule(replace(given, parameters={**given.parameters, "rule_id": rule_id})))
        with self._book.lock:
            known = self._book.by_id(entry.id)
            if known is None or known.stored is None or known.stored.revision != stored.revision:
                raise RequestError(409, f"the rule {rule_id} was changed by somebody else meanwhile")
            if revision is not None and revision != stored.revision:
                raise RequestError(412, f"the rule is at revision {stored.revision}, not {revision}")
            return self.write([(draft, known)])[0]

    def patch(self, entry: Entry, part: Mapping[str, Any], revision: int | None = None) -> Entry:
        """Change some fields of a rule. Raises RequestError."""
        stored = changeable(entry)
        own = {name: value for name, value in part.items() if name not in SERVER}
        # Fields that are not in the request have no place in it.
        return self.update(entry, RuleDocument({**stored.document, **own}), revision)

    # --- many ---------------------------------------------------------------------------------------------------------

    def write(self, drafts: Sequence[tuple[Draft, Entry | None]]) -> list[Entry]:
        """Store new rules, and others in the place of those there are, all or none; what is the same stays as it is.

        To be called with the lock of the book held.
        """
        author = self._author
        found: list[Entry] = []
        writes: list[Write] = []
        for draft, old in drafts:
            entry = _entry(draft, old, author, self._book.space)
            found.append(entry)
            if entry is not old:
                writes.append(Write(changeable(entry), old.stored if old else None))
        if writes:
            try:
                self._book.store.write(writes)
            except AlertStoreError as error:
                if error.problem.code == "rule-conflict":
                    raise RequestError(409, error.problem.message) from error
                raise
            written = {write.new.id for write in writes}
            self._book.put(entry for entry in found if entry.id in written)
        return found

    def delete(self, entries: Iterable[Entry]) -> None:
        """Delete rules of the API."""
        rules = [changeable(entry) for entry in entries]
        with self._book.lock:
            self._book.store.delete(rules, self._author)
            self._book.drop(rule.id for rule in rules)

    def switch(self, entries: Iterable[Entry], *, enabled: bool) -> list[Entry]:
        """Switch rules on or off, those of files too; the rules as they are then, in the order given."""
        author, book = self._author, self._book
        with book.lock:
            chosen = list(entries)
            others = [entry for entry in chosen if entry.is_enabled != enabled]
            rules = [own for entry in others if (own := book.made(entry.id)) is not None]
            files = [entry for entry in others if entry.stored is None]
            if rules:
                book.store.switch([changeable(entry) for entry in rules], author, enabled=enabled)
                book.put(_switched(entry, author, enabled) for entry in rules)
            if files:
                said = {entry.rule_id: (entry.id, book.said_by_file(entry)) for entry in files}
                book.store.switch_files(said, author, enabled=enabled)
                book.switch(said, enabled=enabled)
            return [book.by_id(entry.id) or entry for entry in chosen]


def changeable(entry: Entry) -> StoredRule:
    """The stored rule of an entry. Raises RequestError for a rule of a file."""
    if entry.stored is None:
        message = (
            f"the rule {entry.rule_id} is in the file {entry.path}; change it there: over the API, rules of files are"
            " only switched on and off, or duplicated"
        )
        raise RequestError(403, message)
    return entry.stored


def taken(known: Entry) -> RequestError:
    """That there is a rule with the same `rule_id`."""
    where = f" in the file {known.path}" if known.stored is None else ""
    return RequestError(409, f'rule_id: "{known.rule_id}" already exists{where}')


def _entry(draft: Draft, old: Entry | None, author: Author, space: str) -> Entry:
    """What a draft comes to, in the place of a rule there is or as a new one."""
    said = draft.document.get("enabled")
    if old is None or old.stored is None:
        made = (author.at, author.name)
        enabled = said is not False
        new = StoredRule(str(uuid4()), draft.rule_id, enabled, 0, *made, *made, draft.document, space)
        return entry_of(new, draft.loaded)
    was = old.stored
    enabled = was.enabled if said is None else bool(said)
    is_other = _content(draft.document) != _content(was.document)
    if not is_other and enabled == was.enabled:
        return old
    new = replace(
        was,
        enabled=enabled,
        revision=was.revision + is_other,
        updated=author.at,
        updated_by=author.name,
        document=draft.document,
    )
    return entry_of(new, draft.loaded)


def _content(document: Mapping[str, Any]) -> str:
    """What a document says, but for whether it is on: Python takes 0, 0.0 and false for the same."""
    return json.dumps({name: value for name, value in document.items() if name != "enabled"}, sort_keys=True)


def _switched(entry: Entry, author: Author, enabled: bool) -> Entry:
    stored = replace(changeable(entry), enabled=enabled, updated=author.at, updated_by=author.name)
    return entry_of(stored, entry.loaded)

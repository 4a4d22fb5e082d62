"""Rules in and out as Kibana's exports: NDJSON, a rule a line (detection-engine.md 1.1, 8.1).

An import is one transaction: either all of its rules that can be stored are, or none. A rule that is there and the same
stays as it is, so what is imported twice is imported once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from besra.rules.ndjson import Export, json_text, parse_ndjson
from besra.service.answering import RequestError, problem_document
from besra.service.rule_book import Entry, RuleBook
from besra.service.rule_changes import Draft, RuleChanges, changeable, drafted, taken

UNKNOWN = "(unknown id)"


@dataclass
class _Outcome:
    """What becomes of the lines of an import."""

    drafts: dict[str, tuple[Draft, Entry | None]] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)


TakeExceptions = Callable[[str], Mapping[str, Any]]
TakeConnectors = Callable[[Sequence[Mapping[str, Any]]], Mapping[str, Any]]


def import_rules(
    changes: RuleChanges,
    book: RuleBook,
    text: str,
    take: TakeExceptions,
    take_connectors: TakeConnectors,
    *,
    overwrite: bool,
) -> dict[str, Any]:
    """Import the rules of an export, and say what became of all that was in it. Raises AlertStoreError.

    `take` imports exception lists and items, `take_connectors` connectors; they say what became of them
    (`exception_import`, `connector_transfer`).
    """
    export = parse_ndjson(text)
    outcome = _Outcome()
    drafts: list[Draft] = []
    for parsed in export.rules:
        try:
            drafts.append(drafted(parsed))
        except RequestError as error:
            outcome.errors.append(_error(parsed.text("rule_id"), error))
    outcome.errors += [_unknown(problem_document(problem)) for problem in export.unknown]
    # Before the rules that name them, which run as soon as they are there.
    others = {**_told_of_exceptions(export, take), **take_connectors(export.connectors)}
    with book.lock:
        known = book.known()
        for draft in drafts:
            _place(outcome, draft, known, overwrite)
        written = changes.write([*outcome.drafts.values()])
    return {
        "success": not outcome.errors,
        "success_count": len(written),
        "rules_count": len(export.rules) + len(export.unknown),
        "errors": outcome.errors,
        **others,
    }


def _place(outcome: _Outcome, draft: Draft, known: Mapping[str, Entry], overwrite: bool) -> None:
    """Have a rule written, or say why not. Of two in a file the later counts, if what is there may be replaced."""
    old = known.get(draft.rule_id)
    if not overwrite and (old is not None or draft.rule_id in outcome.drafts):
        told = taken(old) if old else RequestError(409, f'rule_id: "{draft.rule_id}" is in the file twice')
        outcome.errors.append(_error(draft.rule_id, told))
        return
    try:
        if old is not None:
            changeable(old)
    except RequestError as error:
        outcome.errors.append(_error(draft.rule_id, error))
        return
    outcome.drafts[draft.rule_id] = (draft, old)


def _error(rule_id: str | None, error: RequestError) -> dict[str, Any]:
    told: dict[str, Any] = {"status_code": error.status, "message": error.message}
    if error.problems:
        told["problems"] = [problem_document(problem) for problem in error.problems]
    return {"rule_id": rule_id or UNKNOWN, "error": told}


def _unknown(problem: Mapping[str, Any]) -> dict[str, Any]:
    where = f"line {problem['line']}: " if "line" in problem else ""
    return {"rule_id": UNKNOWN, "error": {"status_code": 400, "message": f"{where}{problem['message']}"}}


def _told_of_exceptions(export: Export, take: TakeExceptions) -> dict[str, Any]:
    """What becomes of exceptions."""
    texts = [json_text(document.parameters) for document in export.exceptions]
    told = take("\n".join(texts)) if texts else {"success": True, "success_count": 0, "errors": []}
    return {
        "exceptions_success": told["success"],
        "exceptions_success_count": told["success_count"],
        "exceptions_errors": told["errors"],
    }

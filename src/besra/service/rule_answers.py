"""Rules and what went wrong with them, as they are told in the shape of Kibana's API (detection-engine.md 8.1)."""

from collections.abc import Sequence
from typing import Any

from besra.rules.fields import with_defaults
from besra.schema.timestamp import format_timestamp
from besra.service.answering import problem_document
from besra.service.rule_book import Entry
from besra.storage.rule_store import RuleChange


def rule_document(entry: Entry, fields: Sequence[str] = ()) -> dict[str, Any]:
    """A rule with all defaults, and below `besra` where it is from and whether it can run; of it, the named fields."""
    whole = with_defaults(entry.parameters) if entry.loaded.rule else dict(entry.parameters)
    whole["besra"] = {
        "source": "file" if entry.stored is None else "api",
        **({"path": entry.path} if entry.stored is None else {}),
        "status": str(entry.loaded.status),
        "problems": [problem_document(problem) for problem in entry.loaded.problems],
    }
    return {name: whole[name] for name in ("id", *fields) if name in whole} if fields else whole


def change_document(change: RuleChange) -> dict[str, Any]:
    """An entry of a rule's history."""
    said = {} if change.document is None else {"rule": change.document}
    return {
        "id": change.rule,
        "rule_id": change.rule_id,
        "timestamp": format_timestamp(change.at),
        "user": change.by,
        "action": str(change.what),
        "revision": change.revision,
        **said,
    }

"""Rules and what went wrong with them, as they are told in the shape of Kibana's API (detection-engine.md 8.1)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from besra.rules.fields import with_defaults
from besra.rules.ndjson import export_summary, json_text
from besra.schema.timestamp import format_timestamp
from besra.service.answering import problem_document
from besra.service.rule_book import Entry
from besra.storage.rule_store import RuleChange

LINE_ENDS = re.compile("[\x85\u2028\u2029]")
"""Characters that JSON may hold as they are, and at which some clients end a line."""


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


def export_text(rules: Iterable[Mapping[str, Any]], missing: Sequence[str] = (), *, with_details: bool = True) -> str:
    """Rules as an export, a line each, and the line that counts them."""
    lines = [dict(rule) for rule in rules]  # those of files may not have been read yet
    told = [*lines, export_summary(len(lines), missing=missing)] if with_details else lines
    return "".join(f"{LINE_ENDS.sub(_escaped, json_text(line))}\n" for line in told)


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


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

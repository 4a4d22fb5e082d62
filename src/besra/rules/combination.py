"""What the fields of a rule demand of each other (detection-engine.md 1.3, "validation worth copying").

Each check takes a document that holds only fields of its rule type, of the right kind each, and is silent where its
subject is absent. What the same section says of schedules (look-back against `maxspan`, building blocks) is advice to
authors and left to the linter.
"""

import re
from collections.abc import Iterator
from typing import Any

from besra.problems import Problem, Severity
from besra.rules.document import RuleDocument
from besra.schema.datemath import parse_date_math

FRAMEWORKS = ("MITRE ATT&CK", "MITRE ATLAS")
ANY_NOW = 1_750_000_000_000_000_000  # to compare two expressions relative to the same now; which one does not matter


def combination_problems(document: RuleDocument) -> list[Problem]:
    """All problems between fields."""
    return [problem for check in CHECKS for problem in check(document)]


def _index(document: RuleDocument) -> Iterator[Problem]:
    parameters = document.parameters
    if parameters.get("index") and parameters.get("data_view_id"):
        message = "index and data_view_id exclude each other; besra has no data views and reads index"
        yield _warning(document, "rule-index-and-data-view", message, "data_view_id", hint="remove one of the two")


def _timeline(document: RuleDocument) -> Iterator[Problem]:
    given = [name for name in ("timeline_id", "timeline_title") if document.parameters.get(name)]
    if len(given) == 1:
        other = "timeline_title" if given == ["timeline_id"] else "timeline_id"
        message = f"{given[0]} without {other}: a timeline template needs both"
        yield document.problem("rule-timeline", message, (given[0],), hint=f"add {other} or remove {given[0]}")


def _framework(document: RuleDocument) -> Iterator[Problem]:
    for number, entry in enumerate(document.parameters.get("threat") or ()):
        if entry["framework"] not in FRAMEWORKS:
            message = f"threat[{number}].framework is {entry['framework']!r}, which is neither of {FRAMEWORKS}"
            at = ("threat", number, "framework")
            yield document.problem("rule-threat-framework", message, at, severity=Severity.WARNING)


def _window(document: RuleDocument) -> Iterator[Problem]:
    start, end = (_instant(document, name, default) for name, default in (("from", "now-6m"), ("to", "now")))
    if start >= end:
        message = f"from ({_value(document, 'from', 'now-6m')}) is not before to: the rule would read nothing"
        yield document.problem("rule-empty-window", message, ("from",), hint='write from = "now-9m" and leave out to')
    history = document.parameters.get("history_window_start")
    if history and parse_date_math(history, ANY_NOW) >= start:
        message = f"history_window_start ({history}) must lie before from ({_value(document, 'from', 'now-6m')})"
        hint = 'write history_window_start = "now-7d"'
        yield document.problem("rule-history-window", message, ("history_window_start",), hint=hint)


def _new_terms(document: RuleDocument) -> Iterator[Problem]:
    fields = document.parameters.get("new_terms_fields")
    if fields is not None and not 1 <= len(fields) <= 3:
        message = f"new_terms_fields holds {len(fields)} fields; it takes 1 to 3"
        yield document.problem("rule-new-terms-fields", message, ("new_terms_fields",))


def _threshold(document: RuleDocument) -> Iterator[Problem]:
    threshold = document.parameters.get("threshold")
    if not threshold:
        return
    fields = threshold["field"] if isinstance(threshold["field"], list) else [threshold["field"]]
    if len(fields) > 5:
        message = f"threshold.field holds {len(fields)} fields; it takes at most 5"
        yield document.problem("rule-threshold-field", message, ("threshold", "field"))


def _threat_mapping(document: RuleDocument) -> Iterator[Problem]:
    for number, group in enumerate(document.parameters.get("threat_mapping") or ()):
        at = ("threat_mapping", number, "entries")
        wanted = {(entry["field"], entry["value"]) for entry in group["entries"] if not entry.get("negate")}
        negated = {(entry["field"], entry["value"]) for entry in group["entries"] if entry.get("negate")}
        if not wanted:
            message = f"threat_mapping[{number}] has no entry that is not negated, so it cannot name an indicator"
            yield document.problem("rule-threat-mapping", message, at, hint="add an entry without negate")
        for name, value in sorted(wanted & negated):
            message = f"threat_mapping[{number}] both matches and negates {name} with {value}: it can never match"
            yield document.problem("rule-threat-mapping", message, at, hint="remove one of the two entries")


def _investigation_fields(document: RuleDocument) -> Iterator[Problem]:
    value = document.parameters.get("investigation_fields")
    if value is not None and not value["field_names"]:
        message = "investigation_fields.field_names is empty; it takes at least one field"
        yield document.problem("rule-investigation-fields", message, ("investigation_fields", "field_names"))


def _suppression(document: RuleDocument) -> Iterator[Problem]:
    suppression = document.parameters.get("alert_suppression")
    if suppression is None:
        return
    at = "alert_suppression"
    if document.parameters["type"] == "threshold":
        for name in sorted({"group_by", "missing_fields_strategy"} & set(suppression)):
            message = f"alert_suppression.{name} is not possible in a threshold rule: it groups by threshold.field"
            yield document.problem("rule-suppression-threshold", message, (at, name), hint="keep only duration")
        if not suppression.get("duration"):
            message = "alert_suppression of a threshold rule needs duration"
            yield document.problem("rule-suppression-threshold", message, (at,))
    else:
        group_by = suppression.get("group_by") or []
        if not 1 <= len(group_by) <= 3 or not all(name.strip() for name in group_by):
            message = f"alert_suppression.group_by takes 1 to 3 field names; this holds {len(group_by)}"
            if 1 <= len(group_by) <= 3:
                message = "alert_suppression.group_by holds an empty field name"
            yield document.problem("rule-suppression-group-by", message, (at, "group_by"))
    yield from _suppression_options(document, suppression)


def _suppression_options(document: RuleDocument, suppression: dict[str, Any]) -> Iterator[Problem]:
    unit = (suppression.get("duration") or {}).get("unit", "m")
    if unit not in ("s", "m", "h"):
        message = f"alert_suppression.duration.unit must be s, m or h, not {unit!r}"
        yield document.problem("rule-suppression-duration", message, ("alert_suppression", "duration", "unit"))
    strategy = suppression.get("missing_fields_strategy") or "suppress"
    if strategy not in ("suppress", "doNotSuppress"):
        message = f"alert_suppression.missing_fields_strategy must be suppress or doNotSuppress, not {strategy!r}"
        at = ("alert_suppression", "missing_fields_strategy")
        yield document.problem("rule-suppression-strategy", message, at)


ESQL_METADATA = frozenset({"_id", "_index", "_version"})
ESQL_TEXT = re.compile(r'"""(?:.*?)"""|"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)


def _esql_metadata(document: RuleDocument) -> Iterator[Problem]:
    """A query that does not aggregate must carry the identity of its events, or every run alerts on them anew."""
    if document.parameters["type"] != "esql":
        return
    commands = [command.strip().lower() for command in ESQL_TEXT.sub(" ", document.parameters["query"]).split("|")]
    if any(re.match(r"stats\b", command) for command in commands) or not commands[0].startswith("from"):
        return
    _, _, listed = commands[0].partition("metadata")
    missing = ESQL_METADATA - set(re.split(r"[\s,\[\]]+", listed))
    for command in commands[1:]:
        if command.startswith("keep ") and not re.search(r"(?<![\w.])_?\*", command):
            missing = missing | (ESQL_METADATA - set(re.split(r"[\s,]+", command)))
    if missing:
        message = f"the query does not aggregate and does not keep {', '.join(sorted(missing))}"
        hint = "begin with from … metadata _id, _version, _index and name them in keep"
        yield _warning(document, "rule-esql-metadata", message, "query", hint=hint)


CHECKS = (
    _index,
    _timeline,
    _framework,
    _window,
    _new_terms,
    _threshold,
    _threat_mapping,
    _investigation_fields,
    _suppression,
    _esql_metadata,
)


def _value(document: RuleDocument, name: str, default: str) -> str:
    return str(document.parameters.get(name) or default)


def _instant(document: RuleDocument, name: str, default: str) -> int:
    return parse_date_math(_value(document, name, default), ANY_NOW)


def _warning(document: RuleDocument, code: str, message: str, name: str, *, hint: str | None = None) -> Problem:
    return document.problem(code, message, (name,), severity=Severity.WARNING, hint=hint)

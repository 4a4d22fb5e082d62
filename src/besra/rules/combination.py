"""What the fields of a rule demand of each other (detection-engine.md 1.3, "validation worth copying").

Each check takes a document that holds only fields of its rule type, of the right kind each, and is silent where its
subject is absent. What the same section says of schedules (look-back against `maxspan`, building blocks) is advice to
authors and left to the linter.
"""

import re
from collections.abc import Iterator
from typing import Any

from besra.problems import Problem, Severity
from besra.rules.document import RuleDocument, field_text
from besra.rules.location import FieldPath
from besra.schema.datemath import ANY_NOW, parse_date_math

FRAMEWORKS = ("MITRE ATT&CK", "MITRE ATLAS")
RISK_BANDS = {"low": (0, 21), "medium": (22, 47), "high": (48, 73), "critical": (74, 100)}
THROTTLE = re.compile(r"no_actions|rule|\d+[smhd]")


def combination_problems(document: RuleDocument) -> list[Problem]:
    """All problems between fields."""
    return [problem for check in CHECKS for problem in check(document)]


def _index(document: RuleDocument) -> Iterator[Problem]:
    parameters = document.parameters
    if parameters.get("index") and parameters.get("data_view_id"):
        message = "index and data_view_id exclude each other; besra has no data views and reads index"
        yield _warning(document, "rule-index-and-data-view", message, "data_view_id", hint="remove one of the two")
    elif parameters.get("data_view_id"):
        message = "data_view_id names a data view, which besra does not have; the rule reads events of every index"
        yield _warning(
            document, "rule-data-view", message, "data_view_id", hint='write index = ["logs-*"], or the like'
        )


def _risk_band(document: RuleDocument) -> Iterator[Problem]:
    score, severity = document.parameters["risk_score"], document.parameters["severity"]
    low, high = RISK_BANDS[severity]
    if not low <= score <= high:
        message = f"risk_score {score} is not of severity {severity}, which stands for {low} to {high}"
        fitting = next(name for name, (least, most) in RISK_BANDS.items() if least <= score <= most)
        hint = f'write severity = "{fitting}" or another score'
        yield _warning(document, "rule-risk-band", message, "risk_score", hint=hint)


def _throttle(document: RuleDocument) -> Iterator[Problem]:
    throttle = document.parameters.get("throttle")
    if throttle is not None and not THROTTLE.fullmatch(throttle):
        message = f"throttle is {throttle!r}, which is neither no_actions nor rule nor a time"
        hint = 'write frequency into the actions instead, or throttle = "1h"'
        yield _warning(document, "rule-throttle", message, "throttle", hint=hint)


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
        yield document.problem("rule-new-terms-fields", message, ("new_terms_fields",), hint="leave 1 to 3 of them")
    yield from _unnamed(document, fields or [], ("new_terms_fields",), "rule-new-terms-fields")


def _threshold(document: RuleDocument) -> Iterator[Problem]:
    threshold = document.parameters.get("threshold")
    if not threshold:
        return
    fields = threshold["field"] if isinstance(threshold["field"], list) else [threshold["field"]]
    if len(fields) > 5:
        message = f"threshold.field holds {len(fields)} fields; it takes at most 5"
        hint = "leave the fields that tell the groups apart"
        yield document.problem("rule-threshold-field", message, ("threshold", "field"), hint=hint)
    if len(fields) > 1:
        yield from _unnamed(document, fields, ("threshold", "field"), "rule-threshold-field")


def _unnamed(document: RuleDocument, fields: list[str], at: FieldPath, code: str) -> Iterator[Problem]:
    for number, name in enumerate(fields):
        if not name.strip():
            message = f"{field_text((*at, number))} is empty; it must name a field"
            yield document.problem(code, message, (*at, number), hint="name the field or remove the item")


def _threat_mapping(document: RuleDocument) -> Iterator[Problem]:
    for name, hint in (("threat_mapping", "add a group with an entry"), ("threat_index", 'write ["logs-ti_*"]')):
        if document.parameters.get(name) == []:
            yield document.problem(
                "rule-threat-mapping", f"{name} is empty: no indicator can match", (name,), hint=hint
            )
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
        at = ("investigation_fields", "field_names")
        yield document.problem("rule-investigation-fields", message, at, hint="name a field, or remove the table")


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
            hint = 'write duration = { value = 5, unit = "m" }'
            yield document.problem("rule-suppression-threshold", message, (at,), hint=hint)
    else:
        group_by = suppression.get("group_by") or []
        if not 1 <= len(group_by) <= 3:
            message = f"alert_suppression.group_by takes 1 to 3 field names; this holds {len(group_by)}"
            hint = "name the fields whose values make alerts alike"
            yield document.problem("rule-suppression-group-by", message, (at, "group_by"), hint=hint)
        yield from _unnamed(document, group_by, (at, "group_by"), "rule-suppression-group-by")
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
    _risk_band,
    _throttle,
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

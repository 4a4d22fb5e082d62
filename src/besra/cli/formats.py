"""Alerts as text: one function a format, each writing to an open file.

`ndjson` and `json` hold whole alert documents, building blocks included; the others are for reading and for other
tools, and hold the alerts an analyst looks at.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TextIO

import orjson

from besra.cli.alert_rows import Shown, techniques_of
from besra.detection.alert import Alert
from besra.events.document import Fields
from besra.schema.fieldtype import Scalar, to_text
from besra.schema.timestamp import parse_timestamp
from besra.version import __version__

Writer = Callable[[Sequence[Alert], TextIO], None]


def as_json(value: object, *, indent: bool = False) -> str:
    """JSON text; lone surrogates, which JSON text in UTF-8 cannot hold, become U+FFFD."""
    option = orjson.OPT_INDENT_2 if indent else 0
    try:
        return orjson.dumps(value, option=option).decode()
    except TypeError:
        return orjson.dumps(_writable(value), option=option).decode()


def _writable(value: Any) -> Any:
    """The value with what orjson refuses made into text: surrogates, and integers beyond 64 bits."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {_writable(str(key)): _writable(item) for key, item in value.items()}
        case list() | tuple():
            return [_writable(item) for item in value]
        case int() if not isinstance(value, bool) and not -(2**63) <= value < 2**64:
            return str(value)
        case _:
            return value


def write_ndjson(alerts: Iterable[Alert], out: TextIO) -> None:
    """One alert document a line."""
    for alert in alerts:
        out.write(as_json(alert) + "\n")


def write_json(alerts: Iterable[Alert], out: TextIO) -> None:
    """One array of alert documents."""
    out.write(as_json(list(alerts), indent=True) + "\n")


COLUMNS = {
    "time": "kibana.alert.original_time",
    "severity": "kibana.alert.severity",
    "risk_score": "kibana.alert.risk_score",
    "rule": "kibana.alert.rule.name",
    "rule_id": "kibana.alert.rule.rule_id",
    "host": "host.name",
    "user": "user.name",
    "process": "process.name",
    "command_line": "process.command_line",
    "parent": "process.parent.name",
    "file": "file.path",
    "registry": "registry.path",
    "destination_ip": "destination.ip",
    "reason": "kibana.alert.reason",
    "alert_id": "kibana.alert.uuid",
}


def write_csv(alerts: Iterable[Alert], out: TextIO) -> None:
    """One row an alert, a header first; several values of a field are joined with `; `."""
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow([*COLUMNS, "events"])
    for alert in alerts:
        cells = ["; ".join(map(to_text, values_of(alert, name))) for name in COLUMNS.values()]
        cells[0] = event_time_of(alert)
        rows.writerow([_inert(cell) for cell in [*cells, "; ".join(places_of(alert))]])


def _inert(cell: str) -> str:
    """A cell no spreadsheet takes for a formula: attackers choose file names."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def values_of(alert: Alert, name: str) -> list[Scalar]:
    """The values of a field of an alert. A sequence has but the fields its events agree on: then those of its steps."""
    if values := Fields(alert).scalars(name):
        return values
    steps = [step.get("fields", {}).get(name, []) for step in alert["besra"].get("sequence", ())]
    return list(dict.fromkeys(value for step in steps for value in (step if isinstance(step, list) else [step])))


def first_of(alert: Alert, name: str) -> str:
    """The first value of a field of an alert as text, empty if it has none."""
    return next(map(to_text, values_of(alert, name)), "")


def event_time_of(alert: Alert) -> str:
    """The time of the first event of an alert, empty if it has none."""
    times = sorted(event["time"] for event in alert["besra"]["events"] if "time" in event)
    return times[0] if times else ""


def places_of(alert: Alert) -> list[str]:
    """Where the events of an alert were read, `file#record` or `file:line`, and how many more there are."""
    places = []
    for event in alert["besra"]["events"]:
        mark = f"#{event['record']}" if "record" in event else f":{event['line']}" if "line" in event else ""
        places.append(f"{event.get('file', '')}{mark}")
    more = alert["besra"].get("total_events", len(places)) - len(places)
    return [*places, f"and {more:,} more"] if more else places


def write_timesketch(alerts: Iterable[Alert], out: TextIO) -> None:
    """Timesketch JSONL: `message`, `datetime`, `timestamp_desc`, and what an analyst filters by."""
    for alert in alerts:
        row = {
            "message": alert["kibana.alert.reason"],
            "datetime": event_time_of(alert) or alert["@timestamp"],
            "timestamp_desc": "besra alert",
            "rule": alert["kibana.alert.rule.name"],
            "severity": alert["kibana.alert.severity"],
            "tag": list(techniques_of(alert.get("kibana.alert.rule.threat") or ())),
            "hostname": first_of(alert, "host.name"),
            "username": first_of(alert, "user.name"),
            "events": places_of(alert),
            "alert_id": alert["kibana.alert.uuid"],
        }
        out.write(as_json(row) + "\n")


OCSF_SEVERITY = {"low": 2, "medium": 3, "high": 4, "critical": 5}


def write_ocsf(alerts: Iterable[Alert], out: TextIO) -> None:
    """OCSF Detection Finding (class 2004), one a line."""
    for alert in alerts:
        out.write(as_json(_ocsf(alert)) + "\n")


def _ocsf(alert: Alert) -> dict[str, Any]:
    created = parse_timestamp(alert["@timestamp"]) or 0
    happened = parse_timestamp(event_time_of(alert)) or created
    return {
        "class_uid": 2004,
        "class_name": "Detection Finding",
        "category_uid": 2,
        "category_name": "Findings",
        "activity_id": 1,
        "activity_name": "Create",
        "type_uid": 200401,
        "status_id": 1,
        "status": "New",
        "severity_id": OCSF_SEVERITY[alert["kibana.alert.severity"]],
        "severity": alert["kibana.alert.severity"].capitalize(),
        "risk_score": alert["kibana.alert.risk_score"],
        "time": happened // 1_000_000,
        "message": alert["kibana.alert.reason"],
        "metadata": {"version": "1.3.0", "product": {"name": "besra", "vendor_name": "besra", "version": __version__}},
        "finding_info": {
            "uid": alert["kibana.alert.uuid"],
            "title": alert["kibana.alert.rule.name"],
            "desc": alert.get("kibana.alert.rule.description", ""),
            "created_time": created // 1_000_000,
            "analytic": {
                "type_id": 1,
                "type": "Rule",
                "uid": alert["kibana.alert.rule.rule_id"],
                "name": alert["kibana.alert.rule.name"],
                "version": str(alert["kibana.alert.rule.version"]),
            },
            "attacks": [a for entry in alert.get("kibana.alert.rule.threat") or () for a in _attacks(entry)],
        },
        "evidences": [{"data": event} for event in alert["besra"]["events"]],
        "unmapped": {"besra": alert["besra"]},
    }


def _attacks(entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The tactic with each of its techniques and sub-techniques, or alone."""
    tactic = {"tactic": _named(entry.get("tactic") or {})}
    techniques: list[dict[str, Any]] = entry.get("technique") or []
    if not techniques:
        yield tactic
    for technique in techniques:
        found = {**tactic, "technique": _named(technique)}
        subs = technique.get("subtechnique") or ()
        yield from ({**found, "sub_technique": _named(sub)} for sub in subs) if subs else (found,)


def _named(item: dict[str, Any]) -> dict[str, Any]:
    return {"uid": item.get("id"), "name": item.get("name")}


def write_markdown(alerts: Iterable[Alert], out: TextIO) -> None:
    """A table for a report."""
    out.write("| Time | Severity | Rule | Host | Reason | Events |\n| --- | --- | --- | --- | --- | --- |\n")
    for alert in alerts:
        cells = [event_time_of(alert), alert["kibana.alert.severity"], alert["kibana.alert.rule.name"]]
        cells += [first_of(alert, "host.name"), alert["kibana.alert.reason"]]
        places = "<br>".join(_cell(place) for place in places_of(alert))
        out.write("| " + " | ".join([*map(_cell, cells), places]) + " |\n")


def _cell(text: str) -> str:
    """Text no Markdown reader takes for markup, in one row of a table."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\r", " ").replace("\n", " ")


WRITERS: dict[str, Writer] = {
    "ndjson": write_ndjson,
    "json": write_json,
    "csv": write_csv,
    "timesketch": write_timesketch,
    "ocsf": write_ocsf,
    "markdown": write_markdown,
}
WHOLE = frozenset(["ndjson", "json"])
"""Formats that hold all alerts."""


def write_alerts(alerts: Sequence[Alert], out: TextIO, form: str, shown: Shown) -> None:
    """The alerts in one of the formats, those that are `shown` unless the format holds all."""
    WRITERS[form](alerts if form in WHOLE else shown.of(alerts), out)

"""What templates read: the alerts, their rule, and how many there are (detection-engine.md 7.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from besra.detection.alert import Alert
from besra.schema.timestamp import format_timestamp

MOST = 100
"""Alerts a template and a body have; `count` says how many there are."""
RULE = "kibana.alert.rule."


@dataclass(frozen=True, slots=True)
class Told:
    """What something is about: the first of its alerts, how many there are, when, in which space."""

    alerts: Sequence[Alert]
    count: int
    at: int
    space: str
    key: str
    kind: str


def context_of(told: Told, public_url: str = "") -> dict[str, Any]:
    """What a template reads. `alert` and `rule` are the first alert's; `alerts.new.data` has all that are there."""
    alerts = [expanded(alert) for alert in told.alerts[:MOST]]
    first = told.alerts[0] if told.alerts else {}
    rule = rule_of(first)
    link = f"{public_url}/app/security/detections/rules/id/{quote(str(rule.get('id', '')))}" if public_url else ""
    new = {"count": told.count, "data": alerts}
    none: Mapping[str, Any] = {"count": 0, "data": []}
    id_ = first.get("kibana.alert.uuid", "")
    return {
        "rule": rule,
        "context": {"rule": rule, "alerts": alerts, "results_link": link},
        "state": {"signals_count": told.count},
        "alert": {"id": id_, "uuid": id_, "actionGroup": "default", "actionGroupName": "Default", "flapping": False},
        "alerts": {"new": new, "all": new, "ongoing": none, "recovered": none},
        "date": format_timestamp(told.at),
        "kibanaBaseUrl": public_url,
        "spaceId": told.space,
        "key": told.key,
        "kind": told.kind,
    }


def rule_of(alert: Alert) -> dict[str, Any]:
    """The rule of an alert: its parameters in snake_case, its name and its id."""
    parameters = alert.get(f"{RULE}parameters")
    return {
        **(parameters if isinstance(parameters, dict) else {}),
        "id": alert.get(f"{RULE}uuid", ""),
        "rule_id": alert.get(f"{RULE}rule_id", ""),
        "name": alert.get(f"{RULE}name", ""),
        "type": alert.get(f"{RULE}type", ""),
    }


def expanded(alert: Alert) -> dict[str, Any]:
    """An alert with objects in place of its dotted names, as templates read them; `_id` is its id."""
    found: dict[str, Any] = {"_id": alert.get("kibana.alert.uuid", "")}
    # What is dotted lies over the objects: `event.kind` of an alert is not that of its event.
    for name, value in sorted(alert.items(), key=lambda item: "." in item[0]):
        if name.startswith((f"{RULE}actions", f"{RULE}parameters")):
            continue
        *outer, last = name.split(".")
        inner = found
        for part in outer:
            within = inner.get(part)
            # A copy: what the event has there is the alert's own.
            inner[part] = dict(within) if isinstance(within, dict) else {}
            inner = inner[part]
        inner[last] = {**inner[last], **value} if _are_objects(inner.get(last), value) else value
    return found


def _are_objects(one: object, other: object) -> bool:
    return isinstance(one, dict) and isinstance(other, dict)

"""What is told of alerts where nobody has written it: a line, a list of them, or all of it as JSON."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from besra.detection.alert import Alert
from besra.notify.context import MOST, RULE, Told
from besra.rules.ndjson import json_text
from besra.schema.timestamp import format_timestamp

LINES = 20
"""Alerts and rules that are listed one by one in a text."""
LARGEST = 512 << 10
"""Characters of a body with whole alerts in it; beyond that it has fewer of them."""


def title_of(told: Told) -> str:
    """A title of one line."""
    if not told.alerts:
        return f"{told.count:,} alerts"
    first = told.alerts[0]
    name = first.get(f"{RULE}name", "")
    if told.count == 1:
        return f"[{first.get('kibana.alert.severity', '')}] {name}"
    rules = {alert.get(f"{RULE}name") for alert in told.alerts}
    return f"{told.count:,} alerts: {name}" + (" and others" if len(rules) > 1 else "")


def text_of(told: Told) -> str:
    """A text for people: a line for each alert, and how many there are of each rule where they are many."""
    if told.count == 1 and told.alerts:
        return line_of(told.alerts[0])
    lines = [title_of(told)]
    if told.count > LINES:
        shown = f"of the first {len(told.alerts):,} " if told.count > len(told.alerts) else ""
        lines.append(f"{shown}by rule:".strip())
        counts = Counter(str(alert.get(f"{RULE}name", "")) for alert in told.alerts)
        lines += [f"{count:,} × {name}" for name, count in counts.most_common(LINES)]
    else:
        lines += [f"- {line_of(alert)}" for alert in told.alerts]
    return "\n".join(lines)


def line_of(alert: Alert) -> str:
    """A line for an alert."""
    name, severity = alert.get(f"{RULE}name", ""), alert.get("kibana.alert.severity", "")
    return f"[{severity}] {name}: {alert.get('kibana.alert.reason', '')} ({alert.get('@timestamp', '')})"


def body_of(told: Told) -> str:
    """All of it as JSON: the whole documents of the first alerts, and how many there are."""
    alerts = [dict(alert) for alert in told.alerts[:MOST]]
    whole: Mapping[str, Any] = {
        "kind": told.kind,
        "key": told.key,
        "space": told.space,
        "date": format_timestamp(told.at),
        "count": told.count,
        "title": title_of(told),
        "text": text_of(told),
    }
    body = json_text({**whole, "alerts": alerts})
    while len(body) > LARGEST and alerts:
        alerts = alerts[: len(alerts) // 2]
        body = json_text({**whole, "alerts": alerts})
    return body

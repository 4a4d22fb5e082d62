"""Alerts as rows of a table: one row a rule, the most severe first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from besra.detection.alert import Alert
from besra.detection.execution import Execution
from besra.events.document import Fields
from besra.rules.rule import Rule, RuleSeverity


@dataclass(frozen=True, slots=True)
class AlertRow:
    """What one rule found. `first` and `last` are event times as ISO text, empty if no event has one.

    `severity` is the highest of its alerts. `due` is more than `alerts` where a limit kept some from being made;
    `suppressed` matches are counted on others' alerts.
    """

    rule: Rule
    severity: RuleSeverity
    alerts: int
    due: int
    suppressed: int
    first: str
    last: str
    hosts: tuple[str, ...]
    techniques: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Which alerts an analyst looks at: no building blocks (detection-engine.md 5.6).

    With `building_blocks` also those of building block rules; the members of a group never, of which the shell tells.
    """

    building_blocks: bool = False

    def of(self, alerts: Iterable[Alert]) -> list[Alert]:
        """Those of some alerts."""
        hidden = "kibana.alert.group.index" if self.building_blocks else "kibana.alert.building_block_type"
        return [alert for alert in alerts if hidden not in alert]


def severity_of(alert: Alert) -> RuleSeverity:
    """The severity of an alert, which fields of its events may have changed."""
    return RuleSeverity(alert["kibana.alert.severity"])


def highest_severity(alerts: Iterable[Alert]) -> RuleSeverity | None:
    """The highest severity of alerts, None without any; the building blocks of a sequence have none of their own."""
    whole = (severity_of(alert) for alert in alerts if "kibana.alert.group.index" not in alert)
    return max(whole, key=lambda severity: severity.rank, default=None)


def row_of(execution: Execution, shown: Shown) -> AlertRow:
    """The row of a rule's execution."""
    times = sorted(event["time"] for alert in execution.alerts for event in alert["besra"]["events"] if "time" in event)
    hosts = dict.fromkeys(str(h) for alert in execution.alerts for h in Fields(alert).scalars("host.name"))
    return AlertRow(
        execution.rule,
        highest_severity(execution.alerts) or execution.rule.severity,
        len(shown.of(execution.alerts)),
        execution.due,
        execution.suppressed,
        times[0] if times else "",
        times[-1] if times else "",
        tuple(hosts),
        techniques_of(execution.rule.parameters.get("threat") or ()),
        str(execution.alerts[-1]["kibana.alert.reason"]) if execution.alerts else "",
    )


def techniques_of(threat: Sequence[Any]) -> tuple[str, ...]:
    """ATT&CK ids of a rule: sub-techniques where given, else techniques, else tactics."""
    found: dict[str, None] = {}
    for entry in threat:
        techniques = entry.get("technique") or ()
        for technique in techniques:
            subs = technique.get("subtechnique") or ()
            found.update(dict.fromkeys(sub["id"] for sub in subs) if subs else {technique["id"]: None})
        if not techniques and entry.get("tactic"):
            found[entry["tactic"]["id"]] = None
    return tuple(found)

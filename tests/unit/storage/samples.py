"""Alerts and runs as they come to the store: those of real rules, and small ones of which there can be many."""

from typing import Any

from besra.schema.timestamp import format_timestamp
from besra.storage.run_log import RunRecord

SECOND = 10**9
NOW = 1_750_000_000 * SECOND
Json = dict[str, Any]


def alert(number: int, **fields: Any) -> Json:
    """An alert of rule `r1` on host `h`, created `number` seconds after NOW; `host_name="b"` is the field host.name.

    A field of None is left out.
    """
    changed = {name.replace("_", "."): value for name, value in fields.items() if "." not in name}
    changed |= {name: value for name, value in fields.items() if "." in name}
    document: Json = {
        "@timestamp": format_timestamp(NOW + number * SECOND),
        "event.kind": "signal",
        "kibana.space_ids": ["default"],
        "host": {"name": "h"},
        "process": {"name": "cmd.exe", "args": ["cmd.exe", "/c"]},
        "kibana.alert.uuid": f"a{number}",
        "kibana.alert.status": "active",
        "kibana.alert.workflow_status": "open",
        "kibana.alert.workflow_tags": [],
        "kibana.alert.workflow_assignee_ids": [],
        "kibana.alert.original_time": format_timestamp(NOW - SECOND),
        "kibana.alert.severity": "low",
        "kibana.alert.risk_score": 21,
        "kibana.alert.depth": 1,
        "kibana.alert.rule.uuid": "r1",
        "kibana.alert.rule.rule_id": "rule-1",
        "kibana.alert.rule.name": "Rule One",
        "kibana.alert.rule.tags": ["Domain: Endpoint"],
        "kibana.alert.rule.execution.uuid": "x1",
        "kibana.alert.rule.parameters": {"query": "process where true", "max_signals": 100},
        "besra": {"version": "0"},
    }
    document |= changed
    return {name: value for name, value in document.items() if value is not None}


def alerts(*numbers: int, **fields: Any) -> list[Json]:
    """Several alerts that differ in their numbers."""
    return [alert(number, **fields) for number in numbers]


def without_space(row: Json) -> Json:
    """A row of an alert as it was before there were spaces."""
    return {name: value for name, value in row.items() if name != "space"}


def run(number: int = 0, rule: str = "r1", **values: Any) -> RunRecord:
    """The record of a run of a rule that started `number` seconds after NOW."""
    return RunRecord(f"x{number}", rule, "rule-1", "Rule One", NOW + number * SECOND, SECOND, **values)

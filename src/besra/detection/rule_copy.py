"""The copy of the rule inside an alert: `kibana.alert.rule.*` at the values of the run (detection-engine.md 3.2)."""

from typing import Any

from besra.detection.run import RunInfo
from besra.rules.fields import with_defaults
from besra.rules.rule import Rule, RuleType
from besra.schema.timestamp import format_timestamp

CATEGORIES = {
    RuleType.EQL: ("Event Correlation Rule", "siem.eqlRule"),
    RuleType.QUERY: ("Custom Query Rule", "siem.queryRule"),
    RuleType.SAVED_QUERY: ("Saved Query Rule", "siem.savedQueryRule"),
    RuleType.THRESHOLD: ("Threshold Rule", "siem.thresholdRule"),
    RuleType.NEW_TERMS: ("New Terms Rule", "siem.newTermsRule"),
    RuleType.THREAT_MATCH: ("Indicator Match Rule", "siem.indicatorRule"),
    RuleType.ESQL: ("ES|QL Rule", "siem.esqlRule"),
    RuleType.MACHINE_LEARNING: ("Machine Learning Rule", "siem.mlRule"),
}
COPIED = (
    "description",
    "enabled",
    "immutable",
    "revision",
    "author",
    "license",
    "tags",
    "references",
    "false_positives",
    "note",
    "setup",
    "threat",
    "severity",
    "risk_score",
    "severity_mapping",
    "risk_score_mapping",
    "rule_name_override",
    "timestamp_override",
    "from",
    "to",
    "interval",
    "max_signals",
    "namespace",
    "timeline_id",
    "timeline_title",
    "throttle",
    "actions",
    "exceptions_list",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "building_block_type",
    "meta",
)


def rule_uuid(rule: Rule) -> str:
    """The rule's object id where it has one; else its `rule_id`, which is the same in every installation."""
    return str(rule.parameters.get("id") or rule.rule_id)


def rule_fields(rule: Rule, run: RunInfo) -> dict[str, Any]:
    """Flat `kibana.alert.rule.*` keys; fields the rule does not have are left out."""
    parameters = with_defaults(rule.parameters)
    category, type_id = CATEGORIES[rule.type]
    found = {
        "uuid": rule_uuid(rule),
        "rule_id": rule.rule_id,
        "name": rule.name,
        "version": rule.version,
        "type": str(rule.type),
        "category": category,
        "rule_type_id": type_id,
        "consumer": "siem",
        "producer": "siem",
        "indices": list(rule.index),
        "execution.uuid": run.execution_id(rule.space),
        "execution.timestamp": format_timestamp(run.started),
        "execution.type": run.kind,
        **{name: parameters[name] for name in COPIED if parameters.get(name) is not None},
        "parameters": parameters,
    }
    return {f"kibana.alert.rule.{name}": value for name, value in found.items()}

"""Overrides: severity, risk score and name of an alert, taken from fields of its events (detection-engine.md 5.7).

The copy of the rule in the alert keeps what the rule says; only its name is the new one. Elastic leaves sequences as
they are; here the fields of all their events count, and their building blocks stay as they are.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from besra.detection.alert import Alert
from besra.detection.match_fields import MatchFields
from besra.detection.reason import reason_text
from besra.rules.rule import Rule, RuleSeverity
from besra.schema.fieldtype import FieldType, to_text, to_typed

LEAST_RISK, MOST_RISK = 0, 100


@dataclass(frozen=True, slots=True)
class Overrides:
    """What an alert says in place of its rule; None leaves it to the rule."""

    severity: RuleSeverity | None = None
    risk_score: int | float | None = None
    name: str | None = None


def overrides_of(rule: Rule, fields: MatchFields) -> Overrides:
    """What the fields of a match override."""
    parameters = rule.parameters
    name = parameters.get("rule_name_override")
    return Overrides(
        _severity(parameters.get("severity_mapping") or (), fields),
        _risk_score(parameters.get("risk_score_mapping") or (), fields),
        _name(name, fields) if name else None,
    )


def possible_severities(rule: Rule) -> set[RuleSeverity]:
    """The severities that alerts of a rule may have."""
    mapping = rule.parameters.get("severity_mapping") or ()
    return {rule.severity, *(RuleSeverity(entry["severity"]) for entry in mapping)}


def _severity(mapping: tuple[Mapping[str, Any], ...], fields: MatchFields) -> RuleSeverity | None:
    """The highest severity of those whose field has the value."""
    found = [RuleSeverity(entry["severity"]) for entry in mapping if _has_value(entry, fields)]
    return max(found, key=lambda severity: severity.rank, default=None)


def _risk_score(mapping: tuple[Mapping[str, Any], ...], fields: MatchFields) -> int | float | None:
    """By the first entry alone: its own score where its field has its value, else the highest score the field holds."""
    for entry in mapping[:1]:
        if entry.get("value") and entry.get("risk_score") is not None:
            score: int = entry["risk_score"]
            return score if _has_value(entry, fields) else None
        numbers = [to_typed(value, FieldType.DOUBLE) for value in fields.scalars(entry["field"])]
        return max((_whole(n) for n in numbers if isinstance(n, float) and _is_score(n)), default=None)
    return None


def _has_value(entry: Mapping[str, Any], fields: MatchFields) -> bool:
    return any(to_text(value) == entry["value"] for value in fields.scalars(entry["field"]))


def _is_score(number: float) -> bool:
    return math.isfinite(number) and LEAST_RISK <= number <= MOST_RISK


def _whole(number: float) -> int | float:
    return int(number) if number.is_integer() else number


def _name(field: str, fields: MatchFields) -> str | None:
    """The first text of the field that says something."""
    return next((value for value in fields.scalars(field) if isinstance(value, str) and value.strip()), None)


def overridden(alert: Alert, rule: Rule, overrides: Overrides) -> Alert:
    """The alert with what is overridden; its reason tells the same."""
    if overrides == Overrides():
        return alert
    severity, name = overrides.severity or rule.severity, overrides.name or rule.name
    return {
        **alert,
        "kibana.alert.severity": str(severity),
        "kibana.alert.risk_score": rule.risk_score if overrides.risk_score is None else overrides.risk_score,
        "kibana.alert.rule.name": name,
        "kibana.alert.reason": reason_text(alert, name, severity),
    }

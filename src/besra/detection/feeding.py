"""Which rules may read which rules' alerts, told before there are any.

Of a rule's alerts the copy of the rule is known beforehand, and little else. A condition on what is not known may hold
or not; so what is said here is that a clause *may* hold, and that it cannot is certain.
"""

from collections.abc import Mapping
from typing import Any

from besra.detection.rule_copy import rule_fields, rule_uuid
from besra.detection.run import RunInfo
from besra.engine.reference import holds
from besra.events.document import Fields
from besra.language.expr import Equals, FieldRef, Leaf, Nested, Or, Predicate, RelativeDate, fields_of
from besra.language.partial import Truth, truth_of
from besra.language.plan import Plan
from besra.rules.rule import Rule
from besra.schema.fieldtype import FieldType

RULE = "kibana.alert.rule."
OF_ONE_RUN = f"{RULE}execution"
OVERRIDES = {
    "rule_name_override": f"{RULE}name",
    "severity_mapping": "kibana.alert.severity",
    "risk_score_mapping": "kibana.alert.risk_score",
}
"""Parameters by which an event decides what its alert says in a field."""

ANY_RUN = RunInfo(0)


class KnownFields:
    """What is known of all alerts of a rule: the values of some fields, and that it does not know the others."""

    def __init__(self, rule: Rule) -> None:
        copied = rule_fields(rule, ANY_RUN)
        known: Mapping[str, Any] = {
            **copied,
            "event.kind": "signal",
            "kibana.alert.severity": str(rule.severity),
            "kibana.alert.risk_score": rule.risk_score,
        }
        self._own = frozenset(known) - frozenset(copied)
        overridden = [field for name, field in OVERRIDES.items() if rule.parameters.get(name)]
        self._unknown = tuple(f"{field}." for field in (*overridden, OF_ONE_RUN))
        self.fields = Fields(known)

    def has(self, name: str) -> bool:
        """Whether the field's values are those in `fields`: of the rule's copy also that it has none."""
        return (name in self._own or name.startswith(RULE)) and not f"{name}.".startswith(self._unknown)


def may_hold(predicate: Predicate, known: KnownFields) -> bool:
    """Whether the predicate can be true of an alert of which that is known."""

    def truth(leaf: Leaf | Nested) -> Truth:
        if isinstance(leaf, Nested | RelativeDate):
            return None  # nothing that is known is a list of objects or worth a date
        return holds(leaf, known.fields) if all(known.has(field.name) for field in fields_of(leaf)) else None

    return truth_of(predicate, truth) is not False


def may_read(plan: Plan, known: KnownFields) -> bool:
    """Whether a clause of a plan over alerts can hold for an alert of which that is known."""
    return any(may_hold(clause.predicate, known) for clause in plan.clauses)


def descends_from(rule: Rule) -> Predicate:
    """That an event is an alert of the rule, or comes from one: a rule never feeds itself (detection-engine.md 2.5)."""
    fields = (f"{RULE}uuid", "kibana.alert.ancestors.rule")
    uuid = frozenset([rule_uuid(rule)])
    return Or(tuple(Equals(FieldRef(name, FieldType.KEYWORD), uuid) for name in fields))

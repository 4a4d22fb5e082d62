"""The fields a rule may have, in API form: kind, bounds, default (detection-engine.md 1.2, 1.3, 1.4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from types import MappingProxyType
from typing import Any

from besra.rules.rule import RuleType


class Kind(Enum):
    """What a field's JSON value must be."""

    STRING = auto()
    TEXT = auto()  # a string with something in it
    STRINGS = auto()
    STRING_OR_STRINGS = auto()
    INTEGER = auto()
    BOOLEAN = auto()
    DURATION = auto()
    DATE_MATH = auto()
    OBJECT = auto()
    OBJECTS = auto()


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field: what it may hold, whether it must be there, what it is when absent.

    `fields` are those of an object, or of each object of a list. A default of None means the field stays absent.
    """

    kind: Kind
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    fields: Mapping[str, "FieldSpec"] | None = None


Specs = Mapping[str, FieldSpec]

SEVERITIES = ("low", "medium", "high", "critical")
STRING, TEXT = FieldSpec(Kind.STRING), FieldSpec(Kind.TEXT)
STRINGS, OBJECT, OBJECTS = FieldSpec(Kind.STRINGS), FieldSpec(Kind.OBJECT), FieldSpec(Kind.OBJECTS)
BOOLEAN = FieldSpec(Kind.BOOLEAN)
NAME = FieldSpec(Kind.TEXT, required=True)
POSITIVE = FieldSpec(Kind.INTEGER, low=1)


def _list(kind: Kind = Kind.STRINGS, **fields: FieldSpec) -> FieldSpec:
    return FieldSpec(kind, default=(), fields=MappingProxyType(fields))


def _choice(*choices: str, required: bool = False) -> FieldSpec:
    return FieldSpec(Kind.STRING, required, choices=choices)


def _object(required: bool = False, **fields: FieldSpec) -> FieldSpec:
    return FieldSpec(Kind.OBJECT, required, fields=MappingProxyType(fields))


WORD = FieldSpec(Kind.STRING, required=True)  # may be empty, as in exports of older versions

ATTACK = {"id": WORD, "name": WORD, "reference": WORD}
TECHNIQUE = {**ATTACK, "subtechnique": FieldSpec(Kind.OBJECTS, fields=ATTACK)}
MAPPING = {"field": WORD, "value": WORD, "operator": _choice("equals", required=True)}

COMMON: Specs = {
    "rule_id": TEXT,
    "name": NAME,
    "description": NAME,
    "type": FieldSpec(Kind.STRING, required=True, choices=tuple(RuleType)),
    "enabled": FieldSpec(Kind.BOOLEAN, default=True),
    "version": FieldSpec(Kind.INTEGER, default=1, low=1),
    "revision": FieldSpec(Kind.INTEGER, default=0, low=0),
    "immutable": FieldSpec(Kind.BOOLEAN, default=False),
    "interval": FieldSpec(Kind.DURATION, default="5m"),
    "from": FieldSpec(Kind.DATE_MATH, default="now-6m"),
    "to": FieldSpec(Kind.DATE_MATH, default="now"),
    "max_signals": FieldSpec(Kind.INTEGER, default=100, low=1),
    "risk_score": FieldSpec(Kind.INTEGER, required=True, low=0, high=100),
    "severity": _choice(*SEVERITIES, required=True),
    "risk_score_mapping": _list(
        Kind.OBJECTS,
        **MAPPING,
        risk_score=FieldSpec(Kind.INTEGER, low=0, high=100),
    ),
    "severity_mapping": _list(
        Kind.OBJECTS,
        **MAPPING,
        severity=_choice(*SEVERITIES, required=True),
    ),
    "rule_name_override": STRING,
    "timestamp_override": STRING,
    "timestamp_override_fallback_disabled": BOOLEAN,
    "tags": _list(),
    "author": _list(),
    "license": STRING,
    "references": _list(),
    "false_positives": _list(),
    "note": STRING,
    "setup": FieldSpec(Kind.STRING, default=""),
    "threat": _list(
        Kind.OBJECTS,
        framework=WORD,
        tactic=_object(required=True, **ATTACK),
        technique=FieldSpec(Kind.OBJECTS, fields=TECHNIQUE),
    ),
    "building_block_type": _choice("default"),
    "timeline_id": STRING,
    "timeline_title": STRING,
    "related_integrations": _list(Kind.OBJECTS, package=NAME, version=NAME, integration=STRING),
    "required_fields": _list(Kind.OBJECTS, name=NAME, type=NAME, ecs=BOOLEAN),
    "investigation_fields": _object(field_names=FieldSpec(Kind.STRINGS, required=True)),
    "exceptions_list": _list(
        Kind.OBJECTS, id=NAME, list_id=NAME, type=NAME, namespace_type=_choice("single", "agnostic", required=True)
    ),
    "actions": _list(Kind.OBJECTS),
    "throttle": STRING,
    "response_actions": OBJECTS,
    "meta": OBJECT,
    "output_index": STRING,
    "namespace": STRING,
}

SERVER: Specs = {
    "id": STRING,
    "rule_source": OBJECT,
    "outcome": STRING,
    "alias_target_id": STRING,
    "alias_purpose": STRING,
    "created_at": STRING,
    "created_by": STRING,
    "updated_at": STRING,
    "updated_by": STRING,
    "execution_summary": OBJECT,
}
"""Set by a server and kept as they came."""

SUPPRESSION = _object(
    group_by=STRINGS,
    duration=_object(value=FieldSpec(Kind.INTEGER, required=True, low=1), unit=FieldSpec(Kind.STRING, required=True)),
    missing_fields_strategy=STRING,
)
SOURCE: Specs = {"index": STRINGS, "data_view_id": STRING, "filters": OBJECTS}
QUERY = FieldSpec(Kind.TEXT, required=True)
KUERY = FieldSpec(Kind.STRING, default="kuery", choices=("kuery", "lucene"))
PATTERN_QUERY: Specs = {**SOURCE, "language": KUERY, "query": QUERY, "alert_suppression": SUPPRESSION}

THREAT_ENTRY = {
    "field": NAME,
    "type": _choice("mapping", required=True),
    "value": NAME,
    "negate": BOOLEAN,
}

BY_TYPE: Mapping[RuleType, Specs] = {
    RuleType.EQL: {
        **SOURCE,
        "query": QUERY,
        "language": _choice("eql", required=True),
        "event_category_override": STRING,
        "timestamp_field": STRING,
        "tiebreaker_field": STRING,
        "alert_suppression": SUPPRESSION,
    },
    RuleType.QUERY: {**PATTERN_QUERY, "query": FieldSpec(Kind.STRING, default=""), "saved_id": STRING},
    RuleType.SAVED_QUERY: {**PATTERN_QUERY, "query": STRING, "saved_id": NAME},
    RuleType.THRESHOLD: {
        **PATTERN_QUERY,
        "saved_id": STRING,
        "threshold": _object(
            required=True,
            field=FieldSpec(Kind.STRING_OR_STRINGS, required=True),
            value=FieldSpec(Kind.INTEGER, required=True, low=1),
            cardinality=FieldSpec(
                Kind.OBJECTS, fields={"field": NAME, "value": FieldSpec(Kind.INTEGER, required=True, low=1)}
            ),
        ),
    },
    RuleType.NEW_TERMS: {
        **PATTERN_QUERY,
        "new_terms_fields": FieldSpec(Kind.STRINGS, required=True),
        "history_window_start": FieldSpec(Kind.DATE_MATH, required=True),
    },
    RuleType.THREAT_MATCH: {
        **PATTERN_QUERY,
        "saved_id": STRING,
        "threat_query": FieldSpec(Kind.STRING, required=True),
        "threat_mapping": FieldSpec(
            Kind.OBJECTS,
            required=True,
            fields={"entries": FieldSpec(Kind.OBJECTS, required=True, fields=THREAT_ENTRY)},
        ),
        "threat_index": FieldSpec(Kind.STRINGS, required=True),
        "threat_filters": OBJECTS,
        "threat_indicator_path": FieldSpec(Kind.STRING, default="threat.indicator"),
        "threat_language": FieldSpec(Kind.STRING, choices=("kuery", "lucene")),
        "concurrent_searches": FieldSpec(Kind.INTEGER, default=1, low=1),
        "items_per_search": FieldSpec(Kind.INTEGER, default=9000, low=1),
    },
    RuleType.ESQL: {"query": QUERY, "language": _choice("esql", required=True), "alert_suppression": SUPPRESSION},
    RuleType.MACHINE_LEARNING: {
        "anomaly_threshold": FieldSpec(Kind.INTEGER, required=True, low=0, high=100),
        "machine_learning_job_id": FieldSpec(Kind.STRING_OR_STRINGS, required=True),
        "alert_suppression": SUPPRESSION,
    },
}


@cache
def specs_of(rule_type: RuleType | None) -> Specs:
    """All fields of a rule of that type; of None, for a rule whose type is not known, those every rule has."""
    own = BY_TYPE[rule_type] if rule_type else {}
    return MappingProxyType({**COMMON, **SERVER, **own})


@cache
def owners_of(name: str) -> tuple[RuleType, ...]:
    """The rule types that have a type-specific field of this name."""
    return tuple(rule_type for rule_type, specs in BY_TYPE.items() if name in specs)


def with_defaults(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a valid rule with every default filled in, as an alert's copy of the rule shows them."""
    specs = specs_of(RuleType(parameters["type"]))
    defaults = {name: spec.default for name, spec in specs.items() if spec.default is not None}
    lists = {name: [] if value == () else value for name, value in defaults.items()}
    return {**lists, **{name: value for name, value in parameters.items() if value is not None or name not in lists}}

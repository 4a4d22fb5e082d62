"""A detection rule as a frozen value.

Fields are those of detection-engine.md 1.2 and 1.3. What besra acts on has an attribute; everything is also kept,
unchanged, in `parameters` (the API form, snake_case) so that conversion and the alert's copy of the rule lose nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from besra.problems import Place
from besra.rules.exception_list import ListKey
from besra.rules.space import DEFAULT


class RuleType(StrEnum):
    """The eight rule types of Elastic Security."""

    EQL = "eql"
    QUERY = "query"
    SAVED_QUERY = "saved_query"
    THRESHOLD = "threshold"
    NEW_TERMS = "new_terms"
    THREAT_MATCH = "threat_match"
    ESQL = "esql"
    MACHINE_LEARNING = "machine_learning"


class RuleSeverity(StrEnum):
    """Severity, ascending."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low to 3 for critical."""
        return ("low", "medium", "high", "critical").index(self)


class RuleStatus(StrEnum):
    """What can be done with a rule. Invalid: the author has to correct it. Unsupported: besra cannot run it."""

    READY = "ready"
    UNSUPPORTED = "unsupported"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a rule runs and how far it looks back, as written: `interval` a duration, `start` and `end` date math."""

    interval: str = "5m"
    start: str = "now-6m"
    end: str = "now"


@dataclass(frozen=True, slots=True)
class QueryText:
    """A rule's query and where its first character stands in the rule file, so that problems point into the file.

    `line` and `column` count from 1; `line_by_line` says that the file holds the text line by line as it is here (a
    TOML triple-quoted string), so line n of the query is line `line + n - 1` of the file.
    """

    text: str
    language: str
    line: int | None = None
    column: int | None = None
    line_by_line: bool = False


@dataclass(frozen=True, slots=True)
class ExceptionReference:
    """An exception list a rule names, and where it does."""

    key: ListKey
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """One detection rule.

    `parameters` is the whole rule in API form, as written: defaults are not filled in (`fields.with_defaults` does).
    `metadata` is the TOML `[metadata]` table; `toml_only` holds what else the TOML form knows and the API form does not
    (`transform`, `threat_mappings`), so that writing the TOML again loses nothing. An event is read by the rule if it
    matches `index`; without `index` (a data view, ES|QL, machine learning) no pattern restricts it. `exceptions`
    are the lists it names, but for those of the endpoint, which are no matter of the detection engine. Its alerts are
    those of its `space`.
    """

    rule_id: str
    name: str
    type: RuleType
    severity: RuleSeverity
    risk_score: int
    query: QueryText | None = None
    index: tuple[str, ...] = ()
    schedule: Schedule = Schedule()
    max_signals: int = 100
    enabled: bool = True
    tags: tuple[str, ...] = ()
    building_block: bool = False
    event_category_field: str = "event.category"
    timestamp_field: str = "@timestamp"
    tiebreaker_field: str | None = None
    timestamp_override: str | None = None
    version: int = 1
    path: str | None = None
    space: str = DEFAULT
    exceptions: tuple[ExceptionReference, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    toml_only: Mapping[str, Any] = field(default_factory=dict)

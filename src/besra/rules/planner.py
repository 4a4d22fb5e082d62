"""Rule to plan: which rules besra can run, and why not the others."""

from dataclasses import dataclass

from besra.errors import QueryError
from besra.language.eql.lower import Lowered, QueryFields, lower_query
from besra.language.eql.parser import parse_query
from besra.language.plan import Plan
from besra.problems import Problem, Severity
from besra.rules.rule import Rule, RuleStatus, RuleType
from besra.schema.catalogue import Catalogue, bundled_catalogue

MISSING_FEATURE = {
    RuleType.QUERY: "KQL",
    RuleType.SAVED_QUERY: "saved queries",
    RuleType.THRESHOLD: "threshold rules",
    RuleType.NEW_TERMS: "new terms rules",
    RuleType.THREAT_MATCH: "indicator match rules",
    RuleType.ESQL: "ES|QL",
    RuleType.MACHINE_LEARNING: "machine learning jobs",
}
ENDPOINT_LIST = "endpoint_list"
"""Enforced on the endpoint; the detection engine leaves it out (detection-engine.md 4.2)."""


@dataclass(frozen=True, slots=True)
class Planned:
    """The outcome of planning one rule. `plan` is None unless `status` is ready.

    The places of `problems` are relative to the text of the rule's query (line 1 is its first line).
    """

    status: RuleStatus
    plan: Plan | None = None
    problems: tuple[Problem, ...] = ()


def plan_rule(rule: Rule, catalogue: Catalogue | None = None) -> Planned:
    """Plan a rule against a field catalogue, by default the bundled one. What cannot be planned is no exception."""
    if rule.type is not RuleType.EQL or rule.query is None:
        feature = MISSING_FEATURE.get(rule.type, f"rules of type {rule.type}")
        return _unsupported("unsupported-rule-type", f"{feature} not supported yet: besra runs EQL rules")
    if rule.parameters.get("filters"):
        return _unsupported(
            "unsupported-filters", "the rule narrows its query by `filters`, which besra cannot apply yet"
        )
    try:
        lowered = _lower(rule, rule.query.text, catalogue or bundled_catalogue())
    except QueryError as error:
        unsupported = all(problem.code == "eql-unsupported" for problem in error.problems)
        status = RuleStatus.UNSUPPORTED if unsupported else RuleStatus.INVALID
        return Planned(status, problems=error.problems)
    return Planned(RuleStatus.READY, lowered.plan, (*lowered.warnings, *_not_applied(rule)))


def _lower(rule: Rule, text: str, catalogue: Catalogue) -> Lowered:
    fields = QueryFields(rule.event_category_field, rule.timestamp_field, rule.tiebreaker_field or DEFAULT_TIEBREAKER)
    return lower_query(parse_query(text), catalogue, fields=fields)


DEFAULT_TIEBREAKER = "event.sequence"
"""Elasticsearch has no default tiebreaker and falls back to arrival order. Files have no arrival order worth the name,
and Elastic Defend numbers all events of an agent in this field (sources.md 2); events without it sort by position."""


def _unsupported(code: str, message: str) -> Planned:
    return Planned(RuleStatus.UNSUPPORTED, problems=(Problem(code, message),))


def _not_applied(rule: Rule) -> list[Problem]:
    """What the rule asks for around its query that besra does not do yet: said, because it changes the alerts."""
    found = []
    if rule.parameters.get("alert_suppression"):
        message = "alert suppression is not applied: each match becomes an alert"
        found.append(Problem("rule-suppression-not-applied", message, Severity.WARNING))
    lists = rule.parameters.get("exceptions_list") or ()
    names = [str(entry.get("list_id")) for entry in lists if isinstance(entry, dict)]
    applied = [name for name in names if name != ENDPOINT_LIST]
    if applied:
        message = f"exceptions are not applied: {', '.join(applied)}"
        found.append(Problem("rule-exceptions-not-applied", message, Severity.WARNING))
    return found

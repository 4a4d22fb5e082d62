"""Rule to plan: which rules besra can run, and why not the others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from besra.errors import QueryError
from besra.language.eql.lower import Lowered
from besra.language.plan import Plan
from besra.language.query_dsl.scope import FieldProblem
from besra.problems import Problem
from besra.rules.filters import lower_filters
from besra.rules.plans.eql import eql_plan
from besra.rules.plans.narrowing import narrowed
from besra.rules.plans.new_terms import new_terms_plan
from besra.rules.plans.query import query_plan
from besra.rules.plans.threat_match import threat_match_plan
from besra.rules.plans.threshold import threshold_plan
from besra.rules.rule import Rule, RuleStatus, RuleType
from besra.schema.catalogue import Catalogue, bundled_catalogue

PLANS: Mapping[RuleType, Callable[[Rule, Catalogue], Lowered]] = {
    RuleType.EQL: eql_plan,
    RuleType.QUERY: query_plan,
    RuleType.SAVED_QUERY: query_plan,
    RuleType.THRESHOLD: threshold_plan,
    RuleType.NEW_TERMS: new_terms_plan,
    RuleType.THREAT_MATCH: threat_match_plan,
}
MISSING_FEATURE = {
    RuleType.ESQL: "rules in ES|QL are",
    RuleType.MACHINE_LEARNING: "rules on the anomalies of machine learning jobs are",
}
FILTERS = ("filters", "threat_filters")
"""Those of the events, and of the indicators."""
UNSUPPORTED = frozenset({"eql-unsupported", "kql-unsupported", "unsupported-history-window"})


@dataclass(frozen=True, slots=True)
class Planned:
    """The outcome of planning one rule. `plan` is None unless `status` is ready.

    The places of `problems` are relative to the text of the rule's query (line 1 is its first line); `field_problems`
    are about other fields.
    """

    status: RuleStatus
    plan: Plan | None = None
    problems: tuple[Problem, ...] = ()
    field_problems: tuple[FieldProblem, ...] = ()


def plan_rule(rule: Rule, catalogue: Catalogue | None = None) -> Planned:
    """Plan a rule against a field catalogue, by default the bundled one. What cannot be planned is no exception."""
    plan = PLANS.get(rule.type)
    if plan is None:
        feature = MISSING_FEATURE.get(rule.type, f"rules of type {rule.type} are")
        return _unsupported("unsupported-rule-type", f"{feature} not supported")
    if obstacle := _obstacle(rule):
        return Planned(RuleStatus.UNSUPPORTED, problems=(obstacle,))
    catalogue = catalogue or bundled_catalogue()
    try:
        lowered = plan(rule, catalogue)
    except QueryError as error:
        unsupported = all(problem.code in UNSUPPORTED for problem in error.problems)
        status = RuleStatus.UNSUPPORTED if unsupported else RuleStatus.INVALID
        return Planned(status, problems=error.problems)
    events, indicators = (lower_filters(rule.parameters.get(field), field, catalogue) for field in FILTERS)
    told = (*events.problems, *indicators.problems)
    if not (events.is_usable and indicators.is_usable):
        return Planned(RuleStatus.UNSUPPORTED, problems=lowered.warnings, field_problems=told)
    narrow = narrowed(lowered.plan, events.predicate, indicators.predicate)
    return Planned(RuleStatus.READY, narrow, lowered.warnings, told)


def _obstacle(rule: Rule) -> Problem | None:
    """What of a rule besra cannot do, whatever its query says."""
    languages = {rule.query.language if rule.query else "", rule.parameters.get("threat_language")}
    if "lucene" in languages:
        hint = "write the query in KQL (language kuery) or EQL"
        return Problem("unsupported-language", "queries in Lucene's language are not supported", hint=hint)
    if rule.type is RuleType.SAVED_QUERY and not (rule.query and rule.query.text.strip()):
        message = f"the rule runs the saved query {rule.parameters['saved_id']}, whose text is not in the file"
        return Problem("unsupported-saved-query", message, hint="put the text of the saved query into `query`")
    return None


def _unsupported(code: str, message: str) -> Planned:
    return Planned(RuleStatus.UNSUPPORTED, problems=(Problem(code, message),))

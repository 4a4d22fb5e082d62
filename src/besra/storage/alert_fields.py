"""What KQL over alerts asks: fields of events, and those alerts have besides (detection-engine.md 3.2)."""

from functools import cache

from besra.language.kuery.lower import LoweredExpression, lower_kuery_expression
from besra.language.kuery.parser import parse_kuery
from besra.schema.catalogue import Catalogue, bundled_catalogue

DATES = ("original_time", "start", "last_detected", "intended_timestamp", "workflow_status_updated_at")
SUPPRESSION_DATES = ("suppression.start", "suppression.end", "threshold_result.from", "rule.execution.timestamp")
LONGS = ("depth", "group.index", "suppression.docs_count", "threshold_result.count", "rule.version", "rule.revision")
KEYWORDS = (
    "uuid",
    "status",
    "severity",
    "workflow_status",
    "workflow_user",
    "workflow_reason",
    "workflow_tags",
    "workflow_assignee_ids",
    "case_ids",
    "building_block_type",
    "group.id",
    "instance.id",
    "new_terms",
    "suppression.terms.field",
    "suppression.terms.value",
    "ancestors.id",
    "ancestors.index",
    "ancestors.type",
    "rule.uuid",
    "rule.rule_id",
    "rule.name",
    "rule.type",
    "rule.category",
    "rule.severity",
    "rule.tags",
    "rule.author",
    "rule.indices",
    "rule.execution.uuid",
    "rule.execution.type",
    "rule.threat.framework",
    "rule.threat.tactic.id",
    "rule.threat.tactic.name",
    "rule.threat.technique.id",
    "rule.threat.technique.name",
    "rule.threat.technique.subtechnique.id",
    "rule.threat.technique.subtechnique.name",
)
TYPES = {
    **{f"kibana.alert.{name}": "keyword" for name in KEYWORDS},
    **{f"kibana.alert.{name}": "date_nanos" for name in (*DATES, *SUPPRESSION_DATES)},
    **{f"kibana.alert.{name}": "long" for name in LONGS},
    "kibana.alert.risk_score": "double",
    "kibana.alert.rule.risk_score": "double",
    "kibana.alert.reason": "keyword",
    "kibana.space_ids": "keyword",
}


@cache
def alert_catalogue() -> Catalogue:
    """The catalogue of events with the fields of alerts laid over it."""
    return bundled_catalogue().with_types(TYPES)


def alert_condition(query: str, now: int) -> LoweredExpression:
    """A KQL query over alerts as a predicate; `now` is in nanoseconds since 1970.

    Raises QuerySyntaxError or QuerySemanticError.
    """
    return lower_kuery_expression(parse_kuery(query), alert_catalogue(), now=now)

"""Why a rule fires on some events that are sent with the request, or why it does not (interfaces.md 2, 4)."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from besra.detection.detect import Job
from besra.detection.explain import Explanation, explain
from besra.detection.rule_copy import rule_uuid
from besra.errors import BesraError
from besra.events.envelope import Document, documents_in, event_of
from besra.events.event import Event, Origin
from besra.language.plan import Plan
from besra.language.relative import resolved
from besra.problems import Severity
from besra.rules.build import parse_rule
from besra.rules.document import RuleDocument
from besra.rules.loaded import LoadedRule
from besra.rules.rule import Rule, RuleStatus
from besra.rules.ruleset import loaded_rule
from besra.service.answering import RequestError
from besra.service.rule_book import RuleBook

MOST_EVENTS = 500
"""Events of a request."""
SENT = Origin("(request)")
DRAFT = {
    "rule_id": "draft",
    "name": "draft",
    "description": "draft",
    "severity": "low",
    "risk_score": 21,
}
"""What a draft needs not say."""


class ExplainRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A rule of the service by its `rule_id`, or a draft; and the events, as documents or as exported hits."""

    events: Annotated[tuple[dict[str, Any], ...], Meta(max_length=MOST_EVENTS, description="ECS documents")]
    rule_id: Annotated[str | None, Meta(description="a rule of the service")] = None
    rule: Annotated[dict[str, Any] | None, Meta(description="a draft, as the rules API has rules")] = None
    any_index: Annotated[bool, Meta(description="whether index patterns are passed over")] = False
    index: Annotated[str | None, Meta(description="the index of documents that name none")] = None


class RuleExplanation(Struct, frozen=True):
    """What there is to say of a rule over some events; `problems` are those of the rule."""

    rule_id: str
    name: str
    problems: tuple[str, ...]
    explanation: Explanation


def explained(book: RuleBook, job: Job, asked: ExplainRequest, now: int) -> RuleExplanation:
    """The answer to a request, `now` being what dates in the rule mean (nanoseconds since 1970).

    Of a rule that runs, the exceptions are applied. Raises RequestError.
    """
    loaded = _loaded(book, asked)
    rule, plan = _runnable(loaded)
    if asked.rule is None:
        own = rule.space, rule_uuid(rule)
        plan = next((running for one, running in job.rules if (one.space, rule_uuid(one)) == own), plan)
    try:
        events = list(_events(asked))
    except BesraError as error:
        raise RequestError(400, f"events: {error}") from error
    found = explain(resolved(plan, now), rule.index, events, match_index=not asked.any_index)
    return RuleExplanation(rule.rule_id, rule.name, tuple(one.message for one in loaded.problems), found)


def _loaded(book: RuleBook, asked: ExplainRequest) -> LoadedRule:
    if (asked.rule_id is None) == (asked.rule is None):
        raise RequestError(400, "name a rule by rule_id, or send one in rule; one of them")
    if asked.rule is not None:
        return loaded_rule(parse_rule(RuleDocument({**DRAFT, **asked.rule})))
    entry = book.by_rule_id(asked.rule_id or "")
    if entry is None:
        raise RequestError(404, f"there is no rule {(asked.rule_id or '')[:100]!r}")
    return entry.loaded


def _runnable(loaded: LoadedRule) -> tuple[Rule, Plan]:
    if loaded.status is RuleStatus.READY and loaded.rule is not None and loaded.plan is not None:
        return loaded.rule, loaded.plan
    errors = [problem for problem in loaded.problems if problem.severity is Severity.ERROR] or loaded.problems
    raise RequestError(400, f"the rule cannot run: {'; '.join(problem.message for problem in errors)}", errors)


def _events(asked: ExplainRequest) -> list[Event]:
    found: list[Event] = []
    for given in asked.events:
        for document in documents_in(given):
            if not isinstance(document, Document):
                raise RequestError(400, f"events: number {len(found)} is no document")
            found.append(event_of(document, SENT, len(found), default_index=asked.index))
    return found

"""A checked document becomes a `Rule`."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID, uuid5

from besra.problems import Place, Problem, Severity, Span, place_of
from besra.rules.document import ParsedRule, RuleDocument
from besra.rules.exception_list import ListKey, Namespace, is_of_endpoint
from besra.rules.fields import specs_of
from besra.rules.location import Locations, value_start
from besra.rules.rule import ExceptionReference, QueryText, Rule, RuleSeverity, RuleType, Schedule
from besra.rules.validate import validate

NAMESPACE = UUID("5d0a3f0e-6b1c-5f0e-9d57-0f6f2c8e4b11")

LANGUAGES = {RuleType.EQL: "eql", RuleType.ESQL: "esql"}


def parse_rule(document: RuleDocument) -> ParsedRule:
    """The rule of a document, unless one of its problems is an error."""
    problems = [*document.problems, *validate(document)]
    if any(problem.severity is Severity.ERROR for problem in problems):
        return ParsedRule(document, problems=tuple(problems))
    if not document.parameters.get("rule_id"):
        document = _with_rule_id(document)
        message = "the rule has no rule_id; besra derives one from its name, which changes when the name does"
        hint = f'add rule_id = "{document.parameters["rule_id"]}"'
        problems.append(document.problem("rule-no-id", message, ("rule_id",), severity=Severity.WARNING, hint=hint))
    return ParsedRule(document, _build(document), tuple(problems))


def _with_rule_id(document: RuleDocument) -> RuleDocument:
    # A random id, as a server would give, would make every run's alerts new.
    rule_id = str(uuid5(NAMESPACE, str(document.parameters["name"])))
    parameters = {**document.parameters, "rule_id": rule_id}
    return RuleDocument(parameters, document.locations, document.metadata, document.toml_only, document.problems)


def _build(document: RuleDocument) -> Rule:
    rule_type = RuleType(document.parameters["type"])
    specs = specs_of(rule_type)
    given = {name: value for name, value in document.parameters.items() if name in specs and value is not None}
    return Rule(
        rule_id=given["rule_id"],
        name=given["name"],
        type=rule_type,
        severity=RuleSeverity(given["severity"]),
        risk_score=int(given["risk_score"]),
        query=_query(given, rule_type, document.locations),
        index=tuple(given.get("index", ())),
        schedule=Schedule(given.get("interval", "5m"), given.get("from", "now-6m"), given.get("to", "now")),
        max_signals=int(given.get("max_signals", 100)),
        enabled=given.get("enabled", True),
        tags=tuple(given.get("tags", ())),
        building_block="building_block_type" in given,
        event_category_field=given.get("event_category_override") or "event.category",
        timestamp_field=given.get("timestamp_field") or "@timestamp",
        tiebreaker_field=given.get("tiebreaker_field") or None,
        timestamp_override=given.get("timestamp_override") or None,
        version=int(given.get("version", 1)),
        path=document.locations.path,
        exceptions=tuple(_exceptions(given.get("exceptions_list") or (), document.locations)),
        parameters=document.parameters,
        metadata=document.metadata,
        toml_only=document.toml_only,
    )


def _exceptions(references: Iterable[Mapping[str, Any]], locations: Locations) -> Iterator[ExceptionReference]:
    for number, reference in enumerate(references):
        key = ListKey(reference["list_id"], Namespace(reference["namespace_type"]))
        if not is_of_endpoint(key, reference["type"]):
            yield ExceptionReference(key, locations.place(("exceptions_list", number, "list_id")))


def _query(given: Mapping[str, Any], rule_type: RuleType, locations: Locations) -> QueryText | None:
    if "query" not in given:
        return None
    text: str = given["query"]
    language = given.get("language") or LANGUAGES.get(rule_type, "kuery")
    found = locations.find(("query",))
    if found is None:
        return QueryText(text, language)
    literal = locations.text[found.value.start : found.value.end]
    first = value_start(literal)
    place: Place = place_of(locations.text, Span(found.value.start + first, found.value.start + first))
    line = (place.line or 1) + locations.first_line - 1
    return QueryText(text, language, line, place.column, literal[first : first + len(text)] == text)


def derived_problem(problem: Problem, document: RuleDocument) -> Problem:
    """A problem about the rule's query or the rule as a whole, moved from the query's text into the file.

    A problem without a line is about the rule; it points at its type, which every rule has.
    """
    if problem.place.line is None:
        return problem.at(document.locations.place(("type",)))
    return problem.at(document.locations.place_in(("query",), problem.place))

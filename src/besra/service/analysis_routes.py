"""The service's own routes for analysts: events, what is around an alert, coverage, why a rule fires, health.

Source: interfaces.md 4. Each takes bounded time, and a few are answered at once (`service.searching`).
"""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from besra.service.alert_insights import (
    Insights,
    PrevalenceFound,
    RelatedFound,
    RelatedQuery,
    SourceEvents,
    TimeQuery,
    ToldTree,
    TreeQuery,
)
from besra.service.answering import LARGEST_SEARCH
from besra.service.coverage import Coverage, CoverageQuery, coverage, navigator_layer
from besra.service.description import Description, Nothing
from besra.service.endpoint import Endpoint, Right, space_of
from besra.service.event_query import EventSearch, EventsFound, search_events
from besra.service.health import Health, HealthWatch
from besra.service.own_endpoint import own
from besra.service.plain_paths import named
from besra.service.rule_explanation import ExplainRequest, RuleExplanation, explained
from besra.service.searching import Searching
from besra.service.server import Service

MISSING = {404: "there is no such alert"}
SLOW = {408: "it takes longer than it may"}
LARGEST_EXPLAIN = 4 << 20
"""Bytes of a rule and the events it is asked about."""
SECONDS = 30.0
"""How long one answer may take."""


def analysis_routes(service: Service, searching: Searching, seconds: float = SECONDS) -> list[Endpoint]:
    """All of them."""
    watch = HealthWatch(service)

    async def search(_: Request, __: Nothing, asked: EventSearch) -> EventsFound:
        now = service.clock()
        return await searching.run(lambda: search_events(service.reader, asked, now, seconds))

    def insights(request: Request) -> Insights:
        return Insights(service.spaces.alerts(space_of(request)), service.reader, seconds)

    async def tree(request: Request, asked: TreeQuery, _: Nothing) -> ToldTree:
        of_space, id_, now = insights(request), _id(request), service.clock()
        return await searching.run(lambda: of_space.tree(of_space.alert(id_), asked, now))

    async def prevalence(request: Request, asked: TimeQuery, _: Nothing) -> PrevalenceFound:
        of_space, id_, now = insights(request), _id(request), service.clock()
        return await searching.run(lambda: of_space.prevalence(of_space.alert(id_), asked, now))

    async def events(request: Request, _: Nothing, __: Nothing) -> SourceEvents:
        of_space, id_ = insights(request), _id(request)
        return await searching.run(lambda: of_space.events(of_space.alert(id_)))

    async def related(request: Request, asked: RelatedQuery, _: Nothing) -> RelatedFound:
        of_space, id_ = insights(request), _id(request)
        return await searching.run(lambda: of_space.related(of_space.alert(id_), asked))

    async def covered(request: Request, asked: CoverageQuery, _: Nothing) -> Coverage:
        book = service.spaces.rules(space_of(request))
        return await run_in_threadpool(lambda: coverage(book.entries, only_running=asked.running))

    async def layer(request: Request, asked: CoverageQuery, _: Nothing) -> dict[str, Any]:
        return navigator_layer(await covered(request, asked, _))

    async def explain(request: Request, _: Nothing, asked: ExplainRequest) -> RuleExplanation:
        book, now = service.spaces.rules(space_of(request)), service.clock()
        return await searching.run(lambda: explained(book, service.duty.job, asked, now))

    async def health(_: Request, __: Nothing, ___: Nothing) -> Health:
        return await run_in_threadpool(watch.told)

    return [
        own("POST", "/events/search", Right.READ, SEARCH, search, LARGEST_SEARCH),
        own("GET", "/alerts/{id}/tree", Right.READ, TREE, tree),
        own("GET", "/alerts/{id}/prevalence", Right.READ, PREVALENCE, prevalence),
        own("GET", "/alerts/{id}/events", Right.READ, EVENTS, events),
        own("GET", "/alerts/{id}/related", Right.READ, RELATED, related),
        own("GET", "/coverage", Right.READ, COVERAGE, covered),
        own("GET", "/coverage/navigator", Right.READ, LAYER, layer),
        own("POST", "/explain", Right.READ, EXPLAIN, explain, LARGEST_EXPLAIN),
        own("GET", "/health", Right.READ, HEALTH, health),
    ]


SEARCH: Description[Nothing, EventSearch] = Description(
    "Search events, in KQL or EQL.", body=EventSearch, answer=EventsFound, refusals=SLOW
)
TREE: Description[TreeQuery, Nothing] = Description(
    "The process tree around an alert, and its story.", TreeQuery, answer=ToldTree, refusals=MISSING
)
PREVALENCE: Description[TimeQuery, Nothing] = Description(
    "How common the values of an alert are.", TimeQuery, answer=PrevalenceFound, refusals=MISSING
)
EVENTS: Description[Nothing, Nothing] = Description(
    "The events an alert is about.", answer=SourceEvents, refusals=MISSING | SLOW
)
RELATED: Description[RelatedQuery, Nothing] = Description(
    "Alerts that have something in common.", RelatedQuery, answer=RelatedFound, refusals=MISSING
)
COVERAGE: Description[CoverageQuery, Nothing] = Description(
    "Which tactics and techniques rules are for.", CoverageQuery, answer=Coverage
)
LAYER: Description[CoverageQuery, Nothing] = Description(
    "The same as a layer of the ATT&CK Navigator.", CoverageQuery, answer=dict[str, Any]
)
EXPLAIN: Description[Nothing, ExplainRequest] = Description(
    "Why a rule fires on some events, or does not.",
    body=ExplainRequest,
    answer=RuleExplanation,
    refusals={404: "there is no such rule"},
)
HEALTH: Description[Nothing, Nothing] = Description("How the parts of the service are.", answer=Health)


def _id(request: Request) -> str:
    return named(request, "id") or ""

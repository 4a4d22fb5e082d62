"""Alerts, searched as Elasticsearch searches an index: each space has one, `.alerts-security.alerts-<space>`."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from besra.events.envelope import space_of_alert
from besra.events.index_name import alert_index
from besra.language.expr import Predicate
from besra.language.relative import at
from besra.language.simplify import FALSE, all_of
from besra.service.alert_aggregations import Terms, aggregated
from besra.service.search_error import not_supported
from besra.service.search_indices import indices_of
from besra.service.search_params import Params
from besra.service.search_request import condition_of, ids_apart, of_ids, page_size, sorts_of
from besra.service.searching import SHARDS, search_answer
from besra.service.source_filter import Shown, shown_of
from besra.storage.alert_fields import alert_catalogue
from besra.storage.alert_search import NEWEST, SORTED, Search, Sort
from besra.storage.alert_store import AlertStore
from besra.storage.space_alerts import SpaceAlerts, in_spaces

POSITIONS = ("_doc", "_shard_doc")


@dataclass(frozen=True, slots=True)
class AlertRequest:
    """A search of alerts; `width` is how many sort values a hit shows."""

    search: Search
    shown: Shown
    width: int
    warnings: tuple[str, ...]


def alert_request(
    path: str | None, body: object, address: Mapping[str, str], now: int, spaces: Collection[str]
) -> AlertRequest:
    """A search of alerts of some spaces, those the path names, or a count of them. Raises SearchError."""
    params = Params(body, address)
    indices = indices_of(path, params)
    indices.check_alerts(spaces)
    condition, warnings = alert_clause(params.take("query"), now)
    among = indices.spaces_among(spaces)
    return page_of_alerts(params, in_spaces(condition, among) if among else FALSE, 10, warnings)


def alert_clause(clause: Any, now: int) -> tuple[Predicate, tuple[str, ...]]:
    """A clause of the Query DSL over alerts as a predicate, and what of it can never hold. Raises SearchError."""
    ids, rest = ids_apart(clause)
    condition, warnings = condition_of({"match_all": {}} if rest is None else rest, "query", alert_catalogue())
    return all_of([at(condition, now), of_ids(ids)]), warnings


def page_of_alerts(params: Params, condition: Predicate, size: int, warnings: tuple[str, ...] = ()) -> AlertRequest:
    """Which page of the alerts that satisfy a condition is asked for, by all parameters that are left.

    `size` is that of a page unless the request says. Raises SearchError.
    """
    given = [sort for sort in sorts_of(params) if sort[0] not in POSITIONS]
    if unknown := [name for name, _ in given if name not in SORTED]:
        raise not_supported(f"`sort` of alerts by {unknown[0]}", f"sort by one of {', '.join(SORTED)}")
    sort = tuple(Sort(name, descending) for name, descending in given) or NEWEST
    offset = params.number("from", 0)
    size = page_size(params, size, offset)
    after = params.take("search_after")
    shown = shown_of(params)
    # All of them are always counted, and none takes long.
    params.take("track_total_hits")
    params.seconds("timeout")
    params.finish()
    search = Search(condition, sort, size, offset, after if isinstance(after, list) else None)
    return AlertRequest(search, shown, len(sort) + 1 if given else 0, warnings)


def alert_answer(
    alerts: AlertStore | SpaceAlerts, request: AlertRequest, counted: Sequence[Terms] = ()
) -> dict[str, Any]:
    """The answer to a search of alerts, with what is to be counted of all it finds. Raises AlertStoreError."""
    started = time.perf_counter()
    page = alerts.search(replace(request.search, by={terms.by for terms in counted}))
    rows = [
        {
            "_index": alert_index(space_of_alert(alert)),
            "_id": alert["kibana.alert.uuid"],
            "_score": None,
            **request.shown.of(alert),
            **({"sort": list(values)} if request.width else {}),
        }
        for alert, values in zip(page.alerts, page.sort_values, strict=True)
    ]
    answer = search_answer(rows, page.total, started)
    return {**answer, "aggregations": aggregated(page.counts, counted)} if counted else answer


def alert_count(alerts: AlertStore, request: AlertRequest) -> dict[str, Any]:
    """The answer to a count of alerts. Raises AlertStoreError."""
    return {"count": alerts.count(request.search.condition), "_shards": SHARDS}

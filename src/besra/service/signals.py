"""Requests over alerts in Kibana's shape, read: searches of them and changes (detection-engine.md 6.1, 8.2).

Alerts are called signals there. What is not known is refused, as in searches of events.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from besra.language.expr import Predicate
from besra.language.simplify import TRUE
from besra.service.alert_aggregations import Terms, aggregations_of
from besra.service.answering import RequestError
from besra.service.search_alerts import AlertRequest, alert_clause, page_of_alerts
from besra.service.search_params import Params, check_query
from besra.storage.alert_fields import alert_condition
from besra.storage.workflow import Chosen, Edit, Names, Reason, Status, reason_of, status_of

PAGE, PAGE_OF_TEXT = 10, 100
"""Alerts of a page unless the request says: with a query as Elasticsearch has them, and with a text or without one."""

CONFLICTS = (None, "abort", "proceed")
MEMBERS = {Names.TAGS: ("tags_to_add", "tags_to_remove"), Names.ASSIGNEES: ("add", "remove")}
"""What is added and what removed, by what it is."""


@dataclass(frozen=True, slots=True)
class SignalSearch:
    """A search of alerts with what is to be counted."""

    page: AlertRequest
    counted: tuple[Terms, ...]


@dataclass(frozen=True, slots=True)
class StatusChange:
    """Which alerts get which status, and why."""

    chosen: Chosen
    status: Status
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class NamesChange:
    """Which alerts get and lose which tags or assignees."""

    chosen: Sequence[str]
    edit: Edit


def signal_search(body: Mapping[str, Any], address: Mapping[str, str], now: int) -> SignalSearch:
    """A search. `now`, in nanoseconds since 1970, is what dates mean. Raises SearchError, and QueryError for KQL."""
    params = Params(body, address)
    counted, query = aggregations_of(params), params.take("query")
    if query is None or isinstance(query, str):
        condition = TRUE if query is None or not query.strip() else alert_condition(check_query(query), now).predicate
        return SignalSearch(page_of_alerts(params, condition, PAGE_OF_TEXT), counted)
    condition, warnings = alert_clause(query, now)
    return SignalSearch(page_of_alerts(params, condition, PAGE, warnings), counted)


def status_change(body: Mapping[str, Any], now: int) -> StatusChange:
    """A change of a status. Raises RequestError, SearchError, QueryError, AlertStoreError (`alert-change`)."""
    _check_members(body, ("signal_ids", "query", "status", "reason", "conflicts"))
    ids, query = body.get("signal_ids"), body.get("query")
    if (ids is None) == (query is None):
        raise RequestError(400, "the alerts are those of `signal_ids`, or those of `query`: give one of them")
    status, reason = body.get("status"), body.get("reason")
    if not isinstance(status, str) or not isinstance(reason, str | None):
        raise RequestError(400, f"`status` is one of {', '.join(Status)}, and `reason` a text, if it is told")
    if body.get("conflicts") not in CONFLICTS:  # there are none: a change is one transaction
        raise RequestError(400, "`conflicts` is abort or proceed")
    chosen = _condition(query, now) if ids is None else _texts(ids, "signal_ids")
    return StatusChange(chosen, status_of(status), None if reason is None else reason_of(reason))


def _condition(query: Any, now: int) -> Predicate:
    if not isinstance(query, str):
        return alert_clause(query, now)[0]
    if not query.strip():
        raise RequestError(400, "`query` is empty: write `*` where all alerts are meant")
    return alert_condition(check_query(query), now).predicate


def names_change(body: Mapping[str, Any], names: Names) -> NamesChange:
    """A change of tags or assignees. Raises RequestError."""
    _check_members(body, ("ids", str(names)))
    ids, edit, (added, removed) = _texts(body.get("ids"), "ids"), body.get(str(names)), MEMBERS[names]
    if not isinstance(edit, dict):
        raise RequestError(400, f'`{names}` is an object: {{"{added}": […], "{removed}": […]}}')
    _check_members(edit, (added, removed))
    told = [_texts(edit.get(name) or [], f"{names}.{name}") for name in (added, removed)]
    if not any(told):
        raise RequestError(400, f"`{names}` adds nothing and removes nothing")
    return NamesChange(ids, Edit(names, *told))


def _check_members(given: Mapping[str, Any], known: Sequence[str]) -> None:
    if unknown := sorted(set(given) - set(known)):
        raise RequestError(400, f"unknown member [{unknown[0]}]; known are {', '.join(known)}")


def _texts(given: Any, name: str) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
        raise RequestError(400, f"`{name}` is a list of texts")
    return given

"""Aggregations of alerts, as far as the alert store counts: `terms` by a few fields, without others within.

What else Elasticsearch knows is refused, as everywhere in searches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from besra.service.search_error import malformed, not_supported
from besra.service.search_params import Params
from besra.storage.alert_counts import CountBy, Counts

FIELDS: Mapping[str, CountBy] = {
    "kibana.alert.severity": CountBy.SEVERITY,
    "kibana.alert.workflow_status": CountBy.STATUS,
    "kibana.alert.rule.name": CountBy.RULE_NAME,
    "kibana.alert.rule.uuid": CountBy.RULE,
    "host.name": CountBy.HOST,
    "user.name": CountBy.USER,
    "process.name": CountBy.PROCESS,
    "event.code": CountBy.EVENT_CODE,
    "event.action": CountBy.EVENT_ACTION,
}
"""What alerts are counted by."""

HINT = f"besra counts with `terms` by {', '.join(FIELDS)}, one level deep, with `size` and `order`"
MOST = 100
"""Aggregations of a request."""
MOST_BUCKETS = 10_000


@dataclass(frozen=True, slots=True)
class Terms:
    """A `terms` aggregation: how many buckets of it are shown, and which come first."""

    name: str
    by: CountBy
    size: int = 10
    by_key: bool = False
    is_descending: bool = True


def aggregations_of(params: Params) -> tuple[Terms, ...]:
    """The aggregations asked for. Raises SearchError."""
    short, long = params.take("aggs", {}), params.take("aggregations", {})
    if short and long:
        raise malformed("`aggs` and `aggregations` are the same: give one")
    given = short or long
    if not isinstance(given, dict) or len(given) > MOST:
        raise malformed(f"`aggs` is an object of {MOST} aggregations at most")
    return tuple(_terms(name, told) for name, told in given.items())


def _terms(name: str, told: Any) -> Terms:
    if not isinstance(told, dict) or set(told) - {"terms", "meta"} or not isinstance(told.get("terms"), dict):
        what = ", ".join(sorted(set(told) - {"terms"})) if isinstance(told, dict) else str(type(told).__name__)
        raise not_supported(f"the aggregation `{name}` ({what or 'nothing'})", HINT)
    given = Params(told["terms"], {})
    field, size = given.text("field") or "", given.number("size", 10, 1)
    by_key, is_descending = _order(given.take("order", {"_count": "desc"}))
    # An alert counts where it is, and there are no shards that would leave something out.
    given.take("shard_size")
    given.take("show_term_doc_count_error")
    if field not in FIELDS:
        raise not_supported(f"`terms` by [{field}]", HINT)
    if size > MOST_BUCKETS:
        raise malformed(f"`size` of the aggregation `{name}` is {MOST_BUCKETS:,} at most")
    if given.take("min_doc_count", 1) != 1:
        raise not_supported("another `min_doc_count` than 1", "leave it out")
    given.finish()
    return Terms(name, FIELDS[field], size, by_key, is_descending)


def _order(given: Any) -> tuple[bool, bool]:
    """Whether buckets are in order of their keys, else of their counts; and whether the greatest come first."""
    if isinstance(given, list) and given:
        given = given[0]  # others would decide between equal counts, which are in order of their keys
    if isinstance(given, dict) and len(given) == 1:
        ((what, direction),) = given.items()
        if what in ("_key", "_term", "_count") and direction in ("asc", "desc"):
            return what != "_count", direction == "desc"
    raise not_supported("this `order` of `terms`", 'write {"_count": "desc"} or {"_key": "asc"}')


def aggregated(counts: Counts, asked: Sequence[Terms]) -> dict[str, Any]:
    """The answer, by what alerts were counted."""
    return {terms.name: _answer(terms, counts[terms.by]) for terms in asked}


def _answer(terms: Terms, counts: Mapping[str, int]) -> dict[str, Any]:
    found = sorted((key, count) for key, count in counts.items() if key)
    found.sort(key=lambda item: item[0] if terms.by_key else item[1], reverse=terms.is_descending)
    shown = found[: terms.size]
    return {
        "doc_count_error_upper_bound": 0,
        "sum_other_doc_count": sum(count for _, count in found[terms.size :]),
        "buckets": [{"key": key, "doc_count": count} for key, count in shown],
    }

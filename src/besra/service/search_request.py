"""Requests to search, read: Elasticsearch's `_eql/search`, `_search` and `_count`, as far as besra knows them.

What is not known is refused; nothing of a request is passed over that would change its answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from besra.detection.search import ResultPosition, limited, with_samples_per_key
from besra.errors import QueryError
from besra.language.eql.lower import QueryFields, lower_query
from besra.language.eql.parser import parse_query
from besra.language.expr import Equals, FieldRef, Predicate, fields_of
from besra.language.plan import Plan
from besra.language.query_dsl.clauses import lower_clause
from besra.language.query_dsl.scope import DslScope
from besra.language.relative import at, resolved
from besra.language.simplify import TRUE, all_of
from besra.problems import Severity
from besra.rules.plans.narrowing import narrowed
from besra.schema.catalogue import Catalogue, bundled_catalogue
from besra.schema.fieldtype import FieldType
from besra.service import source_filter
from besra.service.search_error import ILLEGAL, PARSING, SearchError, malformed, not_supported, of_query, told
from besra.service.search_indices import Indices, indices_of
from besra.service.search_params import Params, check_query
from besra.service.source_filter import Shown, shown_of
from besra.storage.event_pages import Order, PageQuery

MOST = 10_000
"""Results of a request, and events a page may be behind."""
COUNTED = 10_000
"""How far a search counts unless it is told."""
TIMESTAMP = "@timestamp"


@dataclass(frozen=True, slots=True)
class EqlRequest:
    """An EQL search: its plan at the time of the request, limited to what is wanted, and what its author should see."""

    indices: Indices
    plan: Plan
    fields: tuple[str, ...] | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A search of events. Without `is_counted` the answer does not say how many there are; `width` is how many sort
    values a hit shows; `seconds` how long it may take."""

    indices: Indices
    query: PageQuery
    shown: Shown
    width: int = 0
    is_counted: bool = True
    seconds: float | None = None
    warnings: tuple[str, ...] = ()


def eql_request(path: str, body: object, address: Mapping[str, str], now: int) -> EqlRequest:
    """An EQL search. `now`, in nanoseconds since 1970, is what dates mean. Raises SearchError."""
    params = Params(body, address)
    indices = indices_of(path, params, is_eql=True)
    text = params.text("query")
    if text is None:
        raise malformed("`query` is an EQL query")
    catalogue = bundled_catalogue()
    names = QueryFields(
        params.text("event_category_field", "event.category") or "",
        params.text("timestamp_field", TIMESTAMP) or "",
        params.text("tiebreaker_field"),
    )
    try:
        lowered = lower_query(parse_query(check_query(text)), catalogue, fields=names)
    except QueryError as error:
        raise of_query(error) from error
    condition, warnings = _filter(params.take("filter"), catalogue)
    position = _position(params)
    plan = limited(narrowed(lowered.plan, condition), page_size(params, 10), position)
    plan = with_samples_per_key(plan, params.number("max_samples_per_key", 1, 1))
    fields = source_filter.fields_of(params)
    params.number("fetch_size", 1000, 1)  # how Elasticsearch pages within itself
    if not params.flag("case_sensitive", True):
        raise not_supported("`case_sensitive: false`", "write `:` or `like~` where case does not matter")
    # It is always waited for, and never kept.
    params.take("wait_for_completion_timeout")
    params.take("keep_alive")
    params.finish()
    told = (*(problem.message for problem in lowered.warnings), *warnings)
    return EqlRequest(indices, resolved(plan, now), fields, told)


def _position(params: Params) -> ResultPosition:
    found = params.take("result_position", "tail")
    for known in get_args(ResultPosition):
        if found == known:
            return known  # type: ignore[no-any-return]
    raise malformed("`result_position` is head or tail")


def _filter(given: Any, catalogue: Catalogue) -> tuple[Predicate, tuple[str, ...]]:
    if given is None:
        return TRUE, ()
    clauses = given if isinstance(given, list) else [given]
    found = [condition_of(clause, "filter", catalogue) for clause in clauses]
    return all_of(predicate for predicate, _ in found), tuple(text for _, texts in found for text in texts)


def condition_of(clause: Any, name: str, catalogue: Catalogue) -> tuple[Predicate, tuple[str, ...]]:
    """A clause of the Query DSL as a predicate, and what of it can never hold. Raises SearchError."""
    scope = DslScope(catalogue)
    predicate = lower_clause(scope, (name,), clause)
    errors = [found for found in scope.problems if found.problem.severity is Severity.ERROR]
    if errors:
        where = ".".join(map(str, errors[0].at))
        raise SearchError(400, PARSING, f"[{where}] {told(errors[0].problem)}")
    if odd := sorted({field.name for field in fields_of(predicate)} & {"_id", "_index"}):
        hint = "ask with `ids` alone or in the filter of a `bool`" if odd == ["_id"] else "name indices in the address"
        raise not_supported(f"a condition on `{odd[0]}` here", hint)
    return predicate, tuple(found.problem.message for found in scope.problems)


def search_request(path: str | None, body: object, address: Mapping[str, str], now: int) -> SearchRequest:
    """A search of events. Raises SearchError."""
    params = Params(body, address)
    indices = indices_of(path, params)
    ids, condition, warnings = _query(params, bundled_catalogue())
    order, width = _order(params)
    after = _after(params, width)
    offset = params.number("from", 0)
    size = page_size(params, 10, offset)
    if after is not None and offset:
        raise malformed("`from` is 0 behind `search_after`")
    counted = params.take("track_total_hits", COUNTED)
    counts_to = _counts_to(counted)
    seconds, shown = params.seconds("timeout"), shown_of(params)
    params.finish()
    query = PageQuery(at(condition, now), indices.patterns, ids, order, size, offset, after, counts_to)
    return SearchRequest(indices, query, shown, width, counted not in (False, "false"), seconds, warnings)


def count_request(path: str | None, body: object, address: Mapping[str, str], now: int) -> SearchRequest:
    """A count of events. Raises SearchError."""
    params = Params(body, address)
    indices = indices_of(path, params)
    ids, condition, warnings = _query(params, bundled_catalogue())
    params.finish()
    query = PageQuery(at(condition, now), indices.patterns, ids, size=0, counts_to=None)
    return SearchRequest(indices, query, Shown(), warnings=warnings)


def page_size(params: Params, default: int, offset: int = 0) -> int:
    """The `size` a request asks for. Raises SearchError if the page would end beyond what may be asked for."""
    size = params.number("size", default)
    if size + offset > MOST:
        raise malformed(f"`from` and `size` are {MOST:,} at most together; use `search_after` beyond", ILLEGAL)
    return size


def _counts_to(given: Any) -> int | None:
    if given in (True, "true"):
        return None
    if given in (False, "false"):
        return 0
    if isinstance(given, str) and given.isdecimal():
        given = int(given[:18])
    if not isinstance(given, int) or given < 0:
        raise malformed("`track_total_hits` is true, false or a number")
    return given


Ids = frozenset[str] | None


def _query(params: Params, catalogue: Catalogue) -> tuple[Ids, Predicate, tuple[str, ...]]:
    """The condition of `query` and of `q` together, and the ids asked for."""
    ids, clause = ids_apart(params.take("query"))
    predicate, warnings = (TRUE, ()) if clause is None else condition_of(clause, "query", catalogue)
    text = params.text("q")
    given = {name: params.text(name) for name in ("df", "default_operator")}
    if text is None:
        return ids, predicate, warnings
    renamed = {"df": "default_field", "default_operator": "default_operator"}
    lucene = {"query": text, **{renamed[name]: value for name, value in given.items() if value}}
    more, told = condition_of({"query_string": lucene}, "q", catalogue)
    return ids, all_of([predicate, more]), (*warnings, *told)


def ids_apart(clause: Any) -> tuple[Ids, Any]:
    """The ids a clause asks for at its top or in what a `bool` there needs, and the rest of it. Raises SearchError."""
    if not isinstance(clause, dict) or len(clause) != 1:
        return None, clause
    ((name, body),) = clause.items()
    if name == "ids":
        return _ids(body), None
    if name != "bool" or not isinstance(body, dict):
        return None, clause
    found: Ids = None
    rest = dict(body)
    for occurrence in ("must", "filter"):
        held = body.get(occurrence)
        clauses = held if isinstance(held, list) else [held]
        asked = [item for item in clauses if isinstance(item, dict) and list(item) == ["ids"]]
        for item in asked:
            ids = _ids(item["ids"])
            found = ids if found is None else found & ids
        if asked:
            rest[occurrence] = [item for item in clauses if item not in asked] or [{"match_all": {}}]
    return found, {"bool": rest}


def _ids(body: Any) -> frozenset[str]:
    values = body.get("values") if isinstance(body, dict) else None
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise malformed("`ids` takes `values`, a list of ids")
    return frozenset(values)


def of_ids(ids: Ids) -> Predicate:
    """The condition that a document with its id in `_id` has one of these."""
    return TRUE if ids is None else Equals(FieldRef("_id", FieldType.KEYWORD), ids)


POSITIONS = ("_doc", "_shard_doc")
KNOWN = frozenset({"order", "unmapped_type", "missing", "format", "numeric_type", "mode"})


def _order(params: Params) -> tuple[Order, int]:
    """The order, and how many values of it each hit shows: none if nobody asked for one."""
    found = sorts_of(params)
    match found:
        case []:
            return Order.NEWEST, 0
        case [(name, descending)] if name in POSITIONS and not descending:
            return Order.ARRIVAL, 1
        case [("@timestamp", descending)]:
            return (Order.NEWEST if descending else Order.OLDEST), 1
        case [("@timestamp", descending), (name, False)] if name in POSITIONS:
            return (Order.NEWEST if descending else Order.OLDEST), 2
        case _:
            raise not_supported("this `sort` of events", "sort by @timestamp, and then perhaps by _doc, or by _doc")


def sorts_of(params: Params) -> list[tuple[str, bool]]:
    """The fields to sort by, and whether the greatest values come first. Raises SearchError."""
    given = params.take("sort")
    if isinstance(given, str):
        given = [dict([item.split(":", 1)]) if ":" in item else item for item in given.split(",")]
    listed = [given] if isinstance(given, dict) else [] if given is None else given
    if not isinstance(listed, list):
        raise malformed("`sort` is a list")
    return [_sort(item) for item in listed]


def _sort(item: Any) -> tuple[str, bool]:
    if isinstance(item, str):
        return item, item == "_score"
    if not isinstance(item, dict) or len(item) != 1:
        raise malformed('an order is a field, or {"field": "desc"}')
    ((name, told),) = item.items()
    options = told if isinstance(told, dict) else {"order": told}
    if set(options) - KNOWN:
        raise not_supported(f"`sort` with {', '.join(sorted(set(options) - KNOWN))}")
    if options.get("missing") not in (None, "_last") or options.get("format") not in (None, "epoch_millis"):
        raise not_supported("`missing` or `format` of an order", "events without a time come last, times are numbers")
    if options.get("order") not in (None, "asc", "desc"):
        raise malformed("an order is asc or desc")
    return str(name), options.get("order") == "desc"


def _after(params: Params, width: int) -> tuple[int | None, ...] | None:
    given = params.take("search_after")
    if given is None:
        return None
    if isinstance(given, list) and len(given) == width > 0:
        whole = [int(value) if isinstance(value, float) and value.is_integer() else value for value in given]
        if all(value is None or (type(value) is int and abs(value) < 1 << 62) for value in whole):
            return tuple(whole)
    raise malformed("`search_after` holds the `sort` values of the last hit of the page before")

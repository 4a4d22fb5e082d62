"""The `filters` of rules, and the `threat_filters` of indicator match rules, as Kibana keeps them.

A filter is a clause of the Query DSL and what Kibana's filter bar knows of it: whether it is switched off or negated.
All filters of a rule have to hold (detection-engine.md 1.3).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from besra.language.expr import Predicate
from besra.language.query_dsl.clauses import lower_clause
from besra.language.query_dsl.scope import MAX_DEPTH, DslScope, FieldProblem, Path
from besra.language.simplify import TRUE, all_of, any_of, negated
from besra.problems import Severity
from besra.schema.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class LoweredFilters:
    """What events, or indicators, have to satisfy besides the query, and the problems met."""

    predicate: Predicate
    problems: tuple[FieldProblem, ...] = ()

    @property
    def is_usable(self) -> bool:
        """Whether every filter is understood."""
        return all(found.problem.severity is not Severity.ERROR for found in self.problems)


def lower_filters(filters: Sequence[Any] | None, field: str, catalogue: Catalogue) -> LoweredFilters:
    """The filters a rule holds in `field`. Any JSON is taken; what is not understood is a problem."""
    scope = DslScope(catalogue)
    found = all_of([_filter(scope, (field, number), value) for number, value in enumerate(filters or ())])
    return LoweredFilters(found, tuple(dict.fromkeys(scope.problems)))


KIBANA_ONLY = frozenset({"meta", "$state", "query"})


def _filter(scope: DslScope, at: Path, value: Any) -> Predicate:
    meta = (value.get("meta") or {}) if isinstance(value, dict) else None
    if not isinstance(meta, dict):
        return scope.refuse(at, "a filter is an object, and so is its `meta`", 'write {"query": {…}}')
    if _flag(scope, at, meta, "disabled"):
        return TRUE
    if len(at) > MAX_DEPTH:
        return scope.refuse(at, "filters are nested too deeply")
    found = _combined(scope, (*at, "meta"), meta) if meta.get("type") == "combined" else _clause(scope, at, value)
    return negated(found) if _flag(scope, at, meta, "negate") else found


def _clause(scope: DslScope, at: Path, value: dict[str, Any]) -> Predicate:
    """The clause under `query`; Kibana once wrote it beside `meta`."""
    if value.get("query") is not None:
        return lower_clause(scope, (*at, "query"), value["query"])
    return lower_clause(scope, at, {name: clause for name, clause in value.items() if name not in KIBANA_ONLY})


def _combined(scope: DslScope, at: Path, meta: dict[str, Any]) -> Predicate:
    """Filters joined in one by AND or OR; those switched off do not count."""
    parts, relation = meta.get("params"), meta.get("relation", "AND")
    if not isinstance(parts, list) or not parts or relation not in ("AND", "OR"):
        return scope.refuse(at, "a combined filter has a list of filters as `params`, and AND or OR as `relation`")
    on = [(number, part) for number, part in enumerate(parts) if not _is_off(part)]
    found = [_filter(scope, (*at, "params", number), part) for number, part in on]
    return any_of(found) if found and relation == "OR" else all_of(found)


def _is_off(value: Any) -> bool:
    meta = value.get("meta") if isinstance(value, dict) else None
    return isinstance(meta, dict) and meta.get("disabled") is True


def _flag(scope: DslScope, at: Path, meta: dict[str, Any], name: str) -> bool:
    value = meta.get(name)
    if not isinstance(value, bool | None):
        scope.refuse((*at, "meta", name), f"`meta.{name}` is true or false")
    return value is True

"""Finding rules: by a filter, in an order, page by page (detection-engine.md 8.1)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from besra.engine.reference import holds
from besra.errors import QueryError
from besra.service.answering import RequestError
from besra.service.rule_attributes import rule_condition
from besra.service.rule_book import Entry

MOST = 10_000
"""Rules on a page."""
SEVERITIES = ("low", "medium", "high", "critical")
SORTED = {
    "id": lambda entry: entry.id,
    "name": lambda entry: entry.name.casefold(),
    "enabled": lambda entry: entry.is_enabled,
    "created_at": lambda entry: str(entry.parameters.get("created_at", "")),
    "updated_at": lambda entry: str(entry.parameters.get("updated_at", "")),
    "severity": lambda entry: _rank(entry.parameters.get("severity")),
    "risk_score": lambda entry: _number(entry.parameters.get("risk_score")),
}
"""What rules are sorted by."""
OTHER_NAMES = {"_id": "id", "createdAt": "created_at", "updatedAt": "updated_at", "riskScore": "risk_score"}


@dataclass(frozen=True, slots=True)
class RulePage:
    """A page of rules, counted from 1, and how many rules there are on all."""

    page: int
    per_page: int
    total: int
    entries: Sequence[Entry]


def find(entries: Iterable[Entry], asked: Mapping[str, str], now: int) -> RulePage:
    """The page a request asks for. Raises RequestError (400)."""
    page, per_page = _count(asked, "page", 1), _count(asked, "per_page", 20)
    if page < 1 or per_page > MOST:
        raise RequestError(400, f"page is 1 or more, per_page {MOST:,} at most")
    found = ordered(matching(entries, asked.get("filter", ""), now), asked)
    start = (page - 1) * per_page
    return RulePage(page, per_page, len(found), found[start : start + per_page])


def matching(entries: Iterable[Entry], query: str, now: int) -> list[Entry]:
    """The rules that satisfy a filter in KQL. Raises RequestError (400) for one that is not KQL."""
    if not query.strip():
        return [*entries]
    try:
        condition = rule_condition(query, now)
    except QueryError as error:
        raise RequestError(400, f"filter: {error}", error.problems) from error
    return [entry for entry in entries if holds(condition, entry.fields)]


def ordered(entries: list[Entry], asked: Mapping[str, str]) -> list[Entry]:
    """Rules in the order a request asks for; without one, as they are."""
    name, order = asked.get("sort_field"), asked.get("sort_order", "asc")
    if order not in ("asc", "desc"):
        raise RequestError(400, "sort_order is asc or desc")
    if name is None:
        return entries
    key = SORTED.get(OTHER_NAMES.get(name, name))
    if key is None:
        raise RequestError(400, f"rules are not sorted by {name!r}; use one of {', '.join(SORTED)}")
    return sorted(entries, key=key, reverse=order == "desc")


def _count(asked: Mapping[str, str], name: str, default: int) -> int:
    value = asked.get(name, str(default))
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise RequestError(400, f"{name} is a number")
    return int(value)


def _rank(severity: Any) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else -1.0

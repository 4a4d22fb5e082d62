"""Which of a rule's alerts an action is about: a query over the alert, and hours of the week (`alerts_filter`).

What cannot be read does not hold anything back: an alert too many is seen, one that is missing is not. It is a problem
that is shown with what is sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from besra.detection.alert import Alert
from besra.engine.reference import holds
from besra.errors import QueryError
from besra.events.document import Fields
from besra.language.expr import Predicate
from besra.language.simplify import TRUE, all_of
from besra.rules.filters import lower_filters
from besra.schema.timestamp import NANOS
from besra.storage.alert_fields import alert_catalogue, alert_condition

DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Timeframe:
    """Hours of days of the week: `days` from 1, Monday; minutes of the day from `start` up to `end`, not with it.

    One that ends before it starts goes over midnight, and belongs to the day it starts on.
    """

    days: frozenset[int]
    start: int
    end: int
    zone: tzinfo

    def has(self, now: int) -> bool:
        """Whether a time, in nanoseconds since 1970, is within."""
        local = datetime.fromtimestamp(now // NANOS, UTC).astimezone(self.zone)
        minute, day = local.hour * 60 + local.minute, local.isoweekday()
        if self.start < self.end:
            return day in self.days and self.start <= minute < self.end
        if minute >= self.start:
            return day in self.days
        return minute < self.end and (day - 2) % 7 + 1 in self.days


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """What has to hold of an alert, and when."""

    condition: Predicate = TRUE
    timeframe: Timeframe | None = None

    def holds(self, alert: Alert, now: int) -> bool:
        """Whether it does for an alert that came at a time, in nanoseconds since 1970."""
        if self.timeframe is not None and not self.timeframe.has(now):
            return False
        return self.condition == TRUE or holds(self.condition, Fields(alert))


def filter_of(given: Any, now: int, problems: list[str]) -> AlertFilter:
    """A filter by any JSON; what of it cannot be read is added to `problems` and holds."""
    if not isinstance(given, Mapping):
        return AlertFilter()
    return AlertFilter(_condition(given.get("query"), now, problems), _timeframe(given.get("timeframe"), problems))


def condition_of(kql: str, now: int) -> Predicate:
    """A query in KQL over alerts. Raises QueryError."""
    return alert_condition(kql, now).predicate


def _condition(query: Any, now: int, problems: list[str]) -> Predicate:
    if not isinstance(query, Mapping):
        return TRUE
    found: list[Predicate] = []
    kql = query.get("kql")
    if isinstance(kql, str) and kql.strip():
        try:
            found.append(condition_of(kql, now))
        except QueryError as error:
            problems.append(f"alerts_filter.query.kql holds nothing back, since it cannot be read: {error.message}")
    filters = query.get("filters")
    if isinstance(filters, list) and filters:
        lowered = lower_filters(filters, "filters", alert_catalogue())
        if lowered.is_usable:
            found.append(lowered.predicate)
        else:
            problems.append("alerts_filter.query.filters hold nothing back, since one of them cannot be read")
    return all_of(found)


def _timeframe(given: Any, problems: list[str]) -> Timeframe | None:
    if not isinstance(given, Mapping):
        return None
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415

    try:
        days = frozenset(int(day) for day in given.get("days") or range(1, 8))
        hours = given.get("hours") or {}
        start, end = _minute(hours.get("start", "00:00")), _minute(hours.get("end", "24:00"))
        zone = ZoneInfo(str(given.get("timezone") or "UTC"))
        if not days <= frozenset(range(1, 8)):
            raise ValueError("days are 1 to 7")
    except (ValueError, TypeError, AttributeError, ZoneInfoNotFoundError, OSError) as error:
        problems.append(f"alerts_filter.timeframe holds nothing back, since it cannot be read: {error}")
        return None
    return Timeframe(days, start, end, zone)


def _minute(text: Any) -> int:
    hour, _, minute = str(text).partition(":")
    found = int(hour) * 60 + int(minute or 0)
    if not 0 <= found <= DAY_MINUTES:
        raise ValueError(f"{text!r} is no time of day such as 08:00")
    return found

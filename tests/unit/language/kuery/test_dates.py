"""Dates in KQL: rounding, date math, and what is none."""

import pytest

from besra.engine.reference import holds
from besra.events.document import Fields
from besra.language.expr import FieldRef, RelativeDate
from besra.language.kuery.dates import is_date
from besra.language.kuery.lower import lower_kuery_expression
from besra.language.kuery.parser import parse_kuery
from besra.schema.catalogue import bundled_catalogue
from besra.schema.fieldtype import FieldType
from besra.schema.timestamp import parse_timestamp

NOW = parse_timestamp("2026-03-17T09:42:14Z")


def matches(query: str, time: str | int) -> bool:
    lowered = lower_kuery_expression(parse_kuery(query), bundled_catalogue(), now=NOW)
    return holds(lowered.predicate, Fields({"@timestamp": time}))


@pytest.mark.parametrize(
    ("query", "time", "expected"),
    [
        ("@timestamp: 2026-03-17", "2026-03-17T00:00:00Z", True),
        ("@timestamp: 2026-03-17", "2026-03-17T23:59:59.999Z", True),
        ("@timestamp: 2026-03-17", "2026-03-18T00:00:00Z", False),
        ('@timestamp: "2026-03-17T09:00:00.000Z"', "2026-03-17T09:00:00Z", True),
        ('@timestamp: "2026-03-17T09:00:00.000Z"', "2026-03-17T09:00:00.001Z", False),
        ("@timestamp: 1773738134000", "2026-03-17T09:02:14Z", True),
        ("@timestamp >= 2026-03-17", "2026-03-17T00:00:00Z", True),
        ("@timestamp > 2026-03-17", "2026-03-17T12:00:00Z", False),
        ("@timestamp > 2026-03-17", "2026-03-18T00:00:00Z", True),
        ("@timestamp <= 2026-03-17", "2026-03-17T12:00:00Z", True),
        ("@timestamp < 2026-03-17", "2026-03-17T00:00:00Z", False),
        ("@timestamp >= now-1h", "2026-03-17T08:42:14Z", True),
        ("@timestamp >= now-1h", "2026-03-17T08:42:13Z", False),
        ("@timestamp < now/d", "2026-03-16T23:59:59Z", True),
        ("@timestamp <= now/d", "2026-03-17T23:00:00Z", True),
        ('@timestamp > "2026-01-31||+1M/d"', "2026-02-28T12:00:00Z", False),
        ('@timestamp > "2026-01-31||+1M/d"', "2026-03-01T00:00:00Z", True),
        ("@timestamp: now/d", "2026-03-17T01:00:00Z", True),
    ],
)
def test_dates(query: str, time: str, expected: bool) -> None:
    assert matches(query, time) is expected


def test_a_text_that_is_no_date_is_a_warning_and_never_true() -> None:
    lowered = lower_kuery_expression(parse_kuery("@timestamp > yesterday"), bundled_catalogue())
    (warning,) = lowered.warnings
    assert (warning.code, warning.place.column) == ("kql-never", 14)
    assert not holds(lowered.predicate, Fields({"@timestamp": "2026-03-17"}))


def test_now_is_left_for_the_run_where_no_time_is_known() -> None:
    lowered = lower_kuery_expression(parse_kuery('@timestamp >= " now-1h "'), bundled_catalogue())
    assert lowered.predicate == RelativeDate(FieldRef("@timestamp", FieldType.DATE), ">=", "now-1h")
    assert not lowered.warnings


@pytest.mark.parametrize("text", ["now-1x", "nowhere", "now||+1d"])
def test_what_is_no_date_at_any_time_is_said_without_a_time(text: str) -> None:
    lowered = lower_kuery_expression(parse_kuery(f"@timestamp >= {text}"), bundled_catalogue())
    assert [warning.code for warning in lowered.warnings] == ["kql-never"]


@pytest.mark.parametrize(
    ("text", "expected"), [("2026-03", True), ("now-1d", True), ("nowhere", False), ("abc", False)]
)
def test_what_reads_as_a_date(text: str, expected: bool) -> None:
    assert is_date(text) is expected

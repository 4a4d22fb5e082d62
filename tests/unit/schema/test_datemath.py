from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.errors import BesraError, DateMathError
from besra.schema.datemath import format_duration, parse_date_math, parse_duration
from besra.schema.timestamp import format_timestamp, parse_timestamp


def nanos(text: str) -> int:
    instant = parse_timestamp(text)
    assert instant is not None
    return instant


NOW = nanos("2026-03-31T14:35:46.123456789Z")  # a Tuesday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", "2026-03-31T14:35:46.123456789Z"),
        ("now-9m", "2026-03-31T14:26:46.123456789Z"),
        ("now-420s", "2026-03-31T14:28:46.123456789Z"),
        ("now+1h-30m", "2026-03-31T15:05:46.123456789Z"),
        ("now-2H", "2026-03-31T12:35:46.123456789Z"),
        ("now-d", "2026-03-30T14:35:46.123456789Z"),
        ("now-7d", "2026-03-24T14:35:46.123456789Z"),
        ("now-1w", "2026-03-24T14:35:46.123456789Z"),
        ("now-1M", "2026-02-28T14:35:46.123456789Z"),
        ("now+11M", "2027-02-28T14:35:46.123456789Z"),
        ("now-2y", "2024-03-31T14:35:46.123456789Z"),
        ("now/s", "2026-03-31T14:35:46Z"),
        ("now/m", "2026-03-31T14:35:00Z"),
        ("now/h", "2026-03-31T14:00:00Z"),
        ("now/d", "2026-03-31T00:00:00Z"),
        ("now/w", "2026-03-30T00:00:00Z"),
        ("now/M", "2026-03-01T00:00:00Z"),
        ("now/y", "2026-01-01T00:00:00Z"),
        ("now-30d/d", "2026-03-01T00:00:00Z"),
        ("now-1d/d+2h", "2026-03-30T02:00:00Z"),
        ("2025-01-01||+1M/d", "2025-02-01T00:00:00Z"),
        ("2024-01-31||+1M", "2024-02-29T00:00:00Z"),
        ("2025-01-01T10:00:00+02:00", "2025-01-01T08:00:00Z"),
        ("2025-01-01", "2025-01-01T00:00:00Z"),
        ("2025-03", "2025-03-01T00:00:00Z"),
        ("2025", "2025-01-01T00:00:00Z"),
        (" 2025-01-01T10:00:00.5Z ", "2025-01-01T10:00:00.5Z"),
        ("1735689600000", "2025-01-01T00:00:00Z"),
        ("1735689600000||+1d", "2025-01-02T00:00:00Z"),
    ],
)
def test_an_expression_names_an_instant(text: str, expected: str) -> None:
    assert format_timestamp(parse_date_math(text, NOW)) == format_timestamp(nanos(expected))


@pytest.mark.parametrize(
    ("text", "first_after"),
    [
        ("now/d", "2026-04-01T00:00:00Z"),
        ("now/w", "2026-04-06T00:00:00Z"),
        ("now/M", "2026-04-01T00:00:00Z"),
        ("now/y", "2027-01-01T00:00:00Z"),
        ("now-1h/h", "2026-03-31T14:00:00Z"),
        ("2025-01-01||/M", "2025-02-01T00:00:00Z"),
        ("2025-01-01", "2025-01-02T00:00:00Z"),
        ("2025-02", "2025-03-01T00:00:00Z"),
        ("2025", "2026-01-01T00:00:00Z"),
        ("2025-01-01T10:20", "2025-01-01T10:21:00Z"),
        ("2025-01-01T10:20Z", "2025-01-01T10:21:00Z"),
        ("2025-01-01T10:20:30", "2025-01-01T10:20:31Z"),
    ],
)
def test_rounding_up_gives_the_last_nanosecond(text: str, first_after: str) -> None:
    assert parse_date_math(text, NOW, round_up=True) == nanos(first_after) - 1


def test_rounding_up_leaves_exact_instants_alone() -> None:
    assert parse_date_math("now-5m", NOW, round_up=True) == NOW - 300 * 10**9
    assert parse_date_math("2025-01-01||+1d", NOW, round_up=True) == nanos("2025-01-02")
    assert parse_date_math("1735689600000", NOW, round_up=True) == nanos("2025-01-01")


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "now-", "now 9m", "now-9", "now-9x", "now/2d", "now/", "2025-13-01", "2025-01-01+1d", "now||+1d",
     "2025-01-01||nonsense", "now-99999y", "now+9999999999999999d", "nowish"],
)  # fmt: skip
def test_anything_else_is_an_error_that_says_how_to_write_it(text: str) -> None:
    with pytest.raises(DateMathError) as caught:
        parse_date_math(text, NOW)

    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, BesraError)
    assert caught.value.problem.code == "date-math"
    assert repr(text) in caught.value.problem.message
    assert "now-9m" in (caught.value.problem.hint or "")


@given(st.integers(-(10**18), 10**18), st.sampled_from("yMwdhms"))
def test_rounding_brackets_the_instant(now: int, unit: str) -> None:
    start = parse_date_math(f"now/{unit}", now)
    end = parse_date_math(f"now/{unit}", now, round_up=True)

    assert start <= now <= end
    assert parse_date_math(f"now/{unit}", start) == start
    assert parse_date_math(f"now/{unit}", end) == start


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("5m", timedelta(minutes=5)),
        ("60m", timedelta(hours=1)),
        ("1h", timedelta(hours=1)),
        ("90s", timedelta(seconds=90)),
        ("250ms", timedelta(milliseconds=250)),
        ("2d", timedelta(days=2)),
        ("0s", timedelta(0)),
    ],
)
def test_a_duration_is_an_integer_and_a_unit(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "-5m", "1.5h", "5M", "5w", "1h30m", "999999999999d"])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@given(st.integers(0, 10**12))
def test_a_formatted_duration_reads_back(millis: int) -> None:
    length = timedelta(milliseconds=millis)

    assert parse_duration(format_duration(length)) == length


def test_a_duration_is_shown_in_its_largest_whole_unit() -> None:
    assert format_duration(timedelta(hours=1)) == "1h"
    assert format_duration(timedelta(seconds=90)) == "90s"
    assert format_duration(timedelta(days=2)) == "2d"

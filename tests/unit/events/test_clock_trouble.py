"""Times that cannot be right are told, and times that can be are not."""

from collections.abc import Iterable
from typing import Any

import pytest

from besra.events import clock_watch
from besra.events.clock_trouble import clock_problems, duration, is_zone
from besra.events.clock_watch import ClockWatch, Lags
from besra.events.event import Event, Origin
from besra.events.event_time import event_time
from besra.events.inventory import host_of
from besra.problems import Problem
from besra.schema.timestamp import format_timestamp

SECOND = 1_000_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3_600 * SECOND, 86_400 * SECOND
NOON = 1_773_748_800 * SECOND
"""2026-03-17T12:00:00Z."""


def event(time: int, path: str = "a.ndjson", line: int = 1, **fields: Any) -> Event:
    document = {"@timestamp": format_timestamp(time), "host": {"name": "wks-0042"}, **fields}
    return Event(f"{path}:{line}", ("i",), document, Origin(path, line), line)


def problems(events: Iterable[Event], written: int | None = None) -> list[Problem]:
    watch = ClockWatch()
    for item in events:
        watch.add(item, host_of(item.source), event_time(item.source))
    return list(clock_problems(watch, lambda _: written))


def recorded(lag: int, *, every: int = MINUTE, count: int = 40, jitter: int = 0) -> list[Event]:
    """Events a time apart, each recorded so much later, give or take."""
    times = [NOON + number * every for number in range(count)]
    return [
        event(time, line=number, **{"event.created": format_timestamp(time + lag + (number % 5) * jitter)})
        for number, time in enumerate(times, 1)
    ]


@pytest.mark.parametrize(
    ("events", "message"),
    [
        (
            recorded(-2 * HOUR),
            "events of wks-0042 are dated 2 h after they were recorded (median), as far as time zones are apart",
        ),
        (
            recorded(-10 * MINUTE - 2 * SECOND),
            "events of wks-0042 are dated 10 min 2 s after they were recorded (median)",
        ),
        (
            recorded(5 * HOUR + 30 * MINUTE),
            "events of wks-0042 are all dated 5 h 30 min before they were recorded (median), as far as time zones",
        ),
        (recorded(400 * SECOND, jitter=3 * SECOND), "events of wks-0042 are all dated 6 min 46 s before"),
    ],
)
def test_events_a_time_away_from_their_record_are_skewed(events: list[Event], message: str) -> None:
    (found,) = problems(events)
    assert found.code == "clock-skew"
    assert found.message.startswith(message)
    assert str(found.place) == "a.ndjson"
    assert ("zone" in (found.hint or "")) == ("time zones" in message)


@pytest.mark.parametrize(
    "events",
    [
        recorded(3 * SECOND),
        recorded(-30 * SECOND),
        recorded(30 * DAY, every=SECOND),  # read from a file in one go, long after
        recorded(2 * HOUR, jitter=7 * MINUTE),  # a queue
        [event(NOON, line=number) for number in range(5)],  # nobody recorded them
    ],
)
def test_late_records_are_no_skew(events: list[Event]) -> None:
    assert problems(events) == []


def test_events_read_together_long_after_are_no_skew() -> None:
    read = format_timestamp(NOON + 30 * DAY)
    assert problems(event(NOON + number * HOUR, line=number, **{"event.ingested": read}) for number in range(40)) == []


def test_events_after_their_file_was_written() -> None:
    events = [event(NOON, line=1), event(NOON + 2 * HOUR, line=2), event(NOON + HOUR, line=3)]
    (found,) = problems(events, written=NOON)
    assert found.code == "clock-future"
    assert str(found.place) == "a.ndjson:2"
    assert "2026-03-17T14:00:00.000Z, 2 h after the file was last written" in found.message
    assert problems(events, written=NOON + 2 * HOUR - 10 * MINUTE) == []
    assert problems(events) == []


def test_few_events_years_away_are_outliers() -> None:
    usual = [event(NOON + number * MINUTE, line=number) for number in range(2, 202)]
    (found,) = problems([event(0, line=1), *usual])
    assert found.code == "clock-outlier"
    assert str(found.place) == "a.ndjson:1"
    assert "1 of 201 events of wks-0042 are dated about 1970-01" in found.message
    assert problems([event(0, line=1), *usual[:50]]) == []


def numbered(number: int, time: int, path: str) -> Event:
    return event(time, path, number, winlog={"record_id": str(number), "channel": "Security"})


def test_files_that_date_the_same_records_otherwise() -> None:
    events = [numbered(n, NOON + n * MINUTE, "a.evtx") for n in range(50)]
    events += [numbered(n, NOON + n * MINUTE + HOUR, "b.csv") for n in range(30, 80)]
    (found,) = problems(events)
    assert (found.code, str(found.place)) == ("clock-skew", "b.csv")
    assert "the same records of wks-0042 (Security) are dated 1 h later than in a.evtx" in found.message


def test_files_are_compared_by_the_records_they_share_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_watch, "SAMPLE", 20)
    events = [numbered(n, NOON + n * SECOND, "a.evtx") for n in range(1_000)]
    events += [numbered(n, NOON + n * SECOND - 3 * HOUR, "b.csv") for n in range(1_000)]
    (found,) = problems(events)
    assert "dated 3 h earlier than in a.evtx" in found.message


def test_records_that_share_but_their_numbers_are_not_compared() -> None:
    events = [numbered(n, NOON + n * MINUTE, "a.evtx") for n in range(50)]
    assert (
        problems([*events, *(numbered(n, NOON + 90 * DAY + n * SECOND, "after_clearing.evtx") for n in range(50))])
        == []
    )
    assert problems([*events, *(numbered(n, NOON + DAY + n * MINUTE, "b.evtx") for n in range(2))]) == []


def test_later_records_that_are_dated_earlier() -> None:
    events = [numbered(n, NOON + n * MINUTE, "a.evtx") for n in range(10)]
    events += [numbered(n, NOON + n * MINUTE - 3 * HOUR, "b.evtx") for n in range(20, 30)]
    (found,) = problems(events)
    assert (found.code, str(found.place)) == ("clock-set-back", "b.evtx")
    assert "record 20 of wks-0042 (Security) is dated 2 h 49 min before record 9 in a.evtx" in found.message
    in_order = [numbered(n, NOON + n * MINUTE, f"{n // 10}.evtx") for n in range(30)]
    assert problems(in_order) == []


@pytest.mark.parametrize("number", ["", "x", "²", "1" * 30, None, True, -4])
def test_odd_record_numbers_are_none(number: Any) -> None:
    assert problems([event(NOON, winlog={"record_id": number, "channel": "Security"})]) == []


def test_a_sample_is_spread_over_all_events_and_bounded() -> None:
    lags = Lags()
    for number in range(100_000):
        lags.add(number, number + 5)
    times = [time for time, _ in lags.pairs]
    assert len(times) <= clock_watch.SAMPLE
    assert times[0] == 0
    assert times[-1] > 99_000


def test_clocks_beyond_the_bound_are_not_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_watch, "MOST_CLOCKS", 1)
    assert [str(found.place) for found in problems([event(NOON, "a"), event(NOON, "b")], written=0)] == ["a:1"]


def test_months_beyond_the_bound_are_not_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_watch, "MOST_MONTHS", 1)
    assert problems([event(NOON, line=1), *[event(0, line=2)] * 200]) == []


@pytest.mark.parametrize(
    ("difference", "expected"),
    [
        (HOUR, True),
        (-HOUR - 60 * SECOND, True),
        (45 * MINUTE, True),
        (14 * HOUR, True),
        (15 * HOUR, False),
        (0, False),
        (60 * SECOND, False),
        (HOUR + 5 * MINUTE, False),
    ],
)
def test_what_is_as_far_as_time_zones_are_apart(difference: int, expected: bool) -> None:
    assert is_zone(difference) is expected


@pytest.mark.parametrize(
    ("nanos", "text"),
    [
        (0, "less than 1 s"),
        (5 * SECOND, "5 s"),
        (HOUR, "1 h"),
        (HOUR + 4 * SECOND, "1 h"),
        (400 * DAY, "400 d"),
        (10 * MINUTE + 2 * SECOND + 5, "10 min 2 s"),
        (2 * DAY + 3 * HOUR, "2 d 3 h"),
    ],
)
def test_lengths_of_time(nanos: int, text: str) -> None:
    assert duration(nanos) == text

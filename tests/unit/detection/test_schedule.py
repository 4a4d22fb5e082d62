"""Windows, catch-up and gaps as detection-engine.md 2.2 to 2.4 and 12 have them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.detection.schedule import Due, Gap, due, interval_of, next_start, starts_within, window_at
from besra.detection.window import Window
from besra.errors import DateMathError
from besra.rules.rule import Schedule

MINUTE = 60 * 10**9
NOW = 1_740_823_200 * 10**9
FIVE = Schedule("5m", "now-9m", "now")


def minutes(found: Due) -> list[tuple[int, int]]:
    return [(_minutes(window.start), _minutes(window.end)) for window in found.windows]


def _minutes(time: int | None) -> int:
    assert time is not None
    return (time - NOW) // MINUTE


@pytest.mark.parametrize(
    ("length", "since", "catch_up", "gap"),
    [
        (6, 5, 0, 0),
        (6, 7, 1, 0),
        (6, 14, 2, 0),
        (6, 26, 4, 0),
        (6, 30, 4, 4),
        (9, 10, 1, 0),
        (9, 29, 4, 0),
        (9, 60, 4, 31),
    ],
)
def test_late_runs(length: int, since: int, catch_up: int, gap: int) -> None:
    found = due(Schedule("5m", f"now-{length}m", "now"), NOW, NOW - since * MINUTE)
    assert minutes(found) == [(-length - 5 * step, -5 * step) for step in range(catch_up, -1, -1)]
    assert (found.gap.length if found.gap else 0) == gap * MINUTE
    assert found.gap is None or found.gap.start == NOW - since * MINUTE


def test_the_first_run_has_nothing_to_make_up_for() -> None:
    assert minutes(due(FIVE, NOW, None)) == [(-9, 0)]


def test_a_clock_set_back_makes_no_gap() -> None:
    assert due(FIVE, NOW, NOW + 60 * MINUTE) == Due((Window(NOW - 9 * MINUTE, NOW),))


def test_a_window_need_not_end_now() -> None:
    assert window_at(Schedule("1h", "now-2h/h", "now-1h"), NOW) == Window(NOW - 120 * MINUTE, NOW - 60 * MINUTE)


def test_no_date_math() -> None:
    with pytest.raises(DateMathError):
        window_at(Schedule("5m", "soon", "now"), NOW)


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 300))
def test_windows_and_gap_cover_all_time_since_the_last_run(interval: int, length: int, since: int) -> None:
    schedule = Schedule(f"{interval}m", f"now-{length}m", "now")
    previous = NOW - since * MINUTE
    found = due(schedule, NOW, previous)
    # The minutes from the last run to this one: each is in a window or in the gap, unless windows leave holes by
    # themselves, being shorter than the interval.
    covered = {minute for start, end in minutes(found) for minute in range(start, end)}
    if found.gap:
        covered |= set(range(_minutes(found.gap.start), _minutes(found.gap.end)))
    if length >= interval:
        assert covered >= set(range(-since, 0))


@given(st.integers(1, 30), st.integers(0, 100))
def test_runs_that_fill_a_gap_leave_nothing_out(interval: int, length: int) -> None:
    schedule = Schedule(f"{interval}m", f"now-{interval}m", "now")
    gap = Gap(NOW, NOW + length * MINUTE)
    windows = [window_at(schedule, start) for start in starts_within(schedule, gap)]
    covered = {minute for window in windows for minute in range(_minutes(window.start), _minutes(window.end))}
    assert covered >= set(range(length))
    assert len(windows) == -(-length // interval)


def test_next_start() -> None:
    assert next_start(FIVE, NOW, NOW + MINUTE) == NOW + 5 * MINUTE
    assert next_start(FIVE, NOW + 600 * MINUTE, NOW) == NOW + 5 * MINUTE


def test_an_interval_is_never_nothing() -> None:
    assert interval_of(Schedule("0s")) == 10**9

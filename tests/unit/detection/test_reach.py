"""Which events lie within so long of each other, in numbers."""

from itertools import accumulate

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from besra.detection.correlate.reach import first_within

FIRST, LAST = -(2**63) + 4, 2**63 - 3
DAY = 86_400 * 10**9

GROUPS = st.lists(
    st.lists(st.integers(0, 9) | st.integers(FIRST, LAST), min_size=1, max_size=6).map(sorted), max_size=6
)


@given(groups=GROUPS, within=st.integers(0, 12) | st.integers(0, 2**61))
@example(groups=[[FIRST, 0, LAST], [FIRST, LAST]], within=5)
@example(groups=[[*accumulate([DAY] * 9)]] * 9, within=2**61)
def test_the_first_within_reach(groups: list[list[int]], within: int) -> None:
    times = [time for group in groups for time in group]
    fresh = [place == 0 for group in groups for place in range(len(group))]
    starts = [sum(map(len, groups[:number])) for number, group in enumerate(groups) for _ in group]
    wanted = [
        next(other for other in range(start, place + 1) if times[place] - times[other] <= within)
        for place, start in enumerate(starts)
    ]
    found = first_within(within, np.array(times, np.int64), np.array(fresh, np.bool_), {})
    assert found.tolist() == wanted
    anywhen = first_within(None, np.array(times, np.int64), np.array(fresh, np.bool_), {})
    assert anywhen.tolist() == starts


@pytest.mark.parametrize("events", [10, 400])
def test_more_groups_than_64_bits_hold_one_behind_the_other(events: int) -> None:
    times = np.tile(np.arange(0, 10 * DAY, DAY), events)
    fresh = np.tile(np.arange(10) == 0, events)
    found = first_within(30_000 * DAY, times, fresh, {})
    assert found.tolist() == np.repeat(np.arange(events) * 10, 10).tolist()

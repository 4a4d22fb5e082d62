"""Times of values read by a kernel are those that Python reads, for every text."""

import random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from besra.events.columns import Column, ValueTable
from besra.events.event_time import parse_event_time
from besra.events.times import NO_TIME, times_of, times_of_rows
from besra.schema.fieldtype import Scalar

BOUND = 2**63

PARTS = st.tuples(
    st.sampled_from([0, 1, 1600, 1679, 1680, 1900, 1969, 1970, 2000, 2024, 2100, 2260, 2261, 9999])
    | st.integers(0, 9999),
    st.integers(0, 13),
    st.integers(0, 32),
    st.integers(0, 25),
    st.integers(0, 61),
    st.integers(0, 61),
)
FRACTIONS = st.sampled_from(["", ".", ".0", ".000000000", ".999999999", ".9999999999"]) | st.integers(0, 10**10).map(
    lambda number: f".{number}"
)
ZONES = st.sampled_from(["Z", "z", "", "+00:00", "-05:30", "+0100", " Z", "ZZ"])


@st.composite
def stamps(draw: st.DrawFn) -> str:
    """Texts that are times, or nearly."""
    year, month, day, hour, minute, second = draw(PARTS)
    tee = draw(st.sampled_from("TTTt "))
    text = f"{year:04d}-{month:02d}-{day:02d}{tee}{hour:02d}:{minute:02d}:{second:02d}{draw(FRACTIONS)}{draw(ZONES)}"
    if draw(st.booleans()):
        return text
    place = draw(st.integers(0, len(text) - 1))
    change = draw(st.sampled_from(["", "0", "9", "-", ":", ".", "T", "Z", "é", "\0", "٣"]))
    return text[:place] + change + text[place + draw(st.integers(0, 1)) :]


def wanted(value: Scalar) -> int:
    time = parse_event_time(value)
    return NO_TIME if time is None or abs(time) >= BOUND else time


def found(values: list[Scalar]) -> list[int]:
    table = ValueTable()
    ids = np.array(table.ids_of(0, values), np.int32)
    return times_of(ids, table).tolist()


@given(st.lists(stamps() | st.text(max_size=34) | st.integers() | st.floats() | st.booleans(), max_size=6))
@example(["2024-02-29T23:59:59.999999999Z", "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2000-02-29T00:00:00Z"])
@example(["1677-09-21T00:12:43.145224193Z", "2262-04-11T23:47:16.854775807Z", "2262-04-11T23:47:16.854775808Z"])
@example(
    [133_802_606_450_000_007, "133802606450000007", 10**18, 10**17, "/Date(1735787045123)/", "2025-01-02 03:04:05 UTC"]
)
@example(["1680-01-01T00:00:00Z", "2260-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999999999Z"])
@settings(max_examples=400, deadline=None)
def test_kernels_read_times_as_python_does(values: list[Scalar]) -> None:
    assert found(values) == list(map(wanted, values))


def test_every_way_to_damage_a_time() -> None:
    whole = "2024-02-29T23:59:59.123456789Z"
    texts: list[Scalar] = [whole[:cut] for cut in range(len(whole))]
    texts += [whole[:place] + char + whole[place + 1 :] for place in range(len(whole)) for char in "0369-:.TZ /;@`"]
    texts += [whole[:place] + whole[place + 1 :] for place in range(len(whole))]
    texts += [whole[:place] + char + whole[place:] for place in range(len(whole) + 1) for char in "0Z. "]
    assert found(texts) == list(map(wanted, texts))
    assert sum(time != NO_TIME for time in found(texts)) > 100


def test_every_day_of_the_calendar() -> None:
    drawn = random.Random(1)
    texts: list[Scalar] = [
        f"{year:04d}-{month:02d}-{day:02d}T00:00:00Z"
        for year in sorted({1700, 1800, 1900, 2000, 2100, 2200, *drawn.sample(range(1680, 2261), 20)})
        for month in range(1, 13)
        for day in range(1, 32)
    ]
    assert found(texts) == list(map(wanted, texts))


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["2024-01-01T00:00:00Z", "no", 5, True])), max_size=12))
def test_the_time_of_a_row_is_its_first_value_that_is_one(cells: list[tuple[int, Scalar]]) -> None:
    cells.sort(key=lambda cell: cell[0])
    table = ValueTable()
    ids = np.array(table.ids_of(0, [value for _, value in cells]), np.int32)
    column = Column(np.array([row for row, _ in cells], np.int32), ids)
    expected = [NO_TIME] * 6
    for row, value in reversed(cells):
        if wanted(value) != NO_TIME:
            expected[row] = wanted(value)
    assert times_of_rows(column, 6, table).tolist() == expected


@pytest.mark.parametrize("column", [None, Column(np.empty(0, np.int32), np.empty(0, np.int32))])
def test_rows_without_values(column: Column | None) -> None:
    assert times_of_rows(column, 3, ValueTable()).tolist() == [NO_TIME] * 3
    assert times_of_rows(column, 0, ValueTable()).tolist() == []

"""Of the rows of a sequence those are related that have a key in common in every clause: what is looked at first
changes nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.detection.window import Window
from besra.engine.join_hash import SEVERAL
from besra.engine.kept_rows import KEY, ROW
from besra.service.hit_log import Since, Within
from besra.service.open_bucket import NEVER
from besra.service.piles import Pile
from besra.service.related import _joined
from besra.service.row_part import CLOCK, About

Rows = list[tuple[int, int]]
"""Numbers and keys."""


def clock_of(row: int) -> int:
    """Not in the order of arrival, and some are seen by no run in a window."""
    return NEVER if row % 7 == 3 else row ^ 5


def pile_of(rows: Rows, size: int) -> Pile:
    pile = Pile()
    for start in range(0, len(rows), size):
        some = rows[start : start + size]
        table = np.zeros((KEY + 3, len(some)), np.int64)
        table[ROW], table[KEY] = zip(*some, strict=True)
        table[CLOCK] = [clock_of(row) for row, _ in some]
        pile.append(table)
    return pile


def is_about(about: About, row: int) -> bool:
    if isinstance(about, Since):
        return row >= about.row
    assert isinstance(about, Within)
    start, end = about.window.start, about.window.end
    clock = clock_of(row)
    return clock != NEVER and (start is None or clock >= start) and (end is None or clock <= end)


def expected(held: dict[int, Rows], needed: set[int], about: About) -> dict[int, list[tuple[int, bool]]]:
    asked = {key for rows in held.values() for row, key in rows if is_about(about, row)}
    if needed - held.keys() or not asked:
        return {}
    wanted = {key for rows in held.values() for _, key in rows}
    if SEVERAL not in asked:
        wanted = asked
        for position in needed:
            keys = {key for _, key in held[position]}
            wanted = wanted if SEVERAL in keys else wanted & keys
        if not wanted:
            return {}
    found = {p: {row for row, key in rows if key in {*wanted, SEVERAL}} for p, rows in held.items()}
    return {p: [(row, is_about(about, row)) for row in sorted(rows)] for p, rows in found.items() if rows}


keys = st.integers(0, 5) | st.just(SEVERAL)
rows = st.lists(st.tuples(st.integers(0, 40), keys), min_size=1, max_size=15).map(sorted)
bound = st.none() | st.integers(0, 45)
abouts = st.integers(0, 45).map(Since) | st.builds(lambda start, end: Within(Window(start, end)), bound, bound)


@given(
    st.dictionaries(st.integers(0, 2), rows, max_size=3),
    st.sets(st.integers(0, 2), min_size=1),
    abouts,
    st.integers(1, 20),
    st.booleans(),
)
def test_the_rows_of_a_sequence(
    held: dict[int, Rows], needed: set[int], about: About, size: int, is_short: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if is_short:
            patch.setattr(Pile, "size_of", lambda *_: 10**9)
        found = _joined({p: pile_of(some, size) for p, some in held.items()}, needed, about)
    told = {p: list(zip(numbers.tolist(), asked.tolist(), strict=True)) for p, (numbers, asked) in found.items()}
    assert told == expected(held, needed, about)

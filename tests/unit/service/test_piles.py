"""A pile in parts finds what one table would."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.engine.kept_rows import KEY, ROW
from besra.events.spill import Table
from besra.service.hit_log import Since
from besra.service.piles import Pile

LINES = KEY + 3
Lot = list[tuple[int, int]]


def table(rows: Sequence[tuple[int, int]]) -> Table:
    made = np.zeros((LINES, len(rows)), np.int64)
    made[ROW], made[KEY] = zip(*rows, strict=True)
    return made


lots = st.lists(
    st.lists(st.tuples(st.integers(0, 3), st.integers(-4, 4)), min_size=1, max_size=6), min_size=1, max_size=12
)


@pytest.mark.parametrize("large", [2, 1 << 20])
@given(lots, st.integers(0, 40), st.integers(0, 40), st.sets(st.integers(-5, 5)))
def test_parts_are_one_table(large: int, steps: list[Lot], first: int, since: int, keys: set[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("besra.service.piles.LARGE", large)
        check(steps, first, since, keys)


def check(steps: list[Lot], first: int, since: int, keys: set[int]) -> None:
    pile, row, rows = Pile(), 0, []
    for lot in steps:
        made = []
        for step, key in lot:
            row += step
            made.append((row, key))
        pile.append(table(made))
        rows += made
        row += 1
    pile.drop_before(first)
    left = [(row, key) for row, key in rows if row >= first]
    assert len(pile) == len(left)
    if not left:
        return
    wanted = np.array(sorted(keys), np.int64)
    assert pile.rows.tolist() == sorted({row for row, _ in left})
    assert pile.rows_with(wanted).tolist() == sorted({row for row, key in left if key in keys})
    assert pile.holds(wanted).tolist() == [any(key == one for _, one in left) for key in wanted.tolist()]
    assert pile.chosen(Since(since))[ROW].tolist() == [row for row, _ in left if row >= since]

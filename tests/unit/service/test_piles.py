"""A pile in parts finds what one table would."""

import errno
from collections.abc import Sequence
from tempfile import TemporaryFile
from typing import IO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.engine.kept_rows import KEY, ROW
from besra.events.spill import Table
from besra.service.hit_log import Since
from besra.service.pile_files import SHORTEST, PileFiles
from besra.service.piles import Pile
from besra.service.row_part import ROW_BYTES

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


def kept(place: tuple[int, int]) -> int:
    """Places of an odd entry keep rows for longer."""
    return (1 + 5 * (place[0] % 2)) * SHORTEST


@given(
    st.lists(st.tuples(st.integers(0, 2), lots.map(lambda some: some[0]), st.booleans()), min_size=1, max_size=20),
    st.integers(0, 40),
    st.integers(0, 40),
    st.sets(st.integers(-5, 5)),
)
def test_files_hold_what_piles_do(steps: list[tuple[int, Lot, bool]], first: int, since: int, keys: set[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("besra.service.piles.LARGE", 4)
        patch.setattr("besra.service.pile_files.MEMORY", 3)
        patch.setattr("besra.service.pile_files.LARGEST", 12)
        check_files(steps, first, since, keys)


def check_files(steps: list[tuple[int, Lot, bool]], first: int, since: int, keys: set[int]) -> None:
    """Some steps are dropped behind, and what is left is what was added."""
    files, row, dropped = PileFiles(kept), 0, 0
    rows: dict[int, list[tuple[int, int]]] = {}
    for entry, lot, is_dropping in steps:
        made = []
        for step, key in lot:
            row += step
            made.append((row, key))
        files.append((entry, 0), table(made))
        files.write()
        rows.setdefault(entry, []).extend(made)
        row += 1
        if is_dropping:
            dropped = max(dropped, min(first, row))
            files.drop_before(lambda place, bound=dropped: bound)  # type: ignore[misc]
    left = {
        entry: held
        for entry, some in rows.items()
        if (held := [(number, key) for number, key in some if number >= dropped])
    }
    wanted = np.array(sorted(keys), np.int64)
    piles = {entry: pile for (entry, _), pile in files.piles.items() if len(pile)}
    assert piles.keys() == left.keys()
    for entry, pile in piles.items():
        mine = left[entry]
        assert len(pile) == len(mine)
        assert pile.rows.tolist() == sorted({number for number, _ in mine})
        assert pile.rows_with(wanted).tolist() == sorted({number for number, key in mine if key in keys})
        assert pile.holds(wanted).tolist() == [any(key == one for _, one in mine) for key in wanted.tolist()]
        assert pile.chosen(Since(since))[ROW].tolist() == [number for number, _ in mine if number >= since]
        assert {*np.concatenate([*pile.distinct_keys()]).tolist()} >= {key for _, key in mine}
    files.drop_before(lambda place: row)
    assert not files.piles
    assert files.disk == files.memory == files.rows == 0


def test_files_are_few_and_memory_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("besra.service.pile_files.MEMORY", 100)
    monkeypatch.setattr("besra.service.pile_files.LARGEST", 3000)
    files = PileFiles(kept)
    for row in range(0, 10_000, 10):
        files.append((row % 20, 0), table([(row + place, place) for place in range(10)]))
        files.write()
        assert files.memory <= 100 * ROW_BYTES
    assert files.rows == 10_000
    assert sum(map(len, files._shelves.values())) < 30
    assert files.disk < 10_000 * (ROW_BYTES + 4)


def test_what_cannot_be_written_stays_and_is_written_once_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("besra.service.pile_files.MEMORY", 8)
    room = [0]
    tried = [0]

    def temporary() -> IO[bytes]:
        tried[0] += 1
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        return TemporaryFile()

    monkeypatch.setattr("besra.service.row_file.tempfile.TemporaryFile", temporary)
    files = PileFiles(kept)
    for row in range(40):
        files.append((0, 0), table([(row, row % 3)]))
        files.write()
    assert files.memory == 40 * ROW_BYTES
    assert tried[0] < 20
    room[0] = 1
    files.drop_before(lambda place: 0)
    assert files.memory == 0
    assert files.piles[0, 0].rows.tolist() == list(range(40))

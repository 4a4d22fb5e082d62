"""Arrays beyond a limit go to a temporary file and come back as they were."""

import os
import tempfile
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.errors import InputError
from besra.events.spill import OVERHEAD, Spill, Table


def table(*lines: list[int]) -> Table:
    return np.array(lines, np.int64)


@pytest.fixture
def spill() -> Iterator[Spill]:
    spill = Spill(3 * OVERHEAD + 8 * 42)
    yield spill
    spill.close()


PARTS = st.lists(st.tuples(st.sampled_from("abc"), st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5)), max_size=20)


@given(PARTS, st.sampled_from([0, 200, 500, 10_000]))
def test_piles_come_back_in_order(parts: list[tuple[str, list[int]]], limit: int) -> None:
    spill = Spill(limit)
    expected: dict[str, list[int]] = {}
    for key, cells in parts:
        spill.append(key, table(cells, cells[::-1]))
        expected.setdefault(key, []).extend(cells)
        assert spill.table(key)[0].tolist() == expected[key]
    assert {key: spill.table(key)[0].tolist() for key in "abc" if key in spill} == expected
    spill.close()


def test_nothing_is_written_below_the_limit(spill: Spill) -> None:
    spill.append("a", table([1, 2]))
    assert spill.spilled == 0
    spill.append("b", table(list(range(40))))
    assert spill.spilled == 0
    spill.append("b", table([5]))
    assert spill.spilled == 8 * 43
    assert [part.tolist() for part in spill.parts("b")] == [[[*range(40), 5]]]


def test_a_pile_can_be_dropped(spill: Spill) -> None:
    for _ in range(10):
        spill.append("a", table([1] * 20))
        spill.drop("a")
    assert "a" not in spill
    assert spill.parts("a") == []
    assert spill.spilled == 0


def test_a_view_outlives_what_is_written_after_it(spill: Spill) -> None:
    spill.append("a", table(list(range(100))))
    [view] = spill.parts("a")
    for _ in range(5):
        spill.append("b", table(list(range(100))))
    assert view.tolist() == [list(range(100))]
    assert spill.table("b").shape == (1, 500)


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    if not os.path.exists("/dev/full"):  # noqa: PTH110
        pytest.skip("no device that is always full")
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: open("/dev/full", "w+b", buffering=0))  # noqa: PTH123, SIM115
    spill = Spill(0)
    with pytest.raises(InputError, match="No space left on device") as caught:
        spill.append("a", table([1]))
    assert caught.value.problem.code == "no-temporary-space"
    spill.close()

"""The set of numbers that holds millions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.service.seen import Seen, SeenLately

NUMBERS = st.lists(st.integers(-3, 3) | st.integers(-(2**63), 2**63 - 1), max_size=40)


@given(lots=st.lists(NUMBERS, max_size=8))
def test_a_set(lots: list[list[int]]) -> None:
    seen, known = Seen(), set[int]()
    for lot in lots:
        numbers = np.array([number or 1 for number in lot], np.int64)
        assert seen.has(numbers).tolist() == [number in known for number in numbers.tolist()]
        new = sorted({*numbers.tolist()} - known)
        seen.add(np.array(new, np.int64))
        known |= {*new}
        assert len(seen) == len(known)


def test_many_that_collide() -> None:
    seen, numbers = Seen(), np.arange(1, 200_001, dtype=np.int64)
    for some in np.array_split(numbers, 7):
        seen.add(some)
    assert seen.has(numbers).all()
    assert not seen.has(-numbers).any()


@given(lots=st.lists(st.lists(st.integers(1, 50), max_size=20), max_size=30))
def test_each_is_fresh_once(lots: list[list[int]]) -> None:
    """What is forgotten may be fresh again: here nothing is that was fresh in one of the last three lots."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("besra.service.seen.PART", 20)
        check_lots(lots)


def check_lots(lots: list[list[int]]) -> None:
    seen, ends, fresh_in = SeenLately(), list[int](), list[set[int]]()
    for lot in lots:
        ends.append(len(lot) + (ends[-1] if ends else 0))
        fresh = seen.fresh(np.array(lot, np.int64), ends[-1]).tolist()
        recent, ever = set[int]().union(*fresh_in[-3:]), set[int]().union(*fresh_in)
        for place, number in enumerate(lot):
            assert not (fresh[place] and (number in recent or number in lot[:place]))
            assert fresh[place] or number in ever or number in lot[:place]
        fresh_in.append({number for number, is_fresh in zip(lot, fresh, strict=True) if is_fresh})
        seen.forget(ends[-4] if len(ends) > 3 else 0)


def test_what_does_not_matter_any_more_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("besra.service.seen.PART", 3000)
    seen, row = SeenLately(), 0
    for _ in range(100):
        seen.fresh(np.arange(row, row + 1000), row + 1000)
        row += 1000
        seen.forget(row - 2000)
    assert sum(map(len, seen._parts)) < 10_000

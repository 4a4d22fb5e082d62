"""What waits becomes the buckets that a few lines find in all of it."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from besra.events.event import Origin
from besra.language.plan import Cardinality, Threshold
from besra.service.open_bucket import Row
from besra.service.waiting import Waiting

ORIGIN = Origin("x")


def plain(threshold: Threshold, rows: Sequence[Row]) -> list[list[int]]:
    """The buckets of rows, by the words of the documentation."""
    rows, found = sorted(rows), []
    while rows:
        end = rows[0].time + (10**6 if threshold.within is None else threshold.within)
        bucket = [row for row in rows if row.time <= end]
        values = {value for row in bucket for value in row.values[0]}
        if len(bucket) >= threshold.count and len(values) >= threshold.cardinality[0].least:
            found.append([row.number for row in bucket])
            rows = rows[len(bucket) :]
        else:
            rows = rows[1:]
    return found


@given(
    lots=st.lists(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), max_size=6), max_size=6),
    count=st.integers(1, 4),
    least=st.integers(0, 3),
    within=st.sampled_from([0, 1, 4, 20, None]),
)
def test_buckets_of_what_waits(lots: list[list[tuple[int, int]]], count: int, least: int, within: int | None) -> None:
    """Lots follow each other in time; within one there is no order."""
    threshold = Threshold(count, (Cardinality(1, least),), within)
    waiting, known, left, found = Waiting(threshold), 0, list[Row](), list[list[int]]()
    for at, lot in enumerate(lots):
        rows = [
            Row(10 * at + time, known + place, 0, [[value]], (f"e{known + place}", ("x",), ORIGIN, 0))
            for place, (time, value) in enumerate(lot)
        ]
        known += len(lot)
        waiting.add(rows)
        left += rows
        wanted = plain(threshold, left)
        for bucket in waiting.full():
            found.append([row.number for row in bucket])
            assert found[-1] == wanted.pop(0)
        assert wanted == []
        gone = {number for bucket in found for number in bucket}
        left = [row for row in left if row.number not in gone]
        assert len(waiting) == len(left)
    waiting.drop_before(known // 2)
    assert len(waiting) == sum(row.number >= known // 2 for row in left)

"""Gaps: found by runs, marked by whoever fills them, filled by runs."""

import pytest
from tests.unit.storage.samples import NOW, run

from besra.detection.schedule import Gap
from besra.storage.alert_store import AlertStore
from besra.storage.gap_log import GapStatus, joined, without
from besra.storage.outcome import Outcome
from besra.storage.run_log import RunStatus

FILLED = [GapStatus.FILLED]


def test_a_gap_is_kept_once_and_told(store: AlertStore) -> None:
    for _ in range(2):
        store.commit(Outcome(run(1, status=RunStatus.FAILED, gap=Gap(NOW, NOW + 9))))
    store.commit(Outcome(run(1, "r2", gap=Gap(NOW - 5, NOW))))
    assert [gap.time for gap in store.gaps()] == [Gap(NOW - 5, NOW), Gap(NOW, NOW + 9)]
    (gap,) = store.gaps("r1")
    assert (gap.status, gap.filled, gap.unfilled) == (GapStatus.UNFILLED, (), (Gap(NOW, NOW + 9),))
    assert (gap.rule_uuid, gap.message, gap.found) == ("r1", "", run(1).started)


def test_filling(store: AlertStore) -> None:
    store.commit(Outcome(run(1, gap=Gap(0, 10))))
    (gap,) = store.gaps()
    assert store.mark_gaps([gap.id, 999, 0, 1 << 70], GapStatus.IN_PROGRESS) == 1
    store.commit(Outcome(run(2, kind="manual", filled=Gap(-5, 4))))
    store.commit(Outcome(run(3, kind="manual", filled=Gap(6, 8), status=RunStatus.FAILED)))
    store.commit(Outcome(run(4, "r2", kind="manual", filled=Gap(0, 10))))
    (gap,) = store.gaps("r1")
    assert (gap.status, gap.unfilled) == (GapStatus.IN_PROGRESS, (Gap(4, 10),))
    store.mark_gaps([gap.id], GapStatus.ERROR, "no events\x00")
    assert [(gap.status, gap.message) for gap in store.gaps()] == [(GapStatus.ERROR, "no events\ufffd")]
    assert store.gaps(statuses=FILLED) == ()
    store.commit(Outcome(run(5, kind="manual", filled=Gap(4, 10))))
    (gap,) = store.gaps(statuses=FILLED)
    assert (gap.filled, gap.unfilled, gap.message) == ((Gap(0, 10),), (), "")
    assert store.mark_gaps([gap.id], GapStatus.UNFILLED) == 0


def test_old_gaps_are_forgotten(store: AlertStore) -> None:
    store.commit(Outcome(run(1, gap=Gap(0, 10))))
    assert store.forget_log(10) == 0
    assert store.forget_log(11) == 1
    assert store.gaps() == ()


@pytest.mark.parametrize(
    ("parts", "whole"),
    [([], ()), ([Gap(3, 5), Gap(0, 3)], (Gap(0, 5),)), ([Gap(0, 2), Gap(3, 4), Gap(1, 1)], (Gap(0, 2), Gap(3, 4)))],
)
def test_parts_are_joined(parts: list[Gap], whole: tuple[Gap, ...]) -> None:
    assert joined(parts) == whole


def test_what_is_left() -> None:
    assert without(Gap(0, 10), [Gap(8, 20), Gap(2, 4)]) == (Gap(0, 2), Gap(4, 8))
    assert without(Gap(0, 10), [Gap(-1, 10)]) == ()

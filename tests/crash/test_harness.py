"""The crash tests would notice: what they wrap is there, and what they compare would show what is lost or doubled."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import orjson
import pytest

pytest.importorskip("deltalake")

import besra
from besra.storage.alert_store import AlertStore
from besra.storage.event_store import EventStore, StoredEvent
from besra.storage.journal import Journal
from besra.storage.outcome import Outcome
from besra.storage.run_log import RunRecord
from tests.crash.kills import NTH, lives
from tests.crash.launcher import FUNCTIONS, NOTIFY_FUNCTIONS, POINTS, STATEMENTS, function_at
from tests.crash.rules import loaded, write_rules
from tests.crash.shipper import Sent
from tests.crash.stories import Teller
from tests.crash.syncs import acknowledgements
from tests.crash.verdict import ID, differences, verdict_on

NOW = 1_773_800_000 * 10**9
ALL_FUNCTIONS = FUNCTIONS | NOTIFY_FUNCTIONS


@pytest.mark.parametrize("name", ALL_FUNCTIONS)
def test_what_a_process_dies_at_is_there(name: str) -> None:
    owner, attribute = function_at(ALL_FUNCTIONS[name])
    assert callable(getattr(owner, attribute))


def test_every_point_has_its_number_of_calls() -> None:
    assert {*FUNCTIONS, *STATEMENTS} == {*NTH}
    assert {point.partition(":")[0] for point in POINTS} == {*NTH}


def test_a_seed_makes_the_same_lives(tmp_path: Path) -> None:
    assert lives(Random(3), tmp_path, 30) == lives(Random(3), tmp_path, 30)


WRITTEN = '7 pwrite64(5</d/journal.sqlite-wal>, "x", 24, 0) = 24'
SYNCED = "7 fdatasync(5</d/journal.sqlite-wal>) = 0"
ANSWERED = '8 write(9<socket:[3]>, "HTTP/1.1 200 OK\\r\\nx-elastic-product: E"..., 100) = 100'


@pytest.mark.parametrize(
    ("calls", "early"),
    [
        ([WRITTEN, SYNCED, ANSWERED], 0),
        ([WRITTEN, ANSWERED, SYNCED], 1),
        ([ANSWERED], 1),
        ([WRITTEN, SYNCED, WRITTEN, ANSWERED], 1),
        ([WRITTEN, SYNCED, ANSWERED, WRITTEN, ANSWERED], 1),
        ([WRITTEN, SYNCED.replace(") = 0", " <unfinished ...>"), ANSWERED, "7 <... fdatasync resumed>) = 0"], 1),
        ([WRITTEN, SYNCED.replace(") = 0", " <unfinished ...>"), "7 <... fdatasync resumed>) = 0", ANSWERED], 0),
        ([WRITTEN, SYNCED.replace("= 0", "= -1 EIO"), ANSWERED], 1),
    ],
)
def test_acknowledgements_before_their_sync_are_seen(calls: list[str], early: int) -> None:
    found, faults = acknowledgements(calls)
    assert found == calls.count(ANSWERED)
    assert len(faults) == early


class Served:
    """What a service would have left of some documents, made without one."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.rules = loaded(write_rules(folder))
        teller = Teller("t", Random(1))
        told = [(str(number), *teller.next(NOW)) for number in range(300)]
        self.documents = {(index, id_): document for id_, index, document in told}
        self.alerts = besra.detect(self.rules, [hit(key, document) for key, document in self.documents.items()])

    def leave(self, *, events: Callable[[int], int], alerts: Callable[[int], int]) -> list[str]:
        """Leave each event and alert so many times. The faults found."""
        Journal(self.data).close()
        rows = [
            StoredEvent(1, number * 10 + copy, (key[0],), key[1], orjson.dumps(document), NOW, NOW)
            for number, (key, document) in enumerate(self.documents.items())
            for copy in range(events(number))
        ]
        EventStore(self.data / "events").add(rows, 1)
        kept = [
            {**alert, ID: alert[ID] if copy == 0 else f"another {alert[ID]}"}
            for number, alert in enumerate(self.alerts)
            for copy in range(alerts(number))
        ]
        with AlertStore(self.data / "alerts.sqlite") as store:
            store.commit(Outcome(RunRecord("r", "u", "i", "n", NOW, 0), kept))
        return verdict_on(Sent(acknowledged=self.documents), self.data, self.rules).faults


def hit(key: tuple[str, str], document: dict[str, object]) -> dict[str, object]:
    return {"_index": key[0], "_id": key[1], "_source": document}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Served:
    return Served(tmp_path_factory.mktemp("rules"))


@pytest.mark.parametrize(
    ("events", "alerts", "said"),
    [
        (lambda _: 1, lambda _: 1, ""),
        (lambda number: int(number != 7), lambda _: 1, "acknowledged events are lost: "),
        (lambda number: 1 + (number == 7), lambda _: 1, "events are doubled: "),
        (lambda _: 1, lambda number: int(number != 3), "alerts of a scan of what was sent are lost: "),
        (lambda _: 1, lambda number: 1 + (number == 3), "alerts are there that no scan makes: "),
    ],
)
def test_what_is_lost_or_doubled_is_said(
    served: Served, tmp_path: Path, events: Callable[[int], int], alerts: Callable[[int], int], said: str
) -> None:
    served.data = tmp_path
    faults = served.leave(events=events, alerts=alerts)
    assert any(said in fault for fault in faults) if said else not faults, faults


def test_alerts_of_two_runs_differ_in_nothing_that_counts() -> None:
    one = {ID: "a", "kibana.alert.start": "1", "besra": {"total_matches": 1}, "event.action": "single"}
    assert differences(one, {**one, "kibana.alert.start": "2", "besra": {"total_matches": 2}}) == []
    assert differences(one, {**one, "event.action": "other"}) == ["event.action"]
    nested = {"kibana.alert.start": "1", "event": {"action": "start", "ingested": "1"}, "besra": {}}
    assert differences(nested, {**nested, "event": {"action": "start", "ingested": "2"}}) == []
    assert differences(nested, {**nested, "event": {"action": "stop", "ingested": "1"}}) == ["event"]

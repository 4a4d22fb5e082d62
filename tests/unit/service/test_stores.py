"""What must hold of a service's stores together: nobody else uses them, and they count the same batches."""

from pathlib import Path

import orjson
import pytest
from tests.simulation import MINUTE, START, World, document, rule_text, rules_of
from tests.stores import postgres

from besra.errors import InputError
from besra.events.recognise import DEFAULTS
from besra.service.admission import Admission, admitted
from besra.service.body import BodyError
from besra.service.bulk import MOST_ITEMS, Put, Refused, parse_bulk
from besra.service.stores import Places, for_owner_alone, stores_at
from besra.storage.database import AlertStoreError
from besra.storage.event_store import EventStore, StoredEvent
from besra.storage.journal import Record

__all__ = ["postgres"]

EACH = 'process where process.name == "evil"'


def evil(at: int) -> dict[str, object]:
    return document(at, **{"process.name": "evil"})


def test_nobody_else_uses_the_folder(tmp_path: Path) -> None:
    said = pytest.raises(InputError, match="another besra serve")
    with stores_at(Places(tmp_path)), said as raised, stores_at(Places(tmp_path)):
        pass
    assert raised.value.problem.code == "serve-data-in-use"
    with stores_at(Places(tmp_path)):
        pass


def test_a_journal_that_is_new_beside_stores_that_are_not_loses_nothing(tmp_path: Path) -> None:
    world = World(tmp_path / "data", rules_of(tmp_path / "rules", rule_text("each", EACH)), is_live=True)
    with world.up() as process:
        for _ in range(5):
            process.arrive([evil(world.now)])
        process.passes(MINUTE)
        process.duty.pump.finish()
    for file in (tmp_path / "data").glob("journal.sqlite*"):
        file.unlink()
    with world.up() as process:
        process.arrive([evil(world.now)])
        process.passes(MINUTE)
        process.duty.pump.finish()
        rows = sum(len(batch) for batch in process.stores.events.read(0, 2 * START))
        assert rows == 6
        assert process.found().keys() == world.scanned()
        assert len(process.found()) == 6


def test_two_services_do_not_share_alerts(tmp_path: Path, postgres: str) -> None:
    """A batch of one that has the number of a batch the other has dealt with would never be looked at."""
    places = [Places(tmp_path / name, alerts=postgres) for name in "ab"]
    made = Record(b"{}", ("logs-a",), "1")
    with stores_at(places[0]) as mine:
        mine.journal.submit([made], START).result()
        with stores_at(places[1]) as other:
            other.journal.submit([made], START).result()
            with pytest.raises(AlertStoreError, match="another --data"):
                mine.alerts.commit(position=1)
            other.alerts.commit(position=1)
    with pytest.raises(InputError, match="another --data") as raised, stores_at(places[0]):
        pass
    assert raised.value.problem.code == "serve-alerts-in-use"
    with stores_at(places[1]):
        pass


@pytest.mark.parametrize("index", ["x" * 300, "é" * 100])
def test_an_index_that_cannot_be_a_folder_is_refused(index: str) -> None:
    document = orjson.dumps({"a": 1})
    (found,) = Admission().admitted([Put(index, None, document, False)], 0)
    assert isinstance(found, Refused)
    assert (found.status, found.body) == (400, document)
    streams = {"data_stream": {"type": "logs", "dataset": "d" * 300, "namespace": "default"}}
    assert isinstance(admitted(Put("", None, streams, False), DEFAULTS, 0), Refused)


@pytest.mark.parametrize("index", ["x" * 240, "é" * 40, "logs-endpoint.events.process-default"])
def test_an_index_that_can_be_one_is_stored(tmp_path: Path, index: str) -> None:

    (found,) = Admission().admitted([Put(index, None, b'{"a":1}', False)], 0)
    assert isinstance(found, Record)
    store = EventStore(tmp_path / "events")
    store.add([StoredEvent(1, 0, found.index, found.id, found.line, None, START)], 1)
    assert sum(len(batch) for batch in store.read(0, 2 * START, by="ingested")) == 1


def test_a_body_of_too_many_documents_is_refused() -> None:
    with pytest.raises(BodyError) as raised:
        parse_bulk(b'{"create":{}}\n{}\n' * (MOST_ITEMS + 1), "i")
    assert raised.value.status == 413


def test_what_is_made_is_for_its_owner_alone(tmp_path: Path) -> None:
    with for_owner_alone(), stores_at(Places(tmp_path / "data")):
        pass
    modes = {path.name: path.stat().st_mode & 0o077 for path in (tmp_path / "data").rglob("*")}
    assert modes == dict.fromkeys(modes, 0)
    assert "alerts.sqlite" in modes
    for name in ("new", "old"):
        if name == "old":
            (tmp_path / name).mkdir()
            (tmp_path / name).chmod(0o755)
        with stores_at(Places(tmp_path / name)):
            pass
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "old").stat().st_mode & 0o777 == 0o755  # whoever made it may have had a reason


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_folder_that_cannot_be(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError) as raised, stores_at(Places(tmp_path / name)):
        pass
    problem = raised.value.problem
    assert (problem.code, str(tmp_path / name) in problem.message) == ("serve-data", True)
    assert "--data" in (problem.hint or "")

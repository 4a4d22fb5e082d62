"""What is in the journal is stored by itself, and only leaves the journal once its alerts are there, too."""

import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from besra.errors import BesraError
from besra.service import storing
from besra.service.storing import EVERY, Storing
from besra.storage.event_store import EventStore
from besra.storage.journal import Journal, Record

NOW = 1_773_800_000 * 10**9


@dataclass
class Alerts:
    position: int = 0


def submit(journal: Journal, *numbers: int) -> int:
    records = [Record(b'{"n":%d}' % number, ("logs-a",), str(number), NOW) for number in numbers]
    number = journal.submit(records, NOW).result(10).number
    assert number is not None
    return number


def test_much_is_stored_at_once_and_little_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "TOGETHER", 3)
    journal, alerts, now = Journal(tmp_path), Alerts(), [NOW]
    store = EventStore(tmp_path / "events")
    stores = Storing(journal, store, alerts, lambda: now[0])
    first = submit(journal, 1, 2)
    assert not stores.step()
    second = submit(journal, 3)
    assert stores.step()
    assert (stores.stored, store.last_batch) == (second, second)
    third = submit(journal, 4)
    assert not stores.step()
    now[0] += EVERY
    assert stores.step()
    now[0] -= 2 * EVERY  # a clock that is set back
    submit(journal, 5)
    assert stores.step()
    assert [batch.number for batch in journal.after(0)][:3] == [first, second, third]
    alerts.position = second
    stores.finish()
    assert [batch.number for batch in journal.after(0)] == [third, third + 1]
    journal.close()


def test_a_store_that_fails_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "PAUSE", 0.01)
    monkeypatch.setattr(storing, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(storing, "EVERY", 0)
    journal, store, failures = Journal(tmp_path), EventStore(tmp_path / "events"), [BesraError("away"), OSError("away")]
    add = store.add

    def failing(*given: object) -> None:
        if failures:
            raise failures.pop()
        add(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "add", failing)
    stores, stop, told = Storing(journal, store, Alerts(), lambda: NOW), threading.Event(), []
    last = submit(journal, 1)
    thread = threading.Thread(target=stores.run, args=(stop, told.append, stop.set))
    thread.start()
    thread.join(30)
    stop.set()
    assert (store.last_batch, [str(error) for error in told]) == (last, ["away", "away"])
    journal.close()

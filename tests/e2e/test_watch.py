"""`besra serve --watch`: files put into a folder are taken once, also by a process that is killed in their middle."""

import gzip
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.served import PATIENCE, Served, serving
from tests.unit.events.readers.evtx_file import event, evtx_file

import besra
from besra.demo import write_demo
from besra.events.event import Event
from besra.events.reader import read_events

deltalake = pytest.importorskip("deltalake")

WRITTEN = 4000
"""Lines of the log that grows."""


def test_each_event_once_through_kills(tmp_path: Path) -> None:
    folder, data = tmp_path / "in", tmp_path / "data"
    folder.mkdir()
    options = ("--watch", str(folder), "--any-index")
    log = folder / "app.log"
    with serving(data, *options) as served:
        evidence(folder)
        grow(log, 0, WRITTEN // 2)
        until(lambda: seen(served) >= 300)
        served.process.kill()
    grow(log, WRITTEN // 2, WRITTEN // 2 + 300)
    log.rename(folder / "app.log.1")
    with serving(data, *options) as served:
        before = seen(served)
        grow(log, WRITTEN // 2 + 300, WRITTEN)
        until(lambda: seen(served) >= before + 500)
        served.process.kill()
    (folder / "copy.log.gz").write_bytes(gzip.compress(log.read_bytes()))
    expected = [(item.index[0], item.id) for item in read_events([folder]) if isinstance(item, Event)]
    with serving(data, *options) as served:
        until(lambda: metric(served, "files") >= 6 and quiet(served))
        assert metric(served, "problems_total") == 0
        # The alerts are those of a scan of the folder.
        scanned = {alert["kibana.alert.uuid"] for alert in besra.scan([folder], match_index=False)}
        assert set(served.alerts(len(scanned))) == scanned
        code, said = served.stop()
        assert code == 0, said
    rows = deltalake.DeltaTable(data / "events").to_pyarrow_dataset().to_table(columns=["_index", "_id"])
    kept = [(row["_index"], row["_id"]) for row in rows.to_pylist()]
    assert len(kept) == len(set(kept)), "an event came in twice"
    assert set(kept) == set(expected)


def evidence(folder: Path) -> None:
    """Files of several kinds, with alerts in them."""
    for path in write_demo(folder.parent / "demo"):
        (folder / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    logged = [event(number, data={"Image": f"C:\\{number}.exe"}) for number in range(1, 50)]
    (folder / "log.evtx").write_bytes(evtx_file(logged))


def grow(log: Path, start: int, end: int) -> None:
    """Append lines."""
    with log.open("ab") as file:
        for number in range(start, end):
            file.write(b'{"@timestamp":"2026-03-17T09:42:14Z","event":{"sequence":%d}}\n' % number)


def metric(served: Served, name: str) -> int:
    found = re.search(rf"^besra_watched_{name} (\d+)$", served.text("/metrics"), re.MULTILINE)
    assert found
    return int(found[1])


def seen(served: Served) -> int:
    return metric(served, "events_total") + metric(served, "known_total")


def quiet(served: Served) -> bool:
    """Whether nothing new has been seen for longer than it takes until a file is taken to be whole."""
    before = seen(served)
    time.sleep(3.5)
    return seen(served) == before > 0


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)

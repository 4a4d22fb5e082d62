"""What is put into watched folders is taken once, whatever happens to the files and to whoever takes."""

import asyncio
import gzip
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.events.readers.evtx_file import event as log_event
from tests.unit.events.readers.evtx_file import evtx_file

from besra.errors import InputError
from besra.events.event import Event
from besra.events.index_name import names_of_index
from besra.events.reader import read_events
from besra.events.recognise import DEFAULTS
from besra.service import watched_piece
from besra.service.bulk import Done, Item, Put, Refused
from besra.service.ingest import BusyError
from besra.service.watch import AGAIN, DECIDED, GONE, PATIENCE, QUIET, Watcher, watching
from besra.service.watch_state import WatchState, WatchStateError
from besra.storage.journal import JournalError, Verdict


class Taker:
    """Takes events into memory, each id once, as the journal does; `trouble` is raised before."""

    def __init__(self) -> None:
        self.intake = DEFAULTS
        self.events: dict[tuple[tuple[str, ...], str], Any] = {}
        self.asked = 0
        self.letters: list[tuple[str, bytes]] = []
        self.trouble: list[Exception] = []

    async def take(self, items: Sequence[Item], origin: str) -> list[Done | Refused]:
        if self.trouble:
            raise self.trouble.pop(0)
        return [self._taken(item) for item in items]

    def _taken(self, item: Item) -> Done | Refused:
        assert isinstance(item, Put)
        assert item.is_create
        assert item.id
        self.asked += 1
        names = names_of_index(item.index) if item.aliases is None else (item.index, *item.aliases)
        key = (names, item.id)
        verdict = Verdict.CONFLICT if key in self.events else Verdict.CREATED
        self.events.setdefault(key, item.document)
        return Done(item, item.id, verdict)

    def bury_body(self, origin: str, reason: str, body: bytes) -> None:
        self.letters.append((origin, body))

    @property
    def names(self) -> list[str]:
        return sorted(orjson.loads(document)["name"] for document in self.events.values())


class Desk:
    """A watched folder, what takes its events, and a clock; `look` is what happens every second."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder, self.data = tmp_path / "in", tmp_path / "data"
        self.folder.mkdir()
        self.taker = Taker()
        self.said: list[str] = []
        self.now = 0.0
        self.start()

    def start(self) -> None:
        """Begin anew, as after a crash."""
        self.state = WatchState(self.data)
        self.watcher = Watcher([self.folder], self.taker, self.state, self.said.append, lambda: self.now)

    def restart(self) -> None:
        self.state.close()
        self.start()

    def look(self, after: float = 1.0) -> None:
        self.now += after
        asyncio.run(self._looked())

    async def _looked(self) -> None:
        await self.watcher.look()
        await self.watcher.take_whole_files()

    def settle(self) -> None:
        self.look()
        self.look(QUIET)
        self.look()

    def write(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    def append(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        with path.open("ab") as file:
            file.write(content)
        return path


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    found = Desk(tmp_path)
    yield found
    found.state.close()


def line(name: str) -> bytes:
    return b'{"name":"%b"}\n' % name.encode()


def lines(*names: str) -> bytes:
    return b"".join(map(line, names))


def test_a_log_is_followed_by_whole_lines(desk: Desk) -> None:
    desk.write("a.log", lines("1", "2"))
    desk.look()
    assert desk.taker.names == []  # nobody knows yet what it is
    desk.look(QUIET)
    assert desk.taker.names == ["1", "2"]
    desk.append("a.log", line("3") + b'{"name":')
    desk.look()
    assert desk.taker.names == ["1", "2", "3"]
    desk.append("a.log", b'"4"}\n\n' + line("5"))
    desk.look()
    assert desk.taker.names == ["1", "2", "3", "4", "5"]
    desk.restart()
    desk.settle()
    assert desk.taker.asked == 5
    assert not desk.said


def test_a_file_that_goes_on_changing_is_read_in_the_end(desk: Desk) -> None:
    for number in range(round(DECIDED) + 2):
        desk.append("a.log", line(f"{number}"))
        desk.append("b.json", b'[{"name":"x"},\n' if not number else b'{"name":"y%d"},\n' % number)
        desk.look()
    assert "0" in desk.taker.names
    for number in range(round(PATIENCE)):
        desk.append("b.json", b'{"name":"z%d"},\n' % number)
        desk.look()
    assert "x" in desk.taker.names


def test_the_last_line_needs_no_end_once_it_is_quiet(desk: Desk) -> None:
    desk.write("a.log", line("1") + line("2").rstrip())
    desk.settle()
    assert desk.taker.names == ["1", "2"]
    desk.settle()
    assert desk.taker.asked == 2
    desk.append("a.log", b"\n" + line("3"))
    desk.settle()
    assert desk.taker.names == ["1", "2", "3"]
    desk.append("a.log", b'{"name": "4"')
    desk.settle()
    assert len(desk.taker.letters) == 1
    desk.append("a.log", b"}\n")
    desk.settle()
    assert desk.taker.names == ["1", "2", "3", "4"]


@pytest.mark.parametrize("restarts", [False, True])
def test_logs_are_rotated(desk: Desk, restarts: bool) -> None:
    log = desk.write("a.log", lines("1", "2"))
    desk.settle()
    desk.append("a.log", lines("3"))
    log.rename(desk.folder / "a.log.1")
    desk.write("a.log", lines("4", "5"))
    if restarts:
        desk.restart()
    desk.settle()
    assert desk.taker.names == ["1", "2", "3", "4", "5"]
    assert desk.taker.asked == 5
    # Copied and truncated, then compressed.
    shutil.copy(log, desk.folder / "a.log.2")
    log.write_bytes(lines("6"))
    (desk.folder / "a.log.1.gz").write_bytes(gzip.compress((desk.folder / "a.log.1").read_bytes()))
    (desk.folder / "a.log.1").unlink()
    if restarts:
        desk.restart()
    desk.settle()
    assert desk.taker.names == ["1", "2", "3", "4", "5", "6"]


def test_a_log_that_is_truncated_and_as_long_again(desk: Desk) -> None:
    log = desk.write("a.log", lines("1", "2"))
    desk.settle()
    log.write_bytes(lines("3", "4"))
    desk.settle()
    log.write_bytes(lines("5", "6", "7"))
    desk.settle()
    assert desk.taker.names == ["1", "2", "3", "4", "5", "6", "7"]


def test_lines_that_give_no_event_are_dead_letters(desk: Desk) -> None:
    desk.write("a.log", line("1"))
    desk.settle()
    desk.append("a.log", b"nonsense\n" * 5 + line("2") + b"[]\n")
    desk.settle()
    assert desk.taker.names == ["1", "2"]
    assert [body for _, body in desk.taker.letters] == [b"nonsense"] * 5 + [b"[]"]
    assert desk.taker.letters[5][0] == f"watch {desk.folder}/a.log:8"
    assert desk.watcher.problems == 6
    assert len(desk.said) == 4  # the others of their kind are counted


def test_lines_longer_than_a_piece(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched_piece, "PIECE", 20)
    names = ["1", "x" * 50, "2", "y" * 9, "3"]
    desk.write("a.log", lines(*names))
    desk.settle()
    assert desk.taker.names == sorted(names)


def test_other_files_are_taken_as_a_whole_when_they_are_whole(desk: Desk) -> None:
    log = evtx_file([log_event(number, data={"Image": f"C:\\{number}.exe"}) for number in range(1, 50)])
    desk.write("log.evtx", log[: len(log) // 2])
    desk.look()
    desk.write("log.evtx", log)
    desk.look(QUIET)
    assert desk.taker.asked == 0  # it has just changed
    desk.settle()
    whole = [item for item in read_events([desk.folder]) if isinstance(item, Event)]
    assert set(desk.taker.events) == {(item.index, item.id) for item in whole}
    assert len(whole) == 49
    desk.restart()
    desk.settle()
    assert desk.taker.asked == 49
    # It grows, or is rewritten: read again, and what is there already is known.
    desk.write("log.evtx", evtx_file([log_event(n, data={"Image": f"C:\\{n}.exe"}) for n in range(1, 52)]))
    desk.settle()
    assert (desk.watcher.taken, desk.watcher.known) == (2, 49)
    assert not desk.said


def test_what_holds_no_events_is_told_once(desk: Desk) -> None:
    desk.write("a.bin", bytes(range(256)) * 100)
    desk.write("empty", b"")
    desk.write(".hidden", line("hidden"))
    desk.settle()
    desk.restart()
    desk.settle()
    assert len(desk.said) == 1
    assert "input-unknown-format" in desk.said[0]
    assert desk.watcher.files == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_cannot_be_read_is_tried_again(desk: Desk) -> None:
    path = desk.write("a.log", line("1"))
    path.chmod(0)
    desk.settle()
    assert "input-unreadable" in desk.said[0]
    path.chmod(0o600)
    desk.look(AGAIN)
    desk.settle()
    assert desk.taker.names == ["1"]


def test_a_defect_in_one_file_ends_nothing_for_others(desk: Desk) -> None:
    class BadError(Exception):
        pass

    desk.write("a.log", line("1"))
    desk.write("b.log", line("2"))
    desk.taker.trouble = [BadError("why")]
    desk.look()
    desk.look(QUIET)
    assert desk.taker.names == ["2"]
    assert desk.watcher.failure is None
    assert "BadError: why" in desk.said[0]
    desk.look(AGAIN)
    assert desk.taker.names == ["1", "2"]


def test_events_wait_for_room(desk: Desk) -> None:
    desk.write("a.log", lines("1", "2"))
    desk.taker.trouble = [BusyError("full", 0), JournalError("disk"), BusyError("full", 0)]
    desk.settle()
    assert desk.taker.names == ["1", "2"]
    told = [said.partition("folders: ")[2].partition(";")[0] for said in desk.said]
    assert told == ["full", "disk", "full", "it goes on"]
    assert desk.watcher.failure is None


def test_it_stops_while_there_is_no_room(desk: Desk) -> None:
    desk.write("a.log", lines("1", "2"))
    desk.look()
    desk.now += QUIET
    desk.taker.trouble = [BusyError("full", 60)] * 9

    async def run() -> None:
        running = asyncio.create_task(desk.watcher.run())
        while not desk.said:
            await asyncio.sleep(0.01)
        desk.watcher.stop()
        await asyncio.wait_for(running, 30)

    asyncio.run(run())
    desk.taker.trouble = []
    desk.restart()
    desk.settle()
    assert desk.taker.names == ["1", "2"]


def test_state_that_cannot_be_written_is_told(desk: Desk) -> None:
    desk.write("a.log", line("1"))
    desk.state.close()
    desk.look()
    desk.look(QUIET)
    assert desk.taker.names == ["1"]
    assert "watched.sqlite" in desk.said[0]
    desk.start()
    desk.settle()
    assert (desk.watcher.taken, desk.watcher.known) == (0, 1)


def test_files_that_are_gone_are_forgotten_in_the_end(desk: Desk) -> None:
    path = desk.write("a.log", line("1"))
    desk.settle()
    assert len(desk.state.keys()) == 1
    path.unlink()
    desk.look()
    assert len(desk.state.keys()) == 1
    desk.look(GONE + 1)
    assert not desk.state.keys()
    desk.restart()
    assert not desk.state.keys()


def test_folders_that_cannot_be_watched(tmp_path: Path) -> None:
    (tmp_path / "data" / "events").mkdir(parents=True)
    for folder in (tmp_path / "nothing", tmp_path, tmp_path / "data", tmp_path / "data" / "events"):
        with pytest.raises(InputError, match="watch-folder"), watching([folder], tmp_path / "data", Taker(), print):
            pass
    with watching([], tmp_path / "data", Taker(), print) as watchers:
        assert watchers == []


def test_a_state_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "watched.sqlite").write_bytes(b"no database at all, and long enough to be told so" * 100)
    with pytest.raises(WatchStateError, match=r"watched\.sqlite"):
        WatchState(tmp_path)


STEPS = st.lists(
    st.sampled_from(
        ["append", "half", "rotate", "copy", "truncate", "compress", "look", "settle", "restart", "trouble"]
    ),
    max_size=25,
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_happens_to_a_log_each_line_is_taken(
    steps: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    desk = Desk(tmp_path_factory.mktemp("desk"))
    log, written, half = desk.folder / "a.log", 0, b""
    for number, step in enumerate(steps):
        match step:
            case "append":
                written += 1
                desk.append("a.log", line(f"{written}")[len(half) :])
                half = b""
            case "half" if not half:
                half = line("")[:9]
                desk.append("a.log", half)
            case "rotate" if not half and log.exists():
                log.rename(desk.folder / f"{number}.log")
            case "copy" if not half and log.exists():
                shutil.copy(log, desk.folder / f"{number}.log")
            case "truncate" if not half and log.exists():
                desk.settle()  # what is truncated before it was read is lost to everybody
                log.write_bytes(b"")
            case "compress" if not half and log.exists():
                (desk.folder / f"{number}.gz").write_bytes(gzip.compress(log.read_bytes()))
                log.unlink()
            case "look":
                desk.look()
            case "settle":
                desk.settle()
            case "restart":
                desk.restart()
            case "trouble":
                desk.taker.trouble = [BusyError("full", 0)]
    if half:
        written += 1
        desk.append("a.log", line(f"{written}")[len(half) :])
    desk.settle()
    assert sorted(map(int, desk.taker.names)) == list(range(1, written + 1))
    asked = desk.taker.asked
    desk.restart()
    desk.settle()
    assert desk.taker.asked == asked
    desk.state.close()

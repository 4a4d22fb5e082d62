"""Events are found again by their rows, for as long as they are kept and no longer."""

import errno
from tempfile import TemporaryFile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from besra.events.event import Origin
from besra.events.raw_event import RawEvent
from besra.service.kept_events import SHORTEST, TOGETHER, KeptEvents, KeptEventsError, read, written

NOW = 1_773_800_000 * 10**9


def event(number: int) -> RawEvent:
    return RawEvent(f"id {number}", ("logs-a", "more"), b'{"n":%d}' % number, Origin("x", number, None), number)


@settings(max_examples=30)
@given(st.lists(st.integers(1, 3 * TOGETHER), min_size=1, max_size=4), st.data())
def test_what_is_added_is_found(sizes: list[int], data: st.DataObject) -> None:
    kept, first = KeptEvents(), 0
    for size in sizes:
        times = data.draw(st.lists(st.sampled_from([1, SHORTEST, 5 * SHORTEST]), min_size=size, max_size=size))
        kept.add(first, [event(number) for number in range(first, first + size)], np.array(times), NOW)
        first += size
    for number in data.draw(st.permutations(range(first))):
        assert kept[number] == event(number)
    with pytest.raises(KeptEventsError):
        kept[first]


def test_files_go_when_their_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("besra.service.kept_events.FILE", 100)
    kept = KeptEvents()
    for number in range(4):
        times = np.full(TOGETHER, SHORTEST if number % 2 else 8 * SHORTEST)
        kept.add(number * TOGETHER, [event(n) for n in range(TOGETHER)], times, NOW + number)
    kept.drop_old(NOW + 2 * SHORTEST, unseen=TOGETHER)
    assert kept[TOGETHER] == event(0)
    kept.drop_old(NOW + 2 * SHORTEST, unseen=10**6)
    with pytest.raises(KeptEventsError):
        kept[TOGETHER]
    for row in (0, 2 * TOGETHER, 3 * TOGETHER):
        assert kept[row] == event(0)


class Full:
    """A temporary file on a disk with so much room left: it takes a part, and then nothing."""

    def __init__(self, room: list[int]) -> None:
        self.held, self.room = TemporaryFile(buffering=0), room  # noqa: SIM115  closed with what holds it
        self.fileno, self.close, self.flush = self.held.fileno, self.held.close, self.held.flush

    def write(self, text: bytes) -> int:
        if not self.room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = self.held.write(text[: self.room[0]])
        self.room[0] -= taken
        return taken


def test_what_cannot_be_written_is_kept_and_written_later(monkeypatch: pytest.MonkeyPatch) -> None:
    room = [10**6]
    monkeypatch.setattr("besra.service.kept_events.tempfile.TemporaryFile", lambda **_: Full(room))
    monkeypatch.setattr("besra.service.kept_events.READ_BACK", 0)
    kept, rows, waiting = KeptEvents(), 0, []
    for left in (10**6, 100, 0, 0, 3000, 10**6, 10**6):
        room[0] = left
        added = [event(number) for number in range(rows, rows + 2 * TOGETHER + 1)]
        kept.add(rows, added, np.full(len(added), SHORTEST), NOW)
        rows += len(added)
        waiting.append(sum(len(shelf.waiting) for shelf in kept._shelves.values()))
        assert [kept[row] for row in range(rows)] == [event(row) for row in range(rows)]
    assert waiting[1:4] == [2 + 2 * TOGETHER, 3 + 4 * TOGETHER, 4 + 6 * TOGETHER]
    assert waiting[-1] == 7


def test_what_cannot_be_read_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = KeptEvents()
    kept.add(0, [event(number) for number in range(TOGETHER)], np.full(TOGETHER, SHORTEST), NOW)

    def broken(*_: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    for read_at in (broken, lambda *_: b"no frame", lambda *_: b""):
        with monkeypatch.context() as patched:
            patched.setattr("besra.service.kept_events.read_at", read_at)
            with pytest.raises(KeptEventsError):
                kept[1]
    assert kept[1] == event(1)


def test_events_as_bytes() -> None:
    events = [event(1), RawEvent("é", (), b"{}", Origin("y", None, "7"), 5)]
    assert read(written(events)) == events

"""Whatever fails, and whenever the process dies: all is kept once, and acknowledged only then."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("starlette")

from besra.service import consumer as module
from besra.service.bulk import Done, Item, Put, Refused
from besra.service.consumer import Consumer, SourceError
from besra.service.dead_letters import Letter
from besra.service.ingest import BusyError
from besra.service.messages import Message
from besra.storage.journal import JournalError, Note, Verdict

Fate = Callable[[], int]
"""The next thing drawn: what goes wrong, or how many."""


class Killed(BaseException):
    """The process dies here."""


class Kept:
    """What outlives a process: the journal, its note, and dead letters."""

    def __init__(self) -> None:
        self.documents: list[int] = []
        self.note = b""
        self.letters: list[str] = []

    def has(self, number: int) -> bool:
        return number in self.documents or any(f"@{number}" in origin for origin in self.letters)


class Taker:
    """An `Ingest` that may be busy, fail, or die before or after it has kept something."""

    def __init__(self, kept: Kept, fate: Fate) -> None:
        self._kept = kept
        self._fate = fate

    async def take(self, items: Sequence[Item], origin: str, note: Note | None = None) -> list[Done | Refused]:
        match self._fate():
            case 0:
                raise BusyError("full")
            case 1:
                raise JournalError("broken")
            case 2:
                raise Killed
        puts = [item for item in items if isinstance(item, Put)]
        self._kept.documents += [orjson.loads(put.document)["n"] for put in puts if isinstance(put.document, bytes)]
        self._kept.note = note.value if note else self._kept.note
        if self._fate() == 2:
            raise Killed
        return [Done(put, "", Verdict.CREATED) for put in puts]

    def note(self, name: str) -> bytes:
        return self._kept.note


class Letters:
    """Dead letters that are kept, or not, or the last thing a process does."""

    def __init__(self, kept: Kept, fate: Fate) -> None:
        self._kept = kept
        self._fate = fate

    def add(self, letter: Letter) -> "Future[bool]":
        answer: Future[bool] = Future()
        is_kept = self._fate() != 0
        if is_kept:
            self._kept.letters.append(letter.origin)
        if self._fate() == 2:
            raise Killed
        answer.set_result(is_kept)
        return answer


class Broker:
    """Messages by number, every fourth of which is nonsense, and which of them are acknowledged."""

    def __init__(self, size: int) -> None:
        self.messages = {number: self._message(number) for number in range(size)}
        self.acknowledged: set[int] = set()
        self.ahead: set[int] = set()
        """Those that were acknowledged before they were kept."""

    @staticmethod
    def _message(number: int) -> Message:
        body = b"nonsense" if number % 4 == 3 else orjson.dumps({"n": number})
        return Message(f"fake:x/0@{number}.", body)

    @property
    def waiting(self) -> list[int]:
        return sorted(self.messages.keys() - self.acknowledged)


class Source:
    """A broker's client: it loses its connection, loses acknowledgements or some of them, and is killed."""

    name = "fake"

    def __init__(self, broker: Broker, kept: Kept, fate: Fate, *, is_log: bool) -> None:
        self.trouble: str | None = None
        self.lag: int | None = None
        self.done: Callable[[], None] = lambda: None
        self._broker = broker
        self._kept = kept
        self._fate = fate
        self._is_log = is_log
        self._next: list[int] = []
        self._last: list[int] = []

    def _may_fail(self) -> None:
        match self._fate():
            case 0:
                raise SourceError("away")
            case 2:
                raise Killed

    async def open(self) -> None:
        self._may_fail()
        self._next = self._broker.waiting

    async def poll(self) -> Sequence[Message]:
        if not self._broker.waiting:
            self.done()
            return ()
        self._may_fail()
        most = 1 + self._fate()
        self._last, self._next = self._next[:most], self._next[most:]
        if not self._last:  # what was given before and not acknowledged comes again
            self._next = self._broker.waiting
        return [self._broker.messages[number] for number in self._last]

    async def hold(self) -> None:
        self._may_fail()

    async def acknowledge(self) -> None:
        numbers = self._last
        match self._fate():
            case 0:
                raise SourceError("away")
            case 1 if not self._is_log:
                numbers = numbers[::2]  # the others are lost on the way, and nobody knows which
        self._broker.ahead |= {number for number in numbers if not self._kept.has(number)}
        self._broker.acknowledged.update(numbers)
        if numbers != self._last or self._fate() == 1:
            raise SourceError("no answer")
        if self._fate() == 2:
            raise Killed

    async def close(self) -> None:
        self._may_fail()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE", 0)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0)


def consumed(broker: Broker, kept: Kept, fate: Fate, *, is_log: bool) -> None:
    """Consume until all is acknowledged, by as many processes as that takes."""
    for _ in range(1000):
        source = Source(broker, kept, fate, is_log=is_log)
        consumer = Consumer(source, Taker(kept, fate), Letters(kept, fate), lambda _: None)  # type: ignore[arg-type]
        source.done = consumer.stop
        try:
            asyncio.run(consumer.run())
        except Killed:
            continue
        return
    raise AssertionError("no end")


FATES = st.lists(st.integers(0, 5), max_size=60)


@settings(max_examples=100, deadline=None)
@given(fates=FATES, size=st.integers(1, 12), is_log=st.booleans())
def test_everything_is_kept_once_and_acknowledged_afterwards(fates: list[int], size: int, is_log: bool) -> None:
    drawn: Iterator[int] = iter(fates)
    broker, kept = Broker(size), Kept()
    consumed(broker, kept, lambda: next(drawn, 5), is_log=is_log)
    assert not broker.waiting
    assert not broker.ahead
    assert sorted(kept.documents) == [number for number in range(size) if number % 4 != 3]
    assert {number for number in range(size) if number % 4 == 3} == {
        int(origin.partition("@")[2].partition(".")[0]) for origin in kept.letters
    }

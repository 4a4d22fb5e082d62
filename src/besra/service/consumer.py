"""Taking events from a broker: read some messages, take them, acknowledge them, in this order and never another.

What a broker is in particular, a `Source` knows. Messages that cannot be taken at the moment are held and tried again;
nothing is passed over. A broker gives messages again that were not acknowledged, for example since the process died
in between: those of them that are in the journal are known by a note the journal keeps with them, and are only
acknowledged.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol, TypeVar

from starlette.concurrency import run_in_threadpool

from besra.service.bulk import Done, Item, Refused
from besra.service.dead_letters import DeadLetters, Letter
from besra.service.ingest import BusyError
from besra.service.messages import DIGEST, Message, contents_of
from besra.storage.journal import JournalError, Note

T = TypeVar("T")

PAUSE = 1.0
"""Seconds before what failed is tried again; twice as many each time, up to `LONGEST_PAUSE`."""
LONGEST_PAUSE = 5.0
"""Messages that are held have to be claimed more often than brokers give them to others."""
RECENT = 50_000
"""Messages taken that are known again if they come again to this process."""
UNSETTLED = 20_000
"""Messages taken whose acknowledgement is not known to have arrived: those a note holds."""
SETTLED_AFTER = 900.0
"""Seconds after which no broker gives a message again that it was not told of."""


class SourceError(Exception):
    """The broker cannot be used: it is away, or refuses. To be opened anew after a pause."""


class Source(Protocol):
    """A broker as a consumer of its messages sees it. Everything raises SourceError.

    `name` is its kind. `trouble` is what is wrong though it is open. `lag` is how many messages wait in it, None if
    nobody knows.
    """

    name: str
    trouble: str | None
    lag: int | None

    async def open(self) -> None:
        """Connect."""

    async def poll(self) -> Sequence[Message]:
        """The next messages; none after about a second without any."""

    async def hold(self) -> None:
        """Keep what the last poll gave from being given to another; asked every few seconds."""

    async def acknowledge(self) -> None:
        """Never give again what the last poll gave."""

    async def close(self) -> None:
        """Disconnect. What is not acknowledged will be given again."""


class Taker(Protocol):
    """What takes events: `ingest.Ingest`."""

    async def take(self, items: Sequence[Item], origin: str, note: Note | None = None) -> list[Done | Refused]:
        """Take documents; they are on disk then, with the note."""

    def note(self, name: str) -> bytes:
        """What was last noted under a name."""


class Consumer:
    """Takes what one broker has, until told to stop. `tell` is told when that fails and when it works again."""

    def __init__(self, source: Source, ingest: Taker, letters: DeadLetters, tell: Callable[[str], None]) -> None:
        self.source = source
        self.messages = 0
        """Messages dealt with since the start: taken, or kept as dead letters."""
        self.repeated = 0
        """Messages that came again, and were only acknowledged."""
        self.unreadable = 0
        """Dead letters made since the start."""
        self.failure: str | None = None
        """Why messages are not read or not taken at the moment."""
        self._ingest = ingest
        self._letters = letters
        self._tell = tell
        self._stop = asyncio.Event()
        self._recent: dict[bytes, None] = {}
        self._unsettled: dict[bytes, float] = {}

    def stop(self) -> None:
        """End soon; what has been taken is acknowledged before."""
        self._stop.set()

    async def run(self) -> None:
        """Take messages until told to stop."""
        await self._remember()
        pause = PAUSE
        while not self._stop.is_set():
            try:
                await self.source.open()
                while await self._step():
                    pause = PAUSE
            except SourceError as error:
                self._failed(str(error))
            except Exception as error:  # a defect, which must not end this for good without a word
                self._failed(f"a defect of besra: {_said(error)}")
            finally:
                with suppress(SourceError):
                    await self.source.close()
            await self._wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _remember(self) -> None:
        noted = await self._until_done(lambda: run_in_threadpool(self._ingest.note, self.source.name)) or b""
        for start in range(0, len(noted), DIGEST):
            digest = noted[start : start + DIGEST]
            self._recent[digest] = None
            self._unsettled[digest] = time.monotonic()

    async def _step(self) -> bool:
        """Deal with what there is now; False if told to stop."""
        messages = await self.source.poll()
        if not messages:
            self._failed(self.source.trouble)
        elif not await self._deal_with(messages):
            return False
        return not self._stop.is_set()

    async def _deal_with(self, messages: Sequence[Message]) -> bool:
        """Take messages and acknowledge them; False if told to stop before they could be taken."""
        digests = [message.digest for message in messages]
        fresh = [m for m, digest in zip(messages, digests, strict=True) if digest not in self._recent]
        try:
            is_taken = await self._take(fresh)
        except Exception:
            if len(fresh) < 2:
                raise
            is_taken = await self._take_each(fresh)
        if not is_taken:
            return False
        self._taken(digests)
        self.repeated += len(messages) - len(fresh)
        await self.source.acknowledge()
        for digest in digests:
            self._unsettled.pop(digest, None)
        self._failed(self.source.trouble)
        return True

    async def _take(self, messages: Sequence[Message]) -> bool:
        """Take messages, together; False if told to stop before."""
        contents = await run_in_threadpool(contents_of, messages)
        if not await self._keep(contents.letters):
            return False
        digests = [message.digest for message in messages]
        note = self._note(digests)
        if contents.puts:
            outcomes = await self._until_done(lambda: self._ingest.take(contents.puts, self.source.name, note))
            if outcomes is None:
                return False
            self.unreadable += sum(isinstance(outcome, Refused) for outcome in outcomes)
        self._taken(digests)
        self.messages += len(messages)
        return True

    async def _take_each(self, messages: Sequence[Message]) -> bool:
        """Take messages one by one, since a defect keeps them from being taken together; False if told to stop before.

        Those it is due to become dead letters: one message must not keep all later ones from being read. Where none can
        be taken it is not due to them.
        """
        letters: list[Letter] = []
        for message in messages:
            try:
                if not await self._take([message]):
                    return False
            except Exception as error:
                letters.append(Letter(message.origin, f"a defect of besra: {_said(error)}", message.body))
                if len(letters) == len(messages):
                    raise
        self.messages += len(letters)
        return await self._keep(letters)

    def _note(self, digests: Sequence[bytes]) -> Note:
        old = time.monotonic() - SETTLED_AFTER
        kept = [digest for digest, since in self._unsettled.items() if since >= old][-UNSETTLED:]
        self._unsettled = {digest: self._unsettled[digest] for digest in kept}
        return Note(self.source.name, b"".join([*kept, *digests]))

    def _taken(self, digests: Sequence[bytes]) -> None:
        now = time.monotonic()
        for digest in digests:
            self._unsettled[digest] = now
            self._recent[digest] = None
        while len(self._recent) > RECENT:
            del self._recent[next(iter(self._recent))]

    async def _keep(self, letters: Sequence[Letter]) -> bool:
        """Have dead letters on disk; False if told to stop before."""
        waiting = list(letters)

        async def kept() -> bool:
            answers = await asyncio.gather(*(asyncio.wrap_future(self._letters.add(letter)) for letter in waiting))
            waiting[:] = [letter for letter, is_kept in zip(waiting, answers, strict=True) if not is_kept]
            if waiting:
                raise BusyError("dead letters cannot be kept")
            return True

        if letters and not await self._until_done(kept):
            return False
        self.unreadable += len(letters)
        return True

    async def _until_done(self, act: Callable[[], Awaitable[T]]) -> T | None:
        """What comes of something that is tried until there is room for it; None if told to stop before."""
        pause = PAUSE
        while True:
            try:
                return await act()
            except (BusyError, JournalError) as error:
                self._failed(str(error))
            if await self._wait(pause):
                return None
            with suppress(SourceError):  # those that were given to another meanwhile are known by their content
                await self.source.hold()
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _wait(self, seconds: float) -> bool:
        """Wait; True if told to stop meanwhile."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)
        return self._stop.is_set()

    def _failed(self, why: str | None) -> None:
        if why == self.failure:
            return
        self.failure = why
        name = self.source.name
        self._tell(f"error: {name}: {why}; trying again" if why else f"{name}: reading again")


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"

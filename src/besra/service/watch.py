"""Watched folders: what is put into them is taken, once, and what grows there is followed.

Folders are looked at every second. A log of lines is read as it grows; any other file as a whole, once it has not
changed for a while, and again if it changes. Every event comes under the id it has in a scan: what is read again, since
the process died in between or a log was copied, is known by it.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Protocol

from besra.errors import InputError
from besra.events.file_read import ReadOptions
from besra.events.files import unreadable
from besra.events.reader import read_file
from besra.events.recognise import Intake
from besra.problems import Problem, Severity
from besra.service.background import Metric
from besra.service.bulk import Done, Item, Put, Refused
from besra.service.dead_letters import Letter
from besra.service.ingest import BusyError
from besra.service.watch_state import Key, Progress, WatchState, WatchStateError
from besra.service.watched_files import Sightings, WatchedFile, files_in
from besra.service.watched_piece import LOOKED_AT, head_of, new_progress, next_piece, puts_of
from besra.storage.journal import JournalError, Verdict

EVERY = 1.0
"""Seconds between two looks at the folders."""
PART = 10
"""Looking takes at most this part of the time: one has to wait longer where there are very many files."""
QUIET = 2.0
"""Seconds without a change after which a file is taken to be whole."""
DECIDED = 5.0
"""Seconds after which the first lines of a file that goes on changing decide how it is read."""
PATIENCE = 60.0
"""Seconds after which a file is read that goes on changing."""
AGAIN = 30.0
"""Seconds until a file that could not be read is tried again."""
PAUSE = 1.0
"""Seconds before events are taken again where there was no room for them, if nobody says how many."""
TOGETHER = 1000
"""Events of a whole file that are taken together."""
GONE = 86_400.0
"""Seconds after which a file that is gone is forgotten."""
TOLD = 3
"""Problems of one kind told of a file; all are counted."""
ABOUT_FILES = ("syslog-without-year",)
"""Problems that count once a file, in however many pieces it is read."""
MOST_TOLD = 10_000
"""Kinds of problems remembered as told."""


class StoppedError(Exception):
    """Told to stop; what is not taken stays where it is."""


class Taker(Protocol):
    """What takes events: `ingest.Ingest`."""

    intake: Intake

    async def take(self, items: Sequence[Item], origin: str) -> Sequence[Done | Refused]:
        """Take documents; they are on disk then."""

    def bury_body(self, origin: str, reason: str, body: bytes) -> None:
        """Keep a dead letter."""


class Watcher:
    """Takes what is in some folders, until told to stop. `tell` is told what goes wrong."""

    def __init__(
        self,
        folders: Sequence[Path],
        ingest: Taker,
        state: WatchState,
        tell: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.taken = 0
        """Events taken since the start."""
        self.known = 0
        """Events that were read and are there already."""
        self.problems = 0
        """What was wrong with files since the start."""
        self.files = 0
        """Files in the folders."""
        self.failure: str | None = None
        """Why events are not taken at the moment."""
        self._folders = [folder.absolute() for folder in folders]
        self._ingest = ingest
        self._state = state
        self._tell = tell
        self._clock = clock
        self._options = ReadOptions(
            ingest.intake.default_index, recogniser=ingest.intake.recogniser, problem_limit=TOLD
        )
        self._stop = asyncio.Event()
        self._pause = EVERY
        self._sightings = Sightings(clock)
        self._gone: dict[Key, float] = {}
        self._not_before: dict[Key, float] = {}
        self._told: Counter[tuple[str | None, str]] = Counter()
        self._unlisted: set[Problem] = set()
        self._ready: dict[Key, WatchedFile] = {}

    def stop(self) -> None:
        """End soon."""
        self._stop.set()

    def metrics(self) -> Mapping[str, Metric]:
        """What it tells Prometheus."""
        return {
            "besra_watched_files": ("gauge", "Files in watched folders.", self.files),
            "besra_watched_events_total": ("counter", "Events taken from watched folders.", self.taken),
            "besra_watched_known_total": ("counter", "Events of watched folders that were there already.", self.known),
            "besra_watched_problems_total": ("counter", "What was wrong in watched folders.", self.problems),
            "besra_watched_failing": ("gauge", "1 while events are not taken.", int(self.failure is not None)),
        }

    async def run(self) -> None:
        """Take what there is until told to stop."""
        await asyncio.gather(self._repeat(self.look), self._repeat(self.take_whole_files))

    async def _repeat(self, act: Callable[[], Awaitable[None]]) -> None:
        while not self._stop.is_set():
            try:
                await act()
            except StoppedError:
                return
            except OSError as error:
                self._failed(str(error))
            await self._wait(self._pause)

    async def look(self) -> None:
        """Look at the folders once: follow the logs in them, and note which other files are ready to be taken."""
        started = self._clock()
        listed, problems = await asyncio.to_thread(files_in, self._folders)
        self._pause = max(EVERY, PART * (self._clock() - started))
        self.files = len(listed)
        self._forget(listed)
        for problem in problems - self._unlisted:
            self._note(problem)
        self._unlisted = problems
        for found in listed:
            await self._try(self._see, found)

    async def take_whole_files(self) -> None:
        """Take the files that are ready."""
        while self._ready:
            found = self._ready.pop(next(iter(self._ready)))
            progress = self._state.get(found.key)
            # It may have been seen again while it was taken.
            if not (progress and progress.is_done(found.size, found.written)):
                await self._try(self._take_whole, found)

    async def _try(self, act: Callable[[WatchedFile], Awaitable[None]], found: WatchedFile) -> None:
        """Do something with a file; what goes wrong with one ends nothing for the others."""
        try:
            await act(found)
        except StoppedError:
            raise
        except OSError as error:
            self._note(unreadable(found.file.name, error))
        except Exception as error:  # a defect, which must not end this for good without a word
            self._failed(f"{found.file.name}: {type(error).__name__}: {error}")
        else:
            return
        self._not_before[found.key] = self._clock() + AGAIN

    def _forget(self, listed: Sequence[WatchedFile]) -> None:
        """Note which files are gone, and forget those that have been for long."""
        now, keys = self._clock(), {found.key for found in listed}
        gone = (self._state.keys() | self._sightings.keys()) - keys
        self._sightings.forget(gone)
        for key in gone:
            self._not_before.pop(key, None)
        self._gone = {key: self._gone.get(key, now) for key in gone}
        with suppress(WatchStateError):
            self._state.drop([key for key, since in self._gone.items() if now - since > GONE])
        if len(self._told) > MOST_TOLD:
            self._told.clear()

    async def _see(self, found: WatchedFile) -> None:
        """Take what is new in a log, or have a whole file taken that is ready."""
        progress = self._state.get(found.key)
        if not found.size or (progress and progress.is_done(found.size, found.written)):
            return
        sighting, now = self._sightings.see(found), self._clock()
        if now < self._not_before.get(found.key, 0.0):
            return
        is_quiet = now - sighting.since >= QUIET
        if progress is None or progress.format is None:
            head = await asyncio.to_thread(head_of, found.path)
            if not is_quiet and len(head) < LOOKED_AT and now - sighting.first < DECIDED:
                return
            progress = new_progress(head)
        if progress.format is not None:
            await self._follow(found, progress, is_quiet)
            return
        if is_quiet or now - sighting.first >= PATIENCE:
            self._ready[found.key] = found

    async def _follow(self, found: WatchedFile, progress: Progress, is_quiet: bool) -> None:
        """Take what is new in a log, piece by piece."""
        while True:
            piece = await asyncio.to_thread(
                next_piece, found.path, found.file.name, progress, self._options, is_quiet=is_quiet
            )
            for problem in piece.problems:
                self._note(problem)
            await self._take(piece.puts, found)
            self._bury(piece.letters)
            if piece.progress != progress:
                await self._keep(found.key, piece.progress)
            if piece.progress.size >= 0 or piece.progress.position == progress.position:
                return
            progress = piece.progress

    async def _take_whole(self, found: WatchedFile) -> None:
        """Take a file from its beginning to its end; that it is done counts for the state it was seen in."""
        is_read = True
        items = read_file(found.file, self._options)
        while batch := await asyncio.to_thread(lambda: list(islice(items, TOGETHER))):
            for problem in (item for item in batch if isinstance(item, Problem)):
                is_read = is_read and problem.code != "input-unreadable"
                self._note(problem)
            await self._take(puts_of(batch), found)
        if not is_read:
            self._not_before[found.key] = self._clock() + AGAIN
            return
        await self._keep(found.key, Progress(None, size=found.size, written=found.written))
        self._sightings.forget([found.key])

    async def _take(self, puts: Sequence[Put], found: WatchedFile) -> None:
        """Have events on disk, however long it takes. Raises StoppedError."""
        if not puts:
            return
        while True:
            self._check_stop()
            try:
                outcomes = await self._ingest.take(puts, f"watch {found.file.name}")
            except (BusyError, JournalError) as error:
                self._failed(str(error))
                await self._wait(error.seconds if isinstance(error, BusyError) else PAUSE)
                continue
            self._failed(None)
            known = sum(not isinstance(o, Refused) and o.verdict is Verdict.CONFLICT for o in outcomes)
            refused = sum(isinstance(outcome, Refused) for outcome in outcomes)
            self.known += known
            self.problems += refused
            self.taken += len(outcomes) - known - refused
            return

    async def _keep(self, key: Key, progress: Progress) -> None:
        try:
            await asyncio.to_thread(self._state.put, key, progress)
        except WatchStateError as error:
            self._failed(str(error))  # what is read again after a restart is known by its ids

    def _bury(self, letters: Sequence[Letter]) -> None:
        for letter in letters:
            self._ingest.bury_body(letter.origin, letter.reason, letter.body)

    def _note(self, problem: Problem) -> None:
        kind = (problem.place.path, problem.code)
        if self._told[kind] and problem.code in ABOUT_FILES:
            return
        self.problems += 1
        self._told[kind] += 1
        if self._told[kind] <= TOLD:
            self._tell(problem.render() if problem.severity is Severity.WARNING else f"error: {problem.render()}")

    def _failed(self, why: str | None) -> None:
        if why != self.failure:
            self._tell(f"error: watched folders: {why}; it is tried again" if why else "watched folders: it goes on")
        self.failure = why

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise StoppedError

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)


@contextmanager
def watching(
    folders: Sequence[Path], data: Path, ingest: Taker, tell: Callable[[str], None]
) -> Iterator[list[Watcher]]:
    """What watches folders, where there are any, with its state in the folder `data`.

    Raises InputError for a folder that is none or has to do with `data`, and WatchStateError.
    """
    for folder in folders:
        if not folder.is_dir():
            raise InputError.of("watch-folder", "not a folder", path=str(folder), hint="name one that is there")
        watched, kept = folder.resolve(), data.resolve()
        if watched.is_relative_to(kept) or kept.is_relative_to(watched):
            message = f"what the service keeps is in {data}, which it would read again and again"
            raise InputError.of("watch-folder", message, path=str(folder), hint="watch another folder")
    if not folders:
        yield []
        return
    with closing(WatchState(data)) as state:
        yield [Watcher(folders, ingest, state, tell)]

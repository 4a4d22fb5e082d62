"""Watches the files rules come from, and lets rules that have changed take over.

By looking, not by being told: that works on every file system, and a checkout that changes a thousand files is one
change. A set of files that cannot be read leaves the rules as they are.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from besra.detection.detect import Job
from besra.errors import BesraError
from besra.language.relative import is_relative
from besra.rules.exception_loading import NO_FILES, ExceptionFiles
from besra.rules.loaded import RuleSet
from besra.rules.rule_file import rule_files
from besra.schema.timestamp import NANOS
from besra.service.duty import Duty
from besra.service.runs import Clock
from besra.service.spaces import Spaces

EVERY = 3.0
"""Seconds between two looks."""
AGAIN = 60 * NANOS
"""Exceptions end at some time, so they are applied anew so often."""
DATES_LAST = 6 * 3600 * NANOS
"""For how long a date relative to the time of a run may be taken for what it was."""

Seen = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the rules of a service are from: paths of rules, further files beside them, and how they become a job.

    `ends` says whether something of it may end at some time, as exceptions do; `read` reads the files of rules of a
    space as they are now. `load` and `read` raise BesraError. What is loaded goes through the `spaces`, which have the
    rules, exceptions and value lists made over the API, and tell of changes. `beside` are files of exceptions, and
    `match_index` says whether the index patterns of rules count.
    """

    rules: Sequence[str]
    files: Sequence[str]
    load: Callable[[], Job]
    ends: Callable[[], bool] = lambda: False
    read: Callable[[str], RuleSet] = lambda _: RuleSet()
    beside: ExceptionFiles = NO_FILES
    match_index: bool = True
    spaces: Spaces = field(default_factory=Spaces)


class RuleWatch:
    """Looks after the rules of a service. One thread calls `step`, or `run` does until it is told to stop."""

    def __init__(self, source: Source, duty: Duty, clock: Clock, tell: Callable[[str], None]) -> None:
        self._source = source
        self._duty = duty
        self._clock = clock
        self._tell = tell
        self._known = self._settling = self._seen()
        self._loaded = clock()
        self._owes = False
        self._is_lost = False
        """Whether rules have been loaded that could not take over."""
        self._wrong = ""

    def run(self, stop: threading.Event) -> None:
        """Look until told to stop; at once when something was changed over the API."""
        while True:
            self._source.spaces.changed.wait(EVERY)
            if stop.is_set():
                return
            self.step()

    def wake(self) -> None:
        """Have it look now, to see that it is to stop."""
        self._source.spaces.changed.set()

    def step(self) -> bool:
        """Look once; whether other rules have taken over. What goes wrong is told."""
        # Before anything is read: what changes while it is, is seen the next time.
        changed = self._source.spaces.changed
        self._owes |= changed.is_set()
        changed.clear()
        seen, now = self._seen(), self._clock()
        self._loaded = min(self._loaded, now)  # a clock that has been set back
        is_changed, self._settling = seen != self._known and seen == self._settling, seen
        is_over = self._source.ends() and now - self._loaded >= AGAIN
        self._is_lost |= self._duty.pump.has_lost_runs
        self._duty.pump.has_lost_runs = False
        is_stale = now - self._loaded >= DATES_LAST and any(is_relative(plan) for _, plan in self._duty.job.rules)
        if not (self._owes or is_changed or is_over or is_stale or self._is_lost):
            return False
        has_changed = False
        try:
            job = self._source.load()
            self._known, self._loaded = seen, now
            if job.rules != self._duty.job.rules or is_stale or self._is_lost:
                self._owes = True  # until they have taken over, whatever is away meanwhile
                self._duty.change(job)
                self._is_lost = False
                has_changed = True
            self._owes, self._wrong = False, ""
        except (BesraError, OSError) as error:
            self._known = seen
            if str(error) != self._wrong:  # what was changed over the API is tried again each time
                self._tell(f"error: the rules stay as they are: {error}")
            self._wrong = str(error)
            return False
        if has_changed:
            self._tell(f"{len(job.rules):,} rules running, read anew")
        return has_changed

    def _seen(self) -> Seen | None:
        """The files there are, with their times and sizes; None while a path is missing."""
        try:
            paths = [file.path for file in rule_files(*self._source.rules)]
            found = ((path, Path(path).stat()) for path in [*paths, *self._source.files])
            return tuple((path, told.st_mtime_ns, told.st_size, told.st_ino) for path, told in found)
        except (BesraError, OSError):
            return None

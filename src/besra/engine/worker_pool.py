"""Worker processes that evaluate lines: forked once everything is loaded, so they start at once and share it all.

They read the lines of ordinary files themselves; others go to them through shared memory. What is kept comes back
through a pipe each. Threads were tried first: the kernels hold no lock, yet two threads took 1.4 times the CPU time of
one, and the Python between the kernels is done by one at a time (1.2 times as fast with two).
"""

import contextlib
import mmap
import multiprocessing
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

import numpy as np

from besra.engine.join_hash import seeds
from besra.errors import BesraError, InputError
from besra.events.columns import Column, DecodedLines
from besra.events.file_lines import FileLines
from besra.events.line_block import BLOCK, Buffer, Outcome, Pending, RawLines

DEFECTS = (ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)
"""What a worker passes on with the place where it happened, which only it knows."""

NO_CELLS = Column(np.empty(0, np.int32), np.empty(0, np.int32))


class Evaluates(Protocol):
    """What a worker does: a lane."""

    def lines(self, lines: RawLines | FileLines) -> Outcome:
        """Decode and evaluate lines. Raises UnreadError."""


def can_fork() -> bool:
    """Whether processes can be forked safely here. On macOS system libraries may not survive it."""
    return sys.platform != "darwin" and "fork" in multiprocessing.get_all_start_methods()


@dataclass(frozen=True, slots=True)
class _SlotLines:
    """Lines in the shared memory of a slot, otherwise as in `RawLines`."""

    slot: int
    size: int
    is_first: bool
    default_index: str | None


_Task = tuple[int, FileLines | _SlotLines]
"""Lines for a worker, and the number under which their outcome comes back."""


@dataclass
class _Worker:
    """A process, our end of its pipe, and how many tasks it has."""

    process: Any
    pipe: "Connection[Any, Any]"
    tasks: int = 0


class WorkerPool:
    """`count` processes, each with a lane that `make_lane` makes there. Close it; they end with this process anyway.

    Of lines elsewhere than in a file, lots of up to BLOCK bytes are taken.
    """

    def __init__(self, count: int, make_lane: Callable[[], Evaluates]) -> None:
        # Besides those under way, one is being filled and one being used.
        self._slots = [mmap.mmap(-1, BLOCK) for _ in range(count + 4)]
        self._free = list(range(len(self._slots)))
        self._copied: dict[int, int] = {}
        self._done: dict[int, Outcome | BaseException] = {}
        self._next = 0
        seeds()  # drawn before there are several processes to draw them
        context = multiprocessing.get_context("fork")
        self._workers: list[_Worker] = []
        for _ in range(count):
            ours, theirs = context.Pipe()
            others = [worker.pipe for worker in self._workers]
            arguments = (theirs, [ours, *others], self._slots, make_lane)
            process = context.Process(target=_work, args=arguments, name="besra-scan", daemon=True)
            with warnings.catch_warnings():
                # A progress bar has a thread. What it may hold locked, no worker touches.
                warnings.simplefilter("ignore", DeprecationWarning)
                process.start()
            theirs.close()
            self._workers.append(_Worker(process, ours))

    def take(self) -> Buffer:
        """A buffer that workers see too, or an ordinary one."""
        return self._slots[self._free.pop()] if len(self._free) > 1 else bytearray(BLOCK)

    def give(self, buffer: Buffer) -> None:
        """Take a buffer back."""
        slot = self._slot_of(buffer)
        if slot is not None:
            self._free.append(slot)

    def _slot_of(self, buffer: object) -> int | None:
        return next((number for number, slot in enumerate(self._slots) if slot is buffer), None)

    def takes(self, lines: RawLines | FileLines) -> bool:
        """Whether the lines are where workers can read them, or can be copied there."""
        if isinstance(lines, FileLines) or self._slot_of(lines.buffer.obj) is not None:
            return True
        return lines.size <= BLOCK and bool(self._free)

    def submit(self, lines: RawLines | FileLines) -> Pending:
        """Give lines to the worker that has the least to do."""
        number = self._next
        self._next += 1
        task: _Task = number, lines if isinstance(lines, FileLines) else self._in_slot(number, lines)
        worker = min(self._workers, key=lambda worker: worker.tasks)
        worker.tasks += 1
        try:
            worker.pipe.send(task)
        except OSError as error:
            raise _killed() from error
        return _Waiting(self, number)

    def _in_slot(self, number: int, lines: RawLines) -> _SlotLines:
        """The lines of a task in a slot, copied there unless they are in one."""
        slot = self._slot_of(lines.buffer.obj)
        if slot is None:
            slot = self._copied[number] = self._free.pop()
            self._slots[slot][: lines.size] = lines.buffer
        return _SlotLines(slot, lines.size, lines.is_first, lines.default_index)

    def outcome(self, number: int) -> Outcome:
        """The outcome of a task, waited for. Raises what went wrong there, InputError if a worker was killed."""
        while number not in self._done:
            for worker in self._ready():
                try:
                    done, outcome = worker.pipe.recv()
                except (EOFError, OSError) as error:  # the latter if it had tasks to read, or was writing
                    raise _killed() from error
                worker.tasks -= 1
                self._done[done] = outcome
                if done in self._copied:
                    self._free.append(self._copied.pop(done))
        outcome = self._done.pop(number)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def _ready(self) -> Iterable[_Worker]:
        ready = set(wait([worker.pipe for worker in self._workers if worker.tasks]))
        return [worker for worker in self._workers if worker.pipe in ready]

    def close(self) -> None:
        """End the processes; what they have not done is dropped."""
        for worker in self._workers:
            worker.pipe.close()
        for worker in self._workers:
            worker.process.terminate()
            worker.process.join()
        for slot in self._slots:
            with contextlib.suppress(BufferError):  # somebody looks at it still; it goes with the last one who does
                slot.close()


def _killed() -> InputError:
    message = "a worker process was killed, perhaps for want of memory"
    return InputError.of("worker-killed", message, hint="try --workers 1")


@dataclass(frozen=True, slots=True)
class _Waiting:
    """The outcome of a task that a worker has."""

    pool: WorkerPool
    number: int

    def result(self) -> Outcome:
        """The outcome, waited for."""
        return self.pool.outcome(self.number)


def _work(
    pipe: "Connection[Any, Any]",
    others: "Iterable[Connection[Any, Any]]",
    slots: Sequence[mmap.mmap],
    make_lane: Callable[[], Evaluates],
) -> None:
    """What a worker does until its pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that reads
    for other in others:
        other.close()  # or the pipe of a parent that was killed would stay open
    lane: Evaluates | None = None
    while True:
        try:
            number, lines = pipe.recv()
        except (EOFError, OSError):  # the latter if what was sent there has not been read
            return
        try:
            lane = lane or make_lane()
            outcome: Outcome | BaseException = _done(lane, slots, lines)
        except DEFECTS as error:
            error.add_note("".join(traceback.format_exception(error)))
            outcome = error
        except (BesraError, MemoryError) as error:
            outcome = error
        try:
            pipe.send((number, outcome))
        except OSError:
            return


def _done(lane: Evaluates, slots: Sequence[mmap.mmap], lines: FileLines | _SlotLines) -> Outcome:
    if isinstance(lines, FileLines):
        return _sent(lane.lines(lines))
    # Not in a `with`: arrays over the buffer may live on in a traceback, and then it cannot be released.
    view = memoryview(slots[lines.slot])[: lines.size]
    return _sent(lane.lines(RawLines(view, lines.is_first, lines.default_index)))


def _sent(outcome: Outcome) -> Outcome:
    """The outcome without the columns, which nobody needs any more."""
    decoded = outcome.decoded
    lines = DecodedLines({}, NO_CELLS, decoded.starts, decoded.ends, decoded.before, decoded.slow, decoded.seen)
    return replace(outcome, decoded=lines)

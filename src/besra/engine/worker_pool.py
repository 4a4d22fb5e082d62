"""Worker processes that evaluate lines.

They read the lines of ordinary files themselves; others go to them through shared memory. Threads were tried first: the
kernels hold no lock, yet two threads took 1.4 times the CPU time of one, and the Python between the kernels is done by
one at a time (1.2 times as fast with two).
"""

import contextlib
import mmap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from besra.engine.forked import Answering, Forked, tasks_ahead
from besra.engine.join_hash import seeds
from besra.events.columns import Column, DecodedLines
from besra.events.file_lines import FileLines
from besra.events.line_block import BLOCK, Buffer, Outcome, Pending, RawLines

NO_CELLS = Column(np.empty(0, np.int32), np.empty(0, np.int32))


class Evaluates(Protocol):
    """What a worker does: a lane."""

    def lines(self, lines: RawLines | FileLines) -> Outcome:
        """Decode and evaluate lines. Raises UnreadError."""


@dataclass(frozen=True, slots=True)
class _SlotLines:
    """Lines in the shared memory of a slot, otherwise as in `RawLines`."""

    slot: int
    size: int
    is_first: bool
    default_index: str | None


class WorkerPool:
    """`count` processes, each with a lane that `make_lane` makes there. Close it; they end with this process anyway.

    Of lines elsewhere than in a file, lots of up to BLOCK bytes are taken.
    """

    def __init__(self, count: int, make_lane: Callable[[], Evaluates]) -> None:
        # Besides those ahead and the one waited for, one is being filled and one being used.
        self._slots = [mmap.mmap(-1, BLOCK) for _ in range(tasks_ahead(count) + 3)]
        self._free = list(range(len(self._slots)))
        seeds()  # drawn before there are several processes to draw them
        self._forked = Forked(count, lambda: _evaluating(make_lane(), self._slots), "besra-scan")

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
        """Give lines to the worker that has the least to do. Raises InputError if it was killed."""
        if isinstance(lines, FileLines):
            return _Waiting(self, self._forked.ask(lines))
        slot, copied = self._slot_of(lines.buffer.obj), None
        if slot is None:
            slot = copied = self._free.pop()
            self._slots[slot][: lines.size] = lines.buffer
        task = _SlotLines(slot, lines.size, lines.is_first, lines.default_index)
        return _Waiting(self, self._forked.ask(task), copied)

    def outcome(self, number: int, copied: int | None) -> Outcome:
        """The outcome of lines, which may have been copied to a slot. Raises what went wrong with them."""
        try:
            outcome: Outcome = self._forked.answer(number)
        finally:
            if copied is not None:
                self._free.append(copied)
        return outcome

    def close(self) -> None:
        """End the processes; what they have not done is dropped."""
        self._forked.close()
        for slot in self._slots:
            with contextlib.suppress(BufferError):  # somebody looks at it still; it goes with the last one who does
                slot.close()


@dataclass(frozen=True, slots=True)
class _Waiting:
    """The outcome of lines that a worker has; `copied` is the slot they were copied to."""

    pool: WorkerPool
    number: int
    copied: int | None = None

    def result(self) -> Outcome:
        """The outcome, waited for. Raises what went wrong in the worker, InputError if one was killed."""
        return self.pool.outcome(self.number, self.copied)


def _evaluating(lane: Evaluates, slots: Sequence[mmap.mmap]) -> Answering:
    """What a worker does with lines."""

    def outcome(lines: FileLines | _SlotLines) -> Outcome:
        if isinstance(lines, FileLines):
            return _sent(lane.lines(lines))
        # Not in a `with`: arrays over the buffer may live on in a traceback, and then it cannot be released.
        view = memoryview(slots[lines.slot])[: lines.size]
        return _sent(lane.lines(RawLines(view, lines.is_first, lines.default_index)))

    return outcome


def _sent(outcome: Outcome) -> Outcome:
    """The outcome without the columns, which nobody needs any more."""
    decoded = outcome.decoded
    lines = DecodedLines({}, NO_CELLS, decoded.starts, decoded.ends, decoded.before, decoded.slow, decoded.seen)
    return replace(outcome, decoded=lines)

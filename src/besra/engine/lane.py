"""One process's share of a scan: its own table of values, and what it has learned of them.

Lanes agree on everything that leaves them: rows, times, hashes of keys. Which lane evaluates what never shows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from besra.engine.evaluate import ClauseRows, Evaluation, evaluate_rows
from besra.engine.kept_rows import KeptRows, ValueMemory, kept_rows
from besra.engine.learner import Learner, PlainLearner
from besra.engine.pack import RulePack
from besra.engine.profile import Costs, Phase
from besra.engine.profiling import LaneProfiler, Stopwatch
from besra.engine.verdicts import Verdicts
from besra.events.batch import EventBatch, batch_of, batch_of_lines, batch_of_part
from besra.events.columns import DecodedLines, LineDecoder, Projection, ValueTable
from besra.events.event import Event
from besra.events.event_time import TIMESTAMP, parse_event_time
from besra.events.file_lines import FileLines, FileReader
from besra.events.line_block import Integers, Outcome, RawLines, leave_slow
from besra.events.raw_event import RawEvent
from besra.events.recognise import Recogniser, unknown_rows
from besra.events.table_part import TablePart
from besra.events.times import NO_TIME, times_of_rows

if TYPE_CHECKING:
    from besra.engine.compiled_pack import CompiledPack
    from besra.engine.firing import Firing

MAX_VALUES = 1 << 18
"""Distinct values remembered before the memory starts anew: it bounds memory, not results."""

WARMING = '{"event":{"category":"process","type":"start"},"process":{"name":"é","args":["a","é"]}}\n'.encode()
"""A document by which kernels are loaded."""


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a batch: the rows to keep, if any, the range of its events' times, what it cost if that is asked."""

    kept: KeptRows | None
    oldest: int | None
    newest: int | None
    costs: Costs | None = None


class Lane:
    """Evaluates batch after batch with one pack, with kernels if the pack is `compiled`. With a `watch` it is timed."""

    def __init__(
        self,
        pack: RulePack,
        projection: Projection,
        recogniser: Recogniser,
        compiled: "CompiledPack | None" = None,
        *,
        max_values: int = MAX_VALUES,
        watch: Stopwatch | None = None,
    ) -> None:
        self._pack = pack
        self._projection = projection
        self._recogniser = recogniser
        self._compiled = compiled
        self._max_values = max_values
        self._reader = FileReader()
        self._values = ValueTable(compiled=compiled is not None)
        self._memory = ValueMemory(compiled is not None)
        self._decoder = LineDecoder(projection, self._values, compiled=compiled is not None)
        self._firing: Firing | None = None
        if compiled is not None:
            from besra.engine import firing  # noqa: PLC0415  numba takes long to import

            self._firing = firing.Firing(pack, compiled.programs)
        self._verdicts = Verdicts(self._learner())
        self._watch: Stopwatch | None = None
        self._profiler: LaneProfiler | None = None
        if watch is not None:
            watch.lap(Phase.START)
            self._watch, self._profiler = watch, LaneProfiler(watch, pack, projection, self._learner())

    def _learner(self) -> Learner | PlainLearner:
        if self._compiled is None:
            return PlainLearner(self._pack.leaves, self._projection)
        return Learner(self._compiled.fields, self._compiled.tables)

    def warm_up(self) -> None:
        """Load the kernels, which would pass for the time of the first batch. There have to be some."""
        from besra.events.kernels.loading import load_kernels  # noqa: PLC0415  numba takes long to import

        load_kernels()
        self.lines(RawLines(memoryview(WARMING)))
        self._forget()

    def _lap(self, phase: Phase) -> None:
        if self._watch is not None:
            self._watch.lap(phase)

    def lines(self, lines: RawLines | FileLines) -> Outcome:
        """Decode and evaluate lines, those in a file once they have been read. Raises UnreadError."""
        if isinstance(lines, FileLines):
            lines = RawLines(self._reader.lines(lines), lines.is_first, lines.default_index)
        self._lap(Phase.READ)
        decoded = self._decoder.decode(lines.buffer)
        leave_slow(lines, decoded, self._recogniser)
        times = times_of_rows(decoded.columns.get(TIMESTAMP), len(decoded.starts), self._values)
        untimed = untimed_of(decoded, times, self._values)
        if decoded.slow.all():
            return Outcome(decoded, untimed)
        batch = batch_of_lines(decoded, lines, self._projection, self._values)
        unknown = np.flatnonzero(unknown_rows(decoded.columns, batch.size) & ~decoded.slow)
        self._lap(Phase.DECODE)
        return Outcome(decoded, untimed, self.found(replace(batch, times=times)), batch.homes, unknown)

    def events(self, events: Sequence[Event | RawEvent]) -> Found:
        """Evaluate events."""
        self._lap(Phase.READ)
        decoder = self._decoder if self._compiled is not None else None
        batch = batch_of(events, self._projection, self._values, decoder)
        times = times_of_rows(batch.columns.get(TIMESTAMP), batch.size, self._values)
        self._lap(Phase.DECODE)
        return self.found(replace(batch, times=times))

    def part(self, part: TablePart) -> Found:
        """Evaluate a row group."""
        self._lap(Phase.READ)
        batch = batch_of_part(part, self._projection, self._values)
        self._lap(Phase.DECODE)
        return self.found(batch)

    def found(self, batch: EventBatch) -> Found:
        """What is to be kept of a batch with times. Its value ids may mean nothing afterwards."""
        assert batch.times is not None
        times = batch.times[batch.rows]
        times = times[times != NO_TIME]
        oldest, newest = (int(times.min()), int(times.max())) if len(times) else (None, None)
        return Found(self._kept(batch), oldest, newest, self._profiler.taken() if self._profiler else None)

    def _kept(self, batch: EventBatch) -> KeptRows | None:
        self._verdicts.learn(batch.scalars)
        self._lap(Phase.LEARN)
        found = list(self._found(batch))
        self._lap(Phase.FIRE)
        kept = kept_rows(self._pack, found, batch, self._memory) if found else None
        self._lap(Phase.KEEP)
        if self._profiler is not None:
            self._profiler.measure(batch, found, self._verdicts, self._firing)
        if len(self._values) > self._max_values:
            self._forget()
        return kept

    def _forget(self) -> None:
        self._values.clear()
        self._verdicts.forget()
        self._memory.forget()
        if self._profiler is not None:
            self._profiler.forget()

    def _found(self, batch: EventBatch) -> Iterator[ClauseRows]:
        """The clauses that hold somewhere, with their rows."""
        if self._firing is None or self._compiled is None:
            yield from evaluate_rows(self._pack, batch, self._verdicts)
            return
        firing, exact = self._firing, self._compiled.programs.exact
        evaluation = Evaluation(self._pack, batch, lambda leaf: firing.mask(leaf, batch.size))
        firing.spread(batch, self._verdicts)
        self._lap(Phase.SPREAD)
        for number, rows in firing.clauses():
            clause = self._pack.clauses[number]
            held = rows
            if not exact[number]:
                start = self._watch.clock() if self._watch else 0.0
                held = rows[evaluation.holds(clause.clause.predicate, rows)]
                if self._watch is not None and self._profiler is not None:
                    self._profiler.script(number, self._watch.clock() - start)
            if len(held):
                yield ClauseRows(clause, held)


def untimed_of(decoded: DecodedLines, times: Integers, values: ValueTable) -> Integers:
    """The rows without a usable time. One beyond 64 bits is usable, though `times` does not hold it."""
    untimed = np.flatnonzero((times == NO_TIME) & ~decoded.slow)
    column = decoded.columns.get(TIMESTAMP)
    if column is None or not len(untimed):
        return untimed
    cells = np.flatnonzero(np.isin(column.rows, untimed))
    scalars = values.scalars(column.values[cells].tolist())
    far = [cell for cell, value in zip(cells, scalars, strict=True) if parse_event_time(value) is not None]
    return np.setdiff1d(untimed, column.rows[far]) if far else untimed

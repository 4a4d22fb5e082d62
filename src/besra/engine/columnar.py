"""The columnar engine: batches of events to hits, all rules together. `engine.reference` judges it.

Lines are evaluated while they are read, by as many threads as there are workers: kernels do nearly all of the work, and
hold no lock. What is kept of each block is gathered in the order of reading, so nothing depends on how many there are.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from types import TracebackType

from besra.engine.gathering import Gathering
from besra.engine.hits import Hits
from besra.engine.kept_rows import KeptRows
from besra.engine.lane import MAX_VALUES, Lane
from besra.engine.pack import RulePack
from besra.events.columns import Projection
from besra.events.event import Event
from besra.events.event_time import TIMESTAMP
from besra.events.index_name import INDEX_FIELDS
from besra.events.line_block import LineBlock, Outcome, Pending, RawLines
from besra.events.row_store import MEMORY_LIMIT
from besra.events.value_table import compiled as kernels_work

FEW_BYTES = 2 << 20
FEW_EVENTS = 2000
"""Input below which kernels are not worth loading, and compiling where nobody has yet."""


class ColumnarEvaluator:
    """Evaluates what is read with one pack and gathers the hits.

    `workers` threads evaluate lines. Kernels are used once there has been more than a little input; `kernels` True or
    False decides it from the start. To be closed, or used in a `with` statement.
    """

    def __init__(
        self,
        pack: RulePack,
        *,
        workers: int = 1,
        memory_limit: int = MEMORY_LIMIT,
        max_values: int = MAX_VALUES,
        kernels: bool | None = None,
    ) -> None:
        self._pack = pack
        self._projection = Projection(tuple(sorted({*pack.fields, *INDEX_FIELDS, TIMESTAMP})))
        self._max_values = max_values
        self._workers = workers
        self._kernels = kernels if kernels is not None else kernels_work() and None
        self._read = 0
        self._events = 0
        self._gathering = Gathering(pack, memory_limit)
        self._plain: Lane | None = None
        self._is_compiled = False
        self._lanes: SimpleQueue[Lane] = SimpleQueue()
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> "ColumnarEvaluator":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the threads; what they have not begun is dropped."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    @property
    def ahead(self) -> int:
        """How many lots of lines may be handed over before the first outcome is asked for."""
        return self._workers if self._workers > 1 else 0

    @property
    def fields(self) -> frozenset[str]:
        """The fields rules read."""
        return frozenset(self._projection.fields)

    def submit(self, lines: RawLines) -> Pending:
        """Evaluate lines, now or in a thread."""
        self._read += len(lines.buffer)
        if not self._use_kernels():
            return Done(self._plain_lane().lines(lines))
        self.compile()
        if self._workers == 1:
            return Done(self._in_lane(lines))
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._workers, "besra-scan")
        future: Future[Outcome] = self._pool.submit(self._in_lane, lines)
        return future

    def _use_kernels(self) -> bool:
        if self._kernels is None and (self._read > FEW_BYTES or self._events > FEW_EVENTS):
            self._kernels = True
        return bool(self._kernels)

    def _plain_lane(self) -> Lane:
        if self._plain is None:
            self._plain = Lane(self._pack, self._projection, TIMESTAMP, None, self._max_values)
        return self._plain

    def compile(self) -> None:
        """Load the kernels and make the pack ready for them, unless that has been done."""
        if self._is_compiled:
            return
        from besra.engine.compiled_pack import CompiledPack  # noqa: PLC0415  numba takes long to import

        compiled = CompiledPack.of(self._pack, self._projection)
        for _ in range(self._workers):
            self._lanes.put(Lane(self._pack, self._projection, TIMESTAMP, compiled, self._max_values))
        self._is_compiled = True

    def _in_lane(self, lines: RawLines) -> Outcome:
        lane = self._lanes.get()
        try:
            return lane.lines(lines)
        finally:
            self._lanes.put(lane)

    def add(self, events: Sequence[Event] | LineBlock) -> None:
        """Gather what was found in a block, or evaluate some events."""
        store = self._gathering.store
        if isinstance(events, LineBlock):
            kept = events.kept
            if isinstance(kept, KeptRows):
                self._gathering.take(kept, store.keep(events, kept.rows))
            return
        kept = self._of_events(events)
        if kept is not None:
            self._gathering.take(kept, store.keep_events(events[row] for row in kept.rows.tolist()))

    def _of_events(self, events: Sequence[Event]) -> KeptRows | None:
        self._events += len(events)
        if not self._use_kernels():
            return self._plain_lane().events(events)
        self.compile()
        lane = self._lanes.get()
        try:
            return lane.events(events)
        finally:
            self._lanes.put(lane)

    def hits(self) -> Hits:
        """The hits of everything added that may be part of a match. Nothing can be added after."""
        try:
            return self._gathering.hits()
        finally:
            self._gathering.store.close()


class Done:
    """An outcome that is there."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def result(self) -> Outcome:
        """The outcome."""
        return self._outcome

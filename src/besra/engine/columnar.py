"""The columnar engine: batches of events to hits, all rules together. `engine.reference` judges it.

Lines are evaluated while they are read, here or by worker processes. What is kept of each block is gathered in the
order of reading, so nothing depends on how many there are.
"""

from collections.abc import Callable, Collection, Sequence
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING

from besra.engine.forked import can_fork, tasks_ahead
from besra.engine.gathering import Gathering
from besra.engine.hits import Hits
from besra.engine.indicator_pack import indicator_pack
from besra.engine.lane import MAX_VALUES, Found, Lane
from besra.engine.pack import RulePack
from besra.engine.profile import ClauseCosts, Costs, Phase, Profile
from besra.engine.profiling import Stopwatch
from besra.engine.wanted import wanted_by
from besra.engine.worker_pool import WorkerPool
from besra.errors import InputError
from besra.events.columns import Projection
from besra.events.event import Event
from besra.events.event_time import TIMESTAMP
from besra.events.file_lines import FileLines
from besra.events.index_name import INDEX_FIELDS
from besra.events.line_block import BLOCK, Buffer, LineBlock, Outcome, Pending, RawLines
from besra.events.raw_event import RawEvent
from besra.events.recognise import Recogniser, bundled_recogniser
from besra.events.row_store import MEMORY_LIMIT
from besra.events.table_part import TablePart

if TYPE_CHECKING:
    from besra.engine.compiled_pack import CompiledPack

FEW_BYTES = 2 << 20
FEW_EVENTS = 2000
"""Input below which kernels are not worth loading, and compiling where nobody has yet."""


class ColumnarEvaluator:
    """Evaluates what is read with one pack and gathers the hits.

    With several `workers`, so many processes evaluate lines, where they can be forked. Kernels are used once there has
    been more than a little input; `kernels` True or False decides it from the start. `profile` measures what things
    cost, with kernels from the start. To be closed, or used in a `with` statement.
    """

    def __init__(
        self,
        pack: RulePack,
        *,
        workers: int = 1,
        memory_limit: int = MEMORY_LIMIT,
        max_values: int = MAX_VALUES,
        kernels: bool | None = None,
        profile: bool = False,
    ) -> None:
        self.pack = pack
        self.know_sources(bundled_recogniser())
        self._max_values = max_values
        self._workers = workers if can_fork() else 1
        # Looked for only: importing numba takes half a second.
        self._kernels = kernels if kernels is not None or find_spec("numba") else False
        self._watch = Stopwatch() if profile else None
        self._costs = Costs({}, ClauseCosts.none(len(pack.clauses) if profile else 0))
        if profile and self._kernels is None:
            self._kernels = True
        self.wanted = wanted_by(pack)
        """The events that can matter."""
        self.newest = 0
        """The newest time of all events, in nanoseconds since 1970."""
        self._on_compile: Callable[[], None] = _do_nothing
        self._while_waiting: Callable[[], None] = _do_nothing
        self._submitted = 0
        self.oldest: int | None = None
        """The oldest, None if no event has one."""
        self._read = 0
        self._events = 0
        self._gathering = Gathering(pack, memory_limit)
        self._lane: Lane | None = None
        self._compiled: CompiledPack | None = None
        self._pool: WorkerPool | None = None
        self._buffers: list[bytearray] = []

    def of_indicators(self) -> "ColumnarEvaluator":
        """An evaluator of documents that are given as indicators, which gathers with this one.

        To be used and closed before this one is used: indicators are rows like all others.
        """
        other = ColumnarEvaluator(
            indicator_pack(self.pack),
            workers=self._workers,
            max_values=self._max_values,
            kernels=self._kernels,
        )
        other.know_sources(self._recogniser)
        other._gathering, other._on_compile = self._gathering, self._on_compile
        return other

    def look_for_covered(self) -> None:
        """Look in what is read from now on for what the wildcards of indicators cover. Nothing has been read yet."""
        self.pack = self._gathering.cover()
        if self._watch is not None:
            self._costs = Costs({}, ClauseCosts.none(len(self.pack.clauses)))

    def __enter__(self) -> "ColumnarEvaluator":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the workers; what they have not done is dropped."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    @property
    def ahead(self) -> int:
        """How many lots of lines may be handed over before the first outcome is asked for."""
        return tasks_ahead(self._workers) if self._workers > 1 else 0

    @property
    def fields(self) -> frozenset[str]:
        """The fields rules read."""
        return frozenset(self._projection.fields)

    def know_sources(self, recogniser: Recogniser) -> None:
        """Tell records of these sources from ECS documents, as whoever reads them does. Nothing has been read yet."""
        self._recogniser = recogniser
        fields = {*self.pack.fields, *INDEX_FIELDS, TIMESTAMP, *recogniser.fields}
        self._projection = Projection(tuple(sorted(fields)))

    def look_between(self, start: int | None, end: int | None) -> None:
        """Nobody will ask for matches outside of this window, closed and in nanoseconds since 1970."""
        self.wanted = wanted_by(self.pack, start, end)

    def when_compiling(self, tell: Callable[[], None]) -> None:
        """Call this if kernels have to be compiled first, which takes seconds where nobody has used them yet."""
        self._on_compile = tell

    def while_waiting(self, prepare: Callable[[], None]) -> None:
        """Call this when all workers have enough to do, and this process would wait for them. If never, it is not."""
        self._while_waiting = prepare

    def take(self) -> Buffer:
        """A buffer to read lines into."""
        if self._pool is not None:
            return self._pool.take()
        return self._buffers.pop() if self._buffers else bytearray(BLOCK)

    def give(self, buffer: Buffer) -> None:
        """Take a buffer back."""
        if self._pool is not None:
            self._pool.give(buffer)
        elif isinstance(buffer, bytearray) and len(buffer) == BLOCK and not self._buffers:
            self._buffers.append(buffer)

    def submit(self, lines: RawLines | FileLines) -> Pending:
        """Evaluate lines, now or in a worker. Raises UnreadError for lines in a file that cannot be read."""
        self._read += lines.size
        if self._workers == 1 or not self._use_kernels():
            return Done(self._own_lane().lines(lines))
        if self._pool is None:
            self._own_lane()  # with kernels loaded before they are forked no worker has to load them
            self._pool = WorkerPool(self._workers, self._make_workers_lane)
            self._lap(Phase.START)
        if not self._pool.takes(lines):
            return Done(self._own_lane().lines(lines))
        pending = self._pool.submit(lines)
        self._submitted += 1
        if self._submitted == self.ahead:
            self._while_waiting()
        return pending

    def _use_kernels(self) -> bool:
        if self._kernels is None and (self._read > FEW_BYTES or self._events > FEW_EVENTS):
            self._kernels = True
        return bool(self._kernels)

    def _own_lane(self) -> Lane:
        """The lane of this process, with kernels from the moment they are used."""
        if self._use_kernels() and self._compiled is None:
            self._lane = self._lane_with_kernels()
        if self._lane is None:
            self._lap(Phase.READ)
            self._lane = self._make_lane(self._watch)
        return self._lane

    def _lane_with_kernels(self) -> Lane:
        """A lane, once the kernels are loaded and the pack is ready for them."""
        from besra.engine.pack_memory import remembered_pack  # noqa: PLC0415  numba takes long to import
        from besra.events.kernels.loading import compiling_told  # noqa: PLC0415

        self._lap(Phase.READ)
        with compiling_told(self._on_compile):
            self._compiled = remembered_pack(self.pack, self._projection)
            self._make_lane(None).warm_up()
        self._lap(Phase.START)
        return self._make_lane(self._watch)

    def _make_lane(self, watch: Stopwatch | None) -> Lane:
        pack, projection, recogniser = self.pack, self._projection, self._recogniser
        return Lane(pack, projection, recogniser, self._compiled, max_values=self._max_values, watch=watch)

    def _make_workers_lane(self) -> Lane:
        return self._make_lane(Stopwatch() if self._watch else None)

    def _lap(self, phase: Phase) -> None:
        if self._watch is not None:
            self._watch.lap(phase)

    def add(self, events: Sequence[Event | RawEvent] | LineBlock | TablePart) -> None:
        """Gather what was found in a block, or evaluate some events.

        A part whose events cannot be read is given up: they are to be added one by one.
        """
        self._lap(Phase.READ)
        store = self._gathering.store
        if isinstance(events, LineBlock):
            found = events.outcome.kept
            assert isinstance(found, Found)
            if found.kept is not None:
                self._gathering.take(found.kept, store.keep(events, found.kept.rows))
        elif isinstance(events, TablePart):
            self._events += events.size
            try:
                found = self._own_lane().part(events)
                if found.kept is not None:
                    numbers = store.keep_events(events.read(found.kept.rows.tolist()))
                    self._gathering.take(found.kept, numbers)
            except InputError:
                events.is_given_up = True
                return
        else:
            self._events += len(events)
            found = self._own_lane().events(events)
            if found.kept is not None:
                rows = found.kept.rows.tolist()
                self._gathering.take(found.kept, store.keep_events(events[row] for row in rows))
        if found.newest is not None:
            self.newest = max(self.newest, found.newest)
        if found.oldest is not None:
            self.oldest = found.oldest if self.oldest is None else min(self.oldest, found.oldest)
        self._lap(Phase.KEEP)
        if found.costs is not None:
            self._costs += found.costs

    def hits(self, awaiting: Collection[int] = ()) -> Hits:
        """The hits of everything added that may be part of a match. Nothing can be added after.

        But for entries that are `awaiting` more: theirs are all hits so far, and can be asked for again.
        """
        self._lap(Phase.READ)
        if not awaiting:
            self._lane = self._compiled = None
        try:
            return self._gathering.hits(awaiting)
        finally:
            self._lap(Phase.JOIN)
            self._gathering.store.close()

    def profile(self) -> Profile | None:
        """What it all cost, once there are hits; None unless that was asked for."""
        if self._watch is None:
            return None
        rest = Costs(self._watch.taken(), ClauseCosts.none(len(self.pack.clauses)))
        return Profile(self.pack, self._projection, self._costs + rest, self._workers if self._pool else 1)


def _do_nothing() -> None:
    """Nobody wants to know, or has anything to do."""


class Done:
    """An outcome that is there."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def result(self) -> Outcome:
        """The outcome."""
        return self._outcome

"""Measuring what a lane does, for `profile`: a stopwatch for its phases, and a second look at clauses and fields.

CPU time of the thread is measured, so that other programs do not count. What the second look costs is a phase of its
own, and what it finds changes nothing: verdicts and rows are those of the first.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from besra.engine.evaluate import ClauseRows, Looking, rows_of_leaves
from besra.engine.field_tests import leaves_by_field
from besra.engine.learner import Learner, PlainLearner, by_field
from besra.engine.pack import RulePack
from besra.engine.profile import MOST_SAMPLED, ClauseCosts, Costs, FieldCost, Phase
from besra.engine.verdicts import Verdicts
from besra.events.batch import EventBatch
from besra.events.columns import Projection
from besra.events.value_table import ValueTable
from besra.schema.fieldtype import Scalar

if TYPE_CHECKING:
    from besra.engine.firing import Firing

FINE = 1e-6
"""Seconds a clock must be able to tell apart: that of CPU time ticks only 64 times a second on Windows."""

SAMPLED = 64
"""Values of a field taken into its sample from one batch."""


def choose_clock() -> Callable[[], float]:
    """The clock of the thread's CPU time in seconds where it is fine enough, else the ordinary one."""
    return time.thread_time if time.get_clock_info("thread_time").resolution <= FINE else time.perf_counter


LONGEST_SAMPLED = 1 << 12
"""Characters of a value in a sample: nobody should be able to fill memory with samples."""

CALLS = 5
"""How often a call is timed to know what it takes by itself."""


class Stopwatch:
    """CPU seconds by phase."""

    def __init__(self) -> None:
        self.clock = choose_clock()
        self._mark = self.clock()
        self._phases: dict[Phase, float] = {}

    def lap(self, phase: Phase) -> None:
        """What came since the last call was this phase."""
        now = self.clock()
        self._phases[phase] = self._phases.get(phase, 0.0) + now - self._mark
        self._mark = now

    def set_apart(self, phase: Phase, seconds: float) -> None:
        """So much of what came since the last lap was this phase."""
        self._phases[phase] = self._phases.get(phase, 0.0) + seconds
        self._mark += seconds

    def taken(self) -> dict[Phase, float]:
        """The phases since the last call."""
        phases, self._phases = self._phases, {}
        return phases


class LaneProfiler:
    """What one lane costs, by its watch. `learner` is one like the lane's, for the second look."""

    def __init__(
        self, watch: Stopwatch, pack: RulePack, projection: Projection, learner: Learner | PlainLearner
    ) -> None:
        self._watch = watch
        self._pack = pack
        self._tested = leaves_by_field(pack.leaves, projection).keys()
        self._learner = learner
        self._places = {(clause.entry, clause.position): number for number, clause in enumerate(pack.clauses)}
        self._known = 0
        self._alone = ValueTable(compiled=isinstance(learner, Learner))
        self._call = self._seconds_of_call(len(projection.fields))
        self._start_anew()
        watch.lap(Phase.MEASURE)

    def _start_anew(self) -> None:
        self._clauses = ClauseCosts.none(len(self._pack.clauses))
        self._fields: dict[int, FieldCost] = {}
        self._batches = 0

    def forget(self) -> None:
        """Value ids are about to mean something else."""
        self._learner.forget()
        self._known = 0

    def script(self, clause: int, seconds: float) -> None:
        """The scripts of a clause took so long."""
        self._clauses.scripts[clause] += seconds
        self._watch.set_apart(Phase.SCRIPTS, seconds)

    def measure(
        self, batch: EventBatch, found: Sequence[ClauseRows], verdicts: Verdicts, firing: "Firing | None"
    ) -> None:
        """Look again at a batch that has been evaluated: at each field's new values, at each clause."""
        self._batches += 1
        self._measure_fields(batch.scalars)
        for held in found:
            self._clauses.rows[self._places[held.clause.entry, held.clause.position]] += len(held.rows)
        if firing is None:
            self._measure_plainly(batch, verdicts)
        else:
            for number in range(len(self._pack.clauses)):
                could, seconds = firing.time_alone(number, self._watch.clock)
                self._clauses.ran[number] += could
                self._clauses.alone[number] += seconds
        self._watch.lap(Phase.MEASURE)

    def taken(self) -> Costs:
        """What was measured since the last call."""
        costs = Costs(self._watch.taken(), self._clauses, self._fields, self._batches)
        self._start_anew()
        return costs

    def _measure_fields(self, values: ValueTable) -> None:
        self._alone.clear()
        for number, ids in by_field(values, np.arange(self._known, len(values))):
            if number in self._tested:
                cost = self._field_cost(number, values.scalars(ids.tolist()))
                self._fields[number] = self._fields[number] + cost if number in self._fields else cost
        self._known = len(values)

    def _seconds_alone(self, number: int, scalars: Sequence[Scalar]) -> float:
        """The time new values of a field take by themselves."""
        known = len(self._alone)
        self._alone.ids_of(number, scalars)
        verdicts = np.zeros(len(self._alone), np.int32)
        start = self._watch.clock()
        self._learner.learn(self._alone, known, verdicts)
        return self._watch.clock() - start

    def _seconds_of_call(self, fields: int) -> float:
        """What a lot of values takes however few they are."""
        untested = next((number for number in range(fields) if number not in self._tested), 0)
        return min(self._seconds_alone(untested, [f"{number}"]) for number in range(CALLS))

    def _field_cost(self, number: int, scalars: Sequence[Scalar]) -> FieldCost:
        seconds = max(0.0, self._seconds_alone(number, scalars) - self._call)
        reasons: Counter[str] = Counter()
        if isinstance(self._learner, Learner):
            reasons.update(map(reason_of, self._alone.scalars(self._learner.left.tolist())))
            reasons += Counter({"regex": len(self._learner.asked)})
        every = max(1, len(scalars) // SAMPLED)
        sample = tuple(scalar for scalar in scalars[::every] if len(str(scalar)) <= LONGEST_SAMPLED)
        return FieldCost(len(scalars), seconds, reasons, sample[:MOST_SAMPLED])

    def _measure_plainly(self, batch: EventBatch, verdicts: Verdicts) -> None:
        leaf_rows = rows_of_leaves(batch, verdicts)
        counts = np.zeros(len(self._pack.leaves), np.int64)
        for leaf, rows in leaf_rows.items():
            counts[leaf] = len(rows)
        looking = Looking(self._pack, batch, leaf_rows)
        for clause, group in self._pack.candidates.that_can_fire(counts):
            number = self._places[clause.entry, clause.position]
            start = self._watch.clock()
            looking.evaluation.holds(clause.clause.predicate, looking.rows_of(clause, group))
            self._clauses.alone[number] += self._watch.clock() - start
            self._clauses.ran[number] += 1


def reason_of(scalar: Scalar) -> str:
    """Why no kernel decides a value."""
    match scalar:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str() if not scalar.isascii():
            return "not ASCII"
        case _:
            return "field type"

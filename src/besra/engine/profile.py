"""What a scan costs: CPU seconds of its phases, of clauses and of the tests of fields, in all processes together.

Phases are timed as they run. Clauses and fields are tested together, so each is timed once more alone (`profiling`);
`shared_out` then divides the time of the phase in the proportion of these times.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np

from besra.engine.pack import FieldLeaf, RulePack, field_leaves
from besra.events.columns import Projection
from besra.schema.fieldtype import Scalar

Array = np.ndarray[Any, np.dtype[Any]]

MOST_SAMPLED = 1000
"""Values of a field kept to test its leaves on."""


class Phase(StrEnum):
    """What a process was doing."""

    START = "start"
    READ = "read"
    DECODE = "decode"
    LEARN = "learn"
    SPREAD = "spread"
    FIRE = "fire"
    SCRIPTS = "scripts"
    KEEP = "keep"
    JOIN = "join"
    MEASURE = "measure"


@dataclass(frozen=True, slots=True)
class ClauseCosts:
    """Of every clause of a pack, by number: `ran`, the batches it could fire in; `rows` that satisfied it; seconds.

    `alone` are those its program took by itself, `scripts` those of its scripts as they ran.
    """

    ran: Array
    rows: Array
    alone: Array
    scripts: Array

    @classmethod
    def none(cls, clauses: int) -> "ClauseCosts":
        """No costs yet."""
        return cls(np.zeros(clauses, np.int64), np.zeros(clauses, np.int64), np.zeros(clauses), np.zeros(clauses))

    def __add__(self, other: "ClauseCosts") -> "ClauseCosts":
        return ClauseCosts(
            self.ran + other.ran, self.rows + other.rows, self.alone + other.alone, self.scripts + other.scripts
        )


@dataclass(frozen=True, slots=True)
class FieldCost:
    """Testing the values of one field: how many, each once; the seconds it took alone; a sample of them.

    `left` counts, by reason, those that no kernel could decide.
    """

    values: int
    alone: float
    left: Mapping[str, int]
    sample: tuple[Scalar, ...] = ()

    def __add__(self, other: "FieldCost") -> "FieldCost":
        left = Counter(self.left) + Counter(other.left)
        return FieldCost(
            self.values + other.values, self.alone + other.alone, left, _sampled(self.sample, other.sample)
        )


def _sampled(mine: tuple[Scalar, ...], theirs: tuple[Scalar, ...]) -> tuple[Scalar, ...]:
    """Some of both, each value once, with the more room for either the less the other needs."""
    room = max(MOST_SAMPLED - len(theirs), MOST_SAMPLED // 2)
    chosen = [*mine[:room], *theirs]
    return tuple({(type(value), value): value for value in chosen}.values())[:MOST_SAMPLED]


@dataclass(frozen=True, slots=True)
class Costs:
    """What was measured in one process for a while, or in several: fields by their number in the projection."""

    phases: Mapping[Phase, float]
    clauses: ClauseCosts
    fields: Mapping[int, FieldCost] = field(default_factory=dict)
    batches: int = 0

    def __add__(self, other: "Costs") -> "Costs":
        phases = {phase: self.phases.get(phase, 0.0) + other.phases.get(phase, 0.0) for phase in Phase}
        fields = dict(self.fields)
        for number, cost in other.fields.items():
            fields[number] = fields[number] + cost if number in fields else cost
        return Costs(phases, self.clauses + other.clauses, fields, self.batches + other.batches)


@dataclass(frozen=True)
class Profile:
    """The costs of a whole scan with what was scanned for."""

    pack: RulePack
    projection: Projection
    costs: Costs
    workers: int = 1

    @property
    def phases(self) -> Mapping[Phase, float]:
        """CPU seconds of each phase."""
        return self.costs.phases

    @cached_property
    def clause_seconds(self) -> tuple[float, ...]:
        """CPU seconds of every clause's program: its share of the phase."""
        return shared_out(self.phases.get(Phase.FIRE, 0.0), self.costs.clauses.alone.tolist())

    @cached_property
    def field_seconds(self) -> Mapping[str, float]:
        """CPU seconds of testing the values of every field: its share of the phase."""
        fields = self.costs.fields
        shares = shared_out(self.phases.get(Phase.LEARN, 0.0), [cost.alone for cost in fields.values()])
        return dict(zip((self.projection.fields[number] for number in fields), shares, strict=True))

    @cached_property
    def users(self) -> Mapping[FieldLeaf, tuple[int, ...]]:
        """The entries that have a leaf, by leaf."""
        found: dict[FieldLeaf, dict[int, None]] = {}
        for clause in self.pack.clauses:
            for leaf in field_leaves(clause.clause.predicate):
                found.setdefault(leaf, {})[clause.entry] = None
        return {leaf: tuple(entries) for leaf, entries in found.items()}


def shared_out(total: float, weights: Sequence[float]) -> tuple[float, ...]:
    """A total divided in proportion to some weights; nothing for anybody where they are all 0."""
    whole = sum(weights)
    return tuple(total * weight / whole if whole else 0.0 for weight in weights)

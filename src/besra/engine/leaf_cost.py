"""What single leaves cost: each is tested alone on a sample of its field's values.

Leaves of a field are tested together, and most of what that takes is reading the value, which all of them share. So a
leaf is timed beside patterns that never hold, and these without it: the difference is what the leaf adds. Constants are
found by one look-up, however many there are, and are not timed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from besra.engine.field_tests import compiled_tests
from besra.engine.learner import Learner
from besra.engine.matcher import TEXT_TYPES
from besra.engine.pack import FieldLeaf
from besra.engine.profile import Profile
from besra.engine.profiling import choose_clock
from besra.events.columns import Projection
from besra.events.value_table import ValueTable, kernels_work
from besra.language.expr import Equals, Exists, Like
from besra.language.glob import Glob, Wild
from besra.schema.fieldtype import Scalar

Array = np.ndarray[Any, np.dtype[Any]]

MOST_LEAVES = 400
"""Leaves that are timed at most: those of the slowest fields."""

ROUNDS = 5
"""How often a leaf is timed, by turns with what it is compared to; the least time counts."""

SAMPLE = 500
"""Values a leaf is timed on."""

NEVER = Glob((Wild.ANY, "\x01\x02\x03\x04\x05\x06", Wild.ANY))


@dataclass(frozen=True, slots=True)
class LeafCost:
    """What a leaf adds to testing a value (seconds), how many values of its field the scan tested, of how many it held.

    `held` is the share of the sample that satisfied it. `seconds` of the whole scan are an estimate.
    """

    leaf: FieldLeaf
    each: float
    values: int
    held: float

    @property
    def seconds(self) -> float:
        """What it added to the scan, if the sample is like the rest."""
        return self.each * self.values


def leaf_costs(profile: Profile, most: int = MOST_LEAVES) -> list[LeafCost]:
    """The costs of the leaves of the slowest fields, the costliest first; none where kernels cannot be used."""
    if not kernels_work():
        return []
    by_field: dict[str, list[FieldLeaf]] = {}
    for leaf in profile.pack.leaves:
        if is_timed(leaf):
            by_field.setdefault(leaf.field.name, []).append(leaf)
    costs: list[LeafCost] = []
    slowest = sorted(profile.costs.fields.items(), key=lambda item: item[1].alone, reverse=True)
    for number, cost in slowest:
        leaves = by_field.get(profile.projection.fields[number], [])[: most - len(costs)]
        if leaves and cost.sample:
            timed = zip(leaves, times_of(leaves, cost.sample[:: max(1, len(cost.sample) // SAMPLE)]), strict=True)
            costs += [LeafCost(leaf, each, cost.values, held) for leaf, (each, held) in timed]
    return sorted(costs, key=lambda cost: cost.seconds, reverse=True)


def is_timed(leaf: FieldLeaf) -> bool:
    """Whether a leaf may cost something of its own."""
    return not (isinstance(leaf, Exists | Equals) and leaf.field.type in TEXT_TYPES)


def times_of(leaves: Sequence[FieldLeaf], sample: Sequence[Scalar]) -> list[tuple[float, float]]:
    """For each leaf of a field the seconds it adds to a value, and the share of the sample that satisfies it."""
    values = ValueTable(compiled=True)
    values.ids_of(0, sample)
    # Each leaf has two fields of its own, without it and with it.
    names = tuple(f"{number}" for number in range(2 * len(leaves)))
    tests: list[FieldLeaf] = []
    watched = []
    for number, leaf in enumerate(leaves):
        watched.append(len(tests))
        tests.append(_of(leaf, names[2 * number + 1]))
        tests += [_of(other, name) for name in names[2 * number : 2 * number + 2] for other in _beside(leaf)]
    learner = Learner(*compiled_tests(tests, Projection(names)))
    clock = choose_clock()
    found = []
    for number, place in enumerate(watched):
        without, within, verdicts = _timed(learner, values, 2 * number, clock)
        holding = [verdict for verdict, held in enumerate(learner.leaves_from(0)) if place in held]
        found.append((max(0.0, within - without) / len(values), float(np.isin(verdicts, holding).mean())))
    return found


def _of(leaf: FieldLeaf, name: str) -> FieldLeaf:
    """The leaf of another field of its type."""
    return replace(leaf, field=replace(leaf.field, name=name))


def _beside(leaf: FieldLeaf) -> list[FieldLeaf]:
    """Leaves that make the kernel do what it does for any leaf of the field, and hold nowhere or everywhere."""
    if leaf.field.type not in TEXT_TYPES or not isinstance(leaf, Like):
        return [Exists(leaf.field)]
    return [Like(leaf.field, (NEVER,), ignore_case=folds) for folds in (False, True)]


def _timed(learner: Learner, values: ValueTable, field: int, clock: Callable[[], float]) -> tuple[float, float, Array]:
    """The least seconds that testing all values takes as those of a field and of the next one; the verdicts there."""
    verdicts = np.zeros(len(values), np.int32)
    best = [float("inf")] * 2
    for _ in range(ROUNDS):
        for place in range(2):
            _give_field(values, field + place)
            start = clock()
            learner.learn(values, 0, verdicts)
            best[place] = min(best[place], clock() - start)
    return best[0], best[1], verdicts


def _give_field(values: ValueTable, field: int) -> None:
    """Make all values those of a field: its number stands behind each text."""
    ends = values.interned.offsets[1 : len(values) + 1]
    values.interned.arena[ends[:, None] + np.arange(-4, 0)] = np.frombuffer(field.to_bytes(4, "little"), np.uint8)

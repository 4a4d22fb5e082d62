"""A rule pack: the plans of many rules compiled together, so that what they share is evaluated once.

Distinct leaves are numbered; clauses refer to them by number. A pack is immutable and can be pickled.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from besra.engine.candidates import Candidates, PackedClause
from besra.engine.implied import Group, implied_groups
from besra.engine.relaxed import relaxed
from besra.language.expr import (
    Always,
    And,
    Equals,
    Exists,
    InNetwork,
    Like,
    Nested,
    Not,
    Or,
    Predicate,
    Range,
    Regex,
    RelativeDate,
    Script,
    fields_of,
)
from besra.language.plan import Clause, Plan
from besra.language.relative import unresolved

FieldLeaf = Exists | Equals | Like | Regex | Range | InNetwork
"""A leaf over the values of one field: what a matcher answers for a value without looking at the event."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One plan of a pack. `index` holds its index patterns; empty means every event, whatever its index."""

    plan: Plan
    index: tuple[str, ...] = ()

    def index_of(self, clause: Clause) -> tuple[str, ...]:
        """The index patterns of one of its clauses."""
        return self.index if clause.index is None else clause.index


@dataclass(frozen=True)
class RulePack:
    """Plans compiled together. Entry *i* of the hits belongs to entry *i* of the pack.

    `fingerprint` tells its content from that of all other packs, if whoever made it knows one.
    """

    entries: tuple[Entry, ...]
    fingerprint: str = field(default="", compare=False)

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> "RulePack":
        """A pack of these entries."""
        return cls(tuple(entries))

    @cached_property
    def leaves(self) -> tuple[FieldLeaf, ...]:
        """The distinct field leaves, each once, in the order of their fields."""
        found: dict[FieldLeaf, None] = {}
        for entry in self.entries:
            for clause in entry.plan.clauses:
                found.update(dict.fromkeys(field_leaves(clause.predicate)))
        return tuple(sorted(found, key=lambda leaf: leaf.field.name))

    @cached_property
    def leaf_ids(self) -> dict[FieldLeaf, int]:
        """The number of every leaf."""
        return {leaf: number for number, leaf in enumerate(self.leaves)}

    @cached_property
    def index_patterns(self) -> tuple[tuple[str, ...], ...]:
        """The distinct index patterns of all clauses, in their order."""
        return tuple(dict.fromkeys(clause.index for clause in self.clauses))

    @cached_property
    def _pattern_numbers(self) -> dict[tuple[str, ...], int]:
        return {patterns: number for number, patterns in enumerate(self.index_patterns)}

    def index_leaf(self, patterns: tuple[str, ...]) -> int:
        """The number of the leaf that index patterns are: those behind the leaves of fields."""
        return len(self.leaves) + self._pattern_numbers[patterns]

    @cached_property
    def clauses(self) -> tuple[PackedClause, ...]:
        """All clauses of all entries."""
        return tuple(
            PackedClause(number, position, clause, entry.index_of(clause))
            for number, entry in enumerate(self.entries)
            for position, clause in enumerate(entry.plan.clauses)
        )

    @cached_property
    def groups(self) -> tuple[tuple[Group, ...], ...]:
        """For every clause sets of leaves of which an event must satisfy one each."""
        return tuple(implied_groups(packed.clause.predicate, self.leaf_ids) for packed in self.clauses)

    @cached_property
    def candidates(self) -> Candidates:
        """What finds the clauses that can fire."""
        return Candidates.of(self.clauses, self.groups)

    @cached_property
    def fields(self) -> frozenset[str]:
        """Every field a clause, join key or ordering reads."""
        names: set[str] = set()
        for entry in self.entries:
            ordering = entry.plan.ordering
            names.add(ordering.timestamp.name)
            if ordering.tiebreaker:
                names.add(ordering.tiebreaker.name)
            for clause in entry.plan.clauses:
                names.update(field.name for field in fields_of(clause.predicate))
                names.update(key.field.name for key in clause.keys)
        return frozenset(names)


def field_leaves(predicate: Predicate) -> Iterable[FieldLeaf]:
    """The leaves of a predicate that are tested of every event: none of scripts, of single objects those relaxed."""
    match predicate:
        case And() | Or():
            for operand in predicate.operands:
                yield from field_leaves(operand)
        case Not():
            yield from field_leaves(predicate.operand)
        case Nested():
            yield from field_leaves(relaxed(predicate))
        case Always() | Script():
            return
        case RelativeDate():
            raise unresolved(predicate)
        case _:
            yield predicate

"""A rule pack: the plans of many rules and the index patterns each applies to, ready to be evaluated together."""

from collections.abc import Sequence
from dataclasses import dataclass

from besra.language.plan import Plan


@dataclass(frozen=True, slots=True)
class Entry:
    """One plan of a pack. `index` holds its index patterns; empty means every event, whatever its index."""

    plan: Plan
    index: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RulePack:
    """Plans compiled together; immutable. Entry *i* of the hits belongs to entry *i* of the pack."""

    entries: tuple[Entry, ...]

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> "RulePack":
        """A pack of these entries."""
        return cls(tuple(entries))

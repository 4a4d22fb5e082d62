"""besra's own reference engine: one event at a time, the plainest way. It judges, so its counts must be the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.besra_run import Counts, reference_events, reference_matches
from benchmarks.peers.comparison import Rules, compare, forked
from benchmarks.variation import Planned
from besra.events.event import Event


def measure(parameters: dict[str, Any]) -> dict[str, Any]:
    """See `comparison.compare`."""
    return compare(Reference(), parameters)


@dataclass(frozen=True, slots=True)
class LoadedReference:
    """Rules and decoded events."""

    rules: Rules
    events: Sequence[Event]
    processes: int

    def run(self) -> Counts:
        """Every event through every rule."""
        return forked(lambda events: reference_matches(self.rules, events), self.events, self.processes)


class Reference:
    """`besra.engine.reference`."""

    def read(self, rules: Rules, path: Path) -> None:
        """Lines to events."""
        self._events = reference_events(path)

    def rejected(self, rules: Rules) -> dict[str, str]:
        """None."""
        return {}

    def load(self, rules: Rules, threads: int) -> LoadedReference:
        """Nothing has to be made ready."""
        return LoadedReference(rules, self._events, threads)

    def why(self, rule: Planned) -> str:
        """There is no excuse."""
        return "a defect of one of both engines"

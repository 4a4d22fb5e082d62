"""When each rule of a service is due, by how far it is and by the clock, which may be set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from besra.detection.rule_copy import rule_uuid
from besra.detection.schedule import Due, due, interval_of
from besra.rules.rule import Rule
from besra.storage.progress import Progress


@dataclass(frozen=True, slots=True)
class Slot:
    """A run that is due: of the rule at a position, planned for a time (nanoseconds since 1970), and what it looks at.

    `previous` is the start of the last run that succeeded, None if there is none.
    """

    number: int
    planned: int
    previous: int | None
    due: Due


class Timetable:
    """The next start of every rule. A rule without progress is due at once, and looks back as its first run does.

    A rule that was switched off, or not there, has not missed what happened meanwhile (detection-engine.md 2.3).
    """

    def __init__(self, rules: Sequence[Rule], progress: Mapping[str, Progress], now: int) -> None:
        self._rules = rules
        self._intervals = [interval_of(rule.schedule) for rule in rules]
        known = [progress.get(rule_uuid(rule)) for rule in rules]
        self._previous = [how_far.started if how_far is not None and how_far.enabled else None for how_far in known]
        self._next = [
            now if previous is None else previous + interval
            for previous, interval in zip(self._previous, self._intervals, strict=True)
        ]

    def slots(self, now: int, most: int) -> list[Slot]:
        """The runs that are due, at most so many, those that wait longest first."""
        for number, interval in enumerate(self._intervals):
            # A clock that has been set back would otherwise keep rules waiting for as long.
            self._next[number] = min(self._next[number], now + interval)
        waiting = sorted((at, number) for number, at in enumerate(self._next) if at <= now)
        return [self._slot(number, planned, now) for planned, number in waiting[:most]]

    def _slot(self, number: int, planned: int, now: int) -> Slot:
        previous = self._previous[number]
        return Slot(number, planned, previous, due(self._rules[number].schedule, now, previous))

    def done(self, slot: Slot, started: int, *, has_succeeded: bool) -> None:
        """A run is over. The next is an interval after it; one that failed is made up for then."""
        self._next[slot.number] = started + self._intervals[slot.number]
        if has_succeeded:
            self._previous[slot.number] = started

    def again(self, number: int, now: int) -> None:
        """Let a rule be due at once, as one that has changed: it looks through its window."""
        self._next[number] = now
        self._previous[number] = None

"""When each rule of a service is due, by how far it is and by the clock, which may be set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from besra.detection.plan_mark import plan_mark
from besra.detection.rule_copy import rule_uuid
from besra.detection.schedule import Due, due, interval_of
from besra.language.plan import Plan
from besra.rules.rule import Rule
from besra.storage.progress import Progress

MARK = "plan"
"""The name of a rule's mark in the state of its progress."""
SINCE = "since"
"""The name of the time since when all that arrived was evaluated for it."""


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
    """The next start of every rule. One that is new or has changed is due at once, and looks through its window.

    A rule that was switched off, or not there, has not missed what happened meanwhile (detection-engine.md 2.3).
    """

    def __init__(self, rules: Sequence[tuple[Rule, Plan]], progress: Mapping[str, Progress], now: int) -> None:
        self._rules = [rule for rule, _ in rules]
        self._marks = [plan_mark(rule, plan) for rule, plan in rules]
        self._intervals = [interval_of(rule.schedule) for rule in self._rules]
        known = [progress.get(rule_uuid(rule)) for rule in self._rules]
        self._previous = [_previous(how_far, mark) for how_far, mark in zip(known, self._marks, strict=True)]
        same = {n: one.state for n, one in enumerate(known) if one is not None and _is_same(one, self._marks[n])}
        self.followed = {number: int(state[SINCE]) for number, state in same.items() if SINCE in state}
        """Since when all that arrived has been evaluated for a rule as it is, by its position."""
        self._next = [
            now if previous is None else previous + interval
            for previous, interval in zip(self._previous, self._intervals, strict=True)
        ]

    def begin(self, now: int) -> None:
        """From now on all that arrives is evaluated for every rule."""
        self.followed = {number: self.followed.get(number, now) for number in range(len(self._rules))}

    def state_of(self, number: int) -> dict[str, int]:
        """What a rule's progress is to say beside how far it is."""
        return {MARK: self._marks[number], SINCE: self.followed[number]}

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


def _previous(how_far: Progress | None, mark: int) -> int | None:
    """When the last run of a rule started that counts for the next one."""
    return how_far.started if how_far is not None and _is_same(how_far, mark) else None


def _is_same(how_far: Progress, mark: int) -> bool:
    """Whether a rule was switched on, and what it is now, when it got so far."""
    return how_far.enabled and how_far.state.get(MARK) == mark

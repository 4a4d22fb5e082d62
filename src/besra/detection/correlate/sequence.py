"""Sequences: the state machine of eql.md 4.3, and the check of missing events of eql.md 4.4."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from collections.abc import Sequence as Items
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from besra.detection.correlate.order import Moment, moments
from besra.detection.match import Match
from besra.engine.hits import Hit, Key
from besra.language.plan import Sequence


@dataclass(frozen=True, slots=True)
class Chain:
    """A sequence under way, or done: the events of its first positive stages."""

    moments: tuple[Moment, ...]

    @property
    def first(self) -> int:
        """Time of the first event."""
        return self.moments[0].time

    @property
    def last(self) -> Moment:
        """The event matched last."""
        return self.moments[-1]


def sequence_matches(sequence: Sequence, hits: Items[Hit]) -> Iterator[Match]:
    """The matches, by completing event and then by key."""
    ordered = moments(hits)
    done = _run(sequence, ordered)
    absences = _Absences(sequence, ordered)
    kept = [(key, chain) for key, chain in done if absences.allow(key, chain)]
    kept.sort(key=lambda item: (item[1].last.rank, _key_order(item[0])))
    return (_match(sequence, key, chain) for key, chain in kept)


def _key_order(key: Key) -> tuple[tuple[bool, object], ...]:
    return tuple((part is not None, part) for part in key)


def _run(sequence: Sequence, ordered: list[Moment]) -> list[tuple[Key, Chain]]:
    """Finished chains with their keys. At most one chain waits for a key in each state."""
    stages = [stage.clause for stage in sequence.stages if not stage.missing]
    last = len(stages) - 1
    span = _nanos(sequence.maxspan)
    pending: defaultdict[Key, dict[int, Chain]] = defaultdict(dict)
    until: dict[Key, int] = {}
    done: list[tuple[Key, Chain]] = []
    for moment in ordered:
        for state in range(last, 0, -1):
            for key in _keys(moment, stages[state]):
                chain = pending[key].pop(state - 1, None) if key in pending else None
                if chain is None or (span is not None and moment.time - chain.first > span):
                    continue
                if key in until and chain.last.rank <= until[key] < moment.rank:
                    continue
                extended = Chain((*chain.moments, moment))
                if state == last:
                    done.append((key, extended))
                else:
                    pending[key][state] = extended
        for key in _keys(moment, stages[0]):
            if last == 0:
                done.append((key, Chain((moment,))))
            else:
                pending[key][0] = Chain((moment,))
        if sequence.until is not None:
            until.update(dict.fromkeys(_keys(moment, sequence.until), moment.rank))
    return done


def _keys(moment: Moment, clause: int) -> tuple[Key, ...]:
    hit = moment.hits.get(clause)
    return hit.keys if hit else ()


def _nanos(span: timedelta | None) -> int | None:
    return None if span is None else span // timedelta(microseconds=1) * 1000


class _Absences:
    """When events of the missing stages occurred, by stage position and key; times only, as eql.md 4.4 says."""

    def __init__(self, sequence: Sequence, ordered: list[Moment]) -> None:
        self.span = _nanos(sequence.maxspan) or 0
        positives = [position for position, stage in enumerate(sequence.stages) if not stage.missing]
        self.times: defaultdict[tuple[int, Key], list[int]] = defaultdict(list)
        missing = [(position, stage.clause) for position, stage in enumerate(sequence.stages) if stage.missing]
        for moment in ordered:
            for clause in {clause for _, clause in missing}:
                for key in _keys(moment, clause):
                    self.times[clause, key].append(moment.time)
        self.leading = {clause for position, clause in missing if position < positives[0]}
        self.trailing = {clause for position, clause in missing if position > positives[-1]}
        self.between = [
            {clause for position, clause in missing if low < position < high} for low, high in pairwise(positives)
        ]

    def allow(self, key: Key, chain: Chain) -> bool:
        """Whether no forbidden event rejects the chain."""
        for index, clauses in enumerate(self.between):
            start, end = chain.moments[index].time, chain.moments[index + 1].time
            if any(self._any_between(clause, key, start, end) for clause in clauses):
                return False
        first, last = chain.first, chain.last.time
        leads = [time for clause in self.leading if (time := self._before(clause, key, first)) is not None]
        trails = [time for clause in self.trailing if (time := self._after(clause, key, last)) is not None]
        if self.leading and self.trailing:
            return not leads or not trails or min(trails) - max(leads) > self.span
        if leads:
            return last - max(leads) > self.span
        return not trails or min(trails) - first > self.span

    def _any_between(self, clause: int, key: Key, start: int, end: int) -> bool:
        times = self.times.get((clause, key), [])
        return bisect_right(times, start) < bisect_left(times, end)

    def _before(self, clause: int, key: Key, time: int) -> int | None:
        times = self.times.get((clause, key), [])
        index = bisect_left(times, time)
        return times[index - 1] if index else None

    def _after(self, clause: int, key: Key, time: int) -> int | None:
        times = self.times.get((clause, key), [])
        index = bisect_right(times, time)
        return times[index] if index < len(times) else None


def _match(sequence: Sequence, key: Key, chain: Chain) -> Match:
    rest = iter(chain.moments)
    return Match(tuple(None if s.missing else next(rest).hits[s.clause] for s in sequence.stages), key)

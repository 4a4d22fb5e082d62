"""Sequences: the state machine of eql.md 4.3, and the check of missing events of eql.md 4.4."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterator
from datetime import timedelta
from functools import partial
from itertools import pairwise

from besra.detection.correlate.moment import Moment
from besra.detection.correlate.order import Stream
from besra.detection.match import Match, UnreadMatch
from besra.language.plan import Sequence

Chain = tuple[Moment, ...]
"""A sequence under way, or done: the events of its first positive stages."""

SWEEP = 4096
"""Chains and marks of `until` under way before those too old to matter are looked for and dropped."""


def sequence_matches(sequence: Sequence, stream: Stream) -> Iterator[UnreadMatch]:
    """The matches, by completing event and then by key."""
    absences = _Absences(sequence, stream)
    stages = [stage.clause for stage in sequence.stages if not stage.missing]
    for done in _run(sequence, stages, stream):
        kept = [(key, chain) for key, chain in done if absences.allow(key, chain)] if absences.times else done
        if len(kept) > 1:
            kept.sort(key=lambda item: _key_order(stream, stages[0], *item))
        for key, chain in kept:
            yield partial(_match, stream, sequence, key, chain)


def _key_order(stream: Stream, clause: int, key: Hashable, chain: Chain) -> tuple[tuple[bool, object], ...]:
    return tuple((part is not None, part) for part in stream.key(chain[0], clause, key))


def _run(sequence: Sequence, stages: list[int], stream: Stream) -> Iterator[list[tuple[Hashable, Chain]]]:
    """Finished chains with their keys, those that end with one event together.

    At most one chain waits for a key in each state. What is too old for the maxspan is dropped now and then, so memory
    goes with the keys of one maxspan, not with the events.
    """
    last = len(stages) - 1
    span = _nanos(sequence.maxspan)
    pending: list[dict[Hashable, Chain]] = [{} for _ in range(last)]
    until: dict[Hashable, Moment] = {}
    sweep = SWEEP
    for moment, keys in stream.moments():
        done: list[tuple[Hashable, Chain]] = []
        for state in range(last, 0, -1):
            waiting = pending[state - 1]
            for key in keys.get(stages[state], ()):
                chain = waiting.pop(key, None)
                if chain is None or (span is not None and moment.time - chain[0].time > span):
                    continue
                killer = until.get(key)
                if killer is not None and chain[-1].rank <= killer.rank < moment.rank:
                    continue
                if state == last:
                    done.append((key, (*chain, moment)))
                else:
                    pending[state][key] = (*chain, moment)
        for key in keys.get(stages[0], ()):
            if last == 0:
                done.append((key, (moment,)))
            else:
                pending[0][key] = (moment,)
        if sequence.until is not None:
            until.update(dict.fromkeys(keys.get(sequence.until, ()), moment))
        if done:
            yield done
        if span is not None and len(until) + sum(map(len, pending)) > sweep:
            until, pending = _without_expired(until, pending, moment.time - span)
            sweep = max(SWEEP, 2 * (len(until) + sum(map(len, pending))))


def _without_expired(
    until: dict[Hashable, Moment], pending: list[dict[Hashable, Chain]], start: int
) -> tuple[dict[Hashable, Moment], list[dict[Hashable, Chain]]]:
    """What can still matter: chains that began at `start` or later, and the marks of `until` that may kill them."""
    chains = [{key: chain for key, chain in waiting.items() if chain[0].time >= start} for waiting in pending]
    return {key: mark for key, mark in until.items() if mark.time >= start}, chains


def _nanos(span: timedelta | None) -> int | None:
    return None if span is None else span // timedelta(microseconds=1) * 1000


class _Absences:
    """When events of the missing stages occurred, by stage position and key; times only, as eql.md 4.4 says."""

    def __init__(self, sequence: Sequence, stream: Stream) -> None:
        self.span = _nanos(sequence.maxspan) or 0
        positives = [position for position, stage in enumerate(sequence.stages) if not stage.missing]
        self.times: defaultdict[tuple[int, Hashable], list[int]] = defaultdict(list)
        missing = [(position, stage.clause) for position, stage in enumerate(sequence.stages) if stage.missing]
        clauses = {clause for _, clause in missing}
        for moment, keys in stream.moments() if clauses else ():
            for clause in clauses & keys.keys():
                for key in keys[clause]:
                    self.times[clause, key].append(moment.time)
        self.leading = {clause for position, clause in missing if position < positives[0]}
        self.trailing = {clause for position, clause in missing if position > positives[-1]}
        self.between = [
            {clause for position, clause in missing if low < position < high} for low, high in pairwise(positives)
        ]

    def allow(self, key: Hashable, chain: Chain) -> bool:
        """Whether no forbidden event rejects the chain."""
        for index, clauses in enumerate(self.between):
            start, end = chain[index].time, chain[index + 1].time
            if any(self._any_between(clause, key, start, end) for clause in clauses):
                return False
        first, last = chain[0].time, chain[-1].time
        leads = [time for clause in self.leading if (time := self._before(clause, key, first)) is not None]
        trails = [time for clause in self.trailing if (time := self._after(clause, key, last)) is not None]
        if self.leading and self.trailing:
            return not leads or not trails or min(trails) - max(leads) > self.span
        if leads:
            return last - max(leads) > self.span
        return not trails or min(trails) - first > self.span

    def _any_between(self, clause: int, key: Hashable, start: int, end: int) -> bool:
        times = self.times.get((clause, key), [])
        return bisect_right(times, start) < bisect_left(times, end)

    def _before(self, clause: int, key: Hashable, time: int) -> int | None:
        times = self.times.get((clause, key), [])
        index = bisect_left(times, time)
        return times[index - 1] if index else None

    def _after(self, clause: int, key: Hashable, time: int) -> int | None:
        times = self.times.get((clause, key), [])
        index = bisect_right(times, time)
        return times[index] if index < len(times) else None


def _match(stream: Stream, sequence: Sequence, key: Hashable, chain: Chain) -> Match:
    rest = iter(chain)
    hits = tuple(None if stage.missing else stream.hit(next(rest), stage.clause) for stage in sequence.stages)
    first = next(stage.clause for stage in sequence.stages if not stage.missing)
    return Match(hits, stream.key(chain[0], first, key))

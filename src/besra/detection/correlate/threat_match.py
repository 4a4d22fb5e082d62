"""Threat match: events that some indicator matches (detection-engine.md 5.4).

Events and indicators are not compared one by one: indicators are found by the keys that events have.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from functools import cached_property, partial
from heapq import merge
from itertools import repeat

from besra.detection.correlate.moment import Keys, Moment
from besra.detection.correlate.order import Stream
from besra.detection.correlate.starred_keys import StarredKeys
from besra.detection.match import Indicator, Indicators, Match, UnreadMatch
from besra.detection.window import Window
from besra.engine.event_order import NO_TIME
from besra.language.plan import Comparison, IndicatorMapping, ThreatMatch
from besra.language.starred import is_starred

MOST = 200
"""Most indicators told for one event."""

MOST_COVERED = 1 << 17
MOST_TOGETHER = 16
"""Keys of events, and groups of them, remembered with the indicators that match them."""

Numbers = Sequence[int]
"""Indicators by their rank in the order of events, ascending and each once."""

Found = list[tuple[int, Numbers]]
"""The groups of a mapping by which an event is matched, with the indicators."""


def threat_matches(threat_match: ThreatMatch, stream: Stream, window: Window) -> Iterator[UnreadMatch]:
    """One match for every event of the window that some indicator matches, in order of time.

    `stream` holds indicators of all times. Of those that match an event the first in the order of events are told.
    """
    indicators = _Indicators(threat_match, stream)
    for moment, keys in stream.moments(untimed=True):
        if not window.contains(None if moment.time == NO_TIME else moment.time):
            continue
        by_group = ((n, indicators.matching(group, moment, keys)) for n, group in enumerate(threat_match.groups))
        if found := [(number, matching) for number, matching in by_group if matching]:
            yield partial(_match, indicators, moment, found)


class _Indicators:
    """The indicators of a stream."""

    def __init__(self, threat_match: ThreatMatch, stream: Stream) -> None:
        self.groups = threat_match.groups
        self.stream = stream
        self.moments: dict[int, Moment] = {}
        comparisons = {c for group in self.groups for c in (group.wanted, *group.unwanted)}
        self._compared = {comparison: _Compared(comparison, stream) for comparison in comparisons}
        self._together: dict[tuple[int, ...], tuple[Sequence[Numbers], Numbers]] = {}
        clauses = {clause for c in comparisons for clause in (c.indicators, c.wildcards)}
        for moment, keys in stream.moments(untimed=True):
            if clauses & keys.keys():
                self.moments[moment.rank] = moment
                for compared in self._compared.values():
                    compared.add(moment, keys)

    def matching(self, group: IndicatorMapping, moment: Moment, keys: Keys) -> Numbers:
        """The indicators that match an event by a group."""
        wanted = self._compared[group.wanted].equal(moment, keys)
        if not wanted:
            return ()
        unwanted = [numbers for c in group.unwanted for numbers in self._compared[c].equal(moment, keys)]
        if len(wanted) == 1 and not unwanted:
            return wanted[0]
        # Many events may have the same keys, and each of these many indicators.
        about = (*map(id, wanted), 0, *map(id, unwanted))
        known = self._together.get(about)
        if known is None:
            if len(self._together) >= MOST_TOGETHER:
                self._together.clear()
            # With the lists themselves, or others might come to have their ids.
            known = self._together[about] = [*wanted, *unwanted], _left(wanted, unwanted)
        return known[1]


def _left(wanted: Sequence[Numbers], unwanted: Sequence[Numbers]) -> Numbers:
    left = sorted(set().union(*wanted))
    for numbers in unwanted:
        left = [number for number in left if not _holds(numbers, number)]
    return left


def _holds(numbers: Numbers, number: int) -> bool:
    place = bisect_left(numbers, number)
    return place < len(numbers) and numbers[place] == number


class _Compared:
    """The indicators that take part in a comparison, by their keys."""

    def __init__(self, comparison: Comparison, stream: Stream) -> None:
        self._comparison = comparison
        self._stream = stream
        self._by_key: defaultdict[Hashable, list[int]] = defaultdict(list)
        self._with_stars: list[Moment] = []
        self._covered: dict[Hashable, Numbers] = {}

    def add(self, moment: Moment, keys: Keys) -> None:
        """Take an indicator in; they come in order."""
        for key in keys.get(self._comparison.indicators, ()):
            self._by_key[key].append(moment.rank)
        if self._comparison.wildcards in keys:
            self._with_stars.append(moment)

    def equal(self, moment: Moment, keys: Keys) -> list[Numbers]:
        """The indicators with a key of an event, some of them perhaps for several of its keys."""
        mine = keys.get(self._comparison.events, ())
        found: list[Numbers] = [self._by_key[key] for key in mine if key in self._by_key]
        if self._with_stars:
            found += [covering for key in mine if (covering := self._covering(moment, key))]
        return found

    def _covering(self, moment: Moment, key: Hashable) -> Numbers:
        known = self._covered.get(key)
        if known is None:
            if len(self._covered) >= MOST_COVERED:
                self._covered.clear()
            texts = self._stream.key(moment, self._comparison.events, key)
            known = self._covered[key] = self._starred.covering(texts)
        return known

    @cached_property
    def _starred(self) -> StarredKeys:
        clause = self._comparison.wildcards
        assert clause is not None  # asked only where there are such indicators
        held = ((key, moment.rank) for moment in self._with_stars for key in self._stream.hit(moment, clause).keys)
        return StarredKeys([(key, rank) for key, rank in held if any(map(is_starred, key))])


def _match(indicators: _Indicators, moment: Moment, found: Found) -> Match:
    groups: dict[int, list[int]] = {}
    for rank, number in merge(*(zip(numbers, repeat(number), strict=False) for number, numbers in found)):
        if rank not in groups and len(groups) == MOST:
            break
        groups.setdefault(rank, []).append(number)
    total = len(found[0][1]) if len(found) == 1 else len(set().union(*(numbers for _, numbers in found)))
    stream, mapping = indicators.stream, indicators.groups
    told = tuple(
        Indicator(stream.hit(indicators.moments[rank], mapping[by[0]].wanted.indicators), tuple(by))
        for rank, by in groups.items()
    )
    return Match((stream.hit(moment, mapping[found[0][0]].wanted.events),), (), Indicators(told, total))

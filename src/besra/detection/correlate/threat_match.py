"""Threat match: events that some indicator matches (detection-engine.md 5.4)."""

from collections import defaultdict
from collections.abc import Hashable, Iterator
from functools import partial

from besra.detection.correlate.order import Moment, Stream
from besra.detection.match import Indicator, Indicators, Match, UnreadMatch
from besra.detection.window import Window
from besra.engine.event_order import NO_TIME
from besra.language.plan import ThreatMatch

MOST = 200
"""Most indicators told for one event."""

Found = list[tuple[int, int, Moment]]
"""Group, clause and event of indicators."""


def threat_matches(threat_match: ThreatMatch, stream: Stream, window: Window) -> Iterator[UnreadMatch]:
    """One match for every event of the window that some indicator matches, in order of time."""
    known: defaultdict[tuple[int, Hashable], list[Moment]] = defaultdict(list)
    for moment, keys in stream.moments(untimed=True):
        for number, group in enumerate(threat_match.groups):
            for key in keys.get(group.indicators, ()):
                known[number, key].append(moment)
    for moment, keys in stream.moments(untimed=True):
        if not window.contains(None if moment.time == NO_TIME else moment.time):
            continue
        found: Found = [
            (number, group.indicators, indicator)
            for number, group in enumerate(threat_match.groups)
            for key in keys.get(group.events, ())
            for indicator in known.get((number, key), ())
        ]
        if found:
            yield partial(_match, stream, moment, threat_match.groups[found[0][0]].events, found)


def _match(stream: Stream, moment: Moment, clause: int, found: Found) -> Match:
    told = tuple(Indicator(stream.hit(indicator, held), number) for number, held, indicator in found[:MOST])
    return Match((stream.hit(moment, clause),), (), Indicators(told, len(found)))

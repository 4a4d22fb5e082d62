"""New terms: events with a key nobody had for so long before them (detection-engine.md 5.3).

Elastic asks, for each run, which terms of its window the history before the window lacks. An event is the first of its
term in some run exactly if no event had the term for the length of the history before it; that is what is asked here,
so a scan finds what runs one after the other would, however they were scheduled.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from besra.detection.correlate.moment import Moment
from besra.detection.correlate.order import Stream
from besra.detection.correlate.unseen import Unseen
from besra.detection.match import Match, NewTerm, UnreadMatch
from besra.detection.window import Window
from besra.language.plan import NewTerms
from besra.schema.datemath import nanoseconds


def with_history(window: Window, new_terms: NewTerms) -> Window:
    """The window with the history before it."""
    return window if window.start is None else replace(window, start=window.start - nanoseconds(new_terms.history))


def new_terms_matches(new_terms: NewTerms, stream: Stream, window: Window) -> Iterator[UnreadMatch]:
    """One match for every key of every event in the window, if it is new there; in order of time.

    `stream` holds the history before the window as well. Events without a time have no history.
    """
    history = nanoseconds(new_terms.history)
    for unseen in stream.unseen(history):
        moment = stream.moment(unseen.event)
        if window.contains(moment.time):
            yield partial(_match, stream, moment, unseen, history)


def _match(stream: Stream, moment: Moment, unseen: Unseen, history: int) -> Match:
    finding = NewTerm(moment.time - history, unseen.before)
    return Match((stream.hit(moment, 0),), stream.key(moment, 0, unseen.key), finding)

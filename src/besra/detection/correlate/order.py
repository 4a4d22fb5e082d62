"""Hits in the total order of events, each event once (eql.md 4.1)."""

from collections.abc import Iterable
from dataclasses import dataclass

from besra.engine.hits import Hit
from besra.events.identity import event_key


def distinct(hits: Iterable[Hit]) -> list[Hit]:
    """Hits in order, the same event under the same clause once.

    An event read from two files is one event; the origin that sorts first stays, whatever was read first.
    """
    chosen: dict[tuple[tuple[str, str], int], Hit] = {}
    for hit in hits:
        key = (event_key(hit.event), hit.clause)
        other = chosen.get(key)
        if other is None or _origin(hit) < _origin(other):
            chosen[key] = hit
    return sorted(chosen.values(), key=_position)


def _origin(hit: Hit) -> tuple[str, int, int]:
    origin = hit.event.origin
    return origin.path, origin.line or 0, hit.event.position


def _position(hit: Hit) -> tuple[bool, object, int, str]:
    return hit.ordinal is None, hit.ordinal or (), hit.event.position, hit.event.id


@dataclass(frozen=True, slots=True)
class Moment:
    """One event of a sequence or sample: its rank in the total order, its time, and its hit for each clause it met."""

    rank: int
    time: int
    hits: dict[int, Hit]


def moments(hits: Iterable[Hit]) -> list[Moment]:
    """The events in order. Events without a time have no place in an order and are left out."""
    ordered: list[Moment] = []
    previous: tuple[str, str] | None = None
    for hit in distinct(hits):
        if hit.time is None:
            continue
        if event_key(hit.event) == previous:
            ordered[-1].hits[hit.clause] = hit
        else:
            ordered.append(Moment(len(ordered), hit.time, {hit.clause: hit}))
            previous = event_key(hit.event)
    return ordered

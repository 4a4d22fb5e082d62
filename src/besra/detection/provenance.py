"""What an alert says beyond Elastic's, under `besra`.

Where each of its events was read, when they happened, the steps of a sequence with the fields their conditions look at,
the join key, and the fields an alert could not hold. Elastic's shell of a sequence has none of it
(detection-engine.md 3.5, 13).
"""

from collections.abc import Iterable, Sequence
from typing import Any

from besra.detection.match import Bucket, Match, NewTerm, key_texts
from besra.detection.run import RunInfo
from besra.engine.hits import Hit
from besra.events.document import Fields
from besra.events.event import Origin
from besra.language.expr import fields_of
from besra.language.plan import Plan
from besra.schema.timestamp import format_timestamp
from besra.version import __version__

STEP_FIELDS = frozenset(
    [
        "host.name",
        "user.name",
        "process.name",
        "process.executable",
        "process.command_line",
        "process.entity_id",
        "process.parent.name",
        "file.path",
        "registry.path",
        "dns.question.name",
        "destination.ip",
        "destination.port",
    ]
)
"""Shown for every step that has them, besides the fields its condition reads."""

MADE_HERE = Origin("(alert)")
"""The origin of alerts of the same run that are events to other rules: they were read nowhere."""


def provenance(hit: Hit, removed: Sequence[str]) -> dict[str, Any]:
    """Which event, where it was read, what the alert's copy of it lost, and which fields the reader made up.

    The last matters to an analyst: `host.id` of an event log is the computer's name (sources.md 9.12).
    """
    found: dict[str, Any] = {"version": __version__, "events": _events(hit)}
    if removed:
        found["removed_fields"] = list(removed)
    if derived := Fields(hit.event.source).scalars("besra.derived"):
        found["derived_fields"] = derived
    return found


def counted_events(match: Match, bucket: Bucket) -> dict[str, Any]:
    """Where to find the events of a bucket: the first and last few, how many there are, and from when to when."""
    told = {"version": __version__, "events": _events_of(match), "total_events": bucket.count}
    times = {"start": bucket.first, "end": bucket.last}
    return {**told, **{name: format_timestamp(time) for name, time in times.items() if time is not None}}


def newness(new: NewTerm, run: RunInfo) -> dict[str, Any]:
    """What a new term is new to: from when on nobody had it, from when on there are events that might have.

    The latter is the later one if the events do not reach back so far.
    """
    seen_from = None if run.seen_from is None else max(new.since, run.seen_from)
    times = {"from": new.since, "seen_from": seen_from, "last_seen": new.last_seen}
    return {"history": {name: format_timestamp(time) for name, time in times.items() if time is not None}}


def _events_of(match: Match) -> list[dict[str, Any]]:
    """The events of a match, each once: alerts may be about one event."""
    events: Iterable[dict[str, Any]] = (event for hit in match.present for event in _events(hit))
    return list({(event["index"], event["id"]): event for event in events}.values())


def _events(hit: Hit) -> list[dict[str, Any]]:
    """The event of a hit; of an alert made in the same run, which was read nowhere, the events it is about."""
    if hit.event.origin == MADE_HERE:
        return [{**event} for event in hit.event.source["besra"]["events"]]
    return [event_story(hit)]


def event_story(hit: Hit) -> dict[str, Any]:
    """Who an event is, when it happened and where it was read."""
    origin = hit.event.origin
    place = {"file": origin.path, "line": origin.line, "record": origin.record}
    return {
        "id": hit.event.id,
        "index": hit.event.index[0] if hit.event.index else "",
        **({} if hit.time is None else {"time": format_timestamp(hit.time)}),
        **{name: value for name, value in place.items() if value is not None},
    }


def story(plan: Plan, match: Match) -> dict[str, Any]:
    """What the shell of the original lacks: the steps, their times and places, and the key they share."""
    times = [hit.time for hit in match.present if hit.time is not None]
    told: dict[str, Any] = {
        "version": __version__,
        "events": _events_of(match),
        "sequence": [_step(plan, position, hit) for position, hit in enumerate(match.hits)],
    }
    if times:
        told["start"], told["end"] = format_timestamp(min(times)), format_timestamp(max(times))
    if keys := dict(key_texts(plan, match)):
        told["join_keys"] = keys
    return told


def _step(plan: Plan, position: int, hit: Hit | None) -> dict[str, Any]:
    if hit is None:
        return {"step": position, "missing": True}
    clause = plan.clauses[hit.clause]
    read = {field.name for field in fields_of(clause.predicate)} | {key.field.name for key in clause.keys}
    fields = Fields(hit.event.source)
    shown = {
        name: values if len(values) > 1 else values[0]
        for name in sorted(read | STEP_FIELDS)
        if (values := fields.scalars(name))
    }
    step: dict[str, Any] = {"step": position, "id": hit.event.id}
    if hit.time is not None:
        step["time"] = format_timestamp(hit.time)
    return {**step, "fields": shown}

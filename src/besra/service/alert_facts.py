"""What an alert document says of itself that questions about it start from (detection-engine.md 3.2, 6.2)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from besra.detection.alert import Alert
from besra.detection.process import ANCESTRY, ENTITY, PARENT_ENTITY
from besra.events.document import Fields
from besra.events.event_time import TIMESTAMP
from besra.language.expr import Equals, FieldRef, Predicate
from besra.language.simplify import all_of, any_of
from besra.schema.fieldtype import FieldType, to_text
from besra.schema.timestamp import NANOS, parse_timestamp
from besra.storage.event_find import Stretch
from besra.storage.event_prevalence import Asked

HIGHLIGHTED = (
    "host.name",
    "user.name",
    "source.ip",
    "destination.ip",
    "dns.question.name",
    "process.name",
    "process.executable",
    "process.hash.sha256",
    "process.parent.name",
    "file.path",
    "file.hash.sha256",
    "registry.path",
)
"""The fields an analyst looks at first, whatever the rule says besides."""
MOST_VALUES = 50
"""Values whose prevalence is asked for together."""
SESSIONS = ("process.entry_leader.entity_id", "process.session_leader.entity_id")
ANCESTORS = "kibana.alert.ancestors"
GROUP = "kibana.alert.group.id"
UUID = "kibana.alert.uuid"
MARGIN = NANOS
"""How far the time of an event as an alert has it, in milliseconds, may be from that of the event."""


@dataclass(frozen=True, slots=True)
class SourceEvent:
    """An event an alert is about: its index, its id, and its time in nanoseconds since 1970 if that is told."""

    index: str
    id: str
    time: int | None


def time_of(alert: Alert) -> int | None:
    """When what the alert is about happened, in nanoseconds since 1970; else when the alert was made."""
    for name in ("kibana.alert.original_time", TIMESTAMP):
        value = alert.get(name)
        if isinstance(value, str | int) and (time := parse_timestamp(value)) is not None:
            return time
    return None


def source_events(alert: Alert) -> list[SourceEvent]:
    """The events an alert is about; of one on a bucket the first and last few."""
    told = (alert.get("besra") or {}).get("events") or [
        one for one in alert.get(ANCESTORS) or () if one.get("type") == "event"
    ]
    found = {}
    for one in told:
        time = one.get("time")
        event = SourceEvent(str(one["index"]), str(one["id"]), None if time is None else parse_timestamp(time))
        found[event.index, event.id] = event
    return list(found.values())


def stretch_of_events(events: list[SourceEvent]) -> Stretch:
    """The time that holds some events; all time if that of one is not known."""
    times = [event.time for event in events]
    known = [time for time in times if time is not None]
    if not known or len(known) < len(times):
        return Stretch()
    return Stretch(min(known) - MARGIN, max(known) + MARGIN)


def highlighted(alert: Alert) -> tuple[list[Asked], int]:
    """The fields to look at with their values, those its rule names first; and how many there was no room for."""
    rule = alert.get("kibana.alert.rule.parameters")
    named = rule.get("investigation_fields") if isinstance(rule, Mapping) else None
    names = named.get("field_names") if isinstance(named, Mapping) else None
    wanted = dict.fromkeys([*(name for name in names or () if isinstance(name, str)), *HIGHLIGHTED])
    fields = Fields(alert)
    found = {
        Asked(name, to_text(value)): None for name in wanted for value in fields.scalars(name) if value not in ("", "-")
    }
    return list(found)[:MOST_VALUES], max(len(found) - MOST_VALUES, 0)


# --- alerts that have something in common -----------------------------------------------------------------------------


def _keyword(name: str, values: frozenset[str]) -> Predicate:
    return Equals(FieldRef(name, FieldType.KEYWORD), values)


def related(alert: Alert) -> Iterator[tuple[str, Predicate]]:
    """What may relate other alerts to an alert, and the condition on those that it does."""
    fields = Fields(alert)

    def texts(*names: str) -> frozenset[str]:
        return frozenset(to_text(value) for name in names for value in fields.scalars(name) if value != "")

    events = frozenset(event.id for event in source_events(alert))
    if events:
        yield "same_source_event", _keyword(f"{ANCESTORS}.id", events)
    if entity := texts(ENTITY):
        above = texts(PARENT_ENTITY, ANCESTRY)
        yield (
            "same_ancestry",
            any_of([_keyword(ENTITY, entity | above), _keyword(PARENT_ENTITY, entity), _keyword(ANCESTRY, entity)]),
        )
    sessions = [_keyword(name, values) for name in SESSIONS if (values := texts(name))]
    if sessions:
        yield "same_session", any_of(sessions)
    if group := texts(GROUP):
        yield "same_sequence", _keyword(GROUP, group)
    if rule := texts("kibana.alert.rule.uuid"):
        hosts = texts("host.name")
        if hosts:
            yield "same_rule_and_host", all_of([_keyword("kibana.alert.rule.uuid", rule), _keyword("host.name", hosts)])

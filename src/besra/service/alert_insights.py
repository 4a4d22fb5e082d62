"""Answers to what analysts ask about an alert: what led to it, how common it is, what else is like it.

Source: detection-engine.md 6.2 and 6.4. Every answer takes bounded time and memory and says if it is not whole.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any

from msgspec import Meta, Struct

from besra.detection.alert import Alert
from besra.detection.process import ProcessKey, process_of
from besra.detection.process_tree import ProcessNode, ProcessTree, TreeLimits, process_tree
from besra.events.document import Fields
from besra.events.event import Event
from besra.language.expr import Equals, FieldRef, Not, Predicate, Range
from besra.language.simplify import TRUE, all_of
from besra.schema.fieldtype import FieldType
from besra.schema.timestamp import NANOS, format_timestamp
from besra.service.alert_facts import (
    UUID,
    highlighted,
    related,
    source_events,
    stretch_of_events,
    time_of,
)
from besra.service.answering import RequestError
from besra.service.event_query import FoundEvent, Name, told_event
from besra.service.stretch import stretch_of
from besra.storage.alert_search import Search
from besra.storage.event_find import Finder, Stretch
from besra.storage.event_prevalence import prevalence
from besra.storage.event_rows import EventReader
from besra.storage.event_search import Deadline, SearchStoppedError
from besra.storage.space_alerts import SpaceAlerts

DAY = 86_400 * NANOS
BEFORE, AFTER = 7 * DAY, DAY
"""Time around an alert that is looked at unless somebody says otherwise."""
ALERTS_IN_TREE = 1000
MOST_EVENTS = 1000
"""Source events that are shown."""


class TimeQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The time that is looked at."""

    start: Annotated[Name | None, Meta(description="a date or date math; without it seven days before the alert")] = (
        None
    )
    end: Annotated[Name | None, Meta(description="as `start`; without it a day after the alert")] = None


class TreeQuery(TimeQuery, frozen=True, forbid_unknown_fields=True):
    """How much of a process tree is wanted."""

    ancestors: Annotated[int, Meta(ge=0, le=50, description="generations up")] = 10
    descendants: Annotated[int, Meta(ge=0, le=20, description="generations down")] = 5
    processes: Annotated[int, Meta(ge=1, le=1000, description="processes in all")] = 200
    story: Annotated[int, Meta(ge=0, le=1000, description="lines of the story")] = 100


class RelatedQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """How many related alerts are wanted."""

    size: Annotated[int, Meta(ge=0, le=100, description="alerts shown for each relation, the newest")] = 10


class ToldProcess(Struct, frozen=True):
    """A process; `level` counts generations from the one the alert is on, ancestors below 0.

    Of one that is not `seen` only its children tell. `events` counts its events by category.
    """

    id: str
    parent: str | None
    level: int
    name: str | None
    executable: str | None
    command_line: str | None
    pid: int | None
    user: str | None
    host: str | None
    start: str | None
    end: str | None
    seen: bool
    events: dict[str, int]
    alerts: tuple[str, ...]
    alert_count: int


class ToldLine(Struct, frozen=True):
    """An event of the tree, in plain words."""

    time: str | None
    process: str
    index: str
    id: str
    text: str


class ToldTree(Struct, frozen=True):
    """The process tree around an alert, each process behind its parent, and what happened, in order."""

    process: str
    processes: tuple[ToldProcess, ...]
    story: tuple[ToldLine, ...]
    is_whole: bool


class ToldPrevalence(Struct, frozen=True):
    """How common a value is; shares are those of hosts and users with any events in that time.

    `alerts` are about that time; null if there was no time left to count them.
    """

    field: str
    value: str
    alerts: int | None
    events: int
    hosts: int
    users: int
    share_of_hosts: float
    share_of_users: float


class PrevalenceFound(Struct, frozen=True):
    """How common the values of an alert are; values there was no room for are counted in `left_out`."""

    start: str
    end: str
    events: int
    hosts: int
    users: int
    is_whole: bool
    left_out: int
    fields: tuple[ToldPrevalence, ...]


class SourceEvents(Struct, frozen=True):
    """The events an alert is about. Those that are not stored any more are `missing`; of many some are `left_out`."""

    events: tuple[FoundEvent, ...]
    missing: tuple[str, ...]
    left_out: int


class ShortAlert(Struct, frozen=True):
    """An alert in short."""

    id: str
    timestamp: str
    rule_name: str
    severity: str
    status: str
    reason: str


class Relation(Struct, frozen=True):
    """Alerts that have something in common with the one asked about."""

    total: int
    alerts: tuple[ShortAlert, ...]


class RelatedFound(Struct, frozen=True):
    """Related alerts by what they have in common; `suppressed` alerts were folded into this one."""

    relations: dict[str, Relation]
    suppressed: int


@dataclass(frozen=True, slots=True)
class Insights:
    """Answers questions about the alerts of a space, each in so many seconds. Methods block."""

    alerts: SpaceAlerts
    reader: EventReader
    seconds: float

    def alert(self, id_: str) -> Alert:
        """An alert of the space. Raises RequestError (404)."""
        found = self.alerts.alerts([id_]).get(id_)
        if found is None:
            raise RequestError(404, f"there is no alert {id_[:100]!r}")
        return found

    # --- the process tree ---------------------------------------------------------------------------------------------

    def tree(self, alert: Alert, asked: TreeQuery, now: int) -> ToldTree:
        """The process tree around an alert. Raises RequestError (404) for one on no process."""
        time, deadline = _around(alert, asked, now), Deadline.after(self.seconds)
        limits = TreeLimits(asked.ancestors, asked.descendants, asked.processes, asked.story)
        is_whole = True
        with self.reader.snapshot() as snapshot:
            focus = self._focus(alert, deadline)
            find = Finder(snapshot, deadline, time)

            def found(condition: Predicate) -> Iterable[Event]:
                nonlocal is_whole
                try:
                    yield from find(condition)
                except SearchStoppedError:
                    is_whole = False

            def alerts(condition: Predicate) -> Iterable[Alert]:
                nonlocal is_whole
                page = self.alerts.search(Search(condition, size=ALERTS_IN_TREE))
                is_whole = is_whole and page.total <= ALERTS_IN_TREE
                return page.alerts

            tree = process_tree(focus, found, alerts, at=time_of(alert), limits=limits)
        return told_tree(tree, is_whole=is_whole and not tree.is_cut)

    def _focus(self, alert: Alert, deadline: Deadline) -> ProcessKey:
        """The process an alert is on: its own, else that of the last of its events with one."""
        key = process_of(Fields(alert))
        if key is None:
            events, _ = self._source_events(alert, deadline)
            keys = [process_of(Fields(event.source)) for event in events]
            key = next((found for found in reversed(keys) if found is not None), None)
        if key is None:
            what = "process.entity_id, or host.id, process.pid and process.start"
            raise RequestError(404, f"the alert is on no process that can be followed: it has no {what}")
        return key

    # --- prevalence ---------------------------------------------------------------------------------------------------

    def prevalence(self, alert: Alert, asked: TimeQuery, now: int) -> PrevalenceFound:
        """How common the values of an alert's highlighted fields are."""
        time, deadline = _around(alert, asked, now), Deadline.after(self.seconds)
        values, left_out = highlighted(alert)
        with self.reader.snapshot() as snapshot:
            found = prevalence(snapshot, values, time, deadline)
        hosts, users = len(found.all.hosts), len(found.all.users)
        told = []
        for value, spread in zip(values, found.values, strict=True):
            same = Equals(FieldRef(value.field, FieldType.KEYWORD), frozenset({value.value}))
            condition = all_of([*_alerts_within(time), same])
            alerts = None if deadline.is_over else self.alerts.count(condition)
            on, by = len(spread.hosts), len(spread.users)
            shares = on / hosts if hosts else 0.0, by / users if users else 0.0
            told.append(ToldPrevalence(value.field, value.value, alerts, spread.events, on, by, *shares))
        start, end = (format_timestamp(bound or 0) for bound in (time.start, time.end))
        is_whole = found.is_whole and all(one.alerts is not None for one in told)
        return PrevalenceFound(start, end, found.all.events, hosts, users, is_whole, left_out, tuple(told))

    # --- its events, and other alerts ---------------------------------------------------------------------------------

    def events(self, alert: Alert) -> SourceEvents:
        """The events an alert is about, in the order the alert names them. Raises RequestError (408)."""
        asked = source_events(alert)
        try:
            found, left_out = self._source_events(alert, Deadline.after(self.seconds))
        except SearchStoppedError as error:
            raise RequestError(408, str(error)) from error
        there = {event.id for event in found}
        missing = tuple(one.id for one in asked[:MOST_EVENTS] if one.id not in there)
        return SourceEvents(tuple(map(told_event, found)), missing, left_out)

    def _source_events(self, alert: Alert, deadline: Deadline) -> tuple[list[Event], int]:
        """The events that are stored, and how many were not looked for."""
        every = source_events(alert)
        asked = every[:MOST_EVENTS]
        ids, index = frozenset(one.id for one in asked), tuple(dict.fromkeys(one.index for one in asked))
        if not ids:
            return [], 0
        with self.reader.snapshot() as snapshot:
            find = Finder(snapshot, deadline, stretch_of_events(asked), index, ids)
            held = {(event.index[0], event.id): event for event in find(TRUE)}
            if len(held) < len(asked):  # the time of one may be another field's
                held |= {(event.index[0], event.id): event for event in replace(find, time=Stretch())(TRUE)}
        found = [held[one.index, one.id] for one in asked if (one.index, one.id) in held]
        return found, len(every) - len(asked)

    def related(self, alert: Alert, asked: RelatedQuery) -> RelatedFound:
        """Other alerts of the space that have something in common with an alert."""
        other = Not(Equals(FieldRef(UUID, FieldType.KEYWORD), frozenset({alert[UUID]})))
        relations = {}
        for name, condition in related(alert):
            page = self.alerts.search(Search(all_of([other, condition]), size=asked.size))
            relations[name] = Relation(page.total, tuple(map(short_alert, page.alerts)))
        suppressed = alert.get("kibana.alert.suppression.docs_count")
        return RelatedFound(relations, suppressed if isinstance(suppressed, int) else 0)


def _alerts_within(time: Stretch) -> Iterator[Predicate]:
    """That what an alert is about happened within a stretch of time."""
    field = FieldRef("kibana.alert.original_time", FieldType.DATE)
    bounds = ((">=", time.start), ("<=", time.end))
    return (Range(field, operator, bound) for operator, bound in bounds if bound is not None)


def _around(alert: Alert, asked: TimeQuery, now: int) -> Stretch:
    at = time_of(alert) or now
    given = stretch_of(asked.start, asked.end, now)
    start = at - BEFORE if given.start is None else given.start
    end = at + AFTER if given.end is None else given.end
    if start > end:
        raise RequestError(400, "start is not after end; without one of them the time of the alert counts")
    return Stretch(start, end)


def short_alert(alert: Alert) -> ShortAlert:
    """An alert in short."""

    def text(name: str) -> str:
        value: Any = alert.get(name)
        return value if isinstance(value, str) else ""

    own = ("timestamp", "rule.name", "severity", "workflow_status", "reason")
    names = ["@timestamp" if name == "timestamp" else f"kibana.alert.{name}" for name in own]
    return ShortAlert(alert[UUID], *map(text, names))


def told_tree(tree: ProcessTree, *, is_whole: bool) -> ToldTree:
    """A tree as it is told."""
    story = tuple(ToldLine(_time(line.time), line.process.name, line.index, line.id, line.text) for line in tree.story)
    return ToldTree(tree.focus.name, tuple(map(_process, tree.processes)), story, is_whole)


def _process(node: ProcessNode) -> ToldProcess:
    return ToldProcess(
        id=node.key.name,
        parent=None if node.parent is None else node.parent.name,
        level=node.level,
        name=node.name,
        executable=node.executable,
        command_line=node.command_line,
        pid=node.pid,
        user=node.user,
        host=node.host,
        start=_time(node.start),
        end=_time(node.end),
        seen=node.is_seen,
        events=dict(sorted(node.events.items())),
        alerts=tuple(node.alerts),
        alert_count=node.alert_count,
    )


def _time(time: int | None) -> str | None:
    return None if time is None else format_timestamp(time)

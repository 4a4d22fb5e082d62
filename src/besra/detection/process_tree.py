"""The process tree around a process, and what happened in it (interfaces.md 3, detection-engine.md 6.4).

A node is a process. Ancestors are those its events list, else found parent by parent; descendants generation by
generation, both up to a limit. Where events are does not matter: whoever asks passes a function that finds some by a
condition, which is called once for each generation and once more for what is told of the processes found.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import Any

from besra.detection.alert import Alert
from besra.detection.event_line import event_line
from besra.detection.process import (
    ANCESTRY,
    HOSTS,
    ProcessKey,
    ancestry_of,
    of_children,
    of_processes,
    parent_of,
    process_of,
)
from besra.events.document import Fields
from besra.events.event import Event
from besra.events.event_time import TIMESTAMP, parse_event_time
from besra.language.expr import Equals, FieldRef, Predicate
from besra.language.simplify import any_of
from besra.schema.fieldtype import FieldType, to_text

LATEST = 1 << 80
MOST_CANDIDATES = 20_000
"""Children of one generation that are compared before the nearest are taken."""
MOST_ALERTS = 20
"""Alerts named with one process; all are counted."""

Find = Callable[[Predicate], Iterable[Event]]
"""Finds the events of which a condition holds, each once, in any order."""


@dataclass(frozen=True, slots=True)
class TreeLimits:
    """How many generations up and down, how many processes in all, how many lines of story."""

    ancestors: int = 10
    descendants: int = 5
    processes: int = 200
    story: int = 100


DEFAULT_LIMITS = TreeLimits()


@dataclass(slots=True)
class ProcessNode:
    """A process, by its start or whatever event tells of it; times in nanoseconds since 1970.

    `level` counts generations from the process in question, ancestors below 0. If it `is_seen` there are events of it;
    of others only their children tell. `events` counts them by category, `alerts` are ids of alerts on them.
    """

    key: ProcessKey
    level: int
    parent: ProcessKey | None = None
    name: str | None = None
    executable: str | None = None
    command_line: str | None = None
    pid: int | None = None
    user: str | None = None
    host: str | None = None
    start: int | None = None
    end: int | None = None
    is_seen: bool = False
    events: Counter[str] = field(default_factory=Counter)
    alerts: list[str] = field(default_factory=list)
    alert_count: int = 0


@dataclass(frozen=True, slots=True)
class StoryLine:
    """An event of the tree in plain words; `time` in nanoseconds since 1970, None if it has none."""

    time: int | None
    process: ProcessKey
    index: str
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class ProcessTree:
    """The processes, every parent before its children; what happened, in order; whether a limit left something out."""

    focus: ProcessKey
    processes: tuple[ProcessNode, ...]
    story: tuple[StoryLine, ...]
    is_cut: bool = False


def process_tree(
    focus: ProcessKey,
    find: Find,
    alerts: Callable[[Predicate], Iterable[Alert]] = lambda _: (),
    *,
    at: int | None = None,
    limits: TreeLimits = DEFAULT_LIMITS,
) -> ProcessTree:
    """The tree around a process; of its story the lines nearest to the time `at`, or the first ones.

    Raises what `find` and `alerts` raise.
    """
    levels, is_cut = _levels(focus, find, limits)
    nodes = {key: ProcessNode(key, level) for key, level in levels.items()}
    story = _told(nodes, find, at, limits.story)
    for alert in alerts(any_of(of_processes(frozenset(nodes)))):
        key = process_of(Fields(alert))
        if key in nodes:
            nodes[key].alert_count += 1
            if len(nodes[key].alerts) < MOST_ALERTS:
                nodes[key].alerts.append(alert["kibana.alert.uuid"])
    return ProcessTree(focus, tuple(_in_order(nodes)), story, is_cut)


# --- which processes --------------------------------------------------------------------------------------------------


class _Parents:
    """What events say of the parents of processes: the start of one is believed first, then its first event."""

    def __init__(self) -> None:
        self._told: dict[ProcessKey, tuple[tuple[bool, int, str], ProcessKey]] = {}
        self.lists: dict[ProcessKey, tuple[ProcessKey, ...]] = {}

    def hear(self, event: Event) -> None:
        fields = Fields(event.source)
        own = process_of(fields)
        if own is None:
            return
        listed = ancestry_of(fields)
        if len(listed) > len(self.lists.get(own, ())):
            self.lists[own] = listed
        parent = parent_of(fields) or next(iter(listed), None)
        if parent is None or parent == own:
            return
        weight = not _is_start(fields), _time_or(fields, LATEST), event.id
        if own not in self._told or weight < self._told[own][0]:
            self._told[own] = weight, parent

    def of(self, key: ProcessKey) -> ProcessKey | None:
        told = self._told.get(key)
        return None if told is None else told[1]

    def ancestors(self, key: ProcessKey, most: int) -> Iterator[ProcessKey]:
        """The ancestors known so far, the nearest first, each once."""
        seen = {key}
        ahead = list(self.lists.get(key, ()))
        for _ in range(most):
            above = self.of(key)
            if above is None and ahead:
                above = ahead[0]
            if above is None or above in seen:
                return
            ahead = ahead[ahead.index(above) + 1 :] if above in ahead else list(self.lists.get(above, ()))
            seen.add(above)
            yield above
            key = above

    def children(self, keys: frozenset[ProcessKey]) -> list[ProcessKey]:
        """The children of some processes, in order of when they were first told of."""
        found = [(weight, own.name, own) for own, (weight, parent) in self._told.items() if parent in keys]
        return [own for *_, own in heapq.nsmallest(MOST_CANDIDATES, found, key=lambda item: (item[0][1], item[1]))]


def _levels(focus: ProcessKey, find: Find, limits: TreeLimits) -> tuple[dict[ProcessKey, int], bool]:
    """The processes of the tree with their generations, and whether a limit left some out."""
    parents = _Parents()
    above: dict[ProcessKey, int] = {}
    below: dict[ProcessKey, int] = {focus: 0}
    asked: set[ProcessKey] = set()
    generation, is_cut = frozenset({focus}), False
    for level in count(1):
        own = frozenset({focus, *above}) - asked
        down = generation if level <= limits.descendants else frozenset()
        conditions = [*of_processes(own), *of_children(down)]
        if level == 1 and focus.entity:  # all descendants at once, where they list their ancestors
            conditions.append(Equals(FieldRef(ANCESTRY, FieldType.KEYWORD), frozenset({focus.entity})))
        if not conditions:
            break
        for event in find(any_of(conditions)):
            parents.hear(event)
        asked |= own
        for distance, key in enumerate(parents.ancestors(focus, limits.ancestors), 1):
            if len(above) + len(below) < limits.processes:
                above.setdefault(key, -distance)
        born = [key for key in parents.children(down) if key not in below and key not in above]
        room = max(limits.processes - len(above) - len(below), 0)
        is_cut = is_cut or len(born) > room
        below |= dict.fromkeys(born[:room], level)
        generation = frozenset(born[:room])
    return {**above, **below}, is_cut


# --- what is told of them ---------------------------------------------------------------------------------------------


def _told(nodes: dict[ProcessKey, ProcessNode], find: Find, at: int | None, lines: int) -> tuple[StoryLine, ...]:
    """Fill in the nodes from their events; the story, the lines nearest to a time."""
    weights: dict[ProcessKey, tuple[int, int, str]] = {}
    nearest: list[tuple[int, str, str, StoryLine]] = []
    for event in find(any_of(of_processes(frozenset(nodes)))):
        fields = Fields(event.source)
        key = process_of(fields)
        if key not in nodes:
            continue
        node, time = nodes[key], _time_or(fields, None)
        _count(node, fields, time)
        weight = (0 if _is_start(fields) else 1), LATEST if time is None else time, event.id
        if key not in weights or weight < weights[key]:
            weights[key] = weight
            _describe(node, fields, "process")
            parent = parent_of(fields) or next(iter(ancestry_of(fields)), None)
            node.parent = parent if parent in nodes and parent != key else None
        above = parent_of(fields)
        if above in nodes and not nodes[above].is_seen and (above not in weights or weight < weights[above]):
            weights[above] = (2, weight[1], event.id)
            _describe(nodes[above], fields, "process.parent")
        if lines:
            home = event.index[0] if event.index else ""
            line = StoryLine(time, key, home, event.id, event_line(fields))
            distance = -LATEST if time is None else -abs(time - at) if at is not None else -time
            item = (distance, home, event.id, line)
            if len(nearest) < lines:
                heapq.heappush(nearest, item)
            elif item[:3] > nearest[0][:3]:
                heapq.heapreplace(nearest, item)
    _link(nodes)
    story = [item[3] for item in nearest]
    return tuple(sorted(story, key=lambda line: (LATEST if line.time is None else line.time, line.index, line.id)))


def _link(nodes: dict[ProcessKey, ProcessNode]) -> None:
    """Of ancestors that only others tell of, the next in line is the parent."""
    line = sorted((node for node in nodes.values() if node.level <= 0), key=lambda node: node.level)
    for upper, lower in pairwise(line):
        lower.parent = upper.key
    if line:
        line[0].parent = None


def _count(node: ProcessNode, fields: Fields, time: int | None) -> None:
    node.is_seen = True
    for category in dict.fromkeys(map(to_text, fields.scalars("event.category"))) or ("none",):
        node.events[category] += 1
    if time is not None and "end" in fields.scalars("event.type") and "process" in fields.scalars("event.category"):
        node.end = time if node.end is None else max(node.end, time)


def _describe(node: ProcessNode, fields: Fields, root: str) -> None:
    def text(name: str) -> str | None:
        values = fields.scalars(name)
        return to_text(values[0]) if values else None

    node.name = text(f"{root}.name") or node.name
    node.executable = text(f"{root}.executable") or node.executable
    node.command_line = text(f"{root}.command_line") or node.command_line
    numbers = fields.values(f"{root}.pid", FieldType.LONG)
    node.pid = int(numbers[0]) if numbers else node.pid  # type: ignore[arg-type]  # a LONG is an int
    if root == "process":
        node.user = text("user.name") or node.user
        started = _time(fields, "process.start")
        node.start = started if started is not None else _time(fields, TIMESTAMP) if _is_start(fields) else node.start
    else:
        started = _time(fields, f"{root}.start")
        node.start = node.start if started is None else started
    node.host = text("host.name") or text(HOSTS[0]) or node.host


def _in_order(nodes: dict[ProcessKey, ProcessNode]) -> Iterator[ProcessNode]:
    """Every process behind its parent, children by their start."""
    children: dict[ProcessKey | None, list[ProcessNode]] = {}
    for node in nodes.values():
        children.setdefault(node.parent, []).append(node)
    waiting, done = [None], set[ProcessKey | None]()
    stack: list[ProcessNode] = _by_start(children.get(waiting[0], []))
    while stack:
        node = stack.pop()
        if node.key in done:
            continue
        done.add(node.key)
        yield node
        stack += _by_start(children.get(node.key, []))
    yield from (node for key, node in nodes.items() if key not in done)  # parents of each other, by damaged events


def _by_start(nodes: list[ProcessNode]) -> list[ProcessNode]:
    return sorted(nodes, key=lambda node: (LATEST if node.start is None else node.start, node.key.name), reverse=True)


def _is_start(fields: Fields) -> bool:
    return "start" in fields.scalars("event.type") and "process" in fields.scalars("event.category")


def _time(fields: Fields, name: str) -> int | None:
    times = (parse_event_time(value) for value in fields.scalars(name))
    return next((time for time in times if time is not None), None)


def _time_or(fields: Fields, other: Any) -> Any:
    time = _time(fields, TIMESTAMP)
    return other if time is None else time

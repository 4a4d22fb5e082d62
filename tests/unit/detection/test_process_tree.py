"""The process tree: what is in it is what following parents by hand gives, whatever tells of them."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.detection.process import ProcessKey, parent_of, process_of
from besra.detection.process_tree import ProcessTree, TreeLimits, process_tree
from besra.engine.reference import holds
from besra.events.document import Fields
from besra.events.event import Event
from besra.language.expr import Predicate

SECOND = 1_000_000_000
Document = dict[str, Any]


def at(second: int) -> str:
    return f"2025-03-01T00:{second // 60:02}:{second % 60:02}Z"


def started(number: int, parent: int | None, **more: Any) -> Document:
    """The start of a process, second by its number."""
    process: Document = {"entity_id": f"e{number}", "name": f"p{number}.exe", "pid": number, **more}
    if parent is not None:
        process["parent"] = {"entity_id": f"e{parent}", "name": f"p{parent}.exe", "pid": parent}
    return {"@timestamp": at(number), "event": {"category": ["process"], "type": ["start"]}, "process": process}


def connected(number: int, second: int) -> Document:
    process = {"entity_id": f"e{number}", "name": f"p{number}.exe"}
    event = {"category": ["network"], "type": ["start"], "action": "connection_attempted"}
    return {
        "@timestamp": at(second),
        "event": event,
        "process": process,
        "destination": {"ip": "203.0.113.9", "port": 443},
    }


def finder(documents: Iterable[Document]) -> Callable[[Predicate], Iterator[Event]]:
    """Events of documents, judged one by one."""
    events = [Event(f"{number}", ("logs-x",), document) for number, document in enumerate(documents)]
    return lambda condition: (event for event in events if holds(condition, Fields(event.source)))


def names(tree: ProcessTree) -> list[tuple[int, str]]:
    return [(node.level, node.key.name) for node in tree.processes]


FAMILY = [started(1, 0), started(2, 1), started(3, 2), started(4, 2), started(5, 3), started(9, 8), connected(3, 20)]


def test_ancestors_and_descendants() -> None:
    tree = process_tree(ProcessKey("e2"), finder(FAMILY))
    assert names(tree) == [(-2, "e0"), (-1, "e1"), (0, "e2"), (1, "e3"), (2, "e5"), (1, "e4")]
    told = {node.key.name: node for node in tree.processes}
    assert not told["e0"].is_seen
    assert (told["e0"].name, told["e0"].pid) == ("p0.exe", 0)
    assert told["e3"].events == {"process": 1, "network": 1}
    assert told["e3"].parent == ProcessKey("e2")
    assert not tree.is_cut
    assert [line.text for line in tree.story][-1] == "p3.exe, connection_attempted: 203.0.113.9:443"
    assert tree.story[0].text == "p0.exe started p1.exe"


def test_listed_ancestors_need_no_events_of_their_own() -> None:
    listed = started(7, 6)
    listed["process"]["Ext"] = {"ancestry": ["e6", "e5", "e4"]}
    tree = process_tree(ProcessKey("e7"), finder([listed]))
    assert names(tree) == [(-3, "e4"), (-2, "e5"), (-1, "e6"), (0, "e7")]
    # From above, the middle is known of by the list alone: only those whose parents are told of are found.
    assert names(process_tree(ProcessKey("e6"), finder([listed]))) == [(0, "e6"), (1, "e7")]


def test_without_entity_ids_a_pid_and_its_start_on_a_host() -> None:
    def event(pid: int, second: int, parent: tuple[int, int] | None = None, host: str = "h") -> Document:
        process: Document = {"pid": pid, "name": f"p{pid}", "start": at(second)}
        if parent:
            process["parent"] = {"pid": parent[0], "start": at(parent[1])}
        return {
            "@timestamp": at(second + 1),
            "event": {"category": "process"},
            "process": process,
            "host": {"id": host},
        }

    documents = [event(1, 0), event(2, 5, (1, 0)), event(2, 40, (1, 0)), event(3, 6, (2, 5)), event(3, 6, (2, 5), "g")]
    focus = process_of(Fields(documents[1]))
    assert focus is not None
    tree = process_tree(focus, finder(documents))
    assert [(node.level, node.pid, node.host) for node in tree.processes] == [(-1, 1, "h"), (0, 2, "h"), (1, 3, "h")]
    assert focus.name == f"2@{at(5).removesuffix('Z')}.000Z on h"


@pytest.mark.parametrize("document", [{}, {"process": {"pid": 4}}, {"process": {"entity_id": ""}}, {"process": "x"}])
def test_events_of_no_process(document: Document) -> None:
    assert process_of(Fields(document)) is None
    assert parent_of(Fields(document)) is None


def test_limits() -> None:
    chain = [started(number, number - 1) for number in range(1, 30)]
    tree = process_tree(ProcessKey("e15"), finder(chain), limits=TreeLimits(3, 2, 100, 2))
    assert [level for level, _ in names(tree)] == [-3, -2, -1, 0, 1, 2]
    assert len(tree.story) == 2
    many = [started(1, None), *(started(number, 1) for number in range(2, 50))]
    tree = process_tree(ProcessKey("e1"), finder(many), limits=TreeLimits(processes=5))
    assert [name for _, name in names(tree)] == ["e1", "e2", "e3", "e4", "e5"]
    assert tree.is_cut


def test_the_story_is_what_is_nearest_to_the_alert() -> None:
    documents = [started(1, None), *(connected(1, second) for second in range(2, 60))]
    tree = process_tree(ProcessKey("e1"), finder(documents), at=1_740_787_230 * SECOND, limits=TreeLimits(story=3))
    assert [line.time for line in tree.story] == [(1_740_787_200 + second) * SECOND for second in (29, 30, 31)]


def test_alerts_are_with_their_processes() -> None:
    alerts = [{"kibana.alert.uuid": f"a{n}", "process": {"entity_id": "e2"}} for n in range(3)]
    tree = process_tree(ProcessKey("e1"), finder(FAMILY), lambda condition: alerts)
    assert {node.key.name: node.alerts for node in tree.processes if node.alerts} == {"e2": ["a0", "a1", "a2"]}


def test_parents_of_each_other_end() -> None:
    tree = process_tree(ProcessKey("e1"), finder([started(1, 2), started(2, 1), started(3, 3)]))
    assert sorted(name for _, name in names(tree)) == ["e1", "e2"]
    assert names(process_tree(ProcessKey("e3"), finder([started(3, 3)]))) == [(0, "e3")]


@given(st.data())
def test_a_tree_is_what_following_parents_by_hand_gives(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 12))
    parents = {n: data.draw(st.none() | st.integers(0, n - 1), label=f"parent of {n}") for n in range(1, size + 1)}
    documents = [started(n, parent) for n, parent in parents.items()]
    documents += [connected(data.draw(st.integers(1, size)), 50) for _ in range(data.draw(st.integers(0, 3)))]
    for document in documents:
        number = document["process"].get("pid", None)
        if number is not None and data.draw(st.booleans(), label="lists its ancestors"):
            line, above = [], parents[number]
            while above is not None:
                line.append(f"e{above}")
                above = parents.get(above)
            document["process"]["Ext"] = {"ancestry": line}
    focus = data.draw(st.integers(1, size))
    up, down = data.draw(st.integers(0, 4)), data.draw(st.integers(0, 4))
    documents = data.draw(st.permutations(documents))
    tree = process_tree(ProcessKey(f"e{focus}"), finder(documents), limits=TreeLimits(up, down))

    expected = {focus: 0}
    above, level = parents[focus], -1
    while above is not None and -level <= up:
        expected[above] = level
        above, level = parents.get(above), level - 1
    generation = [focus]
    for level in range(1, down + 1):
        generation = [n for n, parent in parents.items() if parent in generation]
        expected |= dict.fromkeys(generation, level)
    assert {node.key.name: node.level for node in tree.processes} == {f"e{n}": at for n, at in expected.items()}
    for node in tree.processes:
        number = int(node.key.name[1:])
        assert node.is_seen == (number in parents)
        wanted = parents.get(number)
        assert node.parent == (ProcessKey(f"e{wanted}") if wanted in expected else None)
        assert sum(node.events.values()) == sum(d["process"]["entity_id"] == f"e{number}" for d in documents)
    order = [node.key for node in tree.processes]
    assert all(node.parent is None or order.index(node.parent) < order.index(node.key) for node in tree.processes)

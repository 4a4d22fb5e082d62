"""Strongly connected components, against the definition."""

from hypothesis import given
from hypothesis import strategies as st

from besra.detection.components import components

GRAPHS = st.integers(1, 7).flatmap(
    lambda size: st.fixed_dictionaries({node: st.lists(st.integers(0, size - 1)) for node in range(size)})
)


def reached(graph: dict[int, list[int]], start: int) -> set[int]:
    """The nodes that arrows lead to, and the start."""
    found, waiting = {start}, [start]
    while waiting:
        new = set(graph[waiting.pop()]) - found
        found |= new
        waiting += new
    return found


@given(GRAPHS)
def test_components_are_nodes_reached_from_each_other(graph: dict[int, list[int]]) -> None:
    found = components(graph)
    assert sorted(node for component in found for node in component) == sorted(graph)
    place = {node: number for number, component in enumerate(found) for node in component}
    for node in graph:
        for other in reached(graph, node):
            assert place[other] <= place[node]
            assert (place[other] == place[node]) == (node in reached(graph, other))


def test_a_long_line_needs_no_recursion() -> None:
    line = {number: [number + 1] for number in range(5000)} | {5000: []}
    assert components(line) == tuple((number,) for number in reversed(range(5001)))

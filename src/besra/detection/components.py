"""Strongly connected components of a graph: nodes that are reached from each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


def components(arrows: Mapping[int, Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    """The components of a graph, each behind those its arrows lead to. Every node has its arrows in the mapping."""
    search = _Search(arrows)
    for node in arrows:
        if node not in search.number:
            search.visit(node)
    return tuple(search.done)


@dataclass(slots=True)
class _Search:
    """Tarjan's search for strongly connected components, without recursion."""

    arrows: Mapping[int, Sequence[int]]
    number: dict[int, int] = field(default_factory=dict)
    low: dict[int, int] = field(default_factory=dict)
    held: list[int] = field(default_factory=list)
    done: list[tuple[int, ...]] = field(default_factory=list)
    settled: set[int] = field(default_factory=set)

    def visit(self, root: int) -> None:
        path = [(root, iter(self._enter(root)))]
        while path:
            node, rest = path[-1]
            for other in rest:
                if other not in self.number:
                    path.append((other, iter(self._enter(other))))
                    break
                if other not in self.settled:
                    self.low[node] = min(self.low[node], self.number[other])
            else:
                path.pop()
                if path:
                    self.low[path[-1][0]] = min(self.low[path[-1][0]], self.low[node])
                if self.low[node] == self.number[node]:
                    self._settle(node)

    def _enter(self, node: int) -> Sequence[int]:
        self.number[node] = self.low[node] = len(self.number)
        self.held.append(node)
        return self.arrows[node]

    def _settle(self, node: int) -> None:
        place = self.held.index(node)
        self.settled.update(self.held[place:])
        self.done.append(tuple(self.held[place:]))
        del self.held[place:]

"""Metrics in the text form of Prometheus (version 0.0.4), and counting how long things take."""

import threading
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Seconds."""

Simple = Mapping[str, tuple[str, str, int]]
"""Metrics of one value: kind, meaning and value by name."""


class Histogram:
    """How often something took how many seconds. Any thread may tell it."""

    def __init__(self, bounds: Sequence[float] = BOUNDS) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self._sum = 0.0
        self._lock = threading.Lock()

    def observe(self, seconds: float, times: int = 1) -> None:
        """Count something that took so long. A clock that was set back makes it nothing, not less."""
        took = max(0.0, seconds)
        with self._lock:
            self._counts[bisect_left(self._bounds, took)] += times
            self._sum += took * times

    def text(self, name: str, meaning: str) -> str:
        """The metric under a name."""
        with self._lock:
            counts, total = list(self._counts), self._sum
        lines, below = [], 0
        for bound, count in zip((*map(str, self._bounds), "+Inf"), counts, strict=True):
            below += count
            lines.append(f'{name}_bucket{{le="{bound}"}} {below}')
        return _family(name, "histogram", meaning, [*lines, f"{name}_sum {total}", f"{name}_count {below}"])


def simple_text(metrics: Simple) -> str:
    """Metrics of one value each."""
    told = (_family(name, kind, meaning, [f"{name} {value}"]) for name, (kind, meaning, value) in metrics.items())
    return "".join(told)


def labelled_text(name: str, kind: str, meaning: str, label: str, values: Iterable[tuple[str, int]]) -> str:
    """A metric of several values, by what a label says."""
    return _family(name, kind, meaning, [f'{name}{{{label}="{_escaped(told)}"}} {value}' for told, value in values])


def _family(name: str, kind: str, meaning: str, lines: Iterable[str]) -> str:
    help_text = meaning.replace("\\", r"\\").replace("\n", r"\n")
    return "".join(f"{line}\n" for line in (f"# HELP {name} {help_text}", f"# TYPE {name} {kind}", *lines))


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")

"""CPU and wall time of a piece of work, and what is said of several runs of it."""

import gc
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds: of all threads and of child processes that have ended (`cpu`), and by the clock (`wall`)."""

    cpu: float
    wall: float

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.cpu + other.cpu, self.wall + other.wall)

    def per(self, count: int) -> "Cost":
        """The cost of one of so many."""
        return Cost(self.cpu / count, self.wall / count)


NOTHING = Cost(0, 0)


def cost_of(work: Callable[[], object]) -> Cost:
    """What a piece of work costs.

    Objects that are there before are left out of what Python looks through for garbage: thousands of rules that other
    measurements in this process need would be gone through again and again in the middle of this one.
    """
    gc.collect()
    gc.freeze()
    before, started = cpu_seconds(), time.perf_counter()
    work()
    return Cost(cpu_seconds() - before, time.perf_counter() - started)


def cpu_seconds() -> float:
    """Seconds of CPU, user and system, this process, its threads and its ended children have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


@dataclass(frozen=True, slots=True)
class Spread:
    """Several runs: the median, the least and the most."""

    median: float
    least: float
    most: float

    def __format__(self, form: str) -> str:
        if self.least == self.most:
            return format(self.median, form)
        return f"{self.median:{form}} ({self.least:{form}} to {self.most:{form}})"


def spread(values: Sequence[float]) -> Spread:
    """The spread of at least one run."""
    return Spread(statistics.median(values), min(values), max(values))


def ratios(over: Sequence[float], under: Sequence[float]) -> Spread:
    """The spread of the ratios run by run: what slows a machine down for a while bears on both sides alike."""
    return spread([a / b for a, b in zip(over, under, strict=True)])

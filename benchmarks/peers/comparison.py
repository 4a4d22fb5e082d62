"""besra beside another engine: the same single-event rules over the same events, matches before speeds.

Both count the events that match each rule, whatever the index. Rules of which the counts differ are named and left out
of the measurement, so that no engine is praised for work it does not do.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol, TypeVar

from benchmarks.besra_run import BesraRun, Counts
from benchmarks.measure import Cost, cost_of
from benchmarks.rule_sets import as_json
from benchmarks.selection import eql_rules, single_event
from benchmarks.variation import Planned

Rules = tuple[Planned, ...]
Item = TypeVar("Item")


class Loaded(Protocol):
    """An engine with rules and events in it, everything done that is not evaluation."""

    def run(self) -> Counts:
        """Evaluate; the number of events that match each rule, by rule id."""


class Peer(Protocol):
    """Another engine. It may prepare events and rules as it likes: only `Loaded.run` is compared."""

    def read(self, rules: Rules, path: Path) -> None:
        """Decode a file of events, keeping what these rules need of them."""

    def rejected(self, rules: Rules) -> dict[str, str]:
        """The ids of rules it cannot run on the events read, with the reason."""

    def load(self, rules: Rules, threads: int) -> Loaded:
        """Make it ready for rules it can run, over the events read, with so many threads or processes."""

    def why(self, rule: Planned) -> str:
        """Why its count of a rule may differ from besra's."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Rules by whether two engines found the same: ids that agree, and for the others both counts (besra's first)."""

    agreed: tuple[str, ...]
    differing: dict[str, tuple[int, int]]


def agreement(rule_ids: Sequence[str], ours: Counts, theirs: Counts) -> Agreement:
    """Which counts are the same; a rule without matches has none on both sides."""
    pairs = {rule_id: (ours.get(rule_id, 0), theirs.get(rule_id, 0)) for rule_id in rule_ids}
    agreed = tuple(rule_id for rule_id, (one, other) in pairs.items() if one == other)
    return Agreement(agreed, {rule_id: pair for rule_id, pair in pairs.items() if rule_id not in set(agreed)})


def compare(peer: Peer, parameters: dict[str, Any]) -> dict[str, Any]:
    """`rules`, `events` (a file of `count`), `repeats` and `cores` to matches and costs.

    An engine whose cost an event does not depend on their number may be given a `sample` of `sample count` of the
    events. Matches are compared on these, costs by event.
    """
    path, sample = Path(parameters["events"]), Path(parameters.get("sample", parameters["events"]))
    every = single_event(eql_rules(parameters["rules"]))
    reading = cost_of(lambda: peer.read(every, sample))
    rejected: dict[str, str] = {}
    trying = cost_of(lambda: rejected.update(peer.rejected(every)))
    taken = tuple(planned for planned in every if planned[0].rule_id not in rejected)
    ours, _ = besra_pass(taken, sample)
    found = agreement([rule.rule_id for rule, _ in taken], ours, peer.load(taken, 1).run())
    agreed = tuple(planned for planned in taken if planned[0].rule_id not in found.differing)
    costs = timed(peer, agreed, path, parameters["repeats"])
    loading = cost_of(lambda: peer.load(agreed, 1))
    if parameters["cores"] > 1:
        costs["peer, all cores"] = [cost_of(peer.load(agreed, parameters["cores"]).run)]
    return {
        "events": {"besra": parameters["count"], "peer": parameters.get("sample count", parameters["count"])},
        "rules": len(every),
        "rejected": rejected,
        "agreed": len(agreed),
        "matches": sum(ours.get(rule_id, 0) for rule_id in found.agreed),
        "differing": {
            rule.rule_id: {"name": rule.name, "besra": pair[0], "peer": pair[1], "why": peer.why((rule, plan))}
            for rule, plan in taken
            if (pair := found.differing.get(rule.rule_id))
        },
        "preparing events": as_json(reading),
        "preparing rules": as_json(trying + loading),
        "costs": {name: [as_json(cost) for cost in runs] for name, runs in costs.items()},
    }


def timed(peer: Peer, rules: Rules, path: Path, repeats: int) -> dict[str, list[Cost]]:
    """The costs of both on rules they agree on, one core each, in turns."""
    loaded = peer.load(rules, 1)
    besra_pass(rules, path)  # may load kernels
    costs: dict[str, list[Cost]] = {"besra": [], "peer": []}
    for _ in range(repeats):
        costs["besra"].append(besra_pass(rules, path)[1])
        costs["peer"].append(cost_of(loaded.run))
    return costs


def besra_pass(rules: Rules, path: Path) -> tuple[Counts, Cost]:
    """What besra finds and what it costs: reading, decoding, evaluation and counting matches, cold values."""
    run = BesraRun(rules, match_index=False)
    cost = run.scan(path) + run.count()
    return run.matches, cost


def forked(work: Callable[[Sequence[Item]], Counts], items: Sequence[Item], processes: int) -> Counts:
    """The counts of all items, each process of this machine's taking an equal part; one does without a fork."""
    if processes == 1:
        return work(items)
    context = get_context("fork")
    answers = context.SimpleQueue()
    children = [
        context.Process(target=lambda part: answers.put(work(part)), args=(items[number::processes],))
        for number in range(processes)
    ]
    for child in children:
        child.start()
    total: Counts = {}
    for _ in children:
        for rule_id, count in answers.get().items():
            total[rule_id] = total.get(rule_id, 0) + count
    for child in children:
        child.join()
    return total

"""What each rule of a job cost: its clauses, their scripts, what was kept of them, its correlation and alerts."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from besra.detection.detect import Job, RuleHits
from besra.detection.execution import Execution
from besra.engine.leaf_cost import LeafCost
from besra.engine.profile import Phase, Profile, shared_out
from besra.engine.profiling import choose_clock
from besra.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class RuleCost:
    """CPU seconds of one rule, and how much there was of what.

    `candidates` is the share of batches in which its clauses could fire, all of them taken together. `found` are the
    rows its clauses held for, `left` those after the semi-join. `patterns` is an estimate: what its leaves add
    (`engine.leaf_cost`), each divided among the rules that have it. `keep` is its share, by rows found, of that phase.
    """

    rule: Rule
    clauses: int
    candidates: float
    found: int
    left: int
    matches: int
    fire: float
    scripts: float
    patterns: float
    keep: float
    conclude: float

    @property
    def seconds(self) -> float:
        """All together."""
        return self.fire + self.scripts + self.patterns + self.keep + self.conclude


@dataclass(frozen=True, slots=True)
class Concluded:
    """The execution of a rule and the CPU seconds it took."""

    execution: Execution
    seconds: float


def timed(executions: Callable[[], Iterable[Execution]]) -> Iterator[Concluded]:
    """Executions with the time each took to make. The first is made twice: what it loads is not its cost."""
    clock = choose_clock()
    next(iter(executions()), None)
    start = clock()
    for execution in executions():
        yield Concluded(execution, clock() - start)
        start = clock()


def rule_costs(
    job: Job, profile: Profile, hits: RuleHits, concluded: Sequence[Concluded], leaves: Sequence[LeafCost]
) -> list[RuleCost]:
    """The cost of every rule, the costliest first."""
    costs, count = profile.costs, len(job.rules)
    clauses: list[list[int]] = [[] for _ in range(count)]
    for number, clause in enumerate(profile.pack.clauses):
        clauses[clause.entry].append(number)
    rows = costs.clauses.rows.tolist()
    kept = shared_out(profile.phases.get(Phase.KEEP, 0.0), rows)
    patterns = _patterns(profile, leaves)
    by_rule = {done.execution.rule.rule_id: done for done in concluded}
    found = []
    for position, (rule, _) in enumerate(job.rules):
        mine = clauses[position]
        done = by_rule.get(rule.rule_id)
        looked = sum(costs.clauses.ran[number] for number in mine)
        cost = RuleCost(
            rule,
            clauses=len(mine),
            candidates=float(looked / (costs.batches * len(mine))) if costs.batches and mine else 0.0,
            found=sum(rows[number] for number in mine),
            left=len(hits[position]),
            matches=done.execution.total_matches if done else 0,
            fire=sum(profile.clause_seconds[number] for number in mine),
            scripts=float(sum(costs.clauses.scripts[number] for number in mine)),
            patterns=patterns.get(position, 0.0),
            keep=sum(kept[number] for number in mine),
            conclude=done.seconds if done else 0.0,
        )
        found.append(cost)
    return sorted(found, key=lambda cost: (-cost.seconds, cost.rule.name, cost.rule.rule_id))


def _patterns(profile: Profile, leaves: Sequence[LeafCost]) -> Mapping[int, float]:
    """What leaves add, by entry."""
    seconds: dict[int, float] = {}
    for cost in leaves:
        users = profile.users[cost.leaf]
        for entry in users:
            seconds[entry] = seconds.get(entry, 0.0) + cost.seconds / len(users)
    return seconds

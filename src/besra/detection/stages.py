"""In which order rules run: those over alerts behind those whose alerts they may read."""

from collections.abc import Sequence
from dataclasses import dataclass

from besra.detection.alert_event import reads_alerts
from besra.detection.components import components
from besra.detection.feeding import KnownFields, may_read
from besra.language.plan import Plan
from besra.problems import Place, Problem, Severity
from besra.rules.rule import Rule

Planned = tuple[Rule, Plan]

Cycle = tuple[int, ...]
"""Rules by position that may read each other's alerts, one after the other; nearly always one alone."""


@dataclass(frozen=True, slots=True)
class Stages:
    """The rules over alerts, by position, in an order in which they can run; those of a cycle together.

    All other rules run before them. `unfed` are those whose alerts no rule makes.
    """

    cycles: tuple[Cycle, ...]
    unfed: tuple[int, ...] = ()

    @property
    def readers(self) -> frozenset[int]:
        """The rules over alerts."""
        return frozenset(position for cycle in self.cycles for position in cycle)


NO_STAGES = Stages(())
"""Those of rules of which none is over alerts."""


def stages_of(rules: Sequence[Planned]) -> Stages:
    """The stages of some rules; but for their positions the same for every order of the rules."""
    readers = [position for position, (rule, plan) in enumerate(rules) if reads_alerts(rule, plan)]
    if not readers:
        return NO_STAGES
    readers.sort(key=lambda position: rules[position][0].rule_id)
    known = [KnownFields(rule) for rule, _ in rules]

    def feeds(feeder: int, reader: int) -> bool:
        return feeder != reader and may_read(rules[reader][1], known[feeder])

    feeders = {reader: [feeder for feeder in readers if feeds(feeder, reader)] for reader in readers}
    others = [position for position in range(len(rules)) if position not in feeders]
    unfed = (reader for reader, found in feeders.items() if not found and not any(feeds(o, reader) for o in others))
    return Stages(components(feeders), tuple(unfed))


def stage_problems(rules: Sequence[Planned], stages: Stages) -> list[Problem]:
    """What is to be said about the order: cycles, and rules over alerts that nobody makes."""
    named = [[rules[position][0] for position in cycle] for cycle in stages.cycles if len(cycle) > 1]
    found = [_cycle_problem(sorted(cycle, key=lambda rule: (rule.name, rule.rule_id))) for cycle in named]
    return [*found, *(_unfed_problem(rules[position][0]) for position in stages.unfed)]


def _cycle_problem(cycle: Sequence[Rule]) -> Problem:
    names = [f'"{rule.name}"' for rule in cycle]
    message = f"{', '.join(names[:-1])} and {names[-1]} may read each other's alerts"
    hint = "they run in turns; let one leave out the other's: not kibana.alert.rule.rule_id : ..."
    return Problem("rule-cycle", message, Severity.WARNING, Place(cycle[0].path), hint)


def _unfed_problem(rule: Rule) -> Problem:
    message = f'rule "{rule.name}" is over alerts that no rule of this scan makes'
    hint = "run the rules it is about as well (--rules, --severity, --tag and --rule choose); alerts in the input count"
    return Problem("rule-unfed", message, Severity.WARNING, Place(rule.path), hint)

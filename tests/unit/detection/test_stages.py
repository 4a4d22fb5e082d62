"""The order of rules over alerts, cycles, and rules that nobody feeds."""

from itertools import permutations
from typing import Any

from tests.unit.detection.conftest import MakeRules
from tests.unit.detection.test_conclude import ALERTS, BOTH, SHELLS, of, rule

from besra.detection.stages import NO_STAGES, Stages, stage_problems, stages_of
from besra.problems import Severity
from besra.rules.ruleset import RuleSet


def order(rules: RuleSet) -> list[str]:
    """The names of the rules over alerts, those of a cycle as one text."""
    stages = stages_of(rules.runnable)
    return ["".join(sorted(rules.runnable[position][0].name for position in cycle)) for cycle in stages.cycles]


def test_rules_over_events_have_no_stages(make_rules: MakeRules) -> None:
    rules = make_rules(SHELLS, rule("B", "any where kibana.alert.uuid != null", ["*"]))
    assert stages_of(rules.runnable) is NO_STAGES
    assert not NO_STAGES.readers


def test_a_rule_runs_behind_those_it_reads_in_any_order_of_rules(make_rules: MakeRules) -> None:
    changes = [SHELLS, rule("B", of("D"), ALERTS), rule("C", of("A"), ALERTS), rule("D", of("A", "C"), BOTH)]
    for some in permutations(changes):
        assert order(make_rules(*some)) == ["C", "D", "B"]


def test_those_of_a_cycle_are_together(make_rules: MakeRules) -> None:
    rules = make_rules(
        rule("E", of("D"), ALERTS),
        rule("D", of("C"), ALERTS),
        rule("C", of("A", "B"), ALERTS),
        rule("B", of("C", "F"), ALERTS),
        rule("F", of("X"), ALERTS),
    )
    assert order(rules) == ["F", "BC", "D", "E"]


def test_a_rule_that_could_read_itself_is_no_cycle(make_rules: MakeRules) -> None:
    rules = make_rules(SHELLS, rule("B", "any where true", ALERTS))
    stages = stages_of(rules.runnable)
    assert stages == Stages(((1,),))
    assert stage_problems(rules.runnable, stages) == []


def problems(rules: RuleSet) -> list[Any]:
    return stage_problems(rules.runnable, stages_of(rules.runnable))


def test_a_cycle_is_told_once_with_the_names_of_its_rules(make_rules: MakeRules) -> None:
    three = [rule("C", of("B"), BOTH), rule("B", of("A"), BOTH), rule("A", of("C"), BOTH)]
    for some in permutations(three):
        (problem,) = problems(make_rules(*some))
        assert (problem.code, problem.severity) == ("rule-cycle", Severity.WARNING)
        assert problem.message == '"A", "B" and "C" may read each other\'s alerts'
        assert problem.place.path.endswith("rules.ndjson")


def test_a_rule_that_nobody_feeds(make_rules: MakeRules) -> None:
    rules = make_rules(SHELLS, rule("B", of("A"), ALERTS), rule("C", of("X"), ALERTS), rule("D", of("D"), ALERTS))
    told = problems(rules)
    assert {problem.code for problem in told} == {"rule-unfed"}
    assert [problem.message.split('"')[1] for problem in told] == ["C", "D"]

"""Rules and events for tests of detection."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.detection.indicators import IP
from tests.unit.rules.samples import rule_of

from besra.rules.ruleset import RuleSet, load_rules

MakeRules = Callable[..., RuleSet]


@pytest.fixture
def make_rules(tmp_path: Path) -> MakeRules:
    """A rule set of rules written as changes to a sample rule."""

    def make(*changes: dict[str, Any]) -> RuleSet:
        file = tmp_path / "rules.ndjson"
        file.write_text("\n".join(json.dumps(rule_of("eql", **change)) for change in changes or [{}]), "utf-8")
        rules = load_rules(file)
        assert len(rules.ready) == len(changes or [{}]), [problem.render() for problem in rules.problems]
        return rules

    return make


@pytest.fixture
def make_indicator_rule(tmp_path: Path) -> MakeRules:
    """A rule set of one indicator match rule with some fields changed, mapped by groups of entries."""

    def make(*groups: list[dict[str, Any]], **changes: Any) -> RuleSet:
        mapping = [{"entries": group} for group in groups or [[IP]]]
        file = tmp_path / "rule.ndjson"
        rule = rule_of("threat_match", query="*:*", threat_mapping=mapping, name="Known to be bad", **changes)
        file.write_text(json.dumps(rule), "utf-8")
        rules = load_rules(file)
        assert len(rules.ready) == 1, [problem.render() for problem in rules.problems]
        return rules

    return make

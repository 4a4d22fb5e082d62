"""The example rules: of every type that runs, each with tests beside it, and those hold."""

import json
import tomllib
from collections import Counter
from collections.abc import Mapping
from importlib import resources
from typing import Any

import pytest

import besra
from besra.rules.loaded import RuleSet
from besra.rules.rule import RuleStatus
from besra.rules.ruleset import load_rules
from besra.rules.shipped import TESTS

FOLDER = resources.files("besra.rules.examples")
KINDS = {"positive", "near-miss", "negative"}
Json = dict[str, Any]

ALL = load_rules("examples")
BY_FILE = {str(loaded.path).partition("/")[2]: loaded for loaded in ALL}


def given_for(file: str) -> Json:
    return tomllib.loads(FOLDER.joinpath(file.removesuffix(".toml") + TESTS).read_text("utf-8"))


CASES = [(file, case) for file in sorted(BY_FILE) for case in given_for(file)["case"]]


def test_all_are_ready_and_nothing_is_wrong_with_them() -> None:
    assert len(ALL) >= 30
    problems = [problem.render() for problem in ALL.problems]
    assert problems == []
    assert {loaded.status for loaded in ALL} == {RuleStatus.READY}
    types = Counter(loaded.type for loaded in ALL)
    assert types.keys() == {"eql", "query", "saved_query", "threshold", "new_terms", "threat_match"}
    assert all(loaded.rule and loaded.rule.parameters["license"] == "Apache-2.0" for loaded in ALL)


@pytest.mark.parametrize("file", sorted(BY_FILE))
def test_each_has_given_for_every_kind(file: str) -> None:
    assert {case["kind"] for case in given_for(file)["case"]} == KINDS


@pytest.mark.parametrize(("file", "case"), CASES, ids=[f"{file}: {case['name']}" for file, case in CASES])
def test_they_find_what_their_tests_say(file: str, case: Json) -> None:
    given = given_for(file)
    rules = RuleSet(tuple(BY_FILE[name] for name in (file, *given.get("with", ()))))
    common = json.loads(given.get("common", "{}"))
    events = [merged(common, document) for document in documents(case["events"])]
    more = {"indicators": documents(case["indicators"])} if "indicators" in case else {}
    alerts = besra.detect(rules, events, index=given.get("index"), now=NOW, **more)
    shown = [alert for alert in alerts if "kibana.alert.building_block_type" not in alert]
    assert len(shown) == case["alerts"]


NOW = 1_774_000_000_000_000_000


def documents(text: str) -> list[Json]:
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> Json:
    """The upper document over the lower; objects of both are merged."""
    both = {key for key in above if isinstance(above[key], dict) and isinstance(below.get(key), dict)}
    return {**below, **above, **{key: merged(below[key], above[key]) for key in both}}

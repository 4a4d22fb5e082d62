"""KQL over a large public rule collection and the documents made for it, read in place."""

import json
from functools import cache
from typing import Any

import pytest
from tests.shared import SHARED, needs_shared

from besra.engine.reference import holds
from besra.events.document import Fields
from besra.language.kuery.lower import lower_kuery_expression
from besra.language.kuery.parser import parse_kuery
from besra.language.kuery.printer import print_kuery
from besra.rules.rule import Rule
from besra.rules.toml import parse_toml
from besra.schema.catalogue import bundled_catalogue

DATA = SHARED / "data"
NOW = 1_773_740_534_000_000_000
SAMPLE = 8
"""Of so many rules the documents of one are evaluated."""
STARRED = {"2af7f1d7-d02c-476f-a130-e17ea4e556e6", "563a38e9-9790-4a6a-8889-24d26055b832"}
"""Rules with a quoted `"*"`, which is a plain character; the documents were made by one who takes it for a wildcard."""

pytestmark = needs_shared


@cache
def kql_rules() -> tuple[Rule, ...]:
    files = sorted((DATA / "rules").rglob("*.toml"))
    rules = [parse_toml(text).rule for text in (file.read_text("utf-8") for file in files) if '"kuery"' in text]
    return tuple(rule for rule in rules if rule and rule.query and rule.parameters.get("language") == "kuery")


def test_every_query_parses_prints_and_lowers() -> None:
    rules = kql_rules()
    assert len(rules) > 400
    warned = set()
    for rule in rules:
        texts = [rule.query.text if rule.query else "", str(rule.parameters.get("threat_query", ""))]
        for text in texts:
            query = parse_kuery(text)
            assert parse_kuery(print_kuery(query)) == query
            warned |= {warning.code for warning in lower_kuery_expression(query, bundled_catalogue(), now=NOW).warnings}
    # Four rules name fields by patterns that no bundled schema holds.
    assert warned == {"kql-fields"}


@cache
def manifest() -> dict[str, Any]:
    entries = json.loads((DATA / "rule-events" / "manifest.json").read_text("utf-8"))["rules"]
    return {entry["rule_id"]: entry for entry in entries}


def documents(kind: str, rule: Rule) -> list[dict[str, Any]]:
    file = DATA / "rule-events" / kind / f"{rule.rule_id}.ndjson"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.is_file() else []


@pytest.mark.parametrize("first", [0, SAMPLE // 2])
def test_documents_match_as_they_were_made_to(first: int) -> None:
    seen = 0
    for rule in kql_rules()[first::SAMPLE]:
        entry = manifest().get(str(rule.rule_id))
        if entry is None or rule.query is None or rule.rule_id in STARRED:
            continue
        lowered = lower_kuery_expression(parse_kuery(rule.query.text), bundled_catalogue(), now=NOW)
        positive, negative = (
            [holds(lowered.predicate, Fields(d)) for d in documents(k, rule)] for k in ("positive", "negative")
        )
        assert all(any(positive[line] for line in lines) for lines in entry["sets"]), rule.name
        assert not any(negative[line] for item in entry["negative_sets"] for line in item["lines"]), rule.name
        seen += 1
    assert seen > 30

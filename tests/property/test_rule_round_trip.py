"""Rules and exceptions written in one form and read again are what they were, whatever they hold."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rules.exception_samples import CONTAINER, ENTRIES, ITEM, ndjson
from tests.unit.rules.samples import TYPES, rule_of

from besra.rules.convert import Form, convert
from besra.rules.exception_toml import connectors_to_toml, exceptions_to_toml, parse_exception_toml
from besra.rules.fields import specs_of
from besra.rules.loaded import RuleSet
from besra.rules.ndjson import json_text, parse_ndjson, rule_to_json, rules_to_ndjson
from besra.rules.rule import Rule, RuleType
from besra.rules.ruleset import load_rules
from besra.rules.toml import parse_toml, rule_to_toml

TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\"'\\\n\r\t#.=[]"), max_size=12)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXT


def json_of(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        SCALARS | texts,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=12,
    )


JSON = json_of(TEXT)
OBJECTS = st.dictionaries(TEXT, JSON, max_size=4)
ATTACK = st.fixed_dictionaries(
    {"id": TEXT, "name": TEXT, "reference": st.sampled_from(["", "https://example.org/a", "https://example.org/a/"])},
    optional={"note": JSON},
)
THREATS = st.lists(
    st.fixed_dictionaries(
        {"framework": st.just("MITRE ATT&CK"), "tactic": ATTACK},
        optional={"technique": st.none() | st.lists(ATTACK, max_size=2)},
    ),
    max_size=2,
)
NOTES = st.lists(
    st.sampled_from(["# Triage", "## Setup", "## setup ##", "### More", "", "$investigate_0", "!{osquery{}}", "text"]),
    max_size=6,
).map("\n".join)
METADATA = {"creation_date": "2026/01/02", "updated_date": "2026/01/03", "maturity": "production"}
META = st.none() | OBJECTS | OBJECTS.map(lambda own: {**own, **METADATA})
KNOWN = st.fixed_dictionaries(
    {},
    optional={
        "note": NOTES,
        "setup": st.none() | NOTES,
        "threat": st.none() | THREATS,
        "meta": META,
        "tags": st.none() | st.lists(TEXT, max_size=3),
        "risk_score": st.sampled_from([47, 47.0]),
        "actions": st.lists(OBJECTS, max_size=2),
        "filters": st.lists(OBJECTS, max_size=2),
        "throttle": st.none(),
        "transform": JSON,
        "threat_mappings": JSON,
        "new_terms": JSON,
        "exceptions_list": st.just(
            [{"id": "u", "list_id": "trusted", "type": "detection", "namespace_type": "single"}]
        ),
    },
)
NAMES = {name for rule_type in RuleType for name in specs_of(rule_type)}
UNKNOWN = st.dictionaries(TEXT.filter(lambda name: name not in NAMES), JSON, max_size=4)
FIELDS = st.builds(lambda unknown, known: {**unknown, **known}, UNKNOWN, KNOWN)
TYPE_NAMES = st.sampled_from(list(TYPES))


def canonical(value: object) -> str:
    """Text that is equal for equal JSON only: 1, 1.0 and true differ."""
    return json.dumps(value, sort_keys=True)


def read(text: str) -> Rule:
    (item,) = parse_ndjson(text).rules
    assert item.rule, [problem.render() for problem in item.problems]
    return item.rule


def read_toml(text: str) -> Rule:
    rule = parse_toml(text).rule
    assert rule
    return rule


@given(TYPE_NAMES, FIELDS)
def test_a_rule_survives_every_form(type_name: str, fields: dict[str, Any]) -> None:
    written = rule_of(type_name, **{**fields, **TYPES[type_name]})
    first = read(json.dumps(written))
    assert canonical(rule_to_json(first)) == canonical(written)
    assert canonical(rule_to_json(read(rules_to_ndjson([first])))) == canonical(written)
    assert canonical(rule_to_json(read(json_text([rule_to_json(first)], indent=2)))) == canonical(written)

    toml = rule_to_toml(first)
    again = read_toml(toml)
    assert canonical(rule_to_json(again, include_metadata=True)) == canonical(written)
    assert rule_to_toml(again) == toml


@given(TYPE_NAMES, UNKNOWN, OBJECTS)
def test_a_rule_from_toml_survives_an_export_with_metadata(
    type_name: str, fields: dict[str, Any], own: dict[str, Any]
) -> None:
    rule = read_toml(rule_to_toml(read(json.dumps(rule_of(type_name, **fields, meta={**own, **METADATA})))))
    again = read(rules_to_ndjson([rule], include_metadata=True))

    assert rule.metadata.items() >= METADATA.items()
    assert rule_to_toml(again) == rule_to_toml(rule)


@given(st.lists(OBJECTS, max_size=3), st.lists(OBJECTS, max_size=3), st.lists(OBJECTS, max_size=3))
def test_exceptions_and_connectors_survive_toml(
    lists: list[dict[str, Any]], items: list[dict[str, Any]], connectors: list[dict[str, Any]]
) -> None:
    containers = [{**CONTAINER, **own} for own in lists]
    entries = [{**ITEM, **own, "list_id": "trusted"} for own in items]
    found = parse_exception_toml(exceptions_to_toml(containers, entries))

    assert found.problems == ()
    documents = [document.parameters for document in found.documents]
    assert canonical(sorted(documents, key=canonical)) == canonical(sorted([*containers, *entries], key=canonical))
    assert canonical(parse_exception_toml(connectors_to_toml(connectors)).connectors) == canonical(connectors)


EXPORT = [
    rule_of(rule_id="a", throttle=None, note="# Guide\n\n## Setup\n\nInstall it.", meta={"from": "4m"}),
    rule_of("new_terms", rule_id="b", mystery={"n": [None, 1.0, {}], "é": []}),
    rule_of("threshold", rule_id="c", actions=[{"id": "c1", "params": {"body": None}}]),
    CONTAINER,
    CONTAINER | {"list_id": "Trusted!", "namespace_type": "agnostic", "meta": None},
    CONTAINER | {"namespace_type": "agnostic"},
    ITEM | {"comments": [{"comment": "a\nb", "id": None}], "besra": {"scope": "step:1"}},
    ITEM | {"item_id": "b", "list_id": "Trusted!", "entries": list(ENTRIES.values())},
    ITEM | {"item_id": "c", "list_id": "elsewhere", "entries": []},
    {"id": "c1", "type": "action", "attributes": {"name": "hook", "secrets": None}, "references": []},
]


def objects(text: str) -> list[str]:
    """The objects of an export or a list without the line that counts them."""
    values = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
    return sorted(canonical(value) for value in values if "exported_count" not in value)


def converted(rules: RuleSet, form: Form, folder: Path) -> RuleSet:
    for file in convert(rules, form, include_metadata=True):
        path = folder / file.file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, "utf-8")
        assert file.problems == ()
    return load_rules(folder)


def test_a_folder_is_the_same_after_every_way_around(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "e.ndjson").write_text(ndjson([*EXPORT, *EXPORT[3:]]), "utf-8")
    rules = load_rules(tmp_path / "first")
    expected = sorted(map(canonical, EXPORT))
    forms: list[Form] = ["toml", "json", "toml", "ndjson", "json", "ndjson"]
    for number, form in enumerate(forms):
        rules = converted(rules, form, tmp_path / str(number))
        assert objects(convert(rules, "ndjson")[0].text) == expected
        assert objects(convert(rules, "json")[0].text) == expected

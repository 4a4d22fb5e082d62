"""Rules from one form into another, as texts with the names of the files they belong in."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from besra.rules.loaded import RuleSet
from besra.rules.ndjson import rules_to_ndjson
from besra.rules.rule import Rule
from besra.rules.toml import rule_to_toml

Form = Literal["ndjson", "toml"]
NOT_IN_FILE_NAMES = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Converted:
    """A text and the name of the file it belongs in."""

    file_name: str
    text: str


def convert(rule_set: RuleSet, to: Form, *, include_metadata: bool = False) -> tuple[Converted, ...]:
    """All valid rules of a set in another form: one NDJSON export, or one TOML text a rule.

    Exception lists, their items and connectors go into the export; TOML has no place for them. `include_metadata` keeps
    the TOML `[metadata]` in an export, under `meta`, where reading the export finds it again.
    """
    rules = [loaded.rule for loaded in rule_set if loaded.rule]
    if to == "toml":
        texts = (rule_to_toml(rule) for rule in rules)
        return tuple(Converted(name, text) for name, text in zip(_file_names(rules), texts, strict=True))
    text = rules_to_ndjson(
        rules,
        exception_lists=rule_set.exception_lists,
        exception_items=rule_set.exception_items,
        connectors=rule_set.connectors,
        include_metadata=include_metadata,
    )
    return (Converted("rules_export.ndjson", text),)


def _file_names(rules: Iterable[Rule]) -> list[str]:
    """The rules' names in snake case; a name used before gets the rule id behind it."""
    names: list[str] = []
    for rule in rules:
        name = _file_name(rule.name)
        names.append(f"{name}_{_file_name(rule.rule_id)}" if name in names else name)
    return [f"{name}.toml" for name in names]


def _file_name(text: str) -> str:
    return NOT_IN_FILE_NAMES.sub("_", text.lower()).strip("_")[:100] or "rule"

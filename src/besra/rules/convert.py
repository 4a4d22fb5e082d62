"""Rules from one form into another, as texts with the names of the files they belong in."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Literal

from besra.problems import Place, Problem, Severity
from besra.rules.exception_toml import connectors_to_toml, exceptions_to_toml
from besra.rules.loaded import RuleSet
from besra.rules.ndjson import Json, holds_surrogate, json_text, rule_to_json, rules_to_ndjson
from besra.rules.toml import rule_to_toml

Form = Literal["ndjson", "json", "toml"]
FOLDER = "exceptions"
CONNECTORS = "action_connectors"
NOT_IN_FILE_NAMES = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Converted:
    """A text and the name of the file it belongs in; `problems` are what the form could not hold."""

    file_name: str
    text: str
    problems: tuple[Problem, ...] = ()


def convert(rule_set: RuleSet, to: Form, *, include_metadata: bool = False) -> tuple[Converted, ...]:
    """All valid rules of a set in another form: an NDJSON export, a JSON list as the API gives, or TOML files.

    Exception lists, their items and connectors go along: in the export and the list behind the rules, as TOML into a
    folder of their own, a file a list. Equal ones are written once. `include_metadata` keeps the TOML `[metadata]`
    under `meta`, where reading the export finds it again.
    """
    rules = [loaded.rule for loaded in rule_set if loaded.rule]
    lists, items = _once(rule_set.exception_lists), _once(rule_set.exception_items)
    connectors = _once(rule_set.connectors)
    match to:
        case "ndjson":
            text = rules_to_ndjson(
                rules,
                exception_lists=lists,
                exception_items=items,
                connectors=connectors,
                include_metadata=include_metadata,
            )
            return (Converted("rules_export.ndjson", text),)
        case "json":
            objects = [rule_to_json(rule, include_metadata=include_metadata) for rule in rules]
            return (Converted("rules.json", json_text([*objects, *lists, *items, *connectors], indent=2) + "\n"),)
        case "toml":
            names = _distinct((rule.name, rule.rule_id) for rule in rules)
            files = (
                _toml(f"{name}.toml", rule_to_toml(rule), rule.parameters)
                for name, rule in zip(names, rules, strict=True)
            )
            return (*files, *_exception_files(lists, items, connectors))


def _once(values: Iterable[Json]) -> list[Json]:
    """The values without those equal to an earlier one: a list comes with every export of a rule that uses it."""
    found: dict[str, Json] = {}
    for value in values:
        found.setdefault(json.dumps(value, sort_keys=True), value)
    return list(found.values())


def _toml(name: str, text: str, content: object) -> Converted:
    if not holds_surrogate(content):
        return Converted(name, text)
    message = "half a surrogate pair, which no text file can hold, became U+FFFD"
    hint = "keep the export, or correct the text in it"
    return Converted(name, text, (Problem("toml-surrogate", message, Severity.WARNING, Place(name), hint),))


def _exception_files(lists: Sequence[Json], items: Sequence[Json], connectors: Sequence[Json]) -> Iterator[Converted]:
    """A TOML file for each list with its items, and one for all connectors."""
    ids = list(dict.fromkeys(_list_id(value) for value in (*lists, *items)))
    connector_file, *list_files = _distinct([(CONNECTORS, ""), *((list_id, "exceptions") for list_id in ids)])
    for name, list_id in zip(list_files, ids, strict=True):
        containers, own = ([value for value in values if _list_id(value) == list_id] for values in (lists, items))
        yield _toml(f"{FOLDER}/{name}.toml", exceptions_to_toml(containers, own), [containers, own])
    if connectors:
        yield _toml(f"{FOLDER}/{connector_file}.toml", connectors_to_toml(connectors), connectors)


def _list_id(value: Json) -> str:
    return str(value.get("list_id"))


def _distinct(names: Iterable[tuple[str, str]]) -> list[str]:
    """Names in snake case, each with something to put behind it where the name has been used."""
    found: list[str] = []
    for name, other in names:
        plain = _file_name(name)
        tries = chain([plain, f"{plain}_{_file_name(other)}"], (f"{plain}_{number}" for number in count(2)))
        found.append(next(text for text in tries if text not in found))
    return found


def _file_name(text: str) -> str:
    return NOT_IN_FILE_NAMES.sub("_", text.lower()).strip("_")[:100] or "rule"

"""Elastic's rule TOML: `[metadata]`, `[rule]`, optional `[transform]` (detection-engine.md 1.1)."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from besra.problems import Place, Problem, Severity
from besra.rules.build import parse_rule
from besra.rules.document import ParsedRule, RuleDocument, failed
from besra.rules.guide import render_guide, restore_placeholders, split_setup
from besra.rules.location import Locations
from besra.rules.rule import Rule
from besra.rules.toml_content import decode_toml
from besra.rules.tomltext import toml_table

ALIASES = MappingProxyType(
    {
        "new_terms_fields": ("rule", "new_terms", "value"),
        "history_window_start": ("rule", "new_terms", "history_window_start", 0, "value"),
    }
)
TABLES = ("metadata", "rule", "transform")
LAST = ("note", "setup", "query")
"""Long texts come after the short fields, the query where the eye lands."""


def parse_toml(text: str, path: str | None = None) -> ParsedRule:
    """The rule of a TOML text. Its problems point at lines and columns of the text."""
    decoded = decode_toml(text, path)
    if isinstance(decoded, Problem):
        return failed(decoded)
    content, locations = decoded
    if not isinstance(content.get("rule"), dict):
        hint = "a rule file has the tables [metadata] and [rule]"
        return failed(Problem("rule-not-a-rule", "there is no [rule] table", place=Place(path, 1), hint=hint))
    return parse_rule(_document(content, replace(locations, root=("rule",), aliases=ALIASES)))


def _document(content: dict[str, Any], locations: Locations) -> RuleDocument:
    table = dict(content["rule"])
    transform = content.get("transform")
    toml_only = {name: value for name, value in content.items() if name not in ("metadata", "rule")}
    if "threat_mappings" in table:
        toml_only["threat_mappings"] = table.pop("threat_mappings")
    metadata = content.get("metadata")
    parameters, missing = api_form(table, transform if isinstance(transform, dict) else {})
    problems = [
        Problem(
            "rule-note-placeholder",
            f"the note names {placeholder}, and [transform] has no such entry",
            Severity.WARNING,
            locations.place_of_word(("note",), placeholder),
        )
        for placeholder in missing
    ]
    for name in content.keys() - set(TABLES):
        message = f"[{name}] is not a table of a rule file; it is kept, and has no effect"
        place = Locations(locations.text, locations.path, locations.at).place((name,))
        problems.append(Problem("rule-unknown-field", message, Severity.WARNING, place))
    known = metadata if isinstance(metadata, dict) else {}
    return RuleDocument(parameters, locations, known, toml_only, tuple(problems))


def api_form(table: Mapping[str, Any], transform: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The API form of a `[rule]` table, and the placeholders of its note that name no entry of `transform`.

    Values of an unexpected type are passed on as they are: judging them is not this function's business.
    """
    parameters = dict(table)
    missing: tuple[str, ...] = ()
    if isinstance(parameters.get("note"), str):
        if not parameters.get("setup"):
            rest, setup = split_setup(parameters["note"])
            parameters |= {"note": rest, "setup": setup} if setup else {}
        parameters["note"], missing = render_guide(parameters["note"], transform)
    if isinstance(parameters.get("new_terms"), dict):
        parameters |= _flat_new_terms(parameters.pop("new_terms"))
    if isinstance(parameters.get("threat"), list):
        parameters["threat"] = [_with_techniques(entry) for entry in parameters["threat"]]
    return parameters, missing


def _flat_new_terms(nested: dict[str, Any]) -> dict[str, Any]:
    history = nested.get("history_window_start")
    if isinstance(history, list) and history and isinstance(history[0], dict):
        history = history[0].get("value")
    flat = {"new_terms_fields": nested.get("value"), "history_window_start": history}
    return {name: value for name, value in flat.items() if value is not None}


def _with_techniques(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    return _with_slashes({**entry, "technique": entry.get("technique", [])})


def _with_slashes(value: Any) -> Any:
    """All `reference` members end in a slash (detection-engine.md 1.4)."""
    match value:
        case dict():
            changed = {key: _with_slashes(item) for key, item in value.items()}
            reference = changed.get("reference")
            return changed | {"reference": f"{reference.rstrip('/')}/"} if isinstance(reference, str) else changed
        case list():
            return [_with_slashes(item) for item in value]
    return value


def rule_to_toml(rule: Rule) -> str:
    """The rule as TOML text; parsing it gives the same parameters, metadata and transform.

    Metadata that an NDJSON export carries under `meta` becomes `[metadata]` again.
    """
    table = {name: value for name, value in rule.parameters.items() if value is not None}
    transform = rule.toml_only.get("transform")
    if isinstance(table.get("note"), str) and isinstance(transform, dict):
        table["note"] = restore_placeholders(table["note"], transform)
    if "new_terms_fields" in table and "history_window_start" in table:
        table["new_terms"] = _nested_new_terms(table.pop("new_terms_fields"), table.pop("history_window_start"))
    if "threat" in table:
        table["threat"] = [_without_empty_techniques(entry) for entry in table["threat"]]
    if "meta" in table:
        table["meta"] = {key: value for key, value in table["meta"].items() if rule.metadata.get(key) != value}
        table = table if table["meta"] else {name: value for name, value in table.items() if name != "meta"}
    if "threat_mappings" in rule.toml_only:
        table["threat_mappings"] = rule.toml_only["threat_mappings"]
    rest = {name: value for name, value in rule.toml_only.items() if name not in ("threat_mappings", "transform")}
    parts: dict[str, Any] = {"metadata": dict(rule.metadata)} if rule.metadata else {}
    parts |= {"transform": transform} if transform else {}
    return toml_table(parts | {"rule": _in_order(table)} | rest) + "\n"


def _nested_new_terms(fields: Any, history: Any) -> dict[str, Any]:
    window = [{"field": "history_window_start", "value": history}]
    return {"field": "new_terms_fields", "value": fields, "history_window_start": window}


def _without_empty_techniques(entry: Any) -> Any:
    # The reader puts the empty list back.
    return {key: value for key, value in entry.items() if key != "technique" or value}


def _in_order(table: Mapping[str, Any]) -> dict[str, Any]:
    last = [name for name in LAST if name in table]
    return {name: table[name] for name in [*sorted(table.keys() - set(last)), *last]}

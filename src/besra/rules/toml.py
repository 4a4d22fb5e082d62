"""Elastic's rule TOML: `[metadata]`, `[rule]`, optional `[transform]` (detection-engine.md 1.1).

A rule of the API may say what this form cannot, or what reading it would change: nulls, a guide with a setup section,
an entry of `threat` without techniques. Then a table `[besra]` tells: `form = "api"` means that `[rule]` is the rule as
the API has it, and `null` is explained in `toml_exact`.
"""

from collections.abc import Iterator, Mapping
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
from besra.rules.toml_exact import (
    API,
    FORM,
    NULL,
    TABLE,
    exact_problems,
    exact_table,
    nulls_in,
    put_nulls,
    without_nulls,
)
from besra.rules.tomltext import toml_table

ALIASES = MappingProxyType(
    {
        "new_terms_fields": ("rule", "new_terms", "value"),
        "history_window_start": ("rule", "new_terms", "history_window_start", 0, "value"),
    }
)
TABLES = ("metadata", "rule", "transform", TABLE)
REPOSITORY_ONLY = "threat_mappings"
"""A member of `[rule]` that is no field of a rule; of a rule in API form it has a table of its own."""
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
    aliases = ALIASES if isinstance(content["rule"].get("new_terms"), dict) else {}
    return parse_rule(_document(content, replace(locations, root=("rule",), aliases=aliases)))


def _document(content: dict[str, Any], locations: Locations) -> RuleDocument:
    exact = exact_table(content)
    toml_only = {name: value for name, value in content.items() if name not in ("metadata", "rule", TABLE)}
    metadata = content.get("metadata")
    table: dict[str, Any] = dict(content["rule"])
    missing: tuple[str, ...] = ()
    if exact.get(FORM) != API:
        if REPOSITORY_ONLY in table:
            toml_only[REPOSITORY_ONLY] = table.pop(REPOSITORY_ONLY)
        transform = content.get("transform")
        table, missing = api_form(table, transform if isinstance(transform, dict) else {})
    lost = put_nulls(table, exact)
    problems = [*_placeholders(missing, locations), *_table_problems(content, lost, locations)]
    return RuleDocument(table, locations, metadata if isinstance(metadata, dict) else {}, toml_only, tuple(problems))


def _placeholders(missing: tuple[str, ...], locations: Locations) -> Iterator[Problem]:
    for placeholder in missing:
        message = f"the note names {placeholder}, and [transform] has no such entry"
        place = locations.place_of_word(("note",), placeholder)
        yield Problem("rule-note-placeholder", message, Severity.WARNING, place)


def _table_problems(content: Mapping[str, Any], lost: list[int], locations: Locations) -> Iterator[Problem]:
    top = replace(locations, root=())
    is_api_form = exact_table(content).get(FORM) == API
    for name in sorted(content.keys() - {*TABLES, *([REPOSITORY_ONLY] if is_api_form else [])}):
        message = f"[{name}] is not a table of a rule file; it is kept, and has no effect"
        yield Problem("rule-unknown-field", message, Severity.WARNING, top.place((name,)))
    yield from exact_problems(content, lost, top)


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

    Metadata that an NDJSON export carries under `meta` becomes `[metadata]` again. Half a surrogate pair, which no text
    file can hold, becomes U+FFFD.
    """
    parameters = _without_metadata(rule)
    plain: dict[str, Any] = without_nulls(parameters)
    transform = rule.toml_only.get("transform")
    exact: dict[str, Any] = {NULL: nulls} if (nulls := nulls_in(parameters)) else {}
    table = _repository_form(plain, transform if isinstance(transform, dict) else {})
    others = dict(rule.toml_only)
    if table is None:
        table, exact = plain, {FORM: API, **exact}
    elif REPOSITORY_ONLY in others:
        table[REPOSITORY_ONLY] = others.pop(REPOSITORY_ONLY)
    parts: dict[str, Any] = {"metadata": metadata} if (metadata := _metadata(rule)) else {}
    parts |= {"transform": others.pop("transform")} if "transform" in others else {}
    parts |= {"rule": _in_order(table)} | others
    return toml_table(parts | ({TABLE: exact} if exact else {})) + "\n"


def _without_metadata(rule: Rule) -> dict[str, Any]:
    """The parameters without what `[metadata]` will say instead of `meta`. What holds nulls stays, to be told of."""
    meta = rule.parameters.get("meta")
    if not isinstance(meta, dict) or not meta or not rule.metadata:
        return dict(rule.parameters)
    told = _metadata(rule)
    rest = {name: value for name, value in meta.items() if name not in told or told[name] != value}
    return {name: value for name, value in {**rule.parameters, "meta": rest}.items() if name != "meta" or rest}


def _metadata(rule: Rule) -> dict[str, Any]:
    return {name: value for name, value in rule.metadata.items() if not nulls_in(value)}


def _repository_form(parameters: Mapping[str, Any], transform: Mapping[str, Any]) -> dict[str, Any] | None:
    """The `[rule]` table that reading turns into these parameters; None if there is none."""
    table = dict(parameters)
    if isinstance(table.get("note"), str):
        table["note"] = restore_placeholders(table["note"], transform)
    if "new_terms_fields" in table and "history_window_start" in table:
        table["new_terms"] = _nested_new_terms(table.pop("new_terms_fields"), table.pop("history_window_start"))
    if isinstance(table.get("threat"), list):
        table["threat"] = [_without_empty_techniques(entry) for entry in table["threat"]]
    exists = REPOSITORY_ONLY not in table and api_form(table, transform)[0] == parameters
    return table if exists else None


def _nested_new_terms(fields: Any, history: Any) -> dict[str, Any]:
    window = [{"field": "history_window_start", "value": history}]
    return {"field": "new_terms_fields", "value": fields, "history_window_start": window}


def _without_empty_techniques(entry: Any) -> Any:
    # The reader puts the empty list back.
    if not isinstance(entry, dict):
        return entry
    return {key: value for key, value in entry.items() if key != "technique" or value}


def _in_order(table: Mapping[str, Any]) -> dict[str, Any]:
    last = [name for name in LAST if name in table]
    return {name: table[name] for name in [*sorted(table.keys() - set(last)), *last]}

"""Does an object have the fields it must, each of the right kind and within its bounds? The table says which.

Rules and exception lists are checked alike (detection-engine.md 1.2, 1.3, 4.1).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from difflib import get_close_matches
from typing import Any

from besra.errors import DateMathError
from besra.problems import Problem
from besra.rules.document import RuleDocument, field_text
from besra.rules.fields import FieldSpec, Kind, Specs
from besra.rules.location import FieldPath
from besra.schema.datemath import parse_date_math, parse_duration


def object_problems(
    document: RuleDocument, values: Mapping[str, Any], specs: Specs, at: FieldPath
) -> Iterator[Problem]:
    """The problems of the fields of one object, which stands at `at` in its document."""
    for name, spec in specs.items():
        # The API treats null as absent.
        value, here = values.get(name), (*at, name)
        if value is not None:
            yield from _value_problems(document, value, spec, here)
        elif spec.required:
            message = f"{field_text(here)} is missing"
            yield document.problem("rule-missing-field", message, here, hint=f"set it to {_example(name, spec)}")


def _value_problems(document: RuleDocument, value: Any, spec: FieldSpec, at: FieldPath) -> Iterator[Problem]:
    expected = _mismatch(value, spec.kind)
    if expected:
        message = f"{field_text(at)} must be {expected}, not {_shown(value)}"
        yield document.problem("rule-bad-type", message, at, hint=_type_hint(value, spec.kind))
        return
    if spec.choices and value not in spec.choices:
        message = f"{field_text(at)} must be {_listed(spec.choices)}, not {_shown(value)}"
        hint = did_you_mean(str(value).lower(), spec.choices)
        yield document.problem("rule-bad-enum", message, at, hint=hint)
        return
    wrong = _bad_value(value, spec)
    if wrong:
        yield document.problem("rule-bad-value", f"{field_text(at)} {wrong}", at, hint=_value_hint(at[-1], spec))
    if spec.fields:
        items = [(value, at)] if spec.kind is Kind.OBJECT else [(item, (*at, i)) for i, item in enumerate(value)]
        for item, here in items:
            yield from object_problems(document, item, spec.fields, here)


def _is_integer(value: Any) -> bool:
    return not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))


def _is_strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _is_string(value: Any) -> bool:
    return isinstance(value, str)


CHECKS: Mapping[Kind, tuple[Callable[[Any], bool], str]] = {
    Kind.STRING: (_is_string, "a string"),
    Kind.TEXT: (_is_string, "a string"),
    Kind.DURATION: (_is_string, 'a string such as "5m"'),
    Kind.DATE_MATH: (_is_string, 'a string such as "now-9m"'),
    Kind.STRINGS: (_is_strings, "a list of strings"),
    Kind.STRING_OR_STRINGS: (lambda value: _is_string(value) or _is_strings(value), "a string or a list of strings"),
    Kind.INTEGER: (_is_integer, "an integer"),
    Kind.BOOLEAN: (lambda value: isinstance(value, bool), "true or false"),
    Kind.OBJECT: (lambda value: isinstance(value, dict), "an object"),
    Kind.OBJECTS: (_is_objects, "a list of objects"),
}


def _mismatch(value: Any, kind: Kind) -> str | None:
    fits, expected = CHECKS[kind]
    return None if fits(value) else expected


def _bad_value(value: Any, spec: FieldSpec) -> str | None:
    """What is wrong with a value of the right type, as the rest of a sentence."""
    match spec.kind:
        case Kind.TEXT if not value.strip():
            return "is empty"
        case Kind.INTEGER if spec.low is not None and value < spec.low:
            return f"is {value}; the least is {spec.low}"
        case Kind.INTEGER if spec.high is not None and value > spec.high:
            return f"is {value}; the most is {spec.high}"
        case Kind.DURATION:
            return _bad_interval(value)
        case Kind.DATE_MATH:
            return _bad_date_math(value)
    return None


def _bad_interval(value: str) -> str | None:
    if value.endswith("ms"):
        return f"is {value!r}; the units of a schedule are s, m, h and d"
    try:
        length = parse_duration(value)
    except ValueError as error:
        return f"cannot be used: {error}"
    return None if length > timedelta(0) else f"is {value!r}; a rule cannot run that often"


def _bad_date_math(value: str) -> str | None:
    try:
        parse_date_math(value, 0)
    except DateMathError as error:
        return f"cannot be used: {error.problem.message}"
    return None


def _type_hint(value: Any, kind: Kind) -> str | None:
    if kind is Kind.STRINGS and isinstance(value, str):
        return f"write [{value!r}]".replace("'", '"')
    if kind is Kind.INTEGER and isinstance(value, str) and value.isdigit():
        return f"write {value} without quotes"
    if kind in (Kind.STRING, Kind.TEXT) and isinstance(value, (int, float)):
        return f'write "{json.dumps(value)}", in quotes'
    if kind is Kind.OBJECTS and isinstance(value, dict):
        return "write a list with this one object in it"
    return None


def _value_hint(name: str | int, spec: FieldSpec) -> str | None:
    """The hint for a value out of bounds. What is wrong with an integer says which will do."""
    if spec.kind is Kind.INTEGER:
        return None
    remove = "" if spec.required else ", or leave the field out"
    return f"set it to {_example(str(name), spec)}{remove}"


def _example(name: str, spec: FieldSpec) -> str:
    if spec.choices:
        return f'"{spec.choices[0]}"' if len(spec.choices) == 1 else f"one of {_listed(spec.choices)}"
    examples = {
        Kind.STRINGS: '["…"]',
        Kind.STRING_OR_STRINGS: '["…"]',
        Kind.INTEGER: "47" if name == "risk_score" else "1",
        Kind.DURATION: '"5m"',
        Kind.DATE_MATH: '"now-9m"' if name == "from" else '"now-7d"',
        Kind.OBJECT: "{…}",
        Kind.OBJECTS: "[{…}]",
    }
    return examples.get(spec.kind, '"…"')


def _shown(value: Any) -> str:
    if isinstance(value, str):
        text = f'"{value}"'
        return text if len(text) <= 60 else text[:58] + '…"'
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "an object"
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _listed(choices: tuple[str, ...]) -> str:
    *most, last = choices
    return f"{', '.join(most)} or {last}" if most else last


def did_you_mean(word: str, known: tuple[str, ...] | Specs) -> str | None:
    """The hint that names what a misspelt word may have been meant to be."""
    close = get_close_matches(word, [str(name) for name in known], n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else None

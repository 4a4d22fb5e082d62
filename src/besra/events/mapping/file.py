"""Mapping files in TOML: read, checked, and made sources.

    [[source]]
    name = "acme-proxy"
    dataset = "acme.proxy"
    when = { product = "acme-proxy", action = ["allow", "deny*"] }

    [source.fields]
    "source.ip" = "client"
    "event.category" = { value = ["network"] }
    "user.name" = { from = "account", lower = true }

A file with an error gives no source, so that nobody relies on half of a mapping. The form is this project's own.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from besra.errors import MappingError
from besra.events.mapping.condition import Condition
from besra.events.mapping.mapped_source import Fill, MappedSource
from besra.events.mapping.step import After, Lower, Split, Step, Time, Translate, Unit, is_time_form
from besra.language.glob import eql_glob
from besra.problems import Place, Problem
from besra.rules.location import FieldPath, Locations
from besra.rules.toml_content import decode_toml

TABLE = "source"
SOURCE_KEYS = frozenset({"name", "dataset", "when", "fields", "keep", "also", "unless"})
FILL_KEYS = frozenset({"from", "value", "when", "lower", "split", "after", "translate", "time"})
STEPS = ("time", "after", "split", "translate", "lower")
"""In the order in which they are taken, whatever the order in the file."""

NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
DATASET = re.compile(r"[a-z0-9][a-z0-9_]*(?:\.[a-z0-9_]+)*")
FIELD = re.compile(r"@?[^.\s]+(?:\.[^.\s]+)*")


@dataclass(frozen=True, slots=True)
class MappingFile:
    """The sources of a mapping file, or why there are none."""

    sources: tuple[MappedSource, ...] = ()
    problems: tuple[Problem, ...] = ()


class _Wrong(Exception):  # noqa: N818  it never leaves this module
    """Something in the file cannot be used."""

    def __init__(self, at: FieldPath, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.at = at
        self.hint = hint


def load_mapping(path: str | Path) -> MappingFile:
    """The sources of a mapping file. What is wrong with it is a problem with its place."""
    try:
        text = Path(path).read_text("utf-8")
    except OSError as error:
        message = f"the mapping cannot be read: {error.strerror}"
        return MappingFile(problems=(Problem("mapping-unreadable", message, place=Place(str(path))),))
    except UnicodeDecodeError:
        message = "the mapping is not UTF-8 text"
        return MappingFile(problems=(Problem("mapping-unreadable", message, place=Place(str(path))),))
    return parse_mapping(text, str(path))


def load_mappings(paths: Iterable[str | Path]) -> tuple[MappedSource, ...]:
    """The sources of mapping files. Raises MappingError, with all problems, if one of the files cannot be used."""
    files = [load_mapping(path) for path in paths]
    problems = [problem for file in files for problem in file.problems]
    if problems:
        raise MappingError(*problems)
    return tuple(source for file in files for source in file.sources)


def parse_mapping(text: str, path: str | None = None) -> MappingFile:
    """The sources of the text of a mapping file."""
    decoded = decode_toml(text, path)
    if isinstance(decoded, Problem):
        return MappingFile(problems=(decoded,))
    content, locations = decoded
    tables = content.get(TABLE)
    found: list[MappedSource] = []
    problems: list[Problem] = []
    if not isinstance(tables, list) or not tables:
        place, hint = locations.place((TABLE,)), "write one [[source]] for each kind of record"
        return MappingFile(problems=(Problem("mapping-invalid", "there is no [[source]]", place=place, hint=hint),))
    problems += [_told(_Wrong((name,), f"{name} means nothing here"), locations) for name in content.keys() - {TABLE}]
    for number, table in enumerate(tables):
        try:
            found.append(_source(table, (TABLE, number)))
        except _Wrong as wrong:
            problems.append(_told(wrong, locations))
    return MappingFile((), tuple(problems)) if problems else MappingFile(tuple(found))


def _told(wrong: _Wrong, locations: Locations) -> Problem:
    return Problem("mapping-invalid", str(wrong), place=locations.place(wrong.at), hint=wrong.hint)


def _source(table: Any, at: FieldPath) -> MappedSource:
    _known_keys(_object(table, at), SOURCE_KEYS, at)
    name = _matching(table, "name", NAME, at, "small letters, digits, - and _")
    dataset = _matching(table, "dataset", DATASET, at, "small letters, digits and _, parted by dots")
    when = tuple(_conditions(table.get("when"), (*at, "when")))
    if not when:
        raise _Wrong((*at, "when"), "when has no condition", 'say what its records have: when = { product = "x" }')
    keep = table.get("keep", name.replace("-", "_"))
    fields = _object(table.get("fields"), (*at, "fields"))
    return MappedSource(
        name,
        dataset,
        when,
        tuple(
            (_field(key, (*at, "fields", key)), _fills(value, (*at, "fields", key))) for key, value in fields.items()
        ),
        _field(keep, (*at, "keep")),
        _texts(table, "also", at),
        _texts(table, "unless", at),
    )


def _fills(value: Any, at: FieldPath) -> tuple[Fill, ...]:
    """The ways to fill a field: the name of a field of the record, a table, or a list of those."""
    if isinstance(value, list):
        return tuple(_fill(item, (*at, number)) for number, item in enumerate(value))
    return (_fill(value, at),)


def _fill(value: Any, at: FieldPath) -> Fill:
    if isinstance(value, str):
        return Fill(_field(value, at))
    hint = 'write the name of a field of the record, { from = "…" } or { value = … }'
    if not isinstance(value, dict):
        raise _Wrong(at, f"a field cannot be filled with {value!r}", hint)
    _known_keys(value, FILL_KEYS, at)
    if ("from" in value) == ("value" in value):
        raise _Wrong(at, "a field is filled from one thing: from or value", hint)
    when = tuple(_conditions(value["when"], (*at, "when"))) if "when" in value else ()
    if "value" not in value:
        steps = tuple(_step(name, value[name], (*at, name)) for name in STEPS if name in value)
        return Fill(_field(value["from"], (*at, "from")), None, tuple(step for step in steps if step), when)
    if wrong := [name for name in STEPS if name in value]:
        raise _Wrong((*at, wrong[0]), f"{wrong[0]} has nothing to work on: a value stays as it is")
    if not _is_value(value["value"]):
        raise _Wrong((*at, "value"), "a value is text, a number, true or false, or a list of them")
    return Fill(None, value["value"], (), when)


def _is_value(value: Any) -> bool:
    items = value if isinstance(value, list) else [value]
    return all(isinstance(item, (str, int, float, bool)) for item in items)


def _step(name: str, value: Any, at: FieldPath) -> Step | None:
    match name, value:
        case "lower", bool():
            return Lower() if value else None
        case "split", str() if value:
            return Split(value)
        case "after", str() if value:
            return After(value)
        case "translate", dict() if all(_is_value(word) and not isinstance(word, list) for word in value.values()):
            return Translate(value)
        case "time", str() if value in tuple(Unit) or is_time_form(value):
            return Time(Unit(value) if value in tuple(Unit) else value)
    raise _Wrong(at, f"{name} cannot be {value!r}", STEP_HINTS[name])


STEP_HINTS = {
    "lower": "write lower = true",
    "split": 'name the separator, or split = "windows" for a Windows command line',
    "after": 'name the separator, as in after = "/"',
    "translate": 'write translate = { old = "new", "*" = "for all others" }',
    "time": f'write one of {", ".join(Unit)}, or a form such as "%d/%b/%Y:%H:%M:%S %z"',
}


def _conditions(value: Any, at: FieldPath) -> Iterator[Condition]:
    for field, wanted in _object(value, at).items():
        place = (*at, field)
        name = _field(field, place)
        if wanted is True:
            yield Condition(name)
            continue
        items = wanted if isinstance(wanted, list) else [wanted]
        if not items or not all(isinstance(item, (str, int)) for item in items):
            hint = "write a text (with * and ?), a number, a list of those, or true for a field that has to exist"
            raise _Wrong(place, f"the condition on {field} cannot be used", hint)
        yield Condition(name, tuple(eql_glob(str(item)) for item in items))


def _known_keys(table: Mapping[str, Any], known: frozenset[str], at: FieldPath) -> None:
    for name in sorted(table.keys() - known):
        raise _Wrong((*at, name), f"{name} means nothing here", f"what can stand here: {', '.join(sorted(known))}")


def _object(value: Any, at: FieldPath) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _Wrong(at, f"{at[-1]} is missing or no table")
    return value


def _field(value: Any, at: FieldPath) -> str:
    if not isinstance(value, str) or not FIELD.fullmatch(value):
        raise _Wrong(at, f"{value!r} is no field name", "write names parted by dots, as in source.ip")
    return value


def _matching(table: Mapping[str, Any], key: str, form: re.Pattern[str], at: FieldPath, what: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not form.fullmatch(value):
        place = (*at, key) if key in table else at
        raise _Wrong(place, f"{key} is {'missing' if value is None else f'{value!r}'}", f"it is made of {what}")
    return value


def _texts(table: Mapping[str, Any], key: str, at: FieldPath) -> tuple[str, ...]:
    value: Sequence[Any] = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise _Wrong((*at, key), f"{key} is a list of names")
    return tuple(value)

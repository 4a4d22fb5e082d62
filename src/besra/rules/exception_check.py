"""Are these an exception list and an item? Fields, entries, dates and scopes (detection-engine.md 4.1).

Every check returns problems; none raises. An object with an error is not used, a warning leaves it in use.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from besra.problems import Problem, Severity
from besra.rules.document import RuleDocument, field_text
from besra.rules.exception_fields import (
    BESRA_FIELDS,
    ENTRY_FIELDS,
    ITEM_FIELDS,
    LIST_FIELDS,
    OPERATING_SYSTEMS,
    entry_type_spec,
)
from besra.rules.exception_list import (
    Entry,
    EventScope,
    ExceptionItem,
    ExceptionList,
    NestedEntry,
    Operator,
    Scope,
    SequenceScope,
    StepScope,
)
from besra.rules.field_check import did_you_mean, object_problems
from besra.rules.fields import Specs
from besra.rules.location import FieldPath
from besra.rules.ndjson import Json
from besra.schema.timestamp import parse_timestamp

STEP = re.compile(r"step:([0-9]{1,4})")
SCOPE_HINT = 'write "event", "step:0" for the first step of a sequence, "step:1" for the second, or "sequence"'


def list_problems(document: RuleDocument) -> Iterator[Problem]:
    """What is wrong with a container of items."""
    yield from _fields(document, document.parameters, LIST_FIELDS, ())
    yield from _operating_systems(document)


def item_problems(document: RuleDocument) -> Iterator[Problem]:
    """What is wrong with an item."""
    values = document.parameters
    wrong = list(_fields(document, values, ITEM_FIELDS, ()))
    yield from wrong
    entries = values.get("entries")
    if isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries):
        yield from _entries(document, entries, ("entries",), is_nested=False)
    yield from _operating_systems(document)
    if not any(problem.severity is Severity.ERROR for problem in wrong):
        yield from _expiry(document)
        yield from _scope_problems(document)


def _unknown(document: RuleDocument, values: Json, specs: Specs, at: FieldPath) -> Iterator[Problem]:
    for name in values:
        if name not in specs:
            message = f"{field_text((*at, name))} is not known; it is kept, and has no effect"
            hint = did_you_mean(name, specs)
            yield document.problem(
                "exception-unknown-field", message, (*at, name), severity=Severity.WARNING, hint=hint
            )


def _fields(document: RuleDocument, values: Json, specs: Specs, at: FieldPath) -> Iterator[Problem]:
    yield from _unknown(document, values, specs, at)
    for problem in object_problems(document, values, specs, at):
        is_missing = problem.code == "rule-missing-field"
        yield Problem(
            "exception-missing-field" if is_missing else "exception-bad-field",
            problem.message,
            problem.severity,
            problem.place,
            problem.hint,
        )


def _entries(
    document: RuleDocument, entries: list[dict[str, Any]], at: FieldPath, *, is_nested: bool
) -> Iterator[Problem]:
    if not entries:
        hint = "add an entry, or remove the item"
        yield document.problem("exception-empty", f"{field_text(at)} is empty", at, hint=hint)
    type_spec = entry_type_spec(is_nested=is_nested)
    for number, entry in enumerate(entries):
        here = (*at, number)
        known = entry.get("type") if entry.get("type") in type_spec.choices else None
        specs = {"type": type_spec, **(ENTRY_FIELDS[known] if known else {})}
        yield from _fields(document, entry if known else {"type": entry.get("type")}, specs, here)
        if entry.get("value") == [] and known == "match_any":
            message = f"{field_text((*here, 'value'))} is empty"
            yield document.problem("exception-empty", message, (*here, "value"), hint="name at least one value")
        inner = entry.get("entries")
        if known == "nested" and isinstance(inner, list) and all(isinstance(item, dict) for item in inner):
            yield from _entries(document, inner, (*here, "entries"), is_nested=True)


def _operating_systems(document: RuleDocument) -> Iterator[Problem]:
    names = document.parameters.get("os_types")
    for number, name in enumerate(names if isinstance(names, list) else ()):
        if isinstance(name, str) and name not in OPERATING_SYSTEMS:
            message = f"os_types[{number}] is {name!r}, which is none of {', '.join(OPERATING_SYSTEMS)}"
            hint = did_you_mean(name.lower(), OPERATING_SYSTEMS)
            yield document.problem("exception-os-type", message, ("os_types", number), hint=hint)


def _expiry(document: RuleDocument) -> Iterator[Problem]:
    text = document.parameters.get("expire_time")
    if text is not None and parse_timestamp(text) is None:
        message = f"expire_time is {text!r}, which is no date"
        hint = 'write it as "2027-01-31T00:00:00Z"'
        yield document.problem("exception-expire-time", message, ("expire_time",), hint=hint)


def _scope_problems(document: RuleDocument) -> Iterator[Problem]:
    for at, own in _extensions(document.parameters):
        yield from _unknown(document, own, BESRA_FIELDS, at)
    written = dict(scopes_of(document.parameters))
    for at, text in written.items():
        if scope_of(text) is None:
            message = f"{field_text(at)} is {text!r}, which is no scope of an exception"
            yield document.problem("exception-scope", message, at, hint=SCOPE_HINT)
    if len(set(written.values())) > 1:
        at = next(iter(written))
        message = f"{' and '.join(map(field_text, written))} say different things"
        yield document.problem("exception-scope", message, at, hint="keep one of them")


def endpoint_problems(items: Iterable[ExceptionItem], lists: Iterable[ExceptionList]) -> Iterator[Problem]:
    """What items of endpoint lists may not say. besra does not evaluate these lists, so it is a warning."""
    known = {container.key: container for container in lists}
    for item in items:
        container = known.get(item.key) or ExceptionList(item.key)
        if container.is_endpoint and any(_operator(entry) is Operator.EXCLUDED for entry in item.entries):
            message = f"exception {item.label}: the endpoint knows no operator excluded"
            hint = "write the entry with included, or move the item to a list of type detection"
            yield Problem("exception-endpoint-operator", message, Severity.WARNING, item.place, hint)


def _operator(entry: Entry) -> Operator:
    return Operator.INCLUDED if isinstance(entry, NestedEntry) else entry.operator


def scopes_of(values: Json) -> Iterator[tuple[FieldPath, str]]:
    """The scopes an item names, and where."""
    for at, own in _extensions(values):
        if own.get("scope") is not None:
            yield (*at, "scope"), own["scope"]


def _extensions(values: Json) -> Iterator[tuple[FieldPath, Json]]:
    """What an item says under `besra`, or under `meta.besra`: Kibana keeps no other fields than its own."""
    meta = values.get("meta") or {}
    for at, own in ((("besra",), values.get("besra")), (("meta", "besra"), meta.get("besra"))):
        if own:
            yield at, own


def scope_of(text: str) -> Scope | None:
    """The scope a text names: `event`, `step:0` and so on, or `sequence`."""
    step = STEP.fullmatch(text)
    if step:
        return StepScope(int(step[1]))
    if text == "sequence":
        return SequenceScope()
    return EventScope() if text == "event" else None

"""The range clause: the order of numbers, dates and texts, with the formats and time zones dates may have."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from besra.errors import DateMathError
from besra.language.expr import Call, Constant, FieldRef, Predicate, Range, Script
from besra.language.kuery import tree
from besra.language.kuery.field_tests import range_test
from besra.language.query_dsl.scope import DslScope, Path
from besra.language.simplify import FALSE, TRUE, all_of
from besra.schema.datemath import nanoseconds, parse_date_math
from besra.schema.fieldtype import FieldType, to_text
from besra.schema.timestamp import ISO

OPERATORS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
EPOCH_SECOND = "epoch_second"
FORMATS = frozenset(
    {
        "strict_date_optional_time",
        "strict_date_optional_time_nanos",
        "date_optional_time",
        "strict_date_time",
        "date_time",
        "strict_date",
        "date",
        "yyyy-MM-dd",
        "epoch_millis",
        EPOCH_SECOND,
    }
)
"""The formats of ISO dates and of numbers; others would need a parser of their own."""
OLD = {"from": ("gt", "gte", "include_lower"), "to": ("lt", "lte", "include_upper")}
RANGE = frozenset({*OPERATORS, *OLD, "include_lower", "include_upper", "format", "time_zone", "relation"})


def date_or_number_range(scope: DslScope, at: Path, body: Any) -> Predicate:
    """Some value lies within the bounds that are given."""
    found = scope.one_field(at, body)
    here = (*at, found[0]) if found else at
    given = found and scope.object_of(here, found[1], RANGE)
    if not found or given is None:
        return FALSE
    bounds = _bounds(given)
    formats = _formats(scope, here, given.get("format"))
    offset = _offset(scope, here, given.get("time_zone"))
    if given.get("relation") not in (None, "intersects", "INTERSECTS"):
        return scope.refuse((*here, "relation"), "`relation` is for fields of ranges, which are not supported")
    if not bounds:
        return scope.refuse(here, "`range` takes a bound", "write gte, gt, lte or lt")
    tests = [_bound(scope, here, found[0], bound, (formats, offset)) for bound in bounds.items()]
    return all_of([*tests, _between(tests)])


def _between(tests: Sequence[Predicate]) -> Predicate:
    """One value lies within all bounds, which leaves, each of which any value may satisfy, cannot say."""
    if len(tests) < 2 or not all(isinstance(test, Range) and isinstance(test.value, COMPARED) for test in tests):
        return TRUE
    parts = [Call(test.operator, (test.field, Constant(test.value))) for test in tests if isinstance(test, Range)]
    return Script(Call("and", tuple(parts)))


COMPARED = (str, int, float)
"""The types of constants a script compares as leaves do."""


def _bounds(given: dict[str, Any]) -> dict[str, Any]:
    """The bounds by operator; `from` and `to` are how they were written once. Null is no bound."""
    bounds = {name: given[name] for name in OPERATORS if given.get(name) is not None}
    for old, (without, within, including) in OLD.items():
        if given.get(old) is not None:
            bounds[without if given.get(including) is False else within] = given[old]
    return bounds


def _formats(scope: DslScope, at: Path, text: Any) -> frozenset[str]:
    if text is None:
        return frozenset()
    formats = frozenset(text.split("||")) if isinstance(text, str) else frozenset({""})
    if unknown := sorted(formats - FORMATS):
        message = f"the date format `{unknown[0]}` is not supported"
        scope.refuse((*at, "format"), message, "write ISO dates and strict_date_optional_time, or epoch_millis")
    return formats


ZONE = re.compile(r"([+-])(\d\d):?(\d\d)")
YEAR = re.compile(r"\d{4}")
ZONE_OF_ISO = ISO.groups


def _offset(scope: DslScope, at: Path, text: Any) -> timedelta | None:
    """How far ahead of UTC a time zone is; None if it does not matter."""
    if text in (None, "UTC", "Z", "GMT", "Etc/UTC"):
        return None
    found = ZONE.fullmatch(text) if isinstance(text, str) else None
    if not found:
        scope.refuse((*at, "time_zone"), "time zones other than UTC are offsets here", 'write "+02:00"')
        return None
    ahead = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return -ahead if found[1] == "-" else ahead


def _bound(
    scope: DslScope, at: Path, name: str, bound: tuple[str, Any], reading: tuple[frozenset[str], timedelta | None]
) -> Predicate:
    operator, here = OPERATORS[bound[0]], (*at, bound[0])
    formats, offset = reading
    value = scope.value_of(here, bound[1])
    if value is None:
        return FALSE
    if isinstance(value, tree.Text) and (formats or offset):
        text = value.value
        if EPOCH_SECOND in formats and "epoch_millis" not in formats and text.lstrip("-").isdecimal():
            value = tree.Text(f"{text}000", quoted=True)
        elif offset and _is_local(text) and scope.catalogue.type_of(name) in (FieldType.DATE, FieldType.DYNAMIC):
            return _local(scope, here, FieldRef(name, FieldType.DATE), operator, (text, offset))
        elif offset and "now" in text and "/" in text:
            return scope.refuse(here, "rounding in another time zone than UTC is not supported", "write a date")
    return scope.ask(here, lambda inner: range_test(inner, name, operator, value))


def _is_local(text: str) -> bool:
    """Whether a date says nothing of its zone."""
    date = text.partition("||")[0]
    found = ISO.fullmatch(date)
    return YEAR.fullmatch(date) is not None or (found is not None and not found.group(ZONE_OF_ISO))


def _local(scope: DslScope, at: Path, field: FieldRef, operator: str, local: tuple[str, timedelta]) -> Predicate:
    text, offset = local
    try:
        # The last instant of a rounded date is meant behind `<=` and `>`.
        instant = parse_date_math(text, 0, round_up=operator in ("<=", ">"))
    except DateMathError as error:
        return scope.refuse(at, to_text(error.problem.message), error.problem.hint)
    return Range(field, operator, instant - nanoseconds(offset))

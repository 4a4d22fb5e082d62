"""What a mapping does to the values of a field, one step after the other."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from besra.events.normalise.command_line import split_arguments
from besra.schema.fieldtype import Scalar, to_text
from besra.schema.timestamp import NANOS, format_timestamp

WINDOWS = "windows"
"""The word for splitting as Windows programs split their command line (sources.md 4.3)."""

ANYTHING = "*"


class Unit(StrEnum):
    """What a number counts that is a time; `FILETIME` are tenths of microseconds since 1601."""

    SECONDS = "s"
    MILLIS = "ms"
    MICROS = "us"
    NANOS = "ns"
    FILETIME = "filetime"


NANOS_PER = {Unit.SECONDS: NANOS, Unit.MILLIS: 10**6, Unit.MICROS: 10**3, Unit.NANOS: 1, Unit.FILETIME: 100}
SINCE_1601 = 11_644_473_600 * NANOS
FIRST, LAST = -62_135_596_800 * NANOS, 253_402_300_800 * NANOS
"""The years that ISO 8601 can write, 1 to 9999."""

NUMBER = re.compile(r"\s*(-?\d{1,20})(?:\.(\d{1,20}))?\s*")


@dataclass(frozen=True, slots=True)
class Lower:
    """Letters become small."""


@dataclass(frozen=True, slots=True)
class Split:
    """Text becomes a list. The separator may be `WINDOWS`."""

    separator: str


@dataclass(frozen=True, slots=True)
class After:
    """What follows the last separator; nothing where there is none."""

    separator: str


@dataclass(frozen=True, slots=True)
class Translate:
    """Other words for values. A value without one is dropped, unless there is one for `ANYTHING`."""

    words: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Time:
    """A number or a text becomes a time; the form is a unit or one of `datetime.strptime`, in UTC if it has no zone."""

    form: Unit | str


Step = Lower | Split | After | Translate | Time


def taken(steps: Sequence[Step], values: Sequence[Scalar]) -> list[Scalar]:
    """The values after all steps. Those a step cannot use are left out."""
    for step in steps:
        values = [result for value in values for result in _applied(step, value)]
    return list(values)


def _applied(step: Step, value: Scalar) -> Sequence[Scalar]:
    text = to_text(value)
    match step:
        case Lower():
            return [text.lower()]
        case Split(separator):
            return split_arguments(text) if separator == WINDOWS else [part for part in text.split(separator) if part]
        case After(separator):
            _, found, last = text.rpartition(separator)
            return [last] if found and last else []
        case Translate(words):
            word = words.get(text, words.get(ANYTHING))
            return [] if word is None else [word]
        case Time(form):
            nanos = nanos_of(text, form) if isinstance(form, Unit) else _parsed(text, form)
            return [] if nanos is None or not FIRST <= nanos < LAST else [format_timestamp(nanos)]


def nanos_of(text: str, unit: Unit) -> int | None:
    """Nanoseconds since 1970 of a decimal number of units; None if it is no number."""
    found = NUMBER.fullmatch(text)
    if found is None:
        return None
    per = NANOS_PER[unit]
    fraction = found[2] or "0"
    part = int(fraction) * per // 10 ** len(fraction)
    whole = int(found[1]) * per
    nanos: int = whole - part if found[1].startswith("-") else whole + part
    return nanos - SINCE_1601 if unit is Unit.FILETIME else nanos


def is_time_form(form: str) -> bool:
    """Whether a form is one of `datetime.strptime`."""
    try:
        datetime.strptime("", form)
    except ValueError as error:
        return "%" in form and "does not match" in str(error)
    return False


def _parsed(text: str, form: str) -> int | None:
    try:
        moment = datetime.strptime(text.strip(), form)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return (since.days * 86_400 + since.seconds) * NANOS + since.microseconds * 1000

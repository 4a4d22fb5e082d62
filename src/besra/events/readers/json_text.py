"""JSON text to values: strictly where it is JSON, after a repair where only a byte or a number is wrong.

A sensor that writes a lone surrogate, a control character or `NaN` must not make its events invisible: such a document
is used, and a warning says so.
"""

import json
import math
from dataclasses import dataclass
from typing import Any

import orjson

from besra.problems import Place, Problem, Severity

EXCERPT_LIMIT = 8192
"""A longer line is not kept as the excerpt of a problem; its column still is."""

CONTROL = dict.fromkeys((*range(9), *range(10, 32), *range(127, 160)), "·")


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of an input that should be one JSON value: its bytes, and the line it starts on, from 1.

    `ended_early` says that the input ended before the text did, as far as the reader can see.
    """

    raw: bytes
    line: int
    path: str
    ended_early: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """The value of a text, and the reservation it is used with, if any."""

    value: Any
    problem: Problem | None = None


def parse_text(text: Text) -> Parsed | Problem:
    """The JSON value of a text; a repaired one comes with a warning, one beyond repair is a problem."""
    try:
        return Parsed(orjson.loads(text.raw))
    except orjson.JSONDecodeError as error:
        place, reason = locate(text, error)
    try:
        return Parsed(_repair(text.raw), _repaired(place, reason))
    except (ValueError, RecursionError):
        return _not_json(place, reason)


def locate(text: Text, error: orjson.JSONDecodeError) -> tuple[Place, str]:
    """Where in the input a text stops being JSON, and why."""
    raw, reason = text.raw, error.msg
    line, column = error.lineno, error.colno
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as wrong:
        reason = "bytes that are not UTF-8"
        line = raw.count(b"\n", 0, wrong.start) + 1
        before = raw[raw.rfind(b"\n", 0, wrong.start) + 1 : wrong.start]
        column = len(before.decode("utf-8")) + 1
    lines = raw.split(b"\n", line) if len(raw) <= EXCERPT_LIMIT else []
    excerpt = lines[line - 1].decode("utf-8", "replace").translate(CONTROL) if len(lines) >= line else None
    return Place(text.path, text.line + line - 1, column, excerpt), reason


def too_long(path: str, line: int, limit: int) -> Problem:
    """The problem of a text that was not read because it is longer than `limit` bytes."""
    return Problem(
        "record-too-long",
        f"a document longer than {limit / 2**20:g} MiB",
        Severity.WARNING,
        Place(path, line),
        "it is skipped; if it wraps many events, write one event a line (`jq -c '.[]'`)",
    )


def _not_json(place: Place, reason: str) -> Problem:
    message = f"not a JSON document: {reason}"
    hint = "the record is skipped; everything else is read"
    if reason == "unexpected end of data":
        message = "not a JSON document: it ends too early"
        hint = "the record is cut off and skipped; was the file copied while being written?"
    return Problem("record-not-json", message, Severity.WARNING, place, hint)


def _repaired(place: Place, reason: str) -> Problem:
    return Problem(
        "record-repaired",
        f"not strict JSON ({reason}); used after repair",
        severity=Severity.WARNING,
        place=place,
        hint="wrong bytes and lone surrogates become U+FFFD, NaN and infinite numbers count as missing",
    )


def _repair(raw: bytes) -> Any:
    """The value of almost-JSON, brought back to what strict JSON can say. Raises ValueError or RecursionError."""
    # Concatenated files carry byte order marks, files of a crashed writer NUL bytes.
    text = raw.decode("utf-8", "replace").strip("\ufeff\0 \t\r\n")
    value = json.loads(text, strict=False, parse_constant=_missing, parse_float=_finite)
    clean = json.dumps(value, ensure_ascii=False)
    # UTF-16 joins surrogates that are a pair after all, and replaces the others.
    return orjson.loads(clean.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))


def _missing(_: str) -> None:
    return None


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None

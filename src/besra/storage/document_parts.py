"""The parts of documents a condition reads, so that the database need not hand out the rest.

A field is found under whichever keys at the top of a document lead to it: `process.name` under `process`, or under
`process.name`.
"""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, literal

from besra.events.document import CASELESS, TEXT
from besra.language.expr import And, Nested, Not, Or, Predicate, fields_of
from besra.storage.alert_row import WORKFLOW, is_of_copy
from besra.storage.alert_tables import ALERT_DOCUMENT
from besra.storage.stored_json import from_json

PLAIN = re.compile(r"[A-Za-z0-9_@.-]+")
"""Keys every database takes as they are."""

MOST_KEYS = 12
"""Of more keys the whole document is read at once."""

FIRST_SQLITE = (3, 38)
"""The first SQLite that hands out a part of JSON as it stands."""

Parts = dict[str, ColumnElement[str]]


def parts_read(condition: Predicate, dialect: str) -> Parts | None:
    """The keys of documents a condition reads, each with its value as JSON text; None if the whole is needed.

    A condition on single objects may hold of an object for what it lacks, so it is asked of whole ones.
    """
    if _asks_objects(condition) or (dialect == "sqlite" and sqlite3.sqlite_version_info < FIRST_SQLITE):
        return None
    names = {field.name for field in fields_of(condition)}
    keys = sorted({key for name in names if not is_of_copy(name) and name not in WORKFLOW for key in _keys(name)})
    if len(keys) > MOST_KEYS or not all(map(PLAIN.fullmatch, keys)):
        return None
    return {key: _part(key, dialect) for key in keys}


def _keys(name: str) -> Iterator[str]:
    """The keys that lead to a field, or to the one it is derived from."""
    for full in {name, name.removesuffix(CASELESS), name.removesuffix(TEXT)}:
        yield from accumulate(full.split("."), lambda outer, inner: f"{outer}.{inner}")


def _part(key: str, dialect: str) -> ColumnElement[str]:
    place = key if dialect == "postgresql" else f'$."{key}"'
    return cast(ALERT_DOCUMENT.c.document.op("->")(literal(place, Text())), Text())


def _asks_objects(condition: Predicate) -> bool:
    match condition:
        case Nested():
            return True
        case Not():
            return _asks_objects(condition.operand)
        case And() | Or():
            return any(map(_asks_objects, condition.operands))
        case _:
            return False


def joined_parts(parts: Parts, texts: Sequence[str | None]) -> dict[str, Any]:
    """A document that has these parts and no others."""
    return {key: from_json(text) for key, text in zip(parts, texts, strict=True) if text is not None}

"""A first look at documents as texts: a value that is nowhere in the text of a document is in none of its fields.

Databases find a text within a text many times faster than anybody reads JSON.
"""

import re
from collections.abc import Callable

import orjson
from sqlalchemy import ColumnElement, Text, cast, func, type_coerce

from besra.events.document import CASELESS
from besra.language.expr import Equals, Like, Predicate
from besra.schema.fieldtype import FieldType
from besra.storage.alert_row import WORKFLOW, is_of_copy
from besra.storage.alert_tables import ALERT_DOCUMENT

SURE = re.compile(r"[ -~]*[A-Za-df-z][ -~]*|\d{4,}")
"""Texts every JSON writer writes alike. Numbers are not, but for their longer runs of digits, which no exponent has."""

DOCUMENT = ALERT_DOCUMENT.c.document

SHORTEST = 3
"""Characters of a text worth looking for."""

Finds = Callable[[str], ColumnElement[bool]]


def finder(dialect: str) -> Finds:
    """How a database says that the text of a document holds a text."""
    within = func.strpos if dialect == "postgresql" else func.instr
    text = cast(DOCUMENT, Text) if dialect == "postgresql" else type_coerce(DOCUMENT, Text)
    return lambda sought: within(text, sought) > 0


def texts_within(leaf: Predicate) -> list[str] | None:
    """Texts one of which is in the document of every alert a leaf holds of; None if none can be told."""
    if not isinstance(leaf, Equals | Like) or leaf.ignore_case or leaf.field.type is not FieldType.KEYWORD:
        return None
    name = leaf.field.name
    if is_of_copy(name) or name in WORKFLOW or name.endswith(CASELESS):
        return None
    if isinstance(leaf, Equals):
        longest = [str(value) for value in leaf.values]
    else:
        literals = [[part for part in glob.parts if isinstance(part, str)] for glob in leaf.globs]
        longest = [max(parts, key=len, default="") for parts in literals]
    if not all(len(text) >= SHORTEST and SURE.fullmatch(text) for text in longest):
        return None
    return [orjson.dumps(text).decode()[1:-1] for text in longest]

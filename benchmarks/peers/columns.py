"""Events as typed columns for engines that know queries over tables: what their queries need, no more.

Everything a query could do slowly is done here, unmeasured: types converted, case folded, addresses written so that
their order as text is their order as addresses.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import orjson

from benchmarks.corpus import read_lines
from besra.events.document import Fields
from besra.language.casefold import fold_case
from besra.language.expr import And, Equals, FieldRef, Like, Not, Or, Predicate, Script
from besra.schema.fieldtype import FieldType, Typed

Single = str | int | float | bool


class Kind(Enum):
    """What a column holds."""

    TEXT = "text"
    INTEGER = "integer"
    REAL = "real"
    BOOLEAN = "boolean"


KINDS = {
    FieldType.KEYWORD: Kind.TEXT,
    FieldType.TEXT: Kind.TEXT,
    FieldType.IP: Kind.TEXT,
    FieldType.DYNAMIC: Kind.TEXT,
    FieldType.LONG: Kind.INTEGER,
    FieldType.DATE: Kind.INTEGER,
    FieldType.DOUBLE: Kind.REAL,
    FieldType.BOOLEAN: Kind.BOOLEAN,
}


class UntranslatableError(Exception):
    """A predicate that the other engine cannot be asked; the message says what in it."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a column's values come from: a field as a type, its case folded or not."""

    field: FieldRef
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column: None where the event has no value; a list for each event if some event has several values."""

    name: str
    kind: Kind
    several: bool
    cells: list[Any]


Columns = dict[Source, Column]


def sources_of(predicate: Predicate) -> Iterator[Source]:
    """The columns a predicate needs. Raises UntranslatableError for scripts and types without a column."""
    match predicate:
        case And() | Or():
            for operand in predicate.operands:
                yield from sources_of(operand)
        case Not():
            yield from sources_of(predicate.operand)
        case Script():
            raise UntranslatableError("a function or a comparison of fields")
        case _ if hasattr(predicate, "field"):
            if predicate.field.type not in KINDS:
                raise UntranslatableError(f"a field of type {predicate.field.type}")
            yield source_of(predicate)


def source_of(leaf: Any) -> Source:
    """The column a leaf looks at; patterns of regular expressions ignore case by themselves."""
    return Source(leaf.field, isinstance(leaf, (Equals, Like)) and leaf.ignore_case)


def columns_of(sources: Iterable[Source], path: Path) -> tuple[Columns, dict[Source, str]]:
    """The columns of a file of events, and the sources that no column can hold, with the reason."""
    events = [Fields(orjson.loads(line)) for line in read_lines(path)]
    columns: Columns = {}
    refused: dict[Source, str] = {}
    ordered = sorted(set(sources), key=lambda source: (source.field.name, source.field.type, source.folded))
    for number, source in enumerate(ordered):
        try:
            cells = [[cell_of(value, source) for value in _values(fields, source)] for fields in events]
        except UntranslatableError as error:
            refused[source] = str(error)
            continue
        several = any(len(cell) > 1 for cell in cells)
        held = [cell or None for cell in cells] if several else [cell[0] if cell else None for cell in cells]
        columns[source] = Column(f"c{number}", KINDS[source.field.type], several, held)
    return columns, refused


def _values(fields: Fields, source: Source) -> tuple[Typed, ...]:
    return fields.values(source.field.name, source.field.type)


def cell_of(value: Typed, source: Source) -> Single:
    """A typed value, or a constant of a query, as its column holds it."""
    kind = KINDS[source.field.type]
    if source.field.type is FieldType.IP and isinstance(value, int):
        return f"{value:032x}"
    if kind is Kind.TEXT and isinstance(value, str):
        return fold_case(value) if source.folded else value
    if kind is Kind.INTEGER and isinstance(value, int) and -(2**63) <= value < 2**63:
        return value
    if kind is Kind.REAL and isinstance(value, (int, float)):
        return float(value)
    if kind is Kind.BOOLEAN and isinstance(value, bool):
        return value
    raise UntranslatableError(f"{source.field.name} holds what a column of {kind.value} cannot")

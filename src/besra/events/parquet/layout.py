"""The layout of the Parquet files besra writes: which column holds what, and the note in the file that says so.

| column                             | type             | holds                                                        |
| ---------------------------------- | ---------------- | ------------------------------------------------------------ |
| `@timestamp`                       | timestamp, ns    | the time of the event; null if it has none, or one past 2262 |
| `_index`                           | string           | its home; null if nothing names one                          |
| `_aliases`                         | list of strings  | the other names it answers to; mostly null                   |
| `_id`                              | string           | its identity                                                 |
| `_position`                        | int64            | its place in the file it was first read from                 |
| a field's dotted name              | see `FieldColumn`| what `events.document.flatten` gives for the field           |
| `_source`                          | string           | the whole document as JSON, from which alerts are made       |

A field that is called like one of the others (`@timestamp` as it was written) has its column under another name.
The note is JSON in the file's key-value metadata under `KEY`. A file whose note is missing, of a later version or does
not fit its columns is read as anybody's Parquet, where `_source` and `_index` make it rows of hits.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
import pyarrow as pa

VERSION = 1

KEY = b"besra.layout"


class Form(StrEnum):
    """How the values of a field are written: by their one JSON type, or each as JSON text (`token`).

    Tokens are for fields whose values have several types in the file (`1`, `1.0` and `"1"` are three), and for integers
    beyond 64 bits with a sign.
    """

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TOKEN = "token"


TYPES = {
    Form.TEXT: pa.string(),
    Form.INTEGER: pa.int64(),
    Form.NUMBER: pa.float64(),
    Form.BOOLEAN: pa.bool_(),
    Form.TOKEN: pa.string(),
}


@dataclass(frozen=True, slots=True)
class FieldColumn:
    """The column of a field. `is_list`: some event of the file has several values, and all cells are lists."""

    column: str
    field: str
    form: Form
    is_list: bool

    @property
    def type(self) -> pa.DataType:
        """Its Arrow type."""
        return pa.list_(TYPES[self.form]) if self.is_list else TYPES[self.form]


TIME, INDEX, ALIASES, ID, POSITION, SOURCE = "@timestamp", "_index", "_aliases", "_id", "_position", "_source"

EVENT_TYPES = {
    TIME: pa.timestamp("ns", "UTC"),
    INDEX: pa.string(),
    ALIASES: pa.list_(pa.string()),
    ID: pa.string(),
    POSITION: pa.int64(),
    SOURCE: pa.string(),
}
"""The columns every file has. `_source` is the last one of a file."""


@dataclass(frozen=True)
class Layout:
    """What the columns of a file hold.

    `is_complete` is false where documents have fields without a column (`survey.MAX_FIELDS`), `has_all_times` where an
    event has a time its column cannot hold.
    """

    fields: tuple[FieldColumn, ...]
    is_complete: bool = True
    has_all_times: bool = True

    def schema(self) -> pa.Schema:
        """The schema of the file, with the note."""
        columns = [pa.field(name, kind) for name, kind in EVENT_TYPES.items() if name != SOURCE]
        columns += [pa.field(column.column, column.type) for column in self.fields]
        return pa.schema([*columns, pa.field(SOURCE, EVENT_TYPES[SOURCE])], {KEY: self._note()})

    def _note(self) -> bytes:
        return orjson.dumps(
            {
                "version": VERSION,
                "is_complete": self.is_complete,
                "has_all_times": self.has_all_times,
                "fields": [[column.column, column.field, column.form, column.is_list] for column in self.fields],
            }
        )


def layout_of(schema: pa.Schema) -> Layout | None:
    """The layout of a file by its schema; None if it is not one besra wrote, or besra does not know its version."""
    note = (schema.metadata or {}).get(KEY)
    if note is None:
        return None
    try:
        layout = _read_note(orjson.loads(note))
    except (ValueError, TypeError, KeyError):  # written by somebody else under our name
        return None
    return layout if layout is not None and schema.equals(layout.schema()) else None


def _read_note(note: dict[str, Any]) -> Layout | None:
    if note["version"] != VERSION:
        return None
    fields = (FieldColumn(column, field, Form(form), bool(many)) for column, field, form, many in note["fields"])
    return Layout(tuple(fields), bool(note["is_complete"]), bool(note["has_all_times"]))

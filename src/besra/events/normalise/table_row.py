"""Rows of tables whose columns are fields or nearly so: exports of Kibana, timelines of Timesketch and plaso."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from besra.events.event_time import TIMESTAMP, parse_event_time
from besra.events.local_date import DateOrder, parse_date
from besra.schema.catalogue import bundled_catalogue
from besra.schema.fieldtype import FieldType
from besra.schema.timestamp import format_timestamp

Row = Mapping[str, Any]


class TableKind(StrEnum):
    """What the columns of a table are."""

    FIELDS = "fields"
    TIMESKETCH = "Timesketch"
    PLASO = "plaso"
    OTHER = "other"


COLUMNS = {
    TableKind.PLASO: frozenset(("date", "time", "timezone", "MACB", "desc")),
    TableKind.TIMESKETCH: frozenset(("message", "timestamp_desc")),
    TableKind.FIELDS: frozenset((TIMESTAMP,)),
}
"""Columns by which a table is known; the first is plaso's older form (`l2tcsv`)."""

FEWEST = 2
"""Known fields that make columns fields: one might be chance."""

NOTHING = frozenset(("-", "(empty)", "(null)"))
"""What Kibana writes into a cell without a value."""

GROUPED = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?")

SPLIT = frozenset(
    (
        "event.category",
        "event.type",
        "host.ip",
        "host.mac",
        "dns.resolved_ip",
        "related.ip",
        "related.hash",
        "related.hosts",
        "related.user",
        "tags",
    )
)
"""Lists whose values hold no `, `, by which Kibana joins them."""

ARGUMENTS = ("process", "process.parent")


def kind_of_table(names: frozenset[str]) -> TableKind:
    """What the columns of these names are."""
    for kind, needed in COLUMNS.items():
        if needed <= names:
            return kind
    fields = bundled_catalogue()
    known = sum("." in name and name in fields for name in names)
    return TableKind.FIELDS if known >= FEWEST else TableKind.OTHER


@dataclass(frozen=True, slots=True)
class RowReader:
    """Makes documents of the rows of a table; `order` is that of its dates."""

    kind: TableKind
    order: DateOrder

    def document(self, row: Row) -> dict[str, Any]:
        """The document of a row: what it holds under its own names, and `@timestamp` where its time is elsewhere."""
        match self.kind:
            case TableKind.FIELDS:
                return self._of_fields(row)
            case TableKind.TIMESKETCH:
                return _timed(row, _timesketch_time(row))
            case TableKind.PLASO:
                return self._of_plaso(row)
            case TableKind.OTHER:
                return dict(row)

    def _of_fields(self, row: Row) -> dict[str, Any]:
        texts = {name: value for name, value in row.items() if not isinstance(value, str) or value not in NOTHING}
        document = {name: self._value(name, value) for name, value in texts.items()}
        for process in ARGUMENTS:
            args, count = document.get(f"{process}.args"), document.get(f"{process}.args_count")
            if isinstance(args, str) and str(count) == str(len(args.split(", "))):
                document[f"{process}.args"] = args.split(", ")
        return document

    def _value(self, name: str, value: Any) -> Any:
        """A cell as its field is written in documents: dates in ISO 8601, numbers without marks, lists as such."""
        if not isinstance(value, str):
            return value
        if name in SPLIT and ", " in value:
            return value.split(", ")
        match bundled_catalogue().type_of(name):
            case FieldType.DATE:
                nanos = parse_date(value, self.order)
                return value if nanos is None else format_timestamp(nanos)
            case FieldType.LONG | FieldType.DOUBLE if GROUPED.fullmatch(value):
                return value.replace(",", "")
            case _:
                return value

    def _of_plaso(self, row: Row) -> dict[str, Any]:
        document = dict(row)
        if row.get("timezone") == "UTC":
            nanos = parse_date(f"{row.get('date')} {row.get('time')}", DateOrder.MONTH_FIRST)
            document = _timed(row, nanos)
        for name, column in (("message", "desc"), ("host.name", "host"), ("user.name", "user")):
            if isinstance(row.get(column), str) and row[column] != "-":
                document.setdefault(name, row[column])
        # `user` and `host` cannot hold a text beside the fields under them.
        return {name: value for name, value in document.items() if name not in ("host", "user")}


def _timed(row: Row, nanos: int | None) -> dict[str, Any]:
    document = dict(row)
    if nanos is not None:
        document.setdefault(TIMESTAMP, format_timestamp(nanos))
    return document


def _timesketch_time(row: Row) -> int | None:
    """`datetime` in ISO 8601, else `timestamp`, a number of microseconds."""
    for column in ("datetime", "timestamp"):
        value = row.get(column)
        nanos = parse_event_time(value) if isinstance(value, str) else None
        if nanos is not None:
            return nanos
    return None

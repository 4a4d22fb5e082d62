"""Which columns of a Parquet file hold a field, and whether they can be read as they are.

In besra's layout every field is a column. In other files a field may be a column with a dotted name, a member of
structs, or both at once; what stands below a list of structs or a map is only known from the documents.
"""

from collections.abc import Iterator, Set
from dataclasses import dataclass

import pyarrow as pa

from besra.events.parquet.layout import Form, Layout


@dataclass(frozen=True, slots=True)
class Holder:
    """Where a field is: a top-level column, the member of a struct in it the steps lead to, and its form.

    Without a form it has to be looked for in the documents.
    """

    column: str
    steps: tuple[int, ...] = ()
    form: Form | None = None


ENVELOPE_COLUMNS = frozenset(
    (
        *("_source", "fields", "hits", "rawResponse", "kibana.alert.uuid"),
        *("Records", "records", "Events", "items", "@odata.context", "logEvents"),
    )
)
"""Columns that may mean that the rows are no plain documents (`events.envelope`)."""


@dataclass(frozen=True)
class FieldColumns:
    """The holders of every field that has one, and the columns that may hold more fields (`prefix`: their names)."""

    holders: dict[str, tuple[Holder, ...]]
    open_columns: tuple[str, ...]
    is_complete: bool = True

    def holders_of(self, field: str) -> tuple[Holder, ...]:
        """The columns that hold, or may hold, a field."""
        known = self.holders.get(field, ())
        more = (Holder(name) for name in self.open_columns if field == name or field.startswith(f"{name}."))
        return (*known, *more)


def field_columns(schema: pa.Schema, layout: Layout | None, markers: Set[str] = frozenset()) -> FieldColumns | None:
    """The fields of a file by column; None if its rows may be anything, and are to be read as events.

    One of the `markers` means that they may be records of a source (`events.recognise`).
    """
    if layout is not None:
        own = ((column.field, Holder(column.column, (), column.form)) for column in layout.fields)
        return FieldColumns({field: (holder,) for field, holder in own}, (), layout.is_complete)
    if ENVELOPE_COLUMNS & set(schema.names) or len(set(schema.names)) < len(schema.names):
        return None
    found: dict[str, tuple[Holder, ...]] = {}
    open_columns: list[str] = []
    for column in schema:
        leaves = list(_leaves(column.name, column.type, ()))
        if any(form is None for _, _, form in leaves):
            open_columns.append(column.name)
            continue
        for field, steps, form in leaves:
            if field in markers:
                return None
            found[field] = (*found.get(field, ()), Holder(column.name, steps, form))
    return FieldColumns(found, tuple(open_columns))


def _leaves(
    field: str, kind: pa.DataType, steps: tuple[int, ...]
) -> Iterator[tuple[str, tuple[int, ...], Form | None]]:
    """The fields in a column, where in its structs they are, and their form; no form for what is not plain."""
    if pa.types.is_struct(kind):
        for number, member in enumerate(kind):
            yield from _leaves(f"{field}.{member.name}", member.type, (*steps, number))
        return
    element = kind.value_type if pa.types.is_list(kind) else kind
    yield field, steps, form_of_type(element)


def form_of_type(kind: pa.DataType) -> Form | None:
    """The form in which values of a type can be read without being converted one by one."""
    if pa.types.is_dictionary(kind):
        return Form.TEXT if pa.types.is_string(kind.value_type) else None
    if pa.types.is_string(kind):
        return Form.TEXT
    if pa.types.is_integer(kind) and kind != pa.uint64():
        return Form.INTEGER
    if pa.types.is_float64(kind):
        return Form.NUMBER
    return Form.BOOLEAN if pa.types.is_boolean(kind) else None

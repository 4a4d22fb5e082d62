"""Value lists made over the API, in the database of the alerts (detection-engine.md 4.4, 8.3).

A list may have millions of values, so they are written and removed some thousands at a time: whoever else writes gets
in between. A value is in a list once, so what was cut off is done again and comes to the same.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, Text, delete, func, insert, literal, select, update
from sqlalchemy.dialects import postgresql

from besra.storage.columns import stored_name, stored_time
from besra.storage.database import AlertStoreError, Database
from besra.storage.upsert import insert_or
from besra.storage.value_list_tables import LISTED_VALUE, VALUE_LIST
from besra.storage.workflow import Author

AT_ONCE = 5_000
"""Values written, or removed, in one transaction."""
READ_AT_ONCE = 50_000
SORTED = {"value": LISTED_VALUE.c.value, "created_at": LISTED_VALUE.c.created, "updated_at": LISTED_VALUE.c.updated}
"""What values are sorted by."""


@dataclass(frozen=True, slots=True)
class StoredList:
    """A value list; `number` is 0 for one that has not been written. Times are nanoseconds since 1970."""

    number: int
    space: str
    id: str
    type: str
    revision: int
    created: int
    created_by: str
    updated: int
    updated_by: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NewValue:
    """A value to write; `range` is its first and last address, of a list of ranges."""

    text: str
    range: tuple[int, int] | None = None
    id: str | None = None
    meta: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class StoredValue:
    """A value of a list, known by `number`."""

    number: int
    list: int
    id: str
    text: str
    range: tuple[int, int] | None
    revision: int
    created: int
    created_by: str
    updated: int
    updated_by: str
    meta: Mapping[str, Any] | None


class ValueListStore:
    """The value lists of a database that has been brought up. Any thread may use it.

    Every method raises AlertStoreError: `value-list-conflict` where somebody else has changed the same meanwhile.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- lists --------------------------------------------------------------------------------------------------------

    def all(self) -> list[StoredList]:
        """All lists, in the order of their making."""
        with self._database.reading() as connection:
            return [_list(row) for row in connection.execute(select(VALUE_LIST).order_by(VALUE_LIST.c.number))]

    def create(self, new: StoredList) -> StoredList:
        """Write a new list."""
        with self._database.writing() as connection:
            table = VALUE_LIST.c
            named = select(VALUE_LIST).where(table.space == new.space, table.name == new.id)
            if connection.execute(named).first() is not None:
                raise _conflict(new.id)
            connection.execute(insert(VALUE_LIST), _list_row(new))
            return _list(connection.execute(named).one())

    def write(self, new: StoredList) -> None:
        """Write what a list says now in the place of what it said one revision before."""
        table = VALUE_LIST.c
        with self._database.writing() as connection:
            there = update(VALUE_LIST).where(table.number == new.number, table.revision == new.revision - 1)
            if connection.execute(there.values(_list_row(new))).rowcount != 1:
                raise _conflict(new.id)

    def remove(self, number: int) -> None:
        """Remove a list; its values are nobody's from then on, and go with `tidy`."""
        with self._database.writing() as connection:
            connection.execute(delete(VALUE_LIST).where(VALUE_LIST.c.number == number))

    def tidy(self) -> None:
        """Remove the values of lists that are gone: of a million it takes ten seconds or so."""
        table = LISTED_VALUE.c
        condition = table.list.not_in(select(VALUE_LIST.c.number))
        some = select(table.number).where(condition).limit(AT_ONCE)
        while True:
            with self._database.writing() as connection:
                numbers = [*connection.execute(some).scalars()]
                if numbers:
                    of_these = table.number.between(min(numbers), max(numbers))
                    connection.execute(delete(LISTED_VALUE).where(of_these, condition))
            if len(numbers) < AT_ONCE:
                return

    # --- values: asking -----------------------------------------------------------------------------------------------

    def count(self, number: int) -> int:
        """How many values a list has."""
        with self._database.reading() as connection:
            rows = select(func.count()).select_from(LISTED_VALUE).where(LISTED_VALUE.c.list == number)
            return int(connection.execute(rows).scalar_one())

    def page(
        self, number: int, offset: int, size: int, sort: str | None = None, *, descending: bool = False
    ) -> list[StoredValue]:
        """Some values of a list, in the order of their making or of one of `SORTED`."""
        table = LISTED_VALUE.c
        keys = [*([SORTED[sort]] if sort else []), table.number]
        order = [key.desc() if descending else key for key in keys]
        with self._database.reading() as connection:
            rows = select(LISTED_VALUE).where(table.list == number).order_by(*order).offset(offset).limit(size)
            return [_value(row) for row in connection.execute(rows)]

    def texts(self, number: int) -> Iterator[list[tuple[str, tuple[int, int] | None]]]:
        """All values of a list with their ranges, in the order of their making, some at a time."""
        table, last = LISTED_VALUE.c, 0
        columns = select(table.number, table.value, table.first, table.last)
        while True:
            with self._database.reading() as connection:
                rows = columns.where(table.list == number, table.number > last).order_by(table.number)
                found = connection.execute(rows.limit(READ_AT_ONCE)).all()
            if not found:
                return
            last = found[-1].number
            yield [(value, _range(first, end)) for _, value, first, end in found]

    def ranges(self, number: int, first: int, last: int) -> list[tuple[int, int]]:
        """The ranges of a list that begin between two addresses."""
        table = LISTED_VALUE.c
        rows = select(table.first, table.last).where(
            table.list == number, table.first.is_not(None), table.first >= _hex(first), table.first <= _hex(last)
        )
        with self._database.reading() as connection:
            return [(int(row.first, 16), int(row.last, 16)) for row in connection.execute(rows)]

    def by_text(self, number: int, text: str) -> StoredValue | None:
        """The value of a list with a text."""
        return self._one(LISTED_VALUE.c.key == key_of(number, text))

    def by_id(self, id_: str) -> StoredValue | None:
        """The value with an id, whatever its list."""
        own = self._one(LISTED_VALUE.c.id == stored_name(id_))
        if own is not None:
            return own
        try:
            key = UUID(id_).bytes
        except ValueError:
            return None
        return self._one((LISTED_VALUE.c.key == key) & LISTED_VALUE.c.id.is_(None))

    def _one(self, condition: ColumnElement[bool]) -> StoredValue | None:
        with self._database.reading() as connection:
            row = connection.execute(select(LISTED_VALUE).where(condition)).first()
        return None if row is None else _value(row)

    # --- values: changing ---------------------------------------------------------------------------------------------

    def add(self, number: int, values: Sequence[NewValue], author: Author) -> None:
        """Put some values into a list, at most `AT_ONCE`; those that are there stay as they are.

        Raises AlertStoreError (`value-list-conflict`) if the list is gone.
        """
        rows = [_new_row(number, value, author) for value in values]
        with self._database.writing() as connection:
            _check_there(connection, number)
            if rows and self._database.is_postgres:
                connection.execute(_at_once(rows))
            elif rows:
                connection.execute(insert_or(connection, LISTED_VALUE).on_conflict_do_nothing(), rows)

    def change(self, old: StoredValue, new: NewValue, author: Author) -> StoredValue:
        """Put a value in the place of one, which keeps its id."""
        table = LISTED_VALUE.c
        row = {
            **_new_row(old.list, new, author),
            "id": old.id,
            "revision": old.revision + 1,
            "created": old.created,
            "created_by": old.created_by,
            "updated": stored_time(author.at),
            "updated_by": stored_name(author.name),
        }
        with self._database.writing() as connection:
            other = select(table.number).where(table.key == row["key"], table.number != old.number)
            if connection.execute(other).first() is not None:
                raise _conflict(new.text[:100])
            there = update(LISTED_VALUE).where(table.number == old.number, table.revision == old.revision)
            if connection.execute(there.values(row)).rowcount != 1:
                raise _conflict(old.text[:100])
            return _value(connection.execute(select(LISTED_VALUE).where(table.number == old.number)).one())

    def remove_value(self, value: StoredValue) -> None:
        """Remove a value; one that is gone is gone."""
        with self._database.writing() as connection:
            connection.execute(delete(LISTED_VALUE).where(LISTED_VALUE.c.number == value.number))


def _at_once(rows: Sequence[Mapping[str, Any]]) -> postgresql.Insert:
    """All rows in one statement, as an array a column: one by one, PostgreSQL takes several times as long."""
    names = list(rows[0])
    columns = [func.unnest(literal([row[name] for row in rows], _array(name))).label(name) for name in names]
    return postgresql.insert(LISTED_VALUE).from_select(names, select(*columns)).on_conflict_do_nothing()


def _array(name: str) -> postgresql.ARRAY[Any]:
    kind = LISTED_VALUE.c[name].type
    return postgresql.ARRAY(Text() if isinstance(kind, Text) else kind)


def key_of(number: int, text: str) -> bytes:
    """What a value of a list is known by."""
    return hashlib.blake2b(f"{number}:{text}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _check_there(connection: Connection, number: int) -> None:
    there = select(VALUE_LIST.c.number).where(VALUE_LIST.c.number == number)
    # PostgreSQL: nobody may remove it until this is done. SQLite has one writer anyway.
    if connection.execute(there.with_for_update(read=True, key_share=True)).first() is None:
        raise AlertStoreError.of("value-list-conflict", "the value list was removed meanwhile", hint="make it again")


def _conflict(name: str) -> AlertStoreError:
    message = f"{name!r} of the value lists was changed by somebody else meanwhile"
    return AlertStoreError.of(
        "value-list-conflict", message, hint="read it again, and make the change to what it is now"
    )


# --- rows -------------------------------------------------------------------------------------------------------------


def _list_row(told: StoredList) -> dict[str, Any]:
    return {
        "space": told.space,
        "name": told.id,
        "type": told.type,
        "revision": told.revision,
        "created": stored_time(told.created),
        "created_by": stored_name(told.created_by),
        "updated": stored_time(told.updated),
        "updated_by": stored_name(told.updated_by),
        "document": json.dumps(told.document),
    }


def _list(row: Row[Any]) -> StoredList:
    values = dict(row._mapping)
    return StoredList(id=values.pop("name"), **{**values, "document": json.loads(row.document)})


def _new_row(number: int, value: NewValue, author: Author) -> dict[str, Any]:
    first, last = map(_hex, value.range) if value.range else (None, None)
    return {
        "list": number,
        "key": key_of(number, value.text),
        "id": value.id,
        "value": value.text,
        "first": first,
        "last": last,
        "revision": 1,
        "created": stored_time(author.at),
        "created_by": stored_name(author.name),
        "meta": None if value.meta is None else json.dumps(value.meta),
    }


def _value(row: Row[Any]) -> StoredValue:
    return StoredValue(
        number=row.number,
        list=row.list,
        id=row.id or str(UUID(bytes=bytes(row.key))),
        text=row.value,
        range=_range(row.first, row.last),
        revision=row.revision,
        created=row.created,
        created_by=row.created_by,
        updated=row.created if row.updated is None else row.updated,
        updated_by=row.updated_by or row.created_by,
        meta=None if row.meta is None else json.loads(row.meta),
    )


def _range(first: str | None, last: str | None) -> tuple[int, int] | None:
    return None if first is None or last is None else (int(first, 16), int(last, 16))


def _hex(address: int) -> str:
    return f"{address:032x}"

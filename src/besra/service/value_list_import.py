"""Files of values taken into a value list, a value a line (detection-engine.md 4.4, 8.3).

Some thousand lines at a time, so that others get in between, also where the file has millions. Values that are there
stay as they are: what is imported twice is imported once, and an import that was cut off is simply done again.
"""

import io
import time
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

from besra.rules.listed_value import Parsed, canonical_text, parser_of
from besra.rules.value_import import ValueLines
from besra.rules.value_list import ValueListType
from besra.service.answering import RequestError, problem_document
from besra.service.form import NamedFile
from besra.service.value_list_book import ValueListBook, list_type_of, written
from besra.storage.value_list_store import AT_ONCE, NewValue, StoredList
from besra.storage.workflow import Author

PAUSE = 0.01
"""Seconds between two lots: whoever waits for a SQLite file looks again by then."""


def target_of(book: ValueListBook, space: str, given: Mapping[str, str], file: NamedFile, author: Author) -> StoredList:
    """The list a file is for: that named `list_id`, or else of `type` and with the file's name, made if there is none.

    Raises RequestError and AlertStoreError.
    """
    list_id, kind = given.get("list_id"), given.get("type")
    if list_id:
        found = book.find(space, list_id)
        if kind and kind != found.type:
            raise RequestError(400, f'the list "{list_id}" is of the type {found.type}')
        return found
    if not kind:
        raise RequestError(400, "say which list is meant by `list_id`, or by `type` of what type a new one is")
    name, list_type = file.name.replace("\\", "/").rpartition("/")[2], list_type_of(kind)
    if not name:
        raise RequestError(400, "the file has no name, which would be that of the list; say which one by `list_id`")
    known = book.get(space, name)
    if known is None:
        given = {"id": name, "name": name, "description": f"File uploaded from {name}", "type": str(list_type)}
        return book.create(space, given, author)
    if known.type != list_type:
        raise RequestError(409, f'there is a list "{name}" already, of the type {known.type}')
    return book.find(space, name)


def import_values(book: ValueListBook, one: StoredList, data: bytes, author: Author) -> dict[str, Any]:
    """Put the values of a file into a list, and tell what became of its lines. Raises RequestError, AlertStoreError."""
    lines = ValueLines(None)
    values = _values(lines, ValueListType(one.type), data)
    noted: list[Parsed] = []
    try:
        while some := [*islice(values, AT_ONCE)]:
            written(partial(book.store.add, one.number, [new for _, new in some], author))
            noted += [parsed for parsed, _ in some]
            time.sleep(PAUSE)
    finally:
        if noted:
            book.note(one, noted)
    return {
        "lines": {"used": lines.values_read, "blank": lines.blank, "bad": lines.bad},
        "problems": [problem_document(problem) for problem in lines.problems],
    }


def _values(lines: ValueLines, kind: ValueListType, data: bytes) -> Iterator[tuple[Parsed, NewValue]]:
    parse = parser_of(kind)

    def read(text: str) -> tuple[Parsed, NewValue]:
        parsed = parse(text)
        return parsed, NewValue(canonical_text(text, parsed), parsed if isinstance(parsed, tuple) else None)

    return lines.values(io.BytesIO(data), read)

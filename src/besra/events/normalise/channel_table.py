"""What the events of a small channel mean, as tables: category, type and action by event id, ECS fields by raw name.

Where the record has its members, in EventData or in UserData, makes no difference.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from besra.events.normalise.nested_document import (
    Document,
    collect,
    field_text,
    field_value,
    integer_of,
    put,
    text_of,
)
from besra.events.normalise.path_name import name_after_backslash, put_account, put_file_parts
from besra.events.normalise.winlog import Shipper, take_time_created
from besra.schema.fieldtype import parse_ip

Setter = Callable[[Document, str, str], None]
"""Sets a field of a document, and those that follow from it, from text."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """`event.category`, `event.type` and `event.action` of an event id; an empty action leaves the task's text."""

    category: tuple[str, ...]
    type: tuple[str, ...]
    action: str


def meanings(rows: str) -> dict[str, Meaning]:
    """Meanings by id from lines of `id; category …; type …; action`."""
    parts = [[part.strip() for part in line.split(";")] for line in rows.strip().splitlines()]
    return {
        code: Meaning(tuple(category.split()), tuple(types.split()), action) for code, category, types, action in parts
    }


def text(document: Document, field: str, value: str) -> None:
    """The text as it is."""
    put(document, field, value)


def integer(document: Document, field: str, value: str) -> None:
    """A number, decimal or `0x` hexadecimal; other text sets nothing."""
    put(document, field, integer_of(value))


def account(document: Document, field: str, value: str) -> None:
    """Domain and name of `DOMAIN\\name`, or a name alone; a SID is the id."""
    if value.startswith("S-1-"):
        put(document, f"{field}.id", value)
    elif "\\" in value:
        put_account(document, field, value)
    else:
        put(document, f"{field}.name", value)
    if field == "user":
        collect(document, "related.user", field_text(document, "user.name"))


def executable(document: Document, field: str, value: str) -> None:
    """A path, and the process's name in it."""
    put(document, field, value)
    put(document, f"{field.rpartition('.')[0]}.name", name_after_backslash(value) or value)


def path(document: Document, field: str, value: str) -> None:
    """A path, and the file's name, directory and extension in it."""
    put(document, field, value)
    put_file_parts(document, value)


def address(document: Document, field: str, value: str) -> None:
    """An IP address; other text, such as `LOCAL`, sets nothing."""
    if parse_ip(value) is not None:
        put(document, field, value)
        collect(document, "related.ip", value)


def url(document: Document, field: str, value: str) -> None:
    """An address on the web: whole, and its scheme, domain and path."""
    put(document, field, value)
    scheme, colon, rest = value.partition("://")
    if not colon:
        return
    host, _, place = rest.partition("/")
    put(document, "url.scheme", scheme.lower() or None)
    host = host.rpartition("@")[2]
    domain = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    put(document, "url.domain", domain or None)
    put(document, "url.path", f"/{place.partition('?')[0]}")


@dataclass(frozen=True, slots=True)
class Table:
    """A channel: what its ids mean, and which raw name gives which field. Of several rows of a field the first counts.

    A row may be of some ids only. Empty texts and `-` give nothing.
    """

    meanings: Mapping[str, Meaning]
    rows: tuple[tuple[str, str, Setter], ...]
    only: Mapping[str, frozenset[str]]

    def normalise(self, document: Document, _: Shipper) -> None:
        """Make the ECS fields of an event, in place. The raw members stay."""
        code = field_text(document, "event.code") or ""
        take_time_created(document)
        put_meaning(document, self.meanings.get(code))
        put_fields(document, [row for row in self.rows if code in self.only.get(row[0], (code,))])


def table(codes: str, rows: tuple[tuple[str, str, Setter], ...], **only: str) -> Table:
    """A table of lines for `meanings`, rows, and by raw name the ids, separated by blanks, for which it counts."""
    return Table(meanings(codes), rows, {name: frozenset(ids.split()) for name, ids in only.items()})


def put_meaning(document: Document, meaning: Meaning | None) -> None:
    """Set category, type and action."""
    if meaning is not None:
        put(document, "event.category", list(meaning.category) or None)
        put(document, "event.type", list(meaning.type) or None)
        put(document, "event.action", meaning.action or None)


def put_fields(document: Document, rows: list[tuple[str, str, Setter]]) -> None:
    """Set the fields of rows whose raw name has a text."""
    members = members_of(document)
    filled = set()
    for name, field, setter in rows:
        value = text_of(members.get(name))
        if value is not None and value != "-" and field not in filled:
            setter(document, field, value)
            filled.add(field)


def members_of(document: Document) -> Mapping[str, Any]:
    """The members of EventData and UserData."""
    members: dict[str, Any] = {}
    for name in ("winlog.user_data", "winlog.event_data"):
        found = field_value(document, name)
        if isinstance(found, dict):
            members.update(found)
    return members

"""The values of a raw record by dotted name, and which of them have become fields.

Products write their records flat, nested or mixed; normalisers of sources see one shape. A value that no field takes
goes into the namespace of the product, as the pipelines have it, so that nothing is lost.
"""

from collections.abc import Callable, Iterable, Iterator, KeysView, Mapping
from dataclasses import dataclass
from typing import Any

from besra.events.normalise.dns_lookup import unmapped
from besra.events.normalise.nested_document import Document, field_value, integer_of, put, text_of
from besra.schema.fieldtype import parse_ip
from besra.schema.timestamp import NANOS, format_timestamp, parse_timestamp

FIRST_TIME, LAST_TIME = -62_135_596_800 * NANOS, 253_402_300_800 * NANOS
"""Nanoseconds of the years 1 to 9999, which ISO 8601 can write."""


class RawValues:
    """A record by dotted name, `without` a prefix that some names have.

    Null, empty text and empty lists are no values; a name with several has them in a list.
    """

    def __init__(self, record: Mapping[str, Any], without: str = "") -> None:
        self._values = _flat(record, without)
        self._taken: set[str] = set()

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    @property
    def names(self) -> KeysView[str]:
        """The names that have a value."""
        return self._values.keys()

    def value(self, name: str) -> Any:
        """The value of a name, None without one."""
        return self._values.get(name)

    def text(self, name: str) -> str | None:
        """The value of a name as text; None if it has none or is no scalar."""
        return text_of(self._values.get(name))

    def word(self, name: str) -> str:
        """The value of a name in lower case without blanks, for comparing; empty without one."""
        return "".join((self.text(name) or "").lower().split())

    def take(self, *names: str) -> None:
        """Say that fields hold the values of these names."""
        self._taken.update(names)

    def open(self, name: str, inner: Mapping[str, Any]) -> None:
        """Put the values of an object in the place of the text it was written in."""
        del self._values[name]
        for below, value in _flat(inner, "").items():
            _gather(self._values, f"{name}.{below}", value)

    def put_rest(self, document: Document, namespace: str, name_of: Callable[[str], str] = str) -> None:
        """Put what nothing took below a namespace, under what `name_of` makes of its name.

        Where one name goes on behind another (`image` and `image.sha256`), the shorter is put at `image.value`.
        """
        rest = [(name_of(name), value) for name, value in self._values.items() if name not in self._taken]
        parents = {parent for name, _ in rest if "." in name for parent in _parents(name)}
        gathered: dict[str, Any] = {}
        for name, value in rest:
            _gather(gathered, _free(name, parents), value)
        inner: Document = {}
        for name, value in gathered.items():
            put(inner, name, value)
        put(document, namespace, inner or None)


def _parents(name: str) -> Iterator[str]:
    end = name.find(".")
    while end >= 0:
        yield name[:end]
        end = name.find(".", end + 1)


def _free(name: str, parents: set[str]) -> str:
    while name in parents:
        name = f"{name}.value"
    return name


def _flat(record: Mapping[str, Any], without: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    stack: list[tuple[str, Mapping[str, Any]]] = [("", record)]
    while stack:
        prefix, inner = stack.pop()
        for key, value in inner.items():
            name = f"{prefix}{key}"
            # The test against the abstract Mapping costs more than all the rest; most values are text.
            if type(value) is not str and isinstance(value, Mapping):
                stack.append((f"{name}.", value))
            elif value is not None and value not in ("", []):
                plain = list(value) if isinstance(value, (list, tuple)) else value
                _gather(values, name.removeprefix(without), plain)
    return values


def _gather(values: dict[str, Any], name: str, value: Any) -> None:
    if name in values:
        before = values[name]
        values[name] = [*(before if isinstance(before, list) else [before]), *_listed(value)]
    else:
        values[name] = value


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@dataclass(frozen=True, slots=True)
class Move:
    """One field made of one raw name; what `convert` gives None for stays raw."""

    raw: str
    field: str
    convert: Callable[[Any], Any] = text_of


def put_moves(document: Document, values: RawValues, moves: Iterable[Move]) -> None:
    """Fill fields from the rows of a table. A field that has a value keeps it, and what else names it stays raw."""
    names = values.names
    for move in moves:
        if move.raw in names and field_value(document, move.field) is None:
            value = move.convert(values.value(move.raw))
            if value is not None:
                put(document, move.field, value)
                values.take(move.raw)


def integer(value: Any) -> int | None:
    """A 64-bit integer from a number or its text."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1 << 63 else None
    return None if isinstance(value, bool) else integer_of(text_of(value))


BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def boolean(value: Any) -> bool | None:
    """A boolean from itself, 0 or 1, or its text."""
    return BOOLEANS.get((text_of(value) or "").lower())


def address(value: Any) -> str | None:
    """An IP address; one of IPv4 in the clothes of IPv6 as itself."""
    return unmapped(value) if isinstance(value, str) and parse_ip(value) is not None else None


def lower(value: Any) -> str | None:
    """Text in lower case."""
    text = text_of(value)
    return text.lower() if text else None


def listed_text(value: Any) -> list[str] | None:
    """A field that holds lists, from one text."""
    text = text_of(value)
    return [text] if text else None


def time_of(value: Any) -> str | None:
    """ISO 8601 from that, or from milliseconds since 1970."""
    return _iso(parse_timestamp(value)) if isinstance(value, (str, int, float)) else None


def time_of_seconds(value: Any) -> str | None:
    """ISO 8601 from seconds since 1970, with or without a fraction."""
    whole, _, fraction = (text_of(value) or "").partition(".")
    if not whole.isascii() or not whole.isdigit() or len(whole) > 12 or not (fraction or "0").isdigit():
        return None
    return _iso(int(whole) * NANOS + int(fraction[:9].ljust(9, "0"))) if fraction.isascii() else None


def _iso(nanos: int | None) -> str | None:
    return format_timestamp(nanos) if nanos is not None and FIRST_TIME <= nanos < LAST_TIME else None

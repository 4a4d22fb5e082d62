"""Field types, and the one place where a JSON scalar becomes a comparable value of such a type.

A typed value is a plain Python value, chosen so that equal means equal and ordering means the type's ordering:

| type                              | typed value                                                      |
| --------------------------------- | ---------------------------------------------------------------- |
| KEYWORD, TEXT                     | `str`                                                            |
| LONG                              | `int`                                                            |
| DOUBLE                            | `float`                                                          |
| BOOLEAN                           | `bool`                                                           |
| DATE                              | `int`, nanoseconds since 1970                                    |
| IP                                | `int`, the 128-bit address; IPv4 as its IPv4-mapped IPv6 address |
| VERSION                           | `tuple`, orders as software versions do                          |
| DYNAMIC (not in any mapping)      | the JSON value itself                                            |

Source: eql.md 2.1 and 2.5; `DYNAMIC` and its comparison rule are this project's decision where the specification
leaves the case open ("without mapping").
"""

import ipaddress
import math
import re
from enum import StrEnum
from functools import lru_cache

from besra.schema.timestamp import format_timestamp, parse_timestamp

Scalar = str | int | float | bool
"""A JSON scalar other than null."""

Typed = str | int | float | bool | tuple[object, ...]
"""A scalar converted to its field's type; see the module's table."""


class FieldType(StrEnum):
    """How the values of a field compare. Names follow Elasticsearch's families."""

    KEYWORD = "keyword"
    TEXT = "text"
    LONG = "long"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    DATE = "date"
    IP = "ip"
    VERSION = "version"
    NESTED = "nested"
    OBJECT = "object"
    UNSUPPORTED = "unsupported"
    DYNAMIC = "dynamic"

    @property
    def is_string(self) -> bool:
        """Whether `:`, `like` and `regex` apply. DYNAMIC counts: nothing says it is not a string."""
        return self in (FieldType.KEYWORD, FieldType.TEXT, FieldType.VERSION, FieldType.DYNAMIC)

    @property
    def is_number(self) -> bool:
        """Whether arithmetic applies. DYNAMIC counts."""
        return self in (FieldType.LONG, FieldType.DOUBLE, FieldType.DYNAMIC)


FAMILIES = {
    "keyword": FieldType.KEYWORD,
    "constant_keyword": FieldType.KEYWORD,
    "wildcard": FieldType.KEYWORD,
    "flattened": FieldType.KEYWORD,
    "match_only_text": FieldType.TEXT,
    "text": FieldType.TEXT,
    "long": FieldType.LONG,
    "integer": FieldType.LONG,
    "short": FieldType.LONG,
    "byte": FieldType.LONG,
    "unsigned_long": FieldType.LONG,
    "double": FieldType.DOUBLE,
    "float": FieldType.DOUBLE,
    "half_float": FieldType.DOUBLE,
    "scaled_float": FieldType.DOUBLE,
    "boolean": FieldType.BOOLEAN,
    "date": FieldType.DATE,
    "date_nanos": FieldType.DATE,
    "ip": FieldType.IP,
    "version": FieldType.VERSION,
    "nested": FieldType.NESTED,
    "object": FieldType.OBJECT,
    "dynamic": FieldType.DYNAMIC,
}


def family_of(mapping_type: str) -> FieldType:
    """The comparison family of a mapping type as Elasticsearch spells it; UNSUPPORTED for geo, histogram and others."""
    return FAMILIES.get(mapping_type, FieldType.UNSUPPORTED)


def to_typed(value: Scalar, field_type: FieldType) -> Typed | None:
    """The typed value of a scalar, or None where the value is not one of that type ("abc" as a long).

    A value that does not fit its field is as good as missing: it satisfies no condition (eql.md 6, last paragraph).
    """
    match field_type:
        case FieldType.KEYWORD | FieldType.TEXT:
            return to_text(value)
        case FieldType.LONG:
            return _to_long(value)
        case FieldType.DOUBLE:
            return _to_double(value)
        case FieldType.BOOLEAN:
            return _to_boolean(value)
        case FieldType.DATE:
            return parse_timestamp(value)
        case FieldType.IP:
            return parse_ip(value) if isinstance(value, str) else None
        case FieldType.VERSION:
            return version_key(to_text(value))
        case FieldType.DYNAMIC:
            return value
        case FieldType.NESTED | FieldType.OBJECT | FieldType.UNSUPPORTED:
            return None


MAX_DECIMAL_BITS = 10_000
"""Python refuses to write longer integers in decimal by default. No JSON reader gives one; a Python caller may."""


def to_text(value: Scalar) -> str:
    """Canonical text: booleans as JSON writes them, numbers in decimal without a trailing `.0`."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    if isinstance(value, int) and value.bit_length() > MAX_DECIMAL_BITS:
        return hex(value)
    return str(value)


def typed_text(value: Typed, field_type: FieldType) -> str:
    """The text of a typed value, as shown in join keys: ISO dates, canonical addresses, plain numbers."""
    match field_type:
        case FieldType.DATE if isinstance(value, int):
            return format_timestamp(value)
        case FieldType.IP if isinstance(value, int):
            return ip_text(value)
        case FieldType.VERSION if isinstance(value, tuple):
            return str(value[-1])
        case _:
            return to_text(value) if isinstance(value, (str, int, float, bool)) else str(value)


def _to_long(value: Scalar) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        # Through float a 64-bit id would lose digits.
        try:
            return int(value)
        except ValueError:
            pass
    number = _to_double(value)
    return int(number) if number is not None and math.isfinite(number) else None


NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*")


def _to_double(value: Scalar) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return float(value) if NUMBER.fullmatch(value) else None
    try:
        return float(value)
    except OverflowError:
        return None


def _to_boolean(value: Scalar) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


MAPPED = 0xFFFF << 32


@lru_cache(maxsize=4096)
def parse_ip(text: str) -> int | None:
    """The 128-bit number of an address (IPv4 as IPv4-mapped IPv6, zone dropped), or None."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return int(address) | MAPPED if address.version == 4 else int(address)


def ip_text(value: int) -> str:
    """The canonical text of a 128-bit address; IPv4-mapped addresses in dotted form."""
    if value >> 32 == 0xFFFF:
        return str(ipaddress.IPv4Address(value & 0xFFFFFFFF))
    return str(ipaddress.IPv6Address(value))


def parse_network(text: str) -> tuple[int, int] | None:
    """First and last 128-bit address of a CIDR block or bare address; host bits may be set. None if malformed."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    first, last = int(network.network_address), int(network.broadcast_address)
    return (first | MAPPED, last | MAPPED) if network.version == 4 else (first, last)


VERSION_TEXT = re.compile(r"(\d+(?:\.\d+)*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")


def version_key(text: str) -> tuple[object, ...]:
    """A key that orders as Elasticsearch's version type does.

    Numbers compare as numbers, a pre-release before its release, text that is no version after all versions.
    The last element is the original text.
    """
    found = VERSION_TEXT.fullmatch(text)
    if not found:
        return (1, (), 0, (), text)
    numbers = tuple(int(part) for part in found[1].split("."))
    while numbers and numbers[-1] == 0:
        numbers = numbers[:-1]
    pre = found[2]
    # Numeric identifiers sort before alphanumeric ones, as semantic versioning says.
    parts = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in pre.split(".")) if pre else ()
    return (0, numbers, 0 if pre else 1, parts, text)

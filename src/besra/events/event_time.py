"""The time of an event in a file.

A number in a query, or in a document given to Elasticsearch, is milliseconds; files come from everywhere, and there a
number is taken for the unit that puts it in a plausible year. That guess is made here, for the event's own time field,
and nowhere else: constants in queries and other date fields keep Elasticsearch's rule (`schema.timestamp`).

| digits   | unit                                             | years        |
| -------- | ------------------------------------------------ | ------------ |
| up to 11 | seconds since 1970                               | 1970 to 5138 |
| 12 to 14 | milliseconds since 1970                          | 1973 to 5138 |
| 15 to 17 | microseconds since 1970                          | 1973 to 5138 |
| 18       | 100 nanoseconds since 1601, as Windows counts    | 1917 to 4769 |
| 19       | nanoseconds since 1970                           | 2001 to 2262 |

Every number has one reading; a negative one of 18 digits has none. Texts are ISO 8601 as `schema.timestamp` reads it
(no zone: UTC), digits as above, or `/Date(1700000000000)/`, milliseconds as Microsoft's JSON has them.
"""

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from besra.events.document import field_values
from besra.schema.fieldtype import Scalar
from besra.schema.timestamp import parse_timestamp

TIMESTAMP = "@timestamp"

NUMBER = re.compile(r"\s*[+-]?\d{1,19}(\.\d*)?\s*")

UNITS = ((10**11, 9), (10**14, 6), (10**17, 3), (10**18, 2), (2**63, 0))
"""Upper bound of the magnitude, and the power of ten that makes nanoseconds of it."""

FILETIME = 2
"""The power of ten of those counted from 1601."""

SINCE_1601 = 11_644_473_600 * 10**9
"""Nanoseconds from 1601 to 1970."""

# An offset behind the number is how the time is to be shown; the number is UTC without it.
MICROSOFT = re.compile(r"/Date\((-?\d{1,16})(?:[+-]\d{4})?\)/")


def event_time(source: Mapping[str, Any], field: str = TIMESTAMP) -> int | None:
    """Nanoseconds since 1970 of the first value of the field that is a time; None if there is none."""
    value = source.get(field)
    for candidate in (value,) if type(value) is str else field_values(source, field):
        nanos = parse_event_time(candidate)
        if nanos is not None:
            return nanos
    return None


def parse_event_time(value: Scalar) -> int | None:
    """Nanoseconds since 1970 of a text or number, by the table above; None if it is no time."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        # A minus past the first character tells a date from a number.
        if value.find("-", 1) > 0 and value[0] != "/":
            return parse_timestamp(value)
        if found := MICROSOFT.fullmatch(value):
            return int(found[1]) * 1_000_000
        return _from_number(Decimal(value.strip())) if NUMBER.fullmatch(value) else None
    if isinstance(value, float):
        # Through its shortest text: 1700000000.123456 seconds are not exact in binary.
        return _from_number(Decimal(repr(value))) if math.isfinite(value) else None
    return _from_number(value)


def _from_number(value: int | Decimal) -> int | None:
    size = abs(int(value))
    power = next((power for bound, power in UNITS if size < bound), None)
    if power is None:
        return None
    nanos = int(value * Decimal(10) ** power)
    if power != FILETIME:
        return nanos
    return nanos - SINCE_1601 if nanos > 0 else None

"""The time of an event in a file.

A number in a query, or in a document given to Elasticsearch, is milliseconds; files come from everywhere, and there a
number is taken for the unit that puts it in a plausible year. That guess is made here, for the event's own time field,
and nowhere else: constants in queries and other date fields keep Elasticsearch's rule (`schema.timestamp`).

| magnitude | unit         | range of years |
| --------- | ------------ | -------------- |
| < 1e11    | seconds      | 1970 to 5138   |
| < 1e14    | milliseconds | 1973 to 5138   |
| < 1e17    | microseconds | 1973 to 5138   |
| larger    | nanoseconds  | 1973 to 2262   |
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

UNITS = ((10**11, 9), (10**14, 6), (10**17, 3), (2**63, 0))
"""Upper bound of the magnitude, and the power of ten that makes nanoseconds of it."""


def event_time(source: Mapping[str, Any], field: str = TIMESTAMP) -> int | None:
    """Nanoseconds since 1970 of the first value of the field that is a time; None if there is none."""
    value = source.get(field)
    for candidate in (value,) if type(value) is str else field_values(source, field):
        nanos = parse_event_time(candidate)
        if nanos is not None:
            return nanos
    return None


def parse_event_time(value: Scalar) -> int | None:
    """Nanoseconds since 1970 of an ISO 8601 text (no zone: UTC) or of a number or digits in the unit of their size."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        # A minus past the first character tells a date from a number.
        if value.find("-", 1) > 0:
            return parse_timestamp(value)
        return _from_number(Decimal(value.strip())) if NUMBER.fullmatch(value) else None
    if isinstance(value, float):
        # Through its shortest text: 1700000000.123456 seconds are not exact in binary.
        return _from_number(Decimal(repr(value))) if math.isfinite(value) else None
    return _from_number(value)


def _from_number(value: int | Decimal) -> int | None:
    size = abs(int(value))
    power = next((power for bound, power in UNITS if size < bound), None)
    return None if power is None else int(value * Decimal(10) ** power)

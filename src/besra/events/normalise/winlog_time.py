"""The time of a Windows record in JSON, which every exporter writes in its own way."""

import re
from collections.abc import Iterable
from typing import Any

from besra.events.event_time import parse_event_time
from besra.schema.timestamp import format_timestamp, parse_timestamp

ZONED = re.compile(r".*(?:[Zz]|UTC|[+-]\d\d:?\d\d)\s*", re.DOTALL)
DOT_NET = re.compile(r"/Date\((-?\d{1,18})(?:[+-]\d{4})?\)/")
"""The time of .NET's older JSON writers, in milliseconds, as Windows PowerShell writes it."""


def record_time(candidates: Iterable[Any]) -> str | None:
    """The time in the first value that names its zone, else in the first that is a time at all, taken for UTC.

    ISO 8601 of another zone becomes UTC; numbers are of the unit that puts them in a plausible year. A time without
    a zone is often the collector's local one, hence the preference.
    """
    unzoned = None
    for value in candidates:
        text = _time_text(value)
        if text is None:
            continue
        if ZONED.fullmatch(text):
            return text if text.endswith("Z") else format_timestamp(parse_timestamp(text) or 0)
        unzoned = unzoned or text
    return unzoned


def _time_text(value: Any) -> str | None:
    if isinstance(value, dict):
        # PowerShell's dates carry members of their own when they were extended: {"value": …, "DateTime": …}.
        value = value.get("value")
    if isinstance(value, str):
        found = DOT_NET.fullmatch(value)
        if found:
            return format_timestamp(int(found[1]) * 1_000_000)
        if value.find("-", 1) > 0:
            return value.strip() if parse_timestamp(value) is not None else None
    if isinstance(value, (str, int, float)):
        nanos = parse_event_time(value)
        return None if nanos is None else format_timestamp(nanos)
    return None

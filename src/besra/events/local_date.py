"""Dates as programs print them for people: `3/1/2025 10:00:00 AM`, `01.03.2025 10:00:00`, `Mar 1, 2025 @ 10:00:00.000`.

They name no zone, and day and month may stand in either order. The order is told from all dates at the beginning of a
file; the zone is UTC, as for every time without one.
"""

import re
from enum import StrEnum

from besra.schema.timestamp import parse_timestamp

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"\s*(?P<half>[AaPp])?\.?[Mm]?\.?"
)
NUMERIC = re.compile(
    r"\s*(?P<first>\d{1,2})(?P<mark>[/.-])\s?(?P<other>\d{1,2})(?P=mark)\s?(?P<year>\d{4}),?\s+" + CLOCK + r"\s*"
)
NAMED = re.compile(r"\s*(?P<month>[A-Za-z]{3})[a-z]* (?P<day>\d{1,2}), (?P<year>\d{4})(?: @|,)? " + CLOCK + r"\s*")
LOOKED_AT = re.compile(rb"(\d{1,2})([/.-])\s?(\d{1,2})\2\s?\d{4},?\s+\d{1,2}:\d\d(:\d\d)?(\s?[AaPp]\.?[Mm])?")


class DateOrder(StrEnum):
    """Which of two numbers before a year is the month."""

    MONTH_FIRST = "month first"
    DAY_FIRST = "day first"


def date_order(sample: bytes) -> tuple[DateOrder, bool]:
    """The order of the dates in a sample, and whether that is certain.

    A number above 12 is a day. Where there is none, dates with slashes and AM or PM are taken for American.
    """
    order = DateOrder.MONTH_FIRST
    for found in LOOKED_AT.finditer(sample):
        if int(found[1]) > 12:
            return DateOrder.DAY_FIRST, True
        if int(found[3]) > 12:
            return DateOrder.MONTH_FIRST, True
        if found[2] != b"/" or not found[5]:
            order = DateOrder.DAY_FIRST
    return order, LOOKED_AT.search(sample) is None


def parse_date(text: str, order: DateOrder) -> int | None:
    """Nanoseconds since 1970 of a date in ISO 8601 or as people write it; None if it is neither."""
    nanos = parse_timestamp(text) if text.find("-", 1) > 0 else None
    if nanos is not None:
        return nanos
    if found := NUMERIC.fullmatch(text):
        first, other = int(found["first"]), int(found["other"])
        month, day = (first, other) if order is DateOrder.MONTH_FIRST else (other, first)
    elif (found := NAMED.fullmatch(text)) and found["month"].lower() in MONTHS:
        month, day = MONTHS.index(found["month"].lower()) + 1, int(found["day"])
    else:
        return None
    hour = int(found["hour"])
    if found["half"]:
        hour = hour % 12 + (12 if found["half"] in "Pp" else 0)
    clock = f"{hour:02d}:{found['minute']}:{found['second'] or '00'}.{found['fraction'] or '0'}"
    return parse_timestamp(f"{found['year']}-{month:02d}-{day:02d}T{clock}Z")

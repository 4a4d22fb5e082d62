"""Dates as people write them."""

import pytest

from besra.events.local_date import DateOrder, date_order, parse_date
from besra.schema.timestamp import format_timestamp

MONTH, DAY = DateOrder.MONTH_FIRST, DateOrder.DAY_FIRST


@pytest.mark.parametrize(
    ("text", "order", "time"),
    [
        ("3/1/2025 10:00:00 AM", MONTH, "2025-03-01T10:00:00.000Z"),
        ("3/1/2025 12:05:00 AM", MONTH, "2025-03-01T00:05:00.000Z"),
        ("3/1/2025 12:05 PM", MONTH, "2025-03-01T12:05:00.000Z"),
        ("3/1/2025 1:05:00 p.m.", MONTH, "2025-03-01T13:05:00.000Z"),
        ("01/03/2025 10:00:00", DAY, "2025-03-01T10:00:00.000Z"),
        ("01.03.2025 10:00:00,5", DAY, "2025-03-01T10:00:00.500Z"),
        ("1. 3. 2025 10:00:00", DAY, "2025-03-01T10:00:00.000Z"),
        ("19-07-2025, 10:00:00", DAY, "2025-07-19T10:00:00.000Z"),
        ("Mar 1, 2025 @ 10:00:00.123", DAY, "2025-03-01T10:00:00.123Z"),
        ("March 1, 2025 10:00:00", DAY, "2025-03-01T10:00:00.000Z"),
        ("2025-03-01 10:00:00.1234567", DAY, "2025-03-01T10:00:00.123456700Z"),
        ("31/31/2025 10:00:00", DAY, None),
        ("13/1/2025 10:00:00", MONTH, None),
        ("Foo 1, 2025 @ 10:00:00.123", DAY, None),
        ("words", DAY, None),
        ("", DAY, None),
        ("1740823200", DAY, None),
    ],
)
def test_dates(text: str, order: DateOrder, time: str | None) -> None:
    nanos = parse_date(text, order)
    assert (None if nanos is None else format_timestamp(nanos)) == time


@pytest.mark.parametrize(
    ("sample", "order"),
    [
        (b"3/1/2025 10:00:00 AM", (MONTH, False)),
        (b"3/1/2025 10:00:00 AM,x\n3/13/2025 10:00:00 AM", (MONTH, True)),
        (b"3/1/2025 10:00\n13/3/2025 10:00", (DAY, True)),
        (b"3/1/2025 10:00:00", (DAY, False)),
        (b"3.1.2025 10:00:00", (DAY, False)),
        (b"2025-01-03 10:00:00, Mar 1, 2025 @ 10:00:00.000", (MONTH, True)),
        (b"", (MONTH, True)),
    ],
)
def test_the_order_of_a_file(sample: bytes, order: tuple[DateOrder, bool]) -> None:
    assert date_order(sample) == order

from typing import Any

import pytest

from besra.events.normalise.winlog_time import record_time


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("2024-05-01T10:00:01.1234567Z", "2024-05-01T10:00:01.1234567Z"),
        ("2024-05-01T12:00:01.5+02:00", "2024-05-01T10:00:01.500Z"),
        ("2024-05-01 10:00:01", "2024-05-01 10:00:01"),
        ("/Date(1714557601500)/", "2024-05-01T10:00:01.500Z"),
        ({"value": "/Date(1714557601500)/", "DateTime": "Wednesday"}, "2024-05-01T10:00:01.500Z"),
        (1714557601.5, "2024-05-01T10:00:01.500Z"),
        (1714557601500, "2024-05-01T10:00:01.500Z"),
        ("yesterday", None),
        ("1. Mai 2024 10:00", None),
        (None, None),
        ([], None),
    ],
)
def test_every_kind_of_time(written: Any, time: str | None) -> None:
    assert record_time([written]) == time


def test_a_time_with_its_zone_is_preferred_and_the_first_of_each_kind_counts() -> None:
    local, other, zoned = "2024-05-01 12:00:01", "2024-05-01 13:00:00", "2024-05-01T10:00:03Z"
    assert record_time([local, zoned, "2024-05-01T11:00:03Z"]) == zoned
    assert record_time([None, "?", local, other]) == local

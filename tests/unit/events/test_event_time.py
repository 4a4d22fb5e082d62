"""The time of an event in a file, in every form files have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.events.event_time import event_time, parse_event_time
from besra.schema.fieldtype import Scalar

SECOND = 1_735_787_045  # 2025-01-02T03:04:05Z
NANOS = SECOND * 10**9


@pytest.mark.parametrize(
    ("value", "nanos"),
    [
        ("2025-01-02T03:04:05Z", NANOS),
        ("2025-01-02T03:04:05", NANOS),
        ("2025-01-02 03:04:05.123", NANOS + 123_000_000),
        ("2025-01-02T04:34:05+01:30", NANOS),
        ("2025-01-01T22:04:05-0500", NANOS),
        ("2025-01-02T03:04:05.6578986Z", NANOS + 657_898_600),
        ("2025-01-02T03:04:05.123456789Z", NANOS + 123_456_789),
        (SECOND, NANOS),
        (SECOND * 1000 + 7, NANOS + 7_000_000),
        (SECOND * 10**6 + 7, NANOS + 7_000),
        (NANOS + 7, NANOS + 7),
        (str(SECOND), NANOS),
        (f"{SECOND}.5", NANOS + 500_000_000),
        (str(SECOND * 1000), NANOS),
        (f" {SECOND * 10**6} ", NANOS),
        (str(NANOS + 1), NANOS + 1),
        (float(SECOND), NANOS),
        (SECOND + 0.123456, NANOS + 123_456_000),
        (SECOND * 1000 + 0.25, NANOS + 250_000),
        ("2025-01-02 03:04:05,123", NANOS + 123_000_000),
        ("2025-01-02 03:04:05.1234567 UTC", NANOS + 123_456_700),
        ("2025-01-02T03:04:05.1234567890Z", NANOS + 123_456_789),
        (133_802_606_450_000_007, NANOS + 700),
        ("133802606450000000", NANOS),
        (133_802_606_450_000_000.0, NANOS),
        (100_000_000_000_000_000, -1_644_473_600 * 10**9),
        (10**18 - 1, (10**18 - 1) * 100 - 11_644_473_600 * 10**9),
        (10**18, 10**18),
        (f"/Date({SECOND}123)/", NANOS + 123_000_000),
        (f"/Date({SECOND}000+0200)/", NANOS),
        ("/Date(-1000)/", -(10**9)),
        (0, 0),
        (-1, -(10**9)),
    ],
)
def test_every_kind_of_time(value: Scalar, nanos: int) -> None:
    assert parse_event_time(value) == nanos


@pytest.mark.parametrize(
    "value",
    [
        -(10**17),
        "/Date(x)/",
        "/Date(1)",
        "/",
        "/-1",
        "01/02/2025 03:04:05",
        "",
        "yesterday",
        "-",
        "2025-13-01T00:00:00Z",
        "12:30",
        True,
        float("nan"),
        float("inf"),
        10**30,
        "9" * 25,
    ],
)
def test_what_is_no_time(value: Scalar) -> None:
    assert parse_event_time(value) is None


def test_first_value_that_is_a_time_counts_in_any_shape() -> None:
    assert event_time({"@timestamp": ["soon", "2025-01-02T03:04:05Z"]}) == NANOS
    assert event_time({"event": {"created": SECOND}}, "event.created") == NANOS
    assert event_time({"event.created": str(SECOND)}, "event.created") == NANOS
    assert event_time({"@timestamp": None}) is None
    assert event_time({}) is None


@given(st.integers(-(10**17) + 1, 2**63 - 1))
def test_every_number_is_one_time_and_its_digits_the_same(value: int) -> None:
    assert parse_event_time(value) is not None
    assert parse_event_time(str(value)) == parse_event_time(value)


@given(
    st.text("0123456789-+.:, TZe") | st.integers() | st.floats() | st.booleans() | st.text("0123456789.", max_size=25)
)
def test_no_value_raises(value: Scalar) -> None:
    found = parse_event_time(value)
    assert found is None or isinstance(found, int)

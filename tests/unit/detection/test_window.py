"""Windows of event time (detection-engine.md 2.2)."""

import pytest

from besra.detection.window import EVERYTHING, Window


@pytest.mark.parametrize(
    ("window", "time", "is_seen"),
    [
        (Window(10, 20), 9, False),
        (Window(10, 20), 10, True),
        (Window(10, 20), 20, True),
        (Window(10, 20), 21, False),
        (Window(10, None), 10**30, True),
        (Window(None, 20), -5, True),
        (Window(10, 10), 10, True),
        (EVERYTHING, 0, True),
        (EVERYTHING, None, True),
        (Window(10, None), None, False),
        (Window(None, 20), None, False),
    ],
)
def test_both_ends_belong_to_it(window: Window, time: int | None, is_seen: bool) -> None:
    assert window.contains(time) is is_seen

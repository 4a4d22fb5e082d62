"""Reason texts: detection-engine.md 3.3 and the vectors of 12."""

from typing import Any

import pytest

from besra.detection.reason import reason_text

NETWORK = {
    "event": {"category": ["network"]},
    "process": {"name": "evil.exe"},
    "source": {"ip": "10.0.0.5", "port": 50123},
    "destination": {"ip": "203.0.113.9", "port": 443},
    "host": {"name": "ws-17"},
}
REGISTRY = {
    "event.category": ["registry"],
    "process.name": "msiexec.exe",
    "user.name": "SYSTEM",
    "host": {"name": "ws-17"},
}
CASES: list[tuple[dict[str, Any], str]] = [
    (
        NETWORK,
        (
            "network event with process evil.exe, source 10.0.0.5:50123, destination 203.0.113.9:443, on ws-17"
            " created high alert X."
        ),
    ),
    ({"host": {"name": "ws-17"}}, "event on ws-17 created high alert X."),
    ({}, "event created high alert X."),
    (REGISTRY, "registry event with process msiexec.exe, by SYSTEM on ws-17 created high alert X."),
    ({"event": {"category": ["file", "process"]}}, "file, process event created high alert X."),
    ({"user": {"name": "jdoe"}}, "event by jdoe created high alert X."),
    ({"file": {"name": "a.exe"}}, "event with file a.exe, created high alert X."),
    ({"process": {"parent": {"name": "p.exe"}}}, "event with parent process p.exe, created high alert X."),
    ({"source": {"ip": "10.0.0.5"}}, "event with source 10.0.0.5, created high alert X."),
    ({"source": {"port": 53}}, "event created high alert X."),
    (
        {"destination": {"ip": ["::1", "::2"], "port": [1, 2]}},
        "event with destination ::1, ::2:1, 2, created high alert X.",
    ),
    ({"process": {"name": "-"}, "user": {"name": ""}}, "event created high alert X."),
    ({"process": {"name": ["-", "a"]}}, "event with process a, created high alert X."),
]


@pytest.mark.parametrize(("document", "text"), CASES, ids=[text[:40] for _, text in CASES])
def test_reason(document: dict[str, Any], text: str) -> None:
    assert reason_text(document, "X", "high") == text


def test_the_other_vector() -> None:
    assert reason_text({"host.name": "ws-17"}, "Y", "low") == "event on ws-17 created low alert Y."

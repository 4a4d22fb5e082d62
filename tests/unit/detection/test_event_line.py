"""One line for an event: what the fields there are tell."""

from typing import Any

import pytest

from besra.detection.event_line import event_line
from besra.events.document import Fields

CMD = {"name": "cmd.exe"}


def of(category: str, *types: str, **fields: Any) -> dict[str, Any]:
    return {"event": {"category": [category], "type": list(types), "action": "done"}, "process": CMD, **fields}


@pytest.mark.parametrize(
    ("document", "line"),
    [
        (
            of("process", "start", process={**CMD, "parent": {"name": "a"}, "args": ["x", "y"]}),
            "a started cmd.exe: x, y",
        ),
        (of("process", "start", process={**CMD, "command_line": "cmd /c"}), "cmd.exe started: cmd /c"),
        (of("process", "end", process={**CMD, "exit_code": 0}), "cmd.exe ended with 0"),
        (
            of("network", "protocol", dns={"question": {"name": "x.example"}}),
            "cmd.exe asked for the address of x.example",
        ),
        (of("network", "start", destination={"ip": "203.0.113.9", "port": 443}), "cmd.exe, done: 203.0.113.9:443"),
        (
            of("registry", "change", registry={"path": "HKLM\\a", "data": {"strings": ["1"]}}),
            "cmd.exe, done: HKLM\\a = 1",
        ),
        (of("file", "creation", file={"path": "C:\\a"}), "cmd.exe, done: C:\\a"),
        (of("library", "start", dll={"path": "C:\\a.dll"}), "cmd.exe, done: C:\\a.dll"),
        (of("authentication"), "cmd.exe, done"),
        ({"message": "hello"}, "a process, hello"),
        ({}, "a process, event"),
        ({"event": "x", "process": "y"}, "a process, event"),
    ],
)
def test_the_line_of_an_event(document: dict[str, Any], line: str) -> None:
    assert event_line(Fields(document)) == line


def test_a_line_is_not_endless() -> None:
    assert len(event_line(Fields(of("file", file={"path": "x" * 10_000})))) == 500

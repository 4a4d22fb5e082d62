"""The log of a service: its two forms, what is said again, and that nothing secret is in it."""

import io
import json
import logging
from asyncio import CancelledError
from collections.abc import Callable

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from besra.cli.logged import LoggedTerminal
from besra.problems import Place, Problem
from besra.service.access_log import AccessLog
from besra.service.log import AGAIN, JsonLine, Lines, LogForm, TextLine, logging_to, say, telling

TIME = 1_750_000_000.25


def record(message: str, level: int = logging.INFO, name: str = "besra.rules", **fields: object) -> logging.LogRecord:
    told = {"name": name, "msg": message, "levelno": level, "levelname": logging.getLevelName(level)}
    return logging.makeLogRecord({**told, "created": TIME, "msecs": 250, "besra_fields": fields})


def test_lines_for_people() -> None:
    line = TextLine().format
    assert line(record("12 rules running")) == "2025-06-15T15:06:40.250Z info    rules: 12 rules running"
    told = line(record("bad\n  hint: mend it\x1b[31m", logging.ERROR, path="a b.toml", line=3))
    assert told == ('2025-06-15T15:06:40.250Z error   rules: bad; hint: mend it\\u001b[31m (path="a b.toml" line=3)')
    assert "uvicorn: odd" in line(record("odd", name="uvicorn.error"))


def test_lines_for_programs() -> None:
    told = json.loads(JsonLine().format(record("bad\nthing", logging.WARNING, code="rule-bad", line=3)))
    assert told == {
        "@timestamp": "2025-06-15T15:06:40.250Z",
        "log.level": "warning",
        "log.logger": "rules",
        "message": "bad\nthing",
        "code": "rule-bad",
        "line": 3,
    }
    try:
        raise ValueError("x")
    except ValueError as error:
        failed = record("failed", logging.ERROR)
        failed.exc_info = (ValueError, error, error.__traceback__)
    assert "ValueError: x" in json.loads(JsonLine().format(failed))["error.stack_trace"]
    assert "\n" not in JsonLine().format(failed)


def test_what_comes_again_is_said_once_a_minute() -> None:
    now, stream = 0.0, io.StringIO()
    lines = Lines(stream, LogForm.JSON, lambda: now)

    def said() -> list[tuple[str, int]]:
        told = [json.loads(line) for line in stream.getvalue().splitlines()]
        return [(line["message"], line.get("repeated", 0)) for line in told]

    for _ in range(5):
        lines.emit(record("full"))
    lines.emit(record("other"))
    assert said() == [("full", 0), ("other", 0)]
    now = AGAIN
    lines.emit(record("full"))
    assert said()[2:] == [("full", 4), ("full", 0)]
    lines.emit(record("full"))
    for number in range(3000):
        lines.emit(record(f"{number}"))
        lines.emit(record("GET /", name="besra.access"))
    assert len(said()) == 4 + 1 + 6000
    lines.emit(record("2999"))
    lines.close()
    assert said()[-1] == ("2999", 1)


@pytest.mark.parametrize(("level", "shown"), [("info", ["a", "b", "c"]), ("warning", ["b", "c"]), ("error", ["c"])])
def test_levels(level: str, shown: list[str]) -> None:
    stream = io.StringIO()
    with logging_to(stream, LogForm.JSON, level):
        for line in ("a", "x: warning: b", "error: c"):
            telling("watch")(line)
        logging.getLogger("uvicorn.error").info("Started")
    told = [json.loads(line)["message"].removeprefix("x: warning: ") for line in stream.getvalue().splitlines()]
    assert told == shown
    assert not logging.getLogger("besra").handlers


def test_problems_keep_their_parts() -> None:
    stream = io.StringIO()
    with logging_to(stream, LogForm.JSON, "info"):
        LoggedTerminal().show(Problem("rule-x", "bad", place=Place("r.toml", 3), hint="mend it"))
        LoggedTerminal().say("read")
    problem, said = map(json.loads, stream.getvalue().splitlines())
    assert {name: problem[name] for name in ("code", "path", "line", "hint", "log.level")} == {
        "code": "rule-x",
        "path": "r.toml",
        "line": 3,
        "hint": "mend it",
        "log.level": "error",
    }
    assert said["message"] == "read"


@pytest.fixture
def app() -> Callable[..., Starlette]:
    async def answer(request: Request) -> PlainTextResponse:
        await request.body()
        return PlainTextResponse("secret-answer", 201)

    return lambda: Starlette(routes=[Route("/a/{rest:path}", answer, methods=["POST"])])


def test_requests_are_told_without_what_is_in_them(app: Callable[..., Starlette]) -> None:
    stream = io.StringIO()
    with logging_to(stream, LogForm.JSON, "info"), TestClient(AccessLog(app())) as client:
        for _ in range(2):
            client.post("/a/b%09c?key=secret-query", content="secret-body", headers={"authorization": "secret-header"})
        client.get("/none")
    assert "secret" not in stream.getvalue()
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["method"], line["path"], line["status"]) for line in told] == [
        ("POST", "/a/b\tc", 201),
        ("POST", "/a/b\tc", 201),
        ("GET", "/none", 404),
    ]
    assert told[0]["bytes"] == len("secret-answer")
    assert {line["log.logger"] for line in told} == {"access"}


def test_without_a_service_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    say("rules", "nobody listens")
    assert capsys.readouterr().err == ""


def test_who_stops_the_service_at_once_sees_no_traceback() -> None:
    stream = io.StringIO()
    with logging_to(stream, LogForm.TEXT, "info"):
        logging.getLogger("uvicorn.error").error("Exception in 'lifespan' protocol\n", exc_info=CancelledError())
        assert not stream.getvalue()
        logging.getLogger("uvicorn.error").error("Exception in 'lifespan' protocol\n", exc_info=ValueError("x"))
    assert "ValueError: x" in stream.getvalue()


def test_what_came_again_is_told_before_the_last_line() -> None:
    stream = io.StringIO()
    with logging_to(stream, LogForm.JSON, "info") as lines:
        say("rules", "a")
        say("rules", "a")
        lines.tell_repeats()
        say("service", "stopped")
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["message"], line.get("repeated")) for line in told] == [("a", None), ("a", 1), ("stopped", None)]

"""Read texts as a scan does: told by content, from bytes."""

import io

import orjson

from besra.events.content import Content
from besra.events.event import Event
from besra.events.readers.text_options import TextOptions
from besra.events.readers.texts import read_text_events
from besra.events.recognise import Intake, Recogniser
from besra.events.text_format import text_format_of
from besra.problems import Problem

NO_SOURCES = Intake(None, Recogniser(()))

LIMIT = 1 << 20


def read_text(
    raw: bytes, *, limit: int = LIMIT, written: int | None = None, intake: Intake = NO_SOURCES
) -> tuple[list[Event], list[Problem]]:
    """The events and problems of a text, which must be of a format that is known; every one has its place."""
    content = Content(io.BytesIO(raw))
    found = text_format_of(content.head)
    assert found is not None, content.head[:100]
    items = list(read_text_events(found, content, "f", TextOptions(limit, intake, written)))
    events = [item for item in items if isinstance(item, Event)]
    problems = [item for item in items if isinstance(item, Problem)]
    assert all(problem.place.path == "f" and problem.render() for problem in problems)
    assert all(event.origin.path == "f" and event.origin.line for event in events)
    assert all(event.written is None or orjson.loads(event.written) == event.source for event in events)
    return events, problems


def codes(problems: list[Problem]) -> list[tuple[str, int | None]]:
    """Code and line of problems."""
    return [(problem.code, problem.place.line) for problem in problems]

"""An event whose document is still text: most that a scan keeps are never looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from besra.errors import InputError
from besra.events.event import Event, Origin
from besra.events.readers.json_text import Text, parse_text
from besra.problems import Problem


@dataclass(frozen=True, slots=True)
class RawEvent:
    """What an `Event` is, with JSON text in place of the document."""

    id: str
    index: tuple[str, ...]
    text: bytes
    origin: Origin
    position: int

    @property
    def is_whole(self) -> bool:
        """Whether the text begins and ends as a document does."""
        return self.text[:1] == b"{" and self.text[-1:] == b"}"

    @property
    def written(self) -> bytes:
        """The document as JSON."""
        return self.text

    @property
    def source(self) -> Mapping[str, Any]:
        """The document, parsed each time it is asked for. Raises InputError if the text is no JSON."""
        return self.event().source

    def parsed(self) -> tuple[Event | None, Problem | None]:
        """The event, and what is to be said about its text; no event if it is no JSON."""
        parsed = parse_text(Text(self.text, self.origin.line or 0, self.origin.path))
        if isinstance(parsed, Problem):
            return None, parsed
        return Event(self.id, self.index, parsed.value, self.origin, self.position), parsed.problem

    def event(self) -> Event:
        """The event. Raises InputError if the text is no JSON."""
        event, problem = self.parsed()
        if event is None:
            assert problem is not None
            raise InputError(problem)
        return event

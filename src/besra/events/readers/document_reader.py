"""Texts of one input to events: parsed, taken out of what is wrapped around them, made ECS, positioned."""

from collections.abc import Iterator

from besra.events.envelope import BulkAction, Document, NotADocument, bulk_action_of, documents_in
from besra.events.event import POSITION_BITS, Event, Origin
from besra.events.readers.json_text import Text, parse_text
from besra.events.readers.wrapped_records import wrapped_texts
from besra.events.recognise import Intake
from besra.problems import Place, Problem, Severity


class DocumentReader:
    """Texts of one input to events; remembers the position and the bulk action a document may follow."""

    def __init__(self, path: str, intake: Intake) -> None:
        self.line = 0
        """The line of the last text that could be used."""
        self.path = path
        self.intake = intake
        self._position = 0
        self._action: BulkAction | None = None

    @property
    def expects_document(self) -> bool:
        """Whether the next text belongs to a bulk action."""
        return self._action is not None

    def events(self, text: Text, *, damaged: bool) -> Iterator[Event | Problem]:
        """The events in a text; of damaged content, a text without end is passed over."""
        parsed = parse_text(text)
        if isinstance(parsed, Problem):
            within = wrapped_texts(text)
            if within is not None:
                for piece in within:
                    yield from (piece,) if isinstance(piece, Problem) else self.events(piece, damaged=damaged)
            elif not (damaged and text.ended_early):
                yield parsed
            return
        if parsed.problem:
            yield parsed.problem
        self.line = text.line
        action = bulk_action_of(parsed.value)
        if action:
            if not action.has_document:
                yield self._skipped(text, f"a bulk {action.name} action, which holds no whole document")
            self._action = None if action.name == "delete" else action
            return
        yield from self._unwrap(parsed.value, text)

    def of_value(self, value: object, line: int) -> Iterator[Event | Problem]:
        """The events in a value that was read at a line."""
        self.line = line
        yield from self._unwrap(value, Text(b"", line, self.path))

    def _unwrap(self, value: object, text: Text) -> Iterator[Event | Problem]:
        action, self._action = self._action, None
        if action and not action.has_document:
            return  # the partial document of an update, reported with its action
        origin = Origin(self.path, text.line)
        # Several texts may begin on one line.
        position = max(self._position, text.line << POSITION_BITS)
        for found in documents_in(value):
            if isinstance(found, NotADocument):
                yield self._skipped(text, f"{found.what}, not an event document")
                continue
            document = Document(found.source, found.index or action.index, found.id or action.id) if action else found
            yield self.intake.event_of(document, origin, position)
            position += 1
        self._position = position

    def _skipped(self, text: Text, what: str) -> Problem:
        hint = "it is skipped; an event is one JSON object"
        place = Place(self.path, text.line)
        return Problem("record-not-document", what, Severity.WARNING, place, hint)

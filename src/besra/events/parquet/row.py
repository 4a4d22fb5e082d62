"""An event as a row of besra's layout, before columns are made of many."""

from dataclasses import dataclass

from besra.events.event import Event
from besra.events.event_time import event_time
from besra.events.index_name import LAST_NAME
from besra.events.json_line import document_text, not_writable
from besra.problems import Problem


@dataclass(frozen=True, slots=True)
class Row:
    """One event: what its columns hold beside the fields. `source` is the document as JSON."""

    time: int | None
    index: str | None
    aliases: tuple[str, ...]
    id: str
    position: int
    source: bytes


def row_of(event: Event) -> Row | Problem:
    """The row of an event; a problem if its document cannot be written as JSON."""
    source = document_text(event)
    if source is None:
        return not_writable(event)
    # An event nothing names a home for stays one: whoever reads the file may name it (`--index`).
    names = () if event.index == (LAST_NAME,) else event.index
    home = names[0] if names else None
    return Row(event_time(event.source), home, names[1:], event.id, event.position, source)

"""Events in batches: so many together that evaluating them costs little each, and so few that they fit into memory."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from besra.events.event import Event
from besra.events.line_block import LineBlock
from besra.events.raw_event import RawEvent
from besra.events.table_part import TablePart

BATCH = 5000
"""Events evaluated together, where they do not come as blocks."""

BATCH_SIZE = 64 << 20
"""Bytes they may take together (`size_of`), but for the last of them."""

PARSED = 5
"""How many times as long as its JSON a document is in memory, about."""

EACH = 100
"""Bytes of a key or element, about."""

Batch = Sequence[Event] | LineBlock | TablePart

Single = TypeVar("Single", bound=Event | RawEvent)


def in_batches(
    events: Iterable[Single | LineBlock | TablePart], most: int = BATCH
) -> Iterator[list[Single] | LineBlock | TablePart]:
    """Blocks and parts as they come, other events in lists of up to `most`.

    A block is passed on before anything behind it is read: it is only good until the next one is decoded. So is a part.
    """
    batch: list[Single] = []
    size = 0
    for item in events:
        if isinstance(item, (LineBlock, TablePart)):
            yield item
            continue
        batch.append(item)
        size += size_of(item.source) if item.written is None else PARSED * len(item.written)
        if len(batch) == most or size > BATCH_SIZE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def unparsed(events: Iterable[Event | LineBlock | TablePart]) -> Iterator[Event | RawEvent | LineBlock | TablePart]:
    """Events without their documents where these are written, all else as it is.

    Thousands of documents that wait for each other cost more than parsing the few of them that matter once more.
    """
    for item in events:
        if isinstance(item, Event) and item.written is not None:
            yield RawEvent(item.id, item.index, item.written, item.origin, item.position)
        else:
            yield item


def size_of(document: Mapping[str, Any]) -> int:
    """About how many bytes a document takes: what its texts hold, and as much again as its keys and elements cost."""
    size, waiting = 0, [document]
    while waiting:  # documents may be deeper than Python recurses
        held = waiting.pop()
        size += EACH * len(held)
        for value in held.values():
            if isinstance(value, dict):
                waiting.append(value)
            elif isinstance(value, list):
                size += EACH * len(value)
            elif isinstance(value, str):
                size += len(value)
    return size


def events_of(batch: Sequence[Event] | LineBlock | TablePart) -> Sequence[Event]:
    """The events of a batch, those of a block or part made."""
    match batch:
        case LineBlock():
            return [batch.event(row) for row in batch.rows.tolist()]
        case TablePart():
            return batch.events(range(batch.size))
        case _:
            return batch

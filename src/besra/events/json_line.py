"""An event as a line of NDJSON that is read as the same event: of the same identity, under the same names.

Most documents say by themselves who they are and where they belong, and stay bare. The others are written as hits, as
Elasticsearch exports them; `_aliases` beside `_index` holds the names an index name alone would not give, such as those
of the events of a Windows log.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from besra.events.document import flatten
from besra.events.envelope import Document, bulk_action_of, documents_in, event_of
from besra.events.event import Event
from besra.events.index_name import LAST_NAME, names_of_index
from besra.problems import Place, Problem, Severity


def line_of(event: Event) -> bytes | Problem:
    """The line, without its line break; a problem if the document cannot be written as JSON."""
    source = _written(event.source)
    if source is not None and _is_known_bare(event):
        return source
    source = document_text(event) if source is None else source
    if source is None:
        return not_writable(event)
    names: dict[str, Any] = {}
    if event.index != (LAST_NAME,):
        names["_index"] = event.index[0] if event.index else LAST_NAME
        if names_of_index(names["_index"]) != event.index:
            names["_aliases"] = event.index[1:]
    return b'%b,"_source":%b}' % (orjson.dumps({**names, "_id": event.id})[:-1], source)


def _is_known_bare(event: Event) -> bool:
    """Whether the document alone is read as this event."""
    if bulk_action_of(event.source) is not None:
        return False
    found = next(documents_in(event.source), None)
    if not isinstance(found, Document) or found.source is not event.source:
        return False
    again = event_of(found, event.origin, event.position)
    return (again.id, again.index) == (event.id, event.index)


def document_text(event: Event) -> bytes | None:
    """The document of an event as JSON; None if it cannot be written.

    orjson writes 254 levels and reads 1,024: a deeper document is written flat, which means the same.
    """
    source = _written(event.source)
    if source is not None:
        return source
    leaves = flatten(event.source)
    return _written({name: values if len(values) > 1 else values[0] for name, values in leaves.items()})


def _written(document: Mapping[str, Any]) -> bytes | None:
    try:
        return orjson.dumps(document)
    except TypeError:
        return None


def not_writable(event: Event) -> Problem:
    """The problem of an event whose document holds what JSON cannot."""
    return Problem(
        "document-not-writable",
        "the document holds a value JSON cannot: a lone surrogate, or an integer beyond 64 bits",
        Severity.WARNING,
        Place(event.origin.path, event.origin.line),
        "it is left out; everything else is written",
    )

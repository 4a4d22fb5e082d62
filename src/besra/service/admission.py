"""Documents on their way in: recognised, made ECS, stamped with the time of their arrival, given an id.

`event.ingested` is when besra took the event, whatever its sender says: rules that look through a window of it must see
what arrived late (detection-engine.md 2.2, 11.5).

Most documents are ECS already, and come as text that a kernel vouches for (`events.canonical`): no Python object is
made of what is in them. Where the stamp is among the other members makes no difference to a field.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from besra.events.envelope import Document
from besra.events.event import Origin
from besra.events.event_time import event_time
from besra.events.identity import ID_LENGTH
from besra.events.index_name import names_of_index
from besra.events.json_line import document_text
from besra.events.recognise import DEFAULTS, Intake
from besra.events.value_table import kernels_work
from besra.schema.timestamp import format_timestamp
from besra.service.bulk import Item, Put, Refused
from besra.storage.journal import Record

if TYPE_CHECKING:
    from besra.events.canonical import Canonical, Canoniser

INGESTED = "event.ingested"
SENT = Origin("(sent)")

NO_LINE = b"0"
"""In place of a document that is none, or no single line."""
LONGEST_NAME = 240
"""Bytes of an index as the event store writes it, with a sign of its own in place of most others than letters."""
TOO_LONG = f"the name of the index is too long: {LONGEST_NAME} letters are the most, fewer of others"
SHORT = 2047
"""Bytes that are hashed without letting go of the interpreter, which other threads would take for milliseconds."""


class Admission:
    """Admits documents. May be used by several threads at once."""

    def __init__(self, intake: Intake = DEFAULTS) -> None:
        self._intake = intake
        self._free: list[Canoniser] = []
        self._foreign: dict[int, bool] = {}
        """Whether documents with a value at these fields may be records of a source."""

    def admitted(self, items: Sequence[Item], received: int) -> list[Record | Refused]:
        """The records of documents received at a time, in nanoseconds since 1970, or why they are refused, in order."""
        vouched_for = dict(self._vouched_for(items, format_timestamp(received)))
        return [
            item if isinstance(item, Refused) else vouched_for.get(place) or admitted(item, self._intake, received)
            for place, item in enumerate(items)
        ]

    def _vouched_for(self, items: Sequence[Item], stamp: str) -> Iterator[tuple[int, Record]]:
        """The records of documents that a kernel vouches for and that are records of no source, by their places."""
        puts = [(place, item) for place, item in enumerate(items) if isinstance(item, Put) and is_plain_text(item)]
        canoniser = self._canoniser() if puts else None
        if canoniser is None:
            return
        canonical = canoniser.canonical([line_of(put) for _, put in puts], stamp)
        is_vouched_for, times = self._plain(canonical, canoniser.fields), canonical.times.tolist()
        starts, ends = canonical.text_starts.tolist(), canonical.text_ends.tolist()
        self._free.append(canoniser)
        for row, ((place, put), line) in enumerate(zip(puts, canonical.lines(), strict=True)):
            if is_vouched_for[row]:
                has_own_id = put.id is not None
                id_ = put.id or id_of(canonical.texts[starts[row] : ends[row]])
                is_create = put.is_create and has_own_id
                yield place, Record(line, names_of_index(put.index), id_, times[row], is_create, has_own_id)

    def _canoniser(self) -> "Canoniser | None":
        """One nobody uses; None where there can be none."""
        if not kernels_work():
            return None
        from besra.events.canonical import MOST_FIELDS, Canoniser  # noqa: PLC0415  numba takes long to import

        fields = {field for source in self._intake.recogniser.sources for field in (*source.markers, *source.unless)}
        if len(fields) + 2 > MOST_FIELDS:
            return None
        try:
            return self._free.pop()
        except IndexError:
            return Canoniser(sorted(fields))

    def _plain(self, gone_through: "Canonical", fields: Sequence[str]) -> list[bool]:
        """Which rows are vouched for and surely no record of a source."""
        masks = gone_through.fields.tolist()
        for mask in {*masks} - self._foreign.keys():
            found = {field for bit, field in enumerate(fields) if mask >> bit & 1}
            self._foreign[mask] = any(
                not found.isdisjoint(source.markers) and found.isdisjoint(source.unless)
                for source in self._intake.recogniser.sources
            )
        slow = gone_through.slow.tolist()
        return [not (is_slow or self._foreign[mask]) for mask, is_slow in zip(masks, slow, strict=True)]


def is_plain_text(put: Put) -> bool:
    """Whether a document is JSON text, which may be none, and its names are those of its index."""
    return type(put.document) is bytes and put.aliases is None and put.index != "" and not is_too_long(put.index)


def line_of(put: Put) -> bytes:
    """The text of a document as a line among others; of one that is blank or has several lines, a line that is none."""
    text = put.document
    if not isinstance(text, bytes) or b"\n" in text or not text or text.isspace():
        return NO_LINE
    return text


def id_of(canonical: memoryview) -> str:
    """What `document_id` is of the document that is written so."""
    hashed = hashlib.sha256(canonical[:SHORT])
    for start in range(SHORT, len(canonical), SHORT):
        hashed.update(canonical[start : start + SHORT])
    return hashed.hexdigest()[:ID_LENGTH]


def admitted(put: Put, intake: Intake, received: int) -> Record | Refused:
    """The record of one document received at a time; refused if it is none, or cannot be written.

    Without an id it has that of its content, so that what a shipper sends twice is one event.
    """
    document = put.document
    if isinstance(document, bytes):
        try:
            document = orjson.loads(document)
        except orjson.JSONDecodeError as error:
            return put.refused(f"{error.msg} (column {error.colno})")
        if not isinstance(document, dict):
            return put.refused("not a JSON object")
    event = intake.event_of(Document(document, put.index, put.id, put.aliases), SENT, 0)
    if is_too_long(event.index[0]):
        return put.refused(TOO_LONG)
    stamped = replace(event, source=with_ingested(event.source, format_timestamp(received)))
    line = document_text(stamped)
    if line is None:
        return put.refused("a lone surrogate, or an integer beyond 64 bits")
    time = event_time(stamped.source)
    if time is not None and abs(time) >= 1 << 63:
        time = None  # beyond 64 bits: no window holds it
    return Record(line, event.index, event.id, time, put.is_create and put.id is not None, put.id is not None)


def is_too_long(index: str) -> bool:
    """Whether an index cannot be the name of a folder, as which the event store writes it."""
    return len(index) > LONGEST_NAME // 12 and len(quote(index, safe="").encode()) > LONGEST_NAME


def with_ingested(document: Mapping[str, Any], stamp: str) -> dict[str, Any]:
    """The document with the stamp, and no other, where its own arrangement has it."""
    stamped = {name: value for name, value in document.items() if name != INGESTED}
    event = stamped.get("event")
    if isinstance(event, Mapping):
        stamped["event"] = {**event, "ingested": stamp}
    else:
        stamped[INGESTED] = stamp
    return stamped

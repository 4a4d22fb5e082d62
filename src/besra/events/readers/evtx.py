"""Windows event log files (EVTX): bytes to records, records to events.

A damaged file yields what can be read and says what cannot. The parser (the evtx package) goes chunk by chunk and
reports the chunks and records it cannot read; what it passes over without a word, the end of a truncated file and
records a chunk header promises, is counted here from the file's own headers.
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from evtx import PyEvtxParser

from besra.events.event import Event, Origin
from besra.events.normalise.evtx_json import parse_record
from besra.events.normalise.winlog import RawRecord
from besra.events.readers.evtx_layout import Layout, read_layout
from besra.events.readers.log_record import LogEvents, is_log_record
from besra.events.readers.padded_file import PaddedFile
from besra.problems import Place, Problem, Severity

RECOVERY = "the other records were read; recover the log with `wevtutil epl` on a Windows machine, or export it again"


def read_evtx_events(
    source: Path | BinaryIO, name: str, *, index_override: str | None = None
) -> Iterator[Event | Problem]:
    """The events of an event log file, in file order, and a problem for everything that could not be read.

    `name` is the path to show. Every event answers to its channel's data stream and to `winlogbeat-*`, or to
    `index_override` alone. Its id is the same in every copy of the log.
    """
    position = 0
    events = LogEvents()
    for item in read_evtx(source, name):
        if isinstance(item, Problem):
            yield item
            continue
        record = None if item.record_id is None else str(item.record_id)
        event = events.event_of(item, Origin(name, record=record), position)
        yield event if index_override is None else replace(event, index=(index_override,))
        position += 1


def read_evtx(source: Path | BinaryIO, name: str) -> Iterator[RawRecord | Problem]:
    """The records of an event log file, in file order, and a problem for everything that could not be read."""
    try:
        stream = source.open("rb") if isinstance(source, Path) else source
    except OSError as error:
        yield _problem("evtx-unreadable", f"the file cannot be opened: {error.strerror}", name)
        return
    try:
        if not stream.seekable():
            stream = io.BytesIO(stream.read())
        yield from _read_stream(stream, name)
    finally:
        if isinstance(source, Path):
            stream.close()


def _read_stream(stream: BinaryIO, name: str) -> Iterator[RawRecord | Problem]:
    try:
        layout = read_layout(stream)
        stream.seek(0)
        if layout.padding:
            # The parser passes over an incomplete chunk; filled up, its records up to the cut are read.
            stream = io.BufferedReader(PaddedFile(stream, layout.padding))
        records = PyEvtxParser(stream, 1).records_json()
    except (OSError, RuntimeError) as error:
        yield _problem(
            "evtx-unreadable",
            f"not a readable event log file: {_first_sentence(error)}",
            name,
            hint="an EVTX file starts with `ElfFile`; is it an archive, or an .evt file of Windows XP?",
        )
        return
    yield from layout_problems(layout, name)
    seen = 0
    while True:
        try:
            parsed = next(records, None)
        except (OSError, RuntimeError) as error:
            if layout.explains(str(error)):
                continue
            yield _problem("evtx-damaged", f"a damaged part was passed over: {_first_sentence(error)}", name)
            continue
        if parsed is None:
            break
        seen += 1
        yield _record(parsed, name)
    if seen < layout.promised:
        missing = layout.promised - seen
        yield _problem("evtx-damaged", f"{missing} of {layout.promised} records could not be read", name, hint=RECOVERY)


def layout_problems(layout: Layout, name: str) -> Iterator[Problem]:
    """What the headers alone say is wrong with a file."""
    if layout.missing_bytes:
        yield _problem(
            "evtx-truncated",
            f"the file ends {layout.missing_bytes:,} bytes too early; the records there are lost",
            name,
            hint="copy the file again; logs of a running machine are best exported with `wevtutil epl`",
        )
    for first, last in layout.damaged:
        which = f"chunk {first} is" if first == last else f"chunks {first} to {last} are"
        yield _problem(
            "evtx-damaged", f"{which} damaged; the records in {'it' if first == last else 'them'} are lost", name
        )


def _record(parsed: Mapping[str, Any], name: str) -> RawRecord | Problem:
    """The record in the parser's answer: a dictionary with the JSON of the event under `data`."""
    number = parsed.get("event_record_id")
    place = f"{name}#{number}"
    try:
        event = orjson.loads(str(parsed.get("data", "")))
    except orjson.JSONDecodeError as error:
        return _problem("evtx-damaged-record", f"the record cannot be decoded: {error}", place)
    record = parse_record(event.get("Event") or {}) if isinstance(event, dict) else RawRecord()
    if not is_log_record(record):
        return _problem("evtx-damaged-record", "the record names no event id, provider or channel", place)
    return record


def _first_sentence(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _problem(code: str, message: str, path: str, *, hint: str | None = None) -> Problem:
    severity = Severity.ERROR if code == "evtx-unreadable" else Severity.WARNING
    return Problem(code, message, severity, Place(path), hint)

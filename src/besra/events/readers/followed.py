"""Logs that are still being written, a piece at a time: lines that are whole, as a scan of the file would read them."""

import io
from collections.abc import Iterator
from itertools import chain

import orjson

from besra.events.content import Content
from besra.events.envelope import bulk_action_of
from besra.events.event import Event
from besra.events.format import Format, format_of
from besra.events.readers.auditd_line import parse_audit_line
from besra.events.readers.document_reader import DocumentReader
from besra.events.readers.ndjson import lines_of, one_document_a_line
from besra.events.readers.syslog import LogLines
from besra.events.readers.text_options import TextOptions
from besra.problems import Problem
from besra.schema.timestamp import NANOS

OPEN = 2 * NANOS
"""How long after its time the records of an audit event may come, by the times in the log."""

FOLLOWED = (Format.JSON, Format.SYSLOG, Format.AUDITD)


def followed_format(head: bytes) -> Format | None:
    """The format of a file that can be read line by line as it grows, by its first bytes; None for any other.

    Not so compressed files, other encodings than UTF-8, tables, documents over several lines and bulk bodies.
    """
    content = Content(io.BytesIO(head))
    if not content.is_verbatim:
        return None
    found = format_of(content.head)
    if found is Format.JSON:
        first, end, _ = content.head.lstrip().partition(b"\n")
        if not end or not one_document_a_line(content.head) or not _is_document(first):
            return None
    return Format(found) if found in FOLLOWED else None


def _is_document(line: bytes) -> bool:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return isinstance(value, dict) and bulk_action_of(value) is None


def readable_size(found: Format, piece: bytes, *, is_quiet: bool) -> int:
    """How many bytes of a piece can be read: its whole lines, but for those of audit events that may go on after it.

    They do not if the log has been quiet for a while.
    """
    end = piece.rfind(b"\n") + 1
    return end if found is not Format.AUDITD or is_quiet else _before_open_events(piece[:end])


def _before_open_events(lines: bytes) -> int:
    """Where the lines of audit events begin that are not older than `OPEN`, or stand among lines of such ones."""
    whole = lines.splitlines(keepends=True)
    records = [parse_audit_line(line.decode("utf-8", "replace").strip()) for line in whole]
    known = [(place, record) for place, record in enumerate(records) if record]
    latest = max((record.time for _, record in known), default=0)
    first = {record.serial: place for place, record in reversed(known)}
    cut = min((place for place, record in known if record.time > latest - OPEN), default=len(whole))
    for place, record in reversed(known):
        if place < cut:
            break
        cut = min(cut, first[record.serial])
    return sum(map(len, whole[:cut]))


def read_lines(found: Format, piece: bytes, path: str, options: TextOptions) -> Iterator[Event | Problem]:
    """The events of a piece of a log, and a located problem for every line that gives none."""
    texts = lines_of(io.BytesIO(piece), path, options.limit, options.lines_before)
    if found is Format.JSON:
        documents = DocumentReader(path, options.intake)
        pieces = (iter([t]) if isinstance(t, Problem) else documents.events(t, damaged=False) for t in texts)
        yield from chain.from_iterable(pieces)
        return
    reader = LogLines(path, options)
    for text in texts:
        yield from iter([text]) if isinstance(text, Problem) else reader.events(text)
    yield from reader.rest()

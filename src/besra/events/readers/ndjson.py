"""Events in JSON files: one document a line, or any other arrangement of JSON documents.

Which it is shows in the first line: if that is one JSON value, lines are read, which is fast; otherwise the structure
decides (`json_values`). What is wrapped around the documents is taken off either way (`envelope`).
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

import orjson

from besra.events.chunks import Damage
from besra.events.content import Content
from besra.events.event import Event
from besra.events.file_lines import PlainFile, UnreadError
from besra.events.line_block import Decoder, LineBlock
from besra.events.readers.document_reader import DocumentReader
from besra.events.readers.json_blocks import BlockSource, block_lines
from besra.events.readers.json_text import Text, too_long
from besra.events.readers.json_values import ValueSplitter
from besra.events.recognise import DEFAULTS, Intake
from besra.problems import Place, Problem, Severity

# Of other texts that begin with a bracket (TOML, INI, logs with a time in brackets) the lines are the unit.
JSON_START = re.compile(rb'\{\s*(?:["}]|\Z)|\[\s*(?:[\[{"\]]|\Z)')

DOCUMENT_LIMIT = 64 * 2**20
"""Default of the longest document that is read, in bytes."""


def read_json_events(
    content: Content,
    path: str,
    *,
    intake: Intake = DEFAULTS,
    limit: int = DOCUMENT_LIMIT,
    decoder: Decoder | None = None,
    file: PlainFile | None = None,
) -> Iterator[Event | LineBlock | Problem]:
    """The events of JSON content in order, and a located problem for every record that is none.

    With `decoder`, plain lines come as blocks; with `file` these are read there and not from the content. Memory is
    bounded by the longest document, at most `limit` bytes, or by a block.
    """
    reader = DocumentReader(path, intake)
    if not one_document_a_line(content.head):
        texts: Iterator[Text | LineBlock | Problem] = ValueSplitter(content.stream, path, limit).texts()
    elif decoder is None:
        texts = lines_of(content.stream, path, limit)
    else:
        texts = block_lines(content.stream, reader, BlockSource(decoder, limit, file if content.is_verbatim else None))
    try:
        for text in texts:
            if isinstance(text, LineBlock):
                reader.line = max(reader.line, text.last_line)
                yield text
            elif isinstance(text, Problem):
                # Of an input known to be damaged, its end says nothing more.
                if not (content.damage and text.code == "input-truncated"):
                    yield text
            else:
                yield from reader.events(text, damaged=content.damage is not None)
    except UnreadError as error:
        yield damaged_after(reader.line, error.problem.message, path)
    if content.damage:
        yield damaged_after(reader.line, content.damage, path)


def one_document_a_line(head: bytes) -> bool:
    """Whether the first line is a JSON value by itself, or no JSON at all.

    A list alone in its file is an array of documents; a list with lines after it is a bad line.
    """
    start = head.lstrip()
    if not JSON_START.match(start):
        return True
    first, end, rest = start.partition(b"\n")
    try:
        value = orjson.loads(first)
    except orjson.JSONDecodeError:
        return False
    return isinstance(value, dict) or (bool(end) and bool(rest.strip()))


def lines_of(stream: BinaryIO, path: str, limit: int, before: int = 0) -> Iterator[Text | Problem]:
    """The lines that are not blank; there are so many before. One longer than `limit` bytes is passed over."""
    line = before
    while raw := stream.readline(limit + 1):
        line += 1
        ended = raw.endswith(b"\n")
        if len(raw) > limit and not ended:
            while (rest := stream.readline(limit)) and not rest.endswith(b"\n"):
                pass
            yield too_long(path, line, limit)
        elif not raw.isspace():
            # Without its line end, or an early end would be located on the line after it.
            yield Text(raw.rstrip(b"\r\n"), line, path, not ended)


def damaged_after(line: int, damage: Damage | str, path: str) -> Problem:
    """The problem of content that ends before its time, after a line: by damage, or at a limit."""
    what, hint = (damage.what, damage.hint) if isinstance(damage, Damage) else (damage, None)
    place = Place(path, line or None)
    message = f"{what} after line {line}" if line else f"{what}, and nothing of it is readable"
    if hint:
        return Problem("input-limit", message, Severity.ERROR, place, hint)
    return Problem(
        "input-truncated",
        message,
        severity=Severity.WARNING if line else Severity.ERROR,
        place=place,
        hint="everything before that point is used; copy the file again to have the rest" if line else None,
    )

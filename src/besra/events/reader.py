"""Paths to a stream of events: finds the files, tells their formats, reads each to its end or its damage.

The stream holds events; with `ReadOptions.decoder` blocks and row groups of them; problems, located; and one `FileRead`
at the end of every file, so that a progress bar and a summary need nothing else.
"""

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from besra.events.content import Content
from besra.events.event import Event
from besra.events.file_lines import PlainFile
from besra.events.file_read import FileRead, ReadOptions, Tally
from besra.events.files import InputFile, find_files, unreadable
from besra.events.format import Format, format_of
from besra.events.line_block import LineBlock
from besra.events.readers.ndjson import damaged_after, read_json_events
from besra.events.table_part import PassedOver, TablePart
from besra.problems import Place, Problem, Severity

Item = Event | LineBlock | TablePart | Problem | FileRead

DEFAULTS = ReadOptions()


def read_events(
    paths: Iterable[str | Path], options: ReadOptions = DEFAULTS, *, stdin: BinaryIO | None = None
) -> Iterator[Item]:
    """Everything in the files the paths lead to (`find_files`): files in the order of their names, each in its own.

    `-` reads `stdin`, by default the standard input of the process.
    """
    for file in find_files(paths):
        if isinstance(file, Problem):
            yield file
        else:
            yield from read_file(file, options, stdin=stdin)


def read_file(file: InputFile, options: ReadOptions = DEFAULTS, *, stdin: BinaryIO | None = None) -> Iterator[Item]:
    """The events and problems of one file, then its `FileRead`."""
    if file.path is None:
        yield from _read_open(file, stdin or sys.stdin.buffer, options)
        return
    try:
        opened = file.path.open("rb", buffering=0)
    except OSError as error:
        yield unreadable(file.name, error)
        yield FileRead(file.name, None, problems=1)
        return
    with opened:
        yield from _read_open(file, opened, options)


def _read_open(file: InputFile, opened: BinaryIO, options: ReadOptions) -> Iterator[Item]:
    content = Content(opened)
    tally = Tally(file, options)
    found = format_of(content.head)
    match found:
        case Format.JSON:
            limit = options.document_limit
            # A pipe cannot be read again.
            plain = PlainFile.of(file.path, opened) if file.path and _file_size(opened) else None
            items = read_json_events(
                content, file.name, intake=options.intake, limit=limit, decoder=options.decoder, file=plain
            )
            yield from tally.follow(tally.until_given_up(items))
        case Format.EVTX:
            yield from tally.follow(_read_evtx(file, opened, content))
        case Format.PARQUET:
            yield from tally.follow(_read_parquet(file, opened, content, options))
        case Format.EMPTY:
            yield from tally.follow(_read_nothing(file, content))
        case str():
            yield from tally.follow(iter([_not_read(file, found)]))
    known = found if isinstance(found, Format) else None
    yield tally.result(known, content.compression, _file_size(opened) or content.bytes_read)


def _read_evtx(file: InputFile, opened: BinaryIO, content: Content) -> Iterator[Event | Problem]:
    # The parser is a compiled library: scans of other files do without it.
    from besra.events.readers.evtx import read_evtx_events  # noqa: PLC0415

    yield from _read_seekable(file, opened, content, lambda source: read_evtx_events(source, file.name))


def _read_parquet(
    file: InputFile, opened: BinaryIO, content: Content, options: ReadOptions
) -> Iterator[Event | TablePart | PassedOver | Problem]:
    # As for EVTX.
    from besra.events.parquet.part import read_parts  # noqa: PLC0415
    from besra.events.readers.parquet import read_parquet_events  # noqa: PLC0415

    decoder = options.decoder
    if decoder is not None and (path := _plain_path(file, opened, content)):
        yield from read_parts(path, file.name, decoder.fields, decoder.wanted, intake=options.intake)
        return

    def read(source: Path | BinaryIO) -> Iterator[Event | Problem]:
        return read_parquet_events(source, file.name, intake=options.intake)

    yield from _read_seekable(file, opened, content, read)


def _read_seekable(
    file: InputFile, opened: BinaryIO, content: Content, read: Callable[[Path | BinaryIO], Iterator[Event | Problem]]
) -> Iterator[Event | Problem]:
    """What `read` finds in a format whose parts are addressed by their offset: a stream has to become a file first."""
    if path := _plain_path(file, opened, content):
        yield from read(path)
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(content.stream, copy)
        copy.seek(0)
        yield from read(copy)
    if content.damage:
        message = f"{content.damage.what}; records before that point are used"
        yield Problem("input-truncated", message, Severity.WARNING, Place(file.name))


def _plain_path(file: InputFile, opened: BinaryIO, content: Content) -> Path | None:
    """The path of an ordinary file that is not compressed."""
    return file.path if content.compression is None and _file_size(opened) else None


def _read_nothing(file: InputFile, content: Content) -> Iterator[Event | Problem]:
    content.stream.read(1)
    if content.damage:
        yield damaged_after(0, content.damage.what, file.name)


def _not_read(file: InputFile, found: str) -> Problem:
    severity = Severity.ERROR if file.named else Severity.WARNING
    if found == "binary":
        message, code = "not a format besra reads: binary data", "input-unknown-format"
    else:
        message, code = f"format not supported yet: {found}", "input-unsupported-format"
    hint = "besra reads JSON (one document a line, arrays, search responses), EVTX and Parquet, each also as gz or zst"
    return Problem(code, message, severity, Place(file.name), hint)


def _file_size(opened: BinaryIO) -> int:
    """The size of an ordinary file; 0 for a pipe and the like."""
    try:
        status = os.fstat(opened.fileno())
    except OSError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0

"""Paths to a stream of events: finds the files, tells their formats, reads each to its end or its damage.

The stream holds events; with `ReadOptions.decoder` blocks and row groups of them; problems, located; and one `FileRead`
at the end of every file, so that a progress bar and a summary need nothing else.
"""

import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from besra.events.content import Content
from besra.events.event import Event
from besra.events.expansion import Allowance, Nesting
from besra.events.file_lines import PlainFile
from besra.events.file_read import FileRead, ReadOptions, Tally
from besra.events.files import InputFile, find_files, unreadable
from besra.events.format import Format, format_of
from besra.events.line_block import LineBlock
from besra.events.readers.ndjson import damaged_after, read_json_events
from besra.events.spooling import Spool, damaged_records, spooled
from besra.events.table_part import PassedOver, TablePart
from besra.problems import Place, Problem, Severity

if TYPE_CHECKING:
    from besra.events.archives.reading import MemberFile

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
    """The events and problems of one file, then its `FileRead`; of an archive those of every file in it before."""
    if file.path is None:
        yield from _read_open(_open(file, stdin or sys.stdin.buffer, options), options)
        return
    try:
        opened = file.path.open("rb", buffering=0)
    except OSError as error:
        yield unreadable(file.name, error)
        yield FileRead(file.name, None, problems=1)
        return
    with opened:
        yield from _read_open(_open(file, opened, options), options)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file that is open, and its content.

    `plain` where it can be opened again; `stored` is its size, 0 if nobody knows.
    """

    file: InputFile
    content: Content
    stored: int = 0
    stream: BinaryIO | None = None
    plain: PlainFile | None = None

    @property
    def bytes(self) -> int:
        """Its size, as far as it is known."""
        return self.stored or self.content.bytes_read

    @property
    def plain_path(self) -> Path | None:
        """The path of an ordinary file that is not compressed."""
        return self.plain.path if self.plain and self.content.compression is None else None


def _open(file: InputFile, stream: BinaryIO, options: ReadOptions) -> _Opened:
    size = _file_size(stream)
    content = Content(stream, Nesting(Allowance(options.expansion, size)))
    # A pipe cannot be read again.
    return _Opened(file, content, size, stream, PlainFile.of(file.path, stream) if file.path and size else None)


def _open_member(member: "MemberFile") -> _Opened:
    return _Opened(member.file, Content(member.content, member.nesting), member.stored)


def _read_open(opened: _Opened, options: ReadOptions) -> Iterator[Item]:
    file, content = opened.file, opened.content
    tally = Tally(file, options)
    found = format_of(content.head)
    match found:
        case Format.JSON:
            limit = options.document_limit
            items = read_json_events(
                content, file.name, intake=options.intake, limit=limit, decoder=options.decoder, file=opened.plain
            )
            yield from tally.follow(tally.until_given_up(items))
        case Format.EVTX:
            yield from tally.follow(_read_evtx(opened))
        case Format.PARQUET:
            yield from tally.follow(_read_parquet(opened, options))
        case Format.XML | Format.CSV | Format.SYSLOG | Format.AUDITD:
            yield from tally.follow(_read_text(opened, Format(found), options))
        case Format.EMPTY:
            yield from tally.follow(_read_nothing(file, content))
        case Format.ZIP | Format.TAR:
            yield from _read_archive(opened, options, Format(found))
            return
        case str():
            yield from tally.follow(iter([_not_read(file, found)]))
    known = found if isinstance(found, Format) else None
    yield tally.result(known, content.compression, opened.bytes)


def _read_archive(opened: _Opened, options: ReadOptions, found: Format) -> Iterator[Item]:
    file, content = opened.file, opened.content
    # Most scans meet no archive.
    from besra.events.archives.member import not_opened  # noqa: PLC0415
    from besra.events.archives.reading import ArchiveReading  # noqa: PLC0415

    read = ArchiveReading(
        file, content.nesting, options.problem_limit, lambda member: _read_open(_open_member(member), options)
    )
    if closed := content.nesting.closed:
        yield from read.items(iter([not_opened(closed)]))
    elif found is Format.TAR:
        from besra.events.archives.tar import tar_members  # noqa: PLC0415

        yield from read.items(tar_members(content.stream, content.nesting.allowance, lambda: content.damage))
    else:
        from besra.events.archives.zip import zip_members  # noqa: PLC0415

        with nullcontext(Spool(opened.stream)) if opened.stream and opened.plain_path else spooled(content) as spool:
            yield from read.items(zip_members(spool.file, content.nesting.allowance, spool.damage))
    yield read.result(found, content.compression, opened.bytes)


def _read_text(opened: _Opened, found: Format, options: ReadOptions) -> Iterator[Event | Problem]:
    # Nearly all files are JSON.
    from besra.events.readers.text_options import TextOptions  # noqa: PLC0415
    from besra.events.readers.texts import read_text_events  # noqa: PLC0415
    from besra.events.text_format import TextFormat  # noqa: PLC0415

    written = _written(opened.stream) if opened.plain and opened.stream else None
    text_options = TextOptions(options.document_limit, options.intake, written)
    yield from read_text_events(TextFormat(found), opened.content, opened.file.name, text_options)


def _read_evtx(opened: _Opened) -> Iterator[Event | Problem]:
    # The parser is a compiled library: scans of other files do without it.
    from besra.events.readers.evtx import read_evtx_events  # noqa: PLC0415

    yield from _read_seekable(opened, lambda source: read_evtx_events(source, opened.file.name))


def _read_parquet(opened: _Opened, options: ReadOptions) -> Iterator[Event | TablePart | PassedOver | Problem]:
    # As for EVTX.
    from besra.events.parquet.part import read_parts  # noqa: PLC0415
    from besra.events.readers.parquet import read_parquet_events  # noqa: PLC0415

    name, decoder = opened.file.name, options.decoder
    if decoder is not None and (path := opened.plain_path):
        yield from read_parts(path, name, decoder.fields, decoder.wanted, intake=options.intake)
        return

    def read(source: Path | BinaryIO) -> Iterator[Event | Problem]:
        return read_parquet_events(source, name, intake=options.intake)

    yield from _read_seekable(opened, read)


def _read_seekable(
    opened: _Opened, read: Callable[[Path | BinaryIO], Iterator[Event | Problem]]
) -> Iterator[Event | Problem]:
    """What `read` finds in a format whose parts are addressed by their offset: a stream has to become a file first."""
    if path := opened.plain_path:
        yield from read(path)
        return
    with spooled(opened.content) as spool:
        yield from read(spool.file)
    if spool.damage:
        yield damaged_records(spool.damage, opened.file.name)


def _read_nothing(file: InputFile, content: Content) -> Iterator[Event | Problem]:
    content.stream.read(1)
    if content.damage:
        yield damaged_after(0, content.damage, file.name)


def _not_read(file: InputFile, found: str) -> Problem:
    severity = Severity.ERROR if file.named else Severity.WARNING
    if found == "binary":
        message, code = "not a format besra reads: binary data", "input-unknown-format"
    else:
        message, code = f"format not supported yet: {found}", "input-unsupported-format"
    hint = (
        "besra reads JSON (one document a line, arrays, search responses), EVTX, XML of event logs, CSV, syslog, "
        "audit logs and Parquet, each also as gz, zst, bz2 or xz and in zip and tar archives"
    )
    return Problem(code, message, severity, Place(file.name), hint)


def _file_size(opened: BinaryIO) -> int:
    """The size of an ordinary file; 0 for a pipe and the like."""
    try:
        status = os.fstat(opened.fileno())
    except OSError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def _written(opened: BinaryIO) -> int | None:
    """When an ordinary file was last written, in nanoseconds since 1970."""
    try:
        return os.fstat(opened.fileno()).st_mtime_ns
    except OSError:
        return None

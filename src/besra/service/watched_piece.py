"""A piece of a watched file: what is new in it, and how far the file is taken once that is."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from besra.events.event import Event
from besra.events.file_read import SKIPPED, ReadOptions
from besra.events.format import Format
from besra.events.index_name import names_of_index
from besra.events.json_line import document_text
from besra.events.readers.followed import followed_format, read_lines, readable_size
from besra.events.readers.text_options import TextOptions
from besra.problems import Problem
from besra.service.bulk import Put
from besra.service.dead_letters import Letter
from besra.service.watch_state import HEAD, Progress, digest_of

PIECE = 1 << 20
"""Bytes read at once."""
LOOKED_AT = 64 * 1024
"""Bytes that decide how a file is read."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The events of a piece, what is wrong with it, lines that gave no event, and the progress once all is taken."""

    puts: tuple[Put, ...]
    problems: tuple[Problem, ...]
    letters: tuple[Letter, ...]
    progress: Progress


def head_of(path: Path) -> bytes:
    """The first bytes of a file. Raises OSError."""
    with path.open("rb") as file:
        return file.read(LOOKED_AT)


def new_progress(head: bytes) -> Progress:
    """The progress of a file that begins so, of which nothing is taken."""
    return Progress(followed_format(head))


def next_piece(path: Path, name: str, progress: Progress, options: ReadOptions, *, is_quiet: bool) -> Piece:
    """The next lines of a log that is so far; none are left if its progress says then that it is done.

    A log that is no longer the one that was taken, since it was truncated or replaced, is read from its beginning. Of
    one that has been quiet the last line counts without its end as well; it is read again if it goes on after all.
    Raises OSError.
    """
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        found = progress.format or Format.JSON
        if not _is_same(file, progress, status.st_size):
            progress = Progress(found)
        file.seek(progress.position)
        raw = file.read(PIECE)
        is_last = progress.position + len(raw) >= status.st_size
        size = readable_size(found, raw, is_quiet=is_quiet and is_last)
        if not size and not is_last:
            size = readable_size(found, raw, is_quiet=True)
        if not size and not is_last:
            raw += file.read(options.document_limit)
            # A line that is longer than any is read as far as it is held, to be told of.
            size = raw.find(b"\n") + 1 or len(raw)
            is_last = False
        whole, rest = raw[:size], raw[size:]
        text_options = TextOptions(options.document_limit, options.intake, status.st_mtime_ns, progress.lines)
        puts, problems, letters = _read(found, whole, name, text_options)
        further = _advanced(file, progress, whole)
        if is_last and (is_quiet or not rest):
            if rest:
                more = _read(found, rest, name, replace(text_options, lines_before=further.lines))
                puts, problems, letters = puts + more[0], problems + more[1], letters + more[2]
            further = replace(further, size=status.st_size, written=status.st_mtime_ns)
        return Piece(tuple(puts), tuple(problems), tuple(letters), further)


def _is_same(file: BinaryIO, progress: Progress, size: int) -> bool:
    if size < progress.position:
        return False
    file.seek(0)
    return digest_of(file.read(progress.head_size)) == progress.head if progress.head_size else True


def _advanced(file: BinaryIO, progress: Progress, whole: bytes) -> Progress:
    position = progress.position + len(whole)
    head_size, head = progress.head_size, progress.head
    if head_size < HEAD and position > head_size:
        file.seek(0)
        known = file.read(min(position, HEAD))
        head_size, head = len(known), digest_of(known)
    return Progress(progress.format, position, progress.lines + whole.count(b"\n"), -1, -1, head_size, head)


def _read(found: Format, raw: bytes, name: str, options: TextOptions) -> tuple[list[Put], list[Problem], list[Letter]]:
    puts, problems, letters = [], [], []
    lines: list[bytes] | None = None
    for item in read_lines(found, raw, name, options):
        if isinstance(item, Event):
            puts.append(put_of(item))
            continue
        problems.append(item)
        if item.code in SKIPPED and item.place.line:
            lines = lines or raw.split(b"\n")
            letters.append(
                Letter(f"watch {item.place}", item.message, lines[item.place.line - options.lines_before - 1])
            )
    return puts, problems, letters


def put_of(event: Event) -> Put:
    """An event on its way in: under its own id, once, and all its names; as text, which is taken faster."""
    text = event.written or document_text(event)
    aliases = None if names_of_index(event.index[0]) == event.index else event.index[1:]
    return Put(event.index[0], event.id, event.source if text is None else text, True, aliases)


def puts_of(items: Iterable[object]) -> list[Put]:
    """The events among what was read."""
    return [put_of(item) for item in items if isinstance(item, Event)]

"""Streams in temporary files, for formats whose parts are addressed by their offset."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from besra.events.chunks import Damage
from besra.events.content import Content
from besra.problems import Place, Problem, Severity

CHUNK = 1024 * 1024
ROOM = "make room, or have TMPDIR name another folder"


@dataclass(frozen=True, slots=True)
class Spool:
    """A file with the bytes of a stream, and why it is not all of them, if it is not."""

    file: BinaryIO
    damage: Damage | None = None


@contextmanager
def spooled(content: Content) -> Iterator[Spool]:
    """Content as a temporary file, which has no name of the content's choosing and is gone in the end."""
    allowance = content.nesting.allowance
    with tempfile.TemporaryFile() as copy:
        size, damage = 0, None
        try:
            while damage is None and (chunk := content.stream.read(CHUNK)):
                size += len(chunk)
                damage = allowance.spool(len(chunk)) or _write(copy, chunk)
            yield Spool(copy, damage or content.damage)
        finally:
            allowance.spool(-size)


def _write(copy: BinaryIO, chunk: bytes) -> Damage | None:
    try:
        copy.write(chunk)
        copy.flush()  # or it would fail where nobody expects it
    except OSError as error:
        return Damage(f"a temporary file cannot be written ({error.strerror or error})", ROOM)
    return None


def damaged_records(damage: Damage, name: str) -> Problem:
    """The problem of a file of records, at places of their own, that ends before its time."""
    message = f"{damage.what}; records before that point are used"
    if damage.hint:
        return Problem("input-limit", message, Severity.ERROR, Place(name), damage.hint)
    return Problem("input-truncated", message, Severity.WARNING, Place(name))

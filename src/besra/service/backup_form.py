"""What a backup is: the files of a service's folder as they were at one moment, and a list of them with their sums.

A folder, or the same in one tar file. The list is written last, so what has one is whole.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from besra.errors import InputError

LIST = "backup.json"
FORM = 1
"""The version of this form; later ones have higher numbers."""
PIECE = 1 << 20


class BackupError(InputError):
    """A backup cannot be made, or one cannot be restored."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of a backup: its bytes and its sum, SHA-256 in hexadecimal digits."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a backup: when and by which besra it was made, up to which batch of the journal, its files by path."""

    besra: str
    made: str
    batch: int
    files: Mapping[str, File]

    def as_json(self) -> bytes:
        """The list of a backup."""
        return orjson.dumps({"form": FORM, **asdict(self)}, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)


def contents_of(text: bytes, name: str) -> Contents:
    """The contents by the list of a backup. Raises BackupError (`backup-damaged`, `backup-newer`)."""
    try:
        told: dict[str, Any] = orjson.loads(text)
        form = told["form"]
        files = {str(path): File(int(file["bytes"]), str(file["sha256"])) for path, file in told["files"].items()}
        contents = Contents(str(told["besra"]), str(told["made"]), int(told["batch"]), files)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise damaged(name, f"its list of files ({LIST}) cannot be read") from error
    if form != FORM:
        hint = f"restore it with besra {contents.besra} or newer"
        raise BackupError.of("backup-newer", f"{name} is in form {form}, which this besra does not know", hint=hint)
    for path in contents.files:
        parts = path.split("/")
        if path.startswith("/") or "\\" in path or {"", ".", ".."} & {*parts} or path == LIST:
            raise damaged(name, f"it names a file that cannot be in one: {path[:100]!r}")
    return contents


def damaged(name: str, what: str) -> BackupError:
    """The error of a backup that is not what it was when it was made."""
    return BackupError.of("backup-damaged", f"{name}: {what}", hint="use another backup; of this one nothing was used")


def copied(source: IO[bytes], to: Path) -> File:
    """Copy a stream to a new file that is on disk when this returns, for its owner alone to read. Raises OSError."""
    to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest, size = hashlib.sha256(), 0
    to.touch(0o600, exist_ok=False)
    with to.open("wb") as file:
        while piece := source.read(PIECE):
            digest.update(piece)
            size += len(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return File(size, digest.hexdigest())


def sum_of(path: Path) -> File:
    """The size and sum of a file. Raises OSError."""
    with path.open("rb") as file:
        return File(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def sync_folders(root: Path) -> None:
    """See that the names of all files below a folder, and its own, are on disk. Raises OSError."""
    for folder in (root.parent, root, *(path for path in root.rglob("*") if path.is_dir())):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

"""Files in which work is remembered between runs: read only if nobody else could have written them, written whole.

A memory can be missing, never stale: its name says what it is of.
"""

import contextlib
import hashlib
import io
import os
import pickle
import stat
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

VARIABLE = "BESRA_CACHE_DIR"
"""The variable that names another folder for memories; empty, nothing is remembered."""

KEPT = 8
"""Memories of one kind kept; the oldest go first."""

UNREADABLE = (OSError, EOFError, pickle.UnpicklingError, AttributeError, ImportError, IndexError, TypeError, ValueError)
"""What reading a memory may raise that was damaged or written by another version."""


def cache_folder() -> Path | None:
    """Where memories are: `BESRA_CACHE_DIR`, else `besra` in the user's cache folder; None to remember nothing."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Path(named) if named else None
    with contextlib.suppress(RuntimeError):  # no home
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return Path(base) / "besra"
    return None


def read_memory(memory: Path) -> bytes | None:
    """The bytes of a memory; None if there is none, or another user could have written it."""
    try:
        with memory.open("rb") as file:
            status = os.fstat(file.fileno())
            owner = os.getuid() if hasattr(os, "getuid") else status.st_uid
            if status.st_uid != owner or stat.S_IMODE(status.st_mode) & 0o022:
                return None
            return file.read()
    except OSError:
        return None


def write_memory(memory: Path, content: bytes) -> None:
    """Write a memory, and drop the oldest of its kind (`kind-….pickle`) if there are many. Raises OSError."""
    memory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=memory.parent, delete=False) as file:
        file.write(content)
    # Whole or not at all: another besra may be reading.
    Path(file.name).replace(memory)
    kind = memory.name.partition("-")[0]
    known = sorted(memory.parent.glob(f"{kind}-*.pickle"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for old in known[KEPT:]:
        old.unlink()


def pickled(value: object) -> bytes:
    """A value as bytes that load in a third of the time where much of it is dataclasses."""
    written = io.BytesIO()
    _Pickler(written, pickle.HIGHEST_PROTOCOL).dump(value)
    return written.getvalue()


class _Pickler(pickle.Pickler):
    """Writes a dataclass as a call: what dataclasses do by themselves sets field by field, in Python."""

    def reducer_override(self, value: Any) -> Any:
        names = field_names(type(value))
        return (type(value), tuple(getattr(value, name) for name in names)) if names else NotImplemented


def field_names(kind: Any) -> tuple[str, ...]:
    """The names of the fields of a dataclass; none of other types."""
    names: tuple[str, ...] = kind.__match_args__ if hasattr(kind, "__dataclass_fields__") else ()
    return names


@cache
def code_mark(packages: Sequence[str]) -> str:
    """A mark that changes when the code or data of some packages or modules does, as under a developer's hands."""
    root = Path(__file__).parents[1]
    marks = sorted(mark for name in packages for mark in _marks(os.fspath(root / name)))
    return hashlib.sha256("\n".join(marks).encode("utf-8", "surrogateescape")).hexdigest()


def _marks(path: str) -> Iterator[str]:
    """The files of a package with their sizes and times; of a module, the one."""
    try:
        entries = list(os.scandir(path))
    except NotADirectoryError:
        status = os.stat(path)  # noqa: PTH116  beside the entries below, which have it too
        yield f"{path}:{status.st_size}:{status.st_mtime_ns}"
        return
    except OSError:  # besra in an archive: its version tells it
        return
    for entry in entries:
        if entry.is_dir():
            yield from _marks(entry.path)
        elif entry.name.endswith((".py", ".csv", ".toml")):
            status = entry.stat()
            yield f"{entry.path}:{status.st_size}:{status.st_mtime_ns}"

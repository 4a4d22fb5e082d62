"""Loaded rules remembered on disk, so that a second start need not parse a thousand files again.

A memory is found by the content of the rule files, their paths, and the code that reads them: it can be missing, never
stale. It holds pickled Python values, so one that another user could have written is not read.
"""

import contextlib
import hashlib
import os
import pickle
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from besra.rules.loaded import RuleSet
from besra.rules.memory import from_bytes, to_bytes
from besra.rules.rule_file import RuleFileContent, includes_bundled, read_files, rule_files
from besra.version import __version__

VARIABLE = "BESRA_CACHE_DIR"
"""The variable that names another folder for memories; empty, nothing is remembered."""

READERS = ("problems.py", "schema", "language", "rules")
"""The modules and packages whose code and data decide what a rule file becomes; the bundled rules are among them."""

KEPT = 8
"""Memories kept; the oldest go first."""

UNREADABLE = (OSError, EOFError, pickle.UnpicklingError, AttributeError, ImportError, IndexError, TypeError, ValueError)
"""What reading a memory may raise that was damaged or written by another version."""


def load_remembered(*paths: str | Path) -> RuleSet:
    """What `load_rules` gives for these paths, from memory if it is there. Raises as `load_rules` does."""
    files = read_files(rule_files(*paths))
    folder = cache_folder()
    memory = folder / f"rules-{_fingerprint(paths, files)}.pickle" if folder else None
    remembered = _recall(memory) if memory else None
    if remembered is not None:
        return remembered
    # Parsers and planner take a tenth of a second to import, which remembered rules do without.
    from besra.rules.ruleset import load_files  # noqa: PLC0415

    # Of the very bytes the fingerprint is of: a file may change in between.
    rules = load_files(files, with_bundled=includes_bundled(paths))
    if memory:
        # A full disk or a folder that cannot be written costs speed, not rules.
        with contextlib.suppress(OSError):
            _remember(memory, rules)
    return rules


def cache_folder() -> Path | None:
    """Where memories are: `BESRA_CACHE_DIR`, else `besra` in the user's cache folder; None to remember nothing."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Path(named) if named else None
    with contextlib.suppress(RuntimeError):  # no home
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return Path(base) / "besra"
    return None


def _fingerprint(paths: Sequence[str | Path], files: Sequence[RuleFileContent]) -> str:
    digest = hashlib.sha256(f"{__version__} {sys.version} {_code()} {[str(path) for path in paths]}".encode())
    for file, content in files:
        data = content if isinstance(content, bytes) else str(content).encode()
        digest.update(f"\0{file.path}\0{file.is_named}\0{len(data)}\0".encode("utf-8", "surrogateescape"))
        digest.update(data)
    return digest.hexdigest()[:32]


@cache
def _code() -> str:
    """A mark that changes when the code that reads rules does, as it does under a developer's hands."""
    root = Path(__file__).parents[1]
    marks = sorted(mark for name in READERS for mark in _marks(os.fspath(root / name)))
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


def _recall(memory: Path) -> RuleSet | None:
    try:
        with memory.open("rb") as file:
            status = os.fstat(file.fileno())
            owner = os.getuid() if hasattr(os, "getuid") else status.st_uid
            if status.st_uid != owner or stat.S_IMODE(status.st_mode) & 0o022:
                return None
            return from_bytes(file.read())
    except UNREADABLE:
        return None


def _remember(memory: Path, rules: RuleSet) -> None:
    memory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=memory.parent, delete=False) as file:
        file.write(to_bytes(rules))
    # Whole or not at all: another besra may be reading.
    Path(file.name).replace(memory)
    known = sorted(memory.parent.glob("rules-*.pickle"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for old in known[KEPT:]:
        old.unlink()

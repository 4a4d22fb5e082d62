"""Loaded rules remembered on disk, so that a second start need not read a thousand files again.

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
from functools import cache
from importlib import resources
from pathlib import Path

from besra.rules.bundled import bundled_texts
from besra.rules.ruleset import RuleSet, load_rules, rule_files
from besra.version import __version__

VARIABLE = "BESRA_CACHE_DIR"
"""The variable that names another folder for memories; empty, nothing is remembered."""

READERS = ("schema", "language", "rules")
"""The packages whose code decides what a rule file becomes."""

KEPT = 8
"""Memories kept; the oldest go first."""

UNREADABLE = (OSError, EOFError, pickle.UnpicklingError, AttributeError, ImportError, IndexError, TypeError, ValueError)
"""What reading a memory may raise that was damaged or written by another version."""


def load_remembered(*paths: str | Path) -> RuleSet:
    """What `load_rules` gives for these paths, from memory if it is there. Raises as `load_rules` does."""
    folder = cache_folder()
    if folder is None:
        return load_rules(*paths)
    memory = folder / f"rules-{_fingerprint(paths)}.pickle"
    remembered = _recall(memory)
    if remembered is not None:
        return remembered
    rules = load_rules(*paths)
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


def _fingerprint(paths: tuple[str | Path, ...]) -> str:
    digest = hashlib.sha256(f"{__version__} {sys.version} {_code()} {[str(path) for path in paths]}".encode())
    for file in rule_files(*paths):
        digest.update(f"\0{file.path}\0{file.is_named}\0".encode("utf-8", "surrogateescape"))
        with contextlib.suppress(OSError):
            digest.update(Path(file.path).read_bytes())
    for path, text in bundled_texts():
        digest.update(f"\0{path}\0{text}".encode())
    return digest.hexdigest()[:32]


@cache
def _code() -> str:
    """A mark that changes when the code that reads rules does, as it does under a developer's hands."""
    root = Path(str(resources.files("besra")))
    files = (file for name in READERS for file in sorted((root / name).rglob("*")) if file.suffix in (".py", ".csv"))
    marks = [f"{file.name}:{file.stat().st_size}:{file.stat().st_mtime_ns}" for file in files]
    return hashlib.sha256("\n".join(marks).encode()).hexdigest()


def _recall(memory: Path) -> RuleSet | None:
    try:
        with memory.open("rb") as file:
            status = os.fstat(file.fileno())
            owner = os.getuid() if hasattr(os, "getuid") else status.st_uid
            if status.st_uid != owner or stat.S_IMODE(status.st_mode) & 0o022:
                return None
            found = pickle.load(file)
    except UNREADABLE:
        return None
    return found if isinstance(found, RuleSet) else None


def _remember(memory: Path, rules: RuleSet) -> None:
    memory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=memory.parent, delete=False) as file:
        pickle.dump(rules, file, protocol=pickle.HIGHEST_PROTOCOL)
    # Whole or not at all: another besra may be reading.
    Path(file.name).replace(memory)
    known = sorted(memory.parent.glob("rules-*.pickle"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for old in known[KEPT:]:
        old.unlink()

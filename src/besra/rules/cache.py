"""Loaded rules remembered on disk, so that a second start need not parse a thousand files again.

A memory is found by the content of the rule files, their paths, and the code that reads them: it can be missing, never
stale. It holds pickled Python values, so one that another user could have written is not read.
"""

import contextlib
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from besra.rules.loaded import RuleSet
from besra.rules.memory import from_bytes, to_bytes
from besra.rules.memory_file import UNREADABLE, cache_folder, code_mark, read_memory, write_memory
from besra.rules.rule_file import RuleFileContent, read_files, rule_files
from besra.rules.shipped import packs_in
from besra.version import __version__

READERS = ("problems.py", "schema", "language", "rules")
"""The modules and packages whose code and data decide what a rule file becomes; the bundled rules are among them."""


def load_remembered(*paths: str | Path) -> RuleSet:
    """What `load_rules` gives for these paths, from memory if it is there. Raises as `load_rules` does."""
    files = read_files(rule_files(*paths))
    folder = cache_folder()
    fingerprint = _fingerprint(paths, files) if folder else ""
    memory = folder / f"rules-{fingerprint}.pickle" if folder else None
    remembered = _recall(memory) if memory else None
    if remembered is not None:
        return replace(remembered, fingerprint=fingerprint)
    # Parsers and planner take a tenth of a second to import, which remembered rules do without.
    from besra.rules.ruleset import load_files  # noqa: PLC0415

    # Of the very bytes the fingerprint is of: a file may change in between.
    rules = load_files(files, packs=packs_in(paths))
    if memory:
        # A full disk or a folder that cannot be written costs speed, not rules.
        with contextlib.suppress(OSError):
            write_memory(memory, to_bytes(rules))
    return replace(rules, fingerprint=fingerprint)


def _fingerprint(paths: Sequence[str | Path], files: Sequence[RuleFileContent]) -> str:
    digest = hashlib.sha256(
        f"{__version__} {sys.version} {code_mark(READERS)} {[str(path) for path in paths]}".encode()
    )
    for file, content in files:
        data = content if isinstance(content, bytes) else str(content).encode()
        digest.update(f"\0{file.path}\0{file.is_named}\0{len(data)}\0".encode("utf-8", "surrogateescape"))
        digest.update(data)
    return digest.hexdigest()[:32]


def _recall(memory: Path) -> RuleSet | None:
    content = read_memory(memory)
    try:
        return from_bytes(content) if content is not None else None
    except UNREADABLE:
        return None

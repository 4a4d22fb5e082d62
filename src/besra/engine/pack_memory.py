"""Compiled packs remembered on disk: the tests and programs of a thousand rules take half a second to make.

A memory is found by the fingerprint of the rule files (`rules.cache`), the rules chosen from them, and the code that
compiles them.
"""

import contextlib
import hashlib
import pickle
import sys
from pathlib import Path

from besra.engine.compiled_pack import CompiledPack, compiled_pack
from besra.engine.pack import RulePack
from besra.events.columns import Projection
from besra.rules.memory_file import UNREADABLE, cache_folder, code_mark, pickled, read_memory, write_memory
from besra.version import __version__

COMPILERS = ("events/columns.py", "schema", "language", "engine", "detection/detect.py", "detection/feeding.py")
"""The modules and packages whose code decides what a pack is compiled to."""


def remembered_pack(pack: RulePack, projection: Projection) -> CompiledPack:
    """The pack compiled, from memory if it is there. A pack without a fingerprint is not remembered."""
    folder = cache_folder() if pack.fingerprint else None
    if folder is None:
        return compiled_pack(pack, projection)
    memory = folder / f"pack-{_mark(projection, pack.fingerprint)}.pickle"
    known = _recall(memory)
    if known is not None:
        return known
    compiled = compiled_pack(pack, projection)
    # A full disk or a folder that cannot be written costs speed, nothing else.
    with contextlib.suppress(OSError):
        write_memory(memory, pickled(compiled))
    return compiled


def _mark(projection: Projection, fingerprint: str) -> str:
    told = f"{__version__} {sys.version} {code_mark(COMPILERS)} {projection.fields} {fingerprint}"
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _recall(memory: Path) -> CompiledPack | None:
    content = read_memory(memory)
    try:
        found = pickle.loads(content) if content is not None else None
    except UNREADABLE:
        return None
    return found if isinstance(found, CompiledPack) else None

"""Whether this installation of besra can work: what `besra doctor` looks at where nobody names any events."""

import locale
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module, metadata
from pathlib import Path

from besra.version import __version__


class State(StrEnum):
    """How a check went. A note costs comfort or speed, nothing else."""

    GOOD = "ok"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: what is there, and what to do about it."""

    name: str
    state: State
    detail: str
    hint: str | None = None


MODULES = {
    "click": "click",
    "evtx": "evtx",
    "google-re2": "re2",
    "numba": "numba",
    "numpy": "numpy",
    "orjson": "orjson",
    "pyarrow": "pyarrow",
    "rich": "rich",
    "zstandard": "zstandard",
}
"""The distributions besra needs, and the modules they bring."""

OLDEST = (3, 11)
REINSTALL = "install besra again: pip install --force-reinstall besra"


def run_checks() -> Iterator[Check]:
    """All checks, each whatever the others found."""
    libraries: dict[str, Callable[[str], Check]] = dict.fromkeys(MODULES, check_library)
    for name, check in {"python": check_python, **libraries, **CHECKS}.items():
        try:
            yield check(name)
        except Exception as error:  # a check that fails is a finding, whatever is broken
            yield Check(name, State.BAD, f"{type(error).__name__}: {error}", REINSTALL)


def check_python(name: str) -> Check:
    """The interpreter."""
    detail = f"besra {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    if sys.version_info < OLDEST:
        return Check(name, State.BAD, detail, "besra needs Python 3.11 or newer")
    return Check(name, State.GOOD, detail)


def check_library(name: str) -> Check:
    """A library, which has to be there and to load."""
    import_module(MODULES[name])
    return Check(name, State.GOOD, metadata.version(name))


def check_kernels(name: str) -> Check:
    """Whether the compiled code of besra is there, and where it is kept."""
    from besra.events.kernels.times import read_times  # noqa: PLC0415  numba, which may be what is broken

    stats = getattr(read_times, "stats", None)
    folder = getattr(stats, "cache_path", None)
    if folder is None:
        hint = "let NUMBA_CACHE_DIR name a folder that can be written"
        return Check(name, State.NOTE, "compiled anew by every process: nowhere to keep them", hint)
    kept = len(list(Path(folder).glob("*.nbc"))) if Path(folder).is_dir() else 0
    if not kept:
        return Check(name, State.NOTE, f"not compiled yet: the first large scan does, in {folder}")
    return Check(name, State.GOOD, f"compiled, in {folder}")


def check_memory_folder(name: str) -> Check:
    """Where loaded rules are remembered."""
    from besra.rules.memory_file import VARIABLE, cache_folder  # noqa: PLC0415  as above

    folder = cache_folder()
    if folder is None:
        return Check(name, State.NOTE, "rules are not remembered between runs", f"{VARIABLE} may name a folder")
    if not _is_writable(folder):
        hint = f"make it writable, or let {VARIABLE} name another folder: rules are loaded anew every time"
        return Check(name, State.NOTE, f"{folder} cannot be written", hint)
    return Check(name, State.GOOD, str(folder))


def _is_writable(folder: Path) -> bool:
    """Whether files can be made in a folder, or the folder itself where it is yet to be made."""
    there = next((path for path in (folder, *folder.parents) if path.exists()), None)
    return there is not None and there.is_dir() and os.access(there, os.W_OK)


def check_temporary_folder(name: str) -> Check:
    """Where what memory does not hold goes."""
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free / (1 << 30)
    if free < 1:
        return Check(name, State.NOTE, f"{folder}, {free:.1f} GB free", "let TMPDIR name a folder with more room")
    return Check(name, State.GOOD, f"{folder}, {free:,.0f} GB free")


def check_bundled(name: str) -> Check:
    """What comes with besra."""
    from besra.rules.ruleset import load_rules  # noqa: PLC0415  as above
    from besra.schema.catalogue import bundled_catalogue  # noqa: PLC0415

    rules, fields = load_rules(), len(bundled_catalogue().fields)
    detail = f"{len(rules.ready)} of {len(rules)} bundled rules are ready; {fields:,} fields"
    if not rules.ready or len(rules.ready) < len(rules) or not fields:
        return Check(name, State.BAD, detail, REINSTALL)
    return Check(name, State.GOOD, detail)


def check_machine(name: str) -> Check:
    """Processors and memory."""
    from besra.cli.options import cores  # noqa: PLC0415  as above

    count = cores()
    memory = f", {size / (1 << 30):,.1f} GB memory" if (size := _memory()) else ""
    return Check(name, State.GOOD, f"{count} processor{'' if count == 1 else 's'}{memory}")


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not on Windows
        return None


def check_terminal(name: str) -> Check:
    """Where output goes."""
    encoding = getattr(sys.stdout, "encoding", None) or locale.getpreferredencoding()
    if not sys.stdout.isatty():
        return Check(name, State.GOOD, f"none: output is a file or pipe ({encoding})")
    width = shutil.get_terminal_size().columns
    colour = "no colours (NO_COLOR)" if os.environ.get("NO_COLOR") else "colours"
    detail = f"{width} columns, {encoding}, {colour}"
    if encoding.lower().replace("-", "") != "utf8":
        return Check(name, State.NOTE, detail, "set PYTHONUTF8=1: names in other scripts are shown as ?")
    return Check(name, State.GOOD, detail)


CHECKS: dict[str, Callable[[str], Check]] = {
    "kernels": check_kernels,
    "cache": check_memory_folder,
    "temporary": check_temporary_folder,
    "bundled": check_bundled,
    "machine": check_machine,
    "terminal": check_terminal,
}

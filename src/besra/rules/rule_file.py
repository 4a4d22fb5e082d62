"""The files rules are read from: finding them in folders, each once, and reading them."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from besra.errors import RuleFileError
from besra.rules.shipped import BUNDLED, PACKS, TESTS

SUFFIXES = (".toml", ".ndjson", ".json")
DEPRECATED = "_deprecated"
PIECE = 1 << 16
"""Bytes read at once: most rule files are smaller."""


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A file to read. `is_named`: the user gave this very path, so what it holds is meant to be rules."""

    path: str
    is_named: bool
    is_deprecated: bool = False


RuleFileContent = tuple[RuleFile, bytes | OSError]
"""A file and its bytes, or why it cannot be read."""


def rule_files(*paths: str | Path) -> list[RuleFile]:
    """The rule files of files and folders with all folders in them, by path and each once; packs of besra's are none.

    Raises `RuleFileError` for a path that does not exist.
    """
    found = [item for path in map(str, paths) if path not in PACKS for item in _files(path)]
    found.sort(key=lambda item: (not item[1].is_named, item[1].path))
    unique: dict[str, RuleFile] = {}
    for real, file in found:
        unique.setdefault(real, file)
    return sorted(unique.values(), key=lambda file: file.path)


def read_files(files: Iterable[RuleFile]) -> list[RuleFileContent]:
    """The files with what they hold."""
    return [(file, _content(file.path)) for file in files]


def _files(path: str) -> Iterator[tuple[str, RuleFile]]:
    """The files under a path, each behind the path the system knows it by."""
    root = Path(path)
    if not root.exists():
        message, hint = f"there is no file or folder {path}", f"{BUNDLED} names the rules that come with besra"
        raise RuleFileError.of("path-not-found", message, path=path, hint=hint)
    if root.is_file():
        yield str(root.resolve()), RuleFile(path, is_named=True)
        return
    shown = "" if str(root) == "." else os.path.join(root, "")  # noqa: PTH118  with a separator at its end
    folders = [(shown, os.path.join(root.resolve(), ""), False)]  # noqa: PTH118
    while folders:
        yield from _folder(*folders.pop(), folders)


def _folder(
    shown: str, real: str, is_deprecated: bool, folders: list[tuple[str, str, bool]]
) -> Iterator[tuple[str, RuleFile]]:
    """The rule files of one folder; its folders are added to `folders`. Hidden ones and links to folders are left out.

    `Path.rglob` and `Path.resolve` take a tenth of a second for a thousand files, which every start would pay.
    """
    try:
        entries = os.scandir(shown or ".")
    except PermissionError:
        return
    with entries:
        for entry in entries:
            name = entry.name
            if name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append((f"{shown}{name}{os.sep}", f"{real}{name}{os.sep}", is_deprecated or name == DEPRECATED))
            elif name.endswith(SUFFIXES) and not name.endswith(TESTS) and entry.is_file():
                place = str(Path(entry.path).resolve()) if entry.is_symlink() else f"{real}{name}"
                yield place, RuleFile(f"{shown}{name}", is_named=False, is_deprecated=is_deprecated)


def _content(path: str) -> bytes | OSError:
    # A third of the time `Path.read_bytes` takes.
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError as error:
        return error
    try:
        pieces = []
        while piece := os.read(descriptor, PIECE):
            pieces.append(piece)
        return b"".join(pieces)
    except OSError as error:
        return error
    finally:
        os.close(descriptor)

"""Paths with wildcards that no shell has expanded: `logs/**/*.evtx`."""

import os
import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

ANY_DEPTH = "**"
SEPARATOR = re.compile("/" if os.sep == "/" else r"[/\\]")

Report = Callable[[str, OSError], object]
"""Is told which folder could not be read, and why."""


def is_pattern(path: str) -> bool:
    """Whether a path has wildcards: `*`, `?`, `[abc]`."""
    return any(char in path for char in "*?[")


def paths_matching(pattern: str, report: Report) -> Iterator[str]:
    """The files and folders a pattern leads to, in the order of their names.

    Wildcards stand for names or parts of them, `**` for any folders and for none. A name that begins with a dot is
    found only by one that does. Links to folders are followed, each folder once behind a `**`.
    """
    folder, parts = "", SEPARATOR.split(pattern)
    while len(parts) > 1 and not is_pattern(parts[0]):
        folder += parts.pop(0) + os.sep
    return _expand(folder, tuple(parts), report)


def _expand(folder: str, parts: tuple[str, ...], report: Report) -> Iterator[str]:
    """What the rest of a pattern leads to from a folder, which is empty or ends with a separator."""
    name, rest = parts[0], parts[1:]
    if name == ANY_DEPTH and rest:
        for below in _folders_below(folder, report):
            yield from _expand(below, rest, report)
    elif name == ANY_DEPTH:
        yield folder or os.curdir
    elif not is_pattern(name):
        path = folder + name
        if rest:
            yield from _expand(path + os.sep, rest, report)
        elif os.path.lexists(path):
            yield path
    else:
        for entry in _entries(folder, report):
            if not fnmatchcase(entry.name, name) or (entry.name.startswith(".") and not name.startswith(".")):
                continue
            if not rest:
                yield folder + entry.name
            elif _is_folder(entry):
                yield from _expand(folder + entry.name + os.sep, rest, report)


def _folders_below(folder: str, report: Report) -> Iterator[str]:
    """A folder and all below it that are not hidden, each real folder once."""
    waiting, seen = [folder], set()
    while waiting:
        folder = waiting.pop()
        real = os.path.realpath(folder or os.curdir)
        if real in seen:
            continue
        seen.add(real)
        yield folder
        found = [entry for entry in _entries(folder, report) if not entry.name.startswith(".") and _is_folder(entry)]
        waiting += [folder + entry.name + os.sep for entry in reversed(found)]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _entries(folder: str, report: Report) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder or os.curdir) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return []
    except OSError as error:
        report(folder, error)
        return []

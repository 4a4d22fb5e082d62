"""A member of an archive, and the name it is shown under."""

from dataclasses import dataclass

from besra.events.chunks import Chunks, Damage
from besra.problems import Problem, Severity

LONGEST = 1024
"""Characters of a name that are shown."""

UNPRINTABLE = "\ufffd"


@dataclass(frozen=True, slots=True)
class Member:
    """One file in an archive: its name there, the bytes it takes there, and its content.

    `chunks` are to be read before the next member is asked for, and need not be. `refused` says why they are not to be
    read at all; it has no place yet.
    """

    name: str
    stored: int
    chunks: Chunks
    refused: Problem | None = None


def label_of(archive: str, name: str) -> str:
    """The name of a member as it is shown, behind that of its archive: `outer.zip/inner/log.json`.

    It is a label and never opened. A way out of the archive is shown as what it is, `(..)`, and leads nowhere;
    characters that cannot be seen are U+FFFD.
    """
    parts = ["(..)" if part == ".." else part for part in _parts(name)]
    text = "/".join(parts) or "(unnamed)"
    text = "".join(char if char.isprintable() else UNPRINTABLE for char in text[: LONGEST + 1])
    return f"{archive}/{text[:LONGEST]}…" if len(text) > LONGEST else f"{archive}/{text}"


def is_hidden(name: str) -> bool:
    """Whether it is a hidden file, or stands in a hidden folder."""
    return any(part.startswith(".") and part != ".." for part in _parts(name))


def _parts(name: str) -> list[str]:
    # Old programs for Windows wrote their own separator.
    separated = name if "/" in name else name.replace("\\", "/")
    return [part for part in separated.split("/") if part not in ("", ".")]


def damaged_archive(damage: Damage, members: int) -> Problem:
    """The problem of an archive that ends before its time, after so many members; without a place."""
    where = f"after {members:,} of its files" if members else "before its first file"
    if damage.hint:
        return Problem("input-limit", f"{damage.what}; it is read no further, {where}", hint=damage.hint)
    hint = "the files before that point are read; copy the archive again to have the rest" if members else None
    return Problem("archive-damaged", f"{damage.what}, {where}", Severity.WARNING, hint=hint)


def not_opened(damage: Damage) -> Problem:
    """The problem of an archive that is not opened, since a limit is in the way; without a place."""
    return Problem("input-limit", f"not opened: {damage.what}", hint=damage.hint)

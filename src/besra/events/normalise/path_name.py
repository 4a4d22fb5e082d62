"""Parts of Windows paths, as text: the path need not exist, nor be one."""

from dataclasses import dataclass
from functools import lru_cache

from besra.events.normalise.nested_document import Document, put


@dataclass(frozen=True, slots=True)
class PathParts:
    """Name, directory and extension of a path with at least one backslash."""

    name: str
    directory: str
    extension: str | None


@lru_cache(maxsize=4096)
def split_path(path: str) -> PathParts | None:
    """The parts of a path; None without a backslash.

    The extension is the text after the last dot of the whole path, case kept, even where only a directory has a dot
    (sources.md 4.2 and 9.5).
    """
    directory, backslash, name = path.rpartition("\\")
    if not backslash:
        return None
    _, dot, extension = path.rpartition(".")
    return PathParts(name, directory, extension if dot else None)


def name_after_backslash(path: str) -> str | None:
    """The text after the last backslash; None without one (`System`) or when nothing follows it."""
    _, backslash, name = path.rpartition("\\")
    return name if backslash and name else None


def put_file_parts(document: Document, path: str) -> None:
    """Set `file.name`, `file.directory` and `file.extension` from a path that has them."""
    parts = split_path(path)
    if parts is not None:
        put(document, "file.name", parts.name)
        put(document, "file.directory", parts.directory)
        put(document, "file.extension", parts.extension)


def put_account(document: Document, field: str, account: str | None) -> None:
    """Set `<field>.domain` and `<field>.name` from `DOMAIN\\name`; any other text sets nothing."""
    parts = account.split("\\") if account else []
    if len(parts) == 2:
        put(document, f"{field}.domain", parts[0] or None)
        put(document, f"{field}.name", parts[1] or None)

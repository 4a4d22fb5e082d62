"""Parts of paths of any system: separated by backslashes where there is one, else by slashes (sources.md 6, 7)."""

from besra.events.normalise.nested_document import Document, field_value, put


def directory_and_name(path: str) -> tuple[str, str] | None:
    """What stands before and behind the last separator; None without one. One at the very end separates nothing."""
    separator = "\\" if "\\" in path else "/"
    directory, found, name = path.rstrip(separator).rpartition(separator)
    return (directory, name) if found else None


def last_name(path: str) -> str | None:
    """The last name of a path; the whole text if nothing separates names."""
    parts = directory_and_name(path)
    return parts[1] if parts else path.strip("\\/") or None


def put_path_parts(document: Document, field: str, path: str) -> None:
    """Set directory and drive letter below a field, and name and extension unless they are known."""
    parts = directory_and_name(path)
    if parts is None:
        return
    directory, name = parts
    _, dot, extension = name.rpartition(".")
    put(document, f"{field}.directory", directory or None)
    for part, value in (("name", name), ("extension", extension if dot else "")):
        if value and field_value(document, f"{field}.{part}") is None:
            put(document, f"{field}.{part}", value)
    if has_drive(path):
        put(document, f"{field}.drive_letter", path[0].upper())


def has_drive(path: str) -> bool:
    """Whether a path begins with a drive letter."""
    return path[1:3] in (":\\", ":/") and path[0].isascii() and path[0].isalpha()

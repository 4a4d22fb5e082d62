"""Fields that follow from others whatever the source: arguments from command lines, the lists of what is related."""

from besra.events.normalise.command_line import split_arguments
from besra.events.normalise.nested_document import Document, collect, field_text, field_value, put

RELATED = {
    "related.hash": (
        "process.hash.md5",
        "process.hash.sha1",
        "process.hash.sha256",
        "process.parent.hash.md5",
        "process.parent.hash.sha1",
        "process.parent.hash.sha256",
        "file.hash.md5",
        "file.hash.sha1",
        "file.hash.sha256",
        "dll.hash.md5",
        "dll.hash.sha1",
        "dll.hash.sha256",
    ),
    "related.hosts": ("host.name", "host.hostname"),
    "related.ip": ("source.ip", "destination.ip"),
    "related.user": ("user.name", "process.user.name", "process.parent.user.name", "user.target.name"),
}
"""List to the fields whose values it has."""


def put_arguments(document: Document, *processes: str, count_empty: bool = True) -> None:
    """Set `args` and `args_count` of processes from their command lines, as the C runtime splits them.

    No integration keeps empty arguments; most count them.
    """
    for process in processes:
        command_line = field_text(document, f"{process}.command_line")
        arguments = split_arguments(command_line) if command_line else []
        kept = [argument for argument in arguments if argument]
        if arguments:
            put(document, f"{process}.args", kept or None)
            put(document, f"{process}.args_count", len(arguments if count_empty else kept))


def put_related(document: Document) -> None:
    """Gather hashes, hosts, addresses and users."""
    for field, sources in RELATED.items():
        for source in sources:
            if isinstance(field_value(document, source), str):
                collect(document, field, field_text(document, source))

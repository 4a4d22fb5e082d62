"""Sysmon for Linux to ECS: the tables of Sysmon, with paths, accounts and the data stream of Linux.

As the public integration (`sysmon_linux.log`) makes them, but for names: it takes the name of a process from the syslog
line, which is always `sysmon`, and finds none in a path with slashes. Rules ask for the name of the program.
"""

from besra.events.normalise.nested_document import Document, collect, field_text, put, text_of
from besra.events.normalise.stream_fields import note_derived, put_stream
from besra.events.normalise.sysmon import normalise_sysmon
from besra.events.normalise.winlog import RawRecord, Shipper, to_winlog

DATASET = "sysmon_linux.log"

SYSMON_LINUX_INDEX = f"logs-{DATASET}-default"

ACTION = "log"
"""The action the integration gives every event."""


def is_sysmon_linux(record: RawRecord) -> bool:
    """Whether a record is one of Sysmon for Linux."""
    return record.provider == "Linux-Sysmon" or record.channel == "Linux-Sysmon/Operational"


def sysmon_linux_to_ecs(record: RawRecord) -> Document:
    """The ECS document of a record, with the fields its agent would have added named in `besra.derived`."""
    document = to_winlog(record)
    user = text_of(record.event_data.get("User"))
    normalise_sysmon(document, Shipper.AGENT)
    put(document, "event.action", ACTION)
    put(document, "ecs.version", "8.17.0")
    put(document, "host.hostname", record.computer)
    for process in ("process", "process.parent"):
        put(document, f"{process}.name", _name(field_text(document, f"{process}.executable")))
    _put_file_parts(document, field_text(document, "file.path"))
    if user and "\\" not in user:
        put(document, "user.name", user)
        collect(document, "related.user", user)
    put_stream(document, DATASET)
    put(document, "host.id", record.computer)
    put(document, "host.os.type", "linux")
    note_derived(document, "host.id", "host.os.type")
    return document


def _name(path: str | None) -> str | None:
    """The text after the last slash; None without one (`(null)`)."""
    _, slash, name = (path or "").rpartition("/")
    return name if slash and name else None


def _put_file_parts(document: Document, path: str | None) -> None:
    directory, slash, name = (path or "").rpartition("/")
    if not slash:
        return
    put(document, "file.name", name or None)
    put(document, "file.directory", directory or "/")
    stem, dot, extension = name.rpartition(".")
    put(document, "file.extension", extension if dot and stem else None)

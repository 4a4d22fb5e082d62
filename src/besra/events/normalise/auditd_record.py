"""The records of one audit event put together: what the call said, its files, its arguments, its socket."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from besra.events.normalise.auditd_syscalls import machine_name, syscall_name
from besra.events.normalise.nested_document import text_of

UNSET = frozenset({"unset", "4294967295", "-1"})
"""How the absence of a user or a session is written."""

OUTCOMES = {"yes": "success", "success": "success", "1": "success", "no": "fail", "failed": "fail", "0": "fail"}


@dataclass(slots=True)
class AuditEvent:
    """One event, as it is put together.

    `data` are the fields of its records, `ids` the users and groups of its call or only record, `users` and `groups`
    the names of ids.
    """

    type: str = ""
    result: str = "unknown"
    data: dict[str, Any] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=lambda: {"0": "root"})
    groups: dict[str, str] = field(default_factory=lambda: {"0": "root"})
    paths: list[dict[str, Any]] = field(default_factory=list)
    args: list[str] = field(default_factory=list)
    title: str | None = None
    socket: dict[str, Any] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    enriched: dict[str, Any] = field(default_factory=dict)
    other: list[dict[str, Any]] = field(default_factory=list)
    """What found no place because another record has a field of that name."""

    def text(self, name: str) -> str | None:
        """A field, or a user or group id, as text."""
        return text_of(self.data.get(name)) or self.ids.get(name)


def gather(records: list[Mapping[str, Any]]) -> AuditEvent:
    """Put the records of an event together.

    The event is of the type of its first record, and about the call if there is one: other records come with it.
    """
    event = AuditEvent()
    call = next((record for record in records if record.get("type") == "SYSCALL"), None)
    main = call or next(iter(records), {})
    event.type = text_of(records[0].get("type")) or "" if records else ""
    for record in (main, *(other for other in records if other is not main)):
        _add(event, record, is_main=record is main)
    _name_call(event)
    _read_outcome(event)
    return event


def _add(event: AuditEvent, record: Mapping[str, Any], *, is_main: bool) -> None:
    """Take from a record what is read for itself, and leave the rest as fields of their names."""
    fields = {name: value for name, value in record.items() if value is not None}
    kind = text_of(fields.pop("type", None)) or ""
    _take_enriched(event, fields)
    event.keys += [key for key in _take_texts(fields, "keys") if key not in event.keys]
    if not event.args:
        event.args = _take_texts(fields, "args")
    if not event.title and isinstance(fields.get("proctitle"), str):
        event.title = fields.pop("proctitle")
    if kind == "PATH":
        event.paths.append(fields)
    elif kind == "SOCKADDR" and not event.socket:
        sockaddr = fields.pop("sockaddr", None)
        event.socket = {**fields, **(sockaddr if isinstance(sockaddr, Mapping) else {})}
    else:
        _add_fields(event, fields, kind, is_main=is_main)


def _add_fields(event: AuditEvent, fields: Mapping[str, Any], kind: str, *, is_main: bool) -> None:
    left = {}
    for name, value in fields.items():
        text = text_of(value)
        is_id = is_main and name.endswith(("uid", "gid")) and text is not None
        target: dict[str, Any] = event.ids if is_id else event.data
        if name not in target:
            target[name] = text if is_id else value
        elif target[name] != value:
            left[name] = value
    if left:
        event.other.append({"type": kind, **left})


def _take_enriched(event: AuditEvent, fields: dict[str, Any]) -> None:
    """What auditd resolved, where it wrote that beside the numbers."""
    if not isinstance(fields.get("enriched"), Mapping):
        return
    for name, value in fields.pop("enriched").items():
        number, text = text_of(fields.get(name)), text_of(value)
        if number and text and text not in UNSET and name.endswith(("uid", "gid")):
            (event.users if name.endswith("uid") else event.groups)[number] = text
        values = event.enriched.setdefault(name, [])
        if value not in values:
            values.append(value)


def _take_texts(fields: dict[str, Any], name: str) -> list[str]:
    values = fields.get(name)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        return []
    del fields[name]
    return [value for value in values if value]


def _name_call(event: AuditEvent) -> None:
    arch, number = text_of(event.data.get("arch")) or "", text_of(event.data.get("syscall"))
    if number:
        event.data["syscall"] = syscall_name(arch, number)
    if arch:
        event.data["arch"] = machine_name(arch)


def _read_outcome(event: AuditEvent) -> None:
    for name in ("success", "res", "result"):
        outcome = OUTCOMES.get(text_of(event.data.get(name)) or "")
        if outcome:
            event.result = outcome
            del event.data[name]
            return


def ids_of(event: AuditEvent) -> Iterator[tuple[str, str]]:
    """The users and groups that are set."""
    return ((name, value) for name, value in event.ids.items() if value not in UNSET)

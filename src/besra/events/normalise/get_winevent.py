"""Windows events as PowerShell writes them: `Get-WinEvent … | ConvertTo-Json`.

The objects hold the values of the event's data without their names (`Properties`). The names come from `TEMPLATES` for
the events there, from the rendered message where Sysmon wrote it, and are `param1`, `param2`, … otherwise.
"""

from collections.abc import Mapping
from typing import Any

from besra.events.normalise import windows
from besra.events.normalise.event_templates import HEXADECIMAL, template_of
from besra.events.normalise.nested_document import Document, integer_of, text_of
from besra.events.normalise.winlog import RawRecord, Rendering, flat_value, guid_of, unsigned
from besra.events.normalise.winlog_time import record_time

SYSMON = "Microsoft-Windows-Sysmon"


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether a record has the id, the log and the provider of PowerShell's event objects."""
    named = isinstance(record.get("LogName"), str) or isinstance(record.get("ProviderName"), str)
    return named and integer_of(text_of(record.get("Id"))) is not None


def to_ecs(record: Mapping[str, Any]) -> Document:
    """The ECS document, as of the same record in an event log file."""
    provider, event_id = text_of(record.get("ProviderName")), text_of(record.get("Id"))
    message = text_of(record.get("Message"))
    user = record.get("UserId")
    return windows.to_ecs(
        RawRecord(
            provider=provider,
            provider_guid=guid_of(text_of(record.get("ProviderId"))),
            channel=text_of(record.get("LogName")),
            event_id=event_id,
            computer=text_of(record.get("MachineName")),
            record_id=integer_of(text_of(record.get("RecordId"))),
            time=record_time([record.get("TimeCreated")]),
            level=integer_of(text_of(record.get("Level"))),
            keywords=unsigned(record.get("Keywords")),
            task=integer_of(text_of(record.get("Task"))),
            version=integer_of(text_of(record.get("Version"))),
            process_id=integer_of(text_of(record.get("ProcessId"))),
            thread_id=integer_of(text_of(record.get("ThreadId"))),
            activity_id=guid_of(text_of(record.get("ActivityId"))),
            related_activity_id=guid_of(text_of(record.get("RelatedActivityId"))),
            user_id=text_of(user.get("Value") if isinstance(user, dict) else user),
            event_data=_event_data(provider, event_id, record.get("Properties"), message),
            rendering=Rendering(
                message, text_of(record.get("TaskDisplayName")), text_of(record.get("OpcodeDisplayName"))
            ),
        )
    )


def _event_data(provider: str | None, event_id: str | None, properties: Any, message: str | None) -> dict[str, Any]:
    if provider == SYSMON and message and (lines := message_pairs(message)):
        return lines
    values = [item.get("Value") if isinstance(item, dict) else item for item in _items(properties)]
    names = template_of(provider or "", event_id or "")
    numbered = ((names[place] if place < len(names) else f"param{place + 1}", v) for place, v in enumerate(values))
    return {name: shipped for name, value in numbered if (shipped := flat_value(_scalar(name, value))) is not None}


def _items(properties: Any) -> list[Any]:
    return properties if isinstance(properties, list) else [properties] if isinstance(properties, dict) else []


def _scalar(name: str, value: Any) -> Any:
    """A value as the log renders it: a SID as its text, of which PowerShell makes an object, some numbers in hex."""
    if isinstance(value, dict) and isinstance(value.get("Value"), str):
        return value["Value"]
    return f"{value:#x}" if type(value) is int and value >= 0 and name in HEXADECIMAL else value


def message_pairs(message: str) -> dict[str, Any]:
    """The `Name: value` lines of a message of Sysmon, which are its event data; a line without a name goes on."""
    pairs: dict[str, Any] = {}
    last = None
    for line in message.replace("\r\n", "\n").split("\n")[1:]:
        name, colon, value = line.partition(":")
        if colon and name.isalnum() and name.isascii() and name[:1].isupper() and value[:1] in ("", " "):
            pairs[name] = value[1:]
            last = name
        elif last is not None and line:
            pairs[last] += f"\n{line}"
    return {name: flat_value(value) for name, value in pairs.items() if value}

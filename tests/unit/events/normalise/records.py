"""Hand-written records for the normaliser tests."""

from typing import Any

from besra.events.normalise.evtx_json import parse_record
from besra.events.normalise.windows import to_ecs, winlog_to_ecs
from besra.events.normalise.winlog import Shipper

SYSMON = "Microsoft-Windows-Sysmon/Operational"


def parsed_event(
    event_id: int | str, data: Any = None, channel: str = "Security", user_data: Any = None, **system: Any
) -> dict[str, Any]:
    """The `Event` object of the evtx package's JSON; keyword arguments replace System elements."""
    return {
        "#attributes": {"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"},
        "System": {
            "Provider": {"#attributes": {"Name": "Test-Provider", "Guid": "5770385F-C22A-43E0-BF4C-06F5698FFBD9"}},
            "EventID": event_id,
            "Version": 5,
            "Level": 4,
            "Task": 1,
            "Opcode": 0,
            "Keywords": "0x8000000000000000",
            "TimeCreated": {"#attributes": {"SystemTime": "2024-05-01T10:00:01.500000Z"}},
            "EventRecordID": 77,
            "Correlation": None,
            "Execution": {"#attributes": {"ProcessID": 4, "ThreadID": 8}},
            "Channel": channel,
            "Computer": "host1.example.org",
            "Security": {"#attributes": {"UserID": "S-1-5-18"}},
            **system,
        },
        "EventData": data,
        **({"UserData": user_data} if user_data is not None else {}),
    }


def ecs_of(event_id: int | str, data: Any = None, channel: str = "Security", **more: Any) -> dict[str, Any]:
    """The ECS document of such a record, as from a scanned file."""
    return to_ecs(parse_record(parsed_event(event_id, data, channel, **more)))


def sysmon(event_id: int | str, data: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The ECS document of a Sysmon record."""
    return ecs_of(event_id, data, SYSMON, **more)


def shipped(event_id: str, data: Any, channel: str, shipper: Shipper = Shipper.WINLOGBEAT) -> dict[str, Any]:
    """The ECS document of a document a shipper sent before its pipeline."""
    return winlog_to_ecs(
        {"event": {"code": event_id}, "winlog": {"channel": channel, "event_id": event_id, "event_data": data}}, shipper
    )

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.events.normalise.records import SYSMON, ecs_of, sysmon

from besra.events.normalise.windows import names_of, to_ecs, winlog_to_ecs
from besra.events.normalise.winlog import RawRecord, Rendering, Shipper


@pytest.mark.parametrize(
    ("channel", "dataset"),
    [
        (SYSMON, "windows.sysmon_operational"),
        ("Security", "system.security"),
        ("SECURITY", "system.security"),
        ("Windows PowerShell", "windows.powershell"),
        ("Microsoft-Windows-PowerShell/Operational", "windows.powershell_operational"),
        ("PowerShellCore/Operational", "windows.powershell_operational"),
        ("System", "system.system"),
        ("Application", "system.application"),
        ("Microsoft-Windows-TaskScheduler/Operational", "windows.forwarded"),
    ],
)
def test_channel_decides_the_data_stream(channel: str, dataset: str) -> None:
    document = ecs_of(1, {}, channel)
    assert document["data_stream"] == {"type": "logs", "dataset": dataset, "namespace": "default"}
    assert document["event"]["dataset"] == dataset
    assert document["event"]["module"] == dataset.split(".", maxsplit=1)[0]
    assert names_of(RawRecord(channel=channel)) == (f"logs-{dataset}-default", "winlogbeat-besra")


def test_provider_decides_where_the_channel_is_unknown() -> None:
    record = RawRecord(provider="Microsoft-Windows-Sysmon", channel="ForwardedEvents", event_id="5")
    document = to_ecs(record)
    assert document["event"]["category"] == ["process"]
    assert names_of(record)[0] == "logs-windows.sysmon_operational-default"


def test_scan_adds_host_and_names_what_it_added() -> None:
    document = sysmon(5, {})
    assert document["host"] == {"name": "host1.example.org", "id": "host1.example.org", "os": {"type": "windows"}}
    derived = document["besra"]["derived"]
    assert derived == ["data_stream", "event.dataset", "event.module", "host.id", "host.os.type"]


def test_derived_lists_are_not_shared_between_documents() -> None:
    first, second = sysmon(5, {}), sysmon(5, {})
    first["besra"]["derived"].append("x")
    assert "x" not in second["besra"]["derived"]


def test_event_codes_are_text() -> None:
    document = sysmon(22, {})
    assert document["event"]["code"] == "22"
    assert document["winlog"]["event_id"] == "22"
    assert document["winlog"]["record_id"] == "77"


def test_other_channels_keep_their_event_data() -> None:
    document = ecs_of(7045, {"ServiceName": "x", "ImagePath": "c:\\x"}, "System")
    assert document["winlog"]["event_data"] == {"ServiceName": "x", "ImagePath": "c:\\x"}
    assert "category" not in document["event"]


def test_shipped_document_is_not_changed_and_may_have_dotted_keys() -> None:
    document: dict[str, Any] = {
        "winlog.channel": SYSMON,
        "winlog": {"event_id": 1, "event_data": {"Image": "C:\\a.exe", "with.dot": "kept"}},
        "host.name": "h",
    }
    before = repr(document)
    result = winlog_to_ecs(document)
    assert repr(document) == before
    assert result["event"]["code"] == "1"
    assert result["process"]["name"] == "a.exe"
    assert result["host"] == {"name": "h"}
    assert result["winlog"]["event_data"] == {"with.dot": "kept"}


def test_shipped_document_gets_nothing_only_a_scan_adds() -> None:
    result = winlog_to_ecs({"winlog": {"channel": "Security", "event_id": "4624"}}, Shipper.AGENT)
    assert "data_stream" not in result
    assert "besra" not in result
    assert "module" not in result["event"]


def test_level_and_time_of_newer_shippers() -> None:
    result = winlog_to_ecs(
        {
            "winlog": {
                "channel": "Security",
                "event_id": "4624",
                "level": "information",
                "time_created": "2024-05-01T10:00:00.1234567Z",
            }
        },
        Shipper.WINLOGBEAT,
    )
    assert result["log"] == {"level": "information"}
    assert result["@timestamp"] == "2024-05-01T10:00:00.123Z"
    assert "level" not in result["winlog"]


def test_names_of_tasks_are_filled_in_where_the_record_has_none() -> None:
    record = RawRecord(provider="Microsoft-Windows-Eventlog", channel="System", event_id="104", task=104)
    document = to_ecs(record)
    assert document["event"]["action"] == document["winlog"]["task"] == "Log clear"
    assert "winlog.task" in document["besra"]["derived"]
    rendered = to_ecs(replace(record, rendering=Rendering(task="Protokoll gelöscht")))
    assert rendered["winlog"]["task"] == "Protokoll gelöscht"
    assert "winlog.task" not in rendered["besra"]["derived"]
    unknown = to_ecs(replace(record, provider="Other"))
    assert "task" not in unknown["winlog"]

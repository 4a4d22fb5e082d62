"""Sysmon for Linux: the tables of Sysmon, with the names and accounts of Linux."""

from typing import Any

from besra.events.normalise.sysmon_linux import is_sysmon_linux, sysmon_linux_to_ecs
from besra.events.normalise.winlog import RawRecord


def ecs(code: str, **data: str) -> dict[str, Any]:
    record = RawRecord(
        provider="Linux-Sysmon",
        channel="Linux-Sysmon/Operational",
        event_id=code,
        computer="web-1",
        time="2025-03-01T10:00:00Z",
        event_data=data,
    )
    assert is_sysmon_linux(record)
    return sysmon_linux_to_ecs(record)


def test_a_process() -> None:
    document = ecs(
        "1",
        Image="/usr/bin/odd\\name",
        CommandLine="odd 'a b'",
        ParentImage="/bin/sh",
        User="ada",
        UtcTime="2025-03-01 10:00:00.500",
    )
    process = document["process"]
    assert (process["name"], process["parent"]["name"]) == ("odd\\name", "sh")
    assert document["user"]["name"] == "ada"
    assert document["event"]["category"] == ["process"]
    assert document["event"]["type"] == ["start"]
    assert document["event"]["action"] == "log"
    assert document["@timestamp"] == "2025-03-01T10:00:00.500Z"
    assert document["data_stream"]["dataset"] == "sysmon_linux.log"
    assert document["host"] == {"name": "web-1", "hostname": "web-1", "id": "web-1", "os": {"type": "linux"}}
    assert "host.os.type" in document["besra"]["derived"]


def test_parts_of_paths() -> None:
    assert ecs("11", TargetFilename="/etc/cron.d/job.sh")["file"] == {
        "path": "/etc/cron.d/job.sh",
        "name": "job.sh",
        "directory": "/etc/cron.d",
        "extension": "sh",
    }
    assert ecs("11", TargetFilename="/.profile")["file"] == {"path": "/.profile", "name": ".profile", "directory": "/"}
    assert "name" not in ecs("5", Image="(null)")["process"]

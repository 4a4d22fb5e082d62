from typing import Any

import pytest

from besra.events.normalise.nxlog import raw_record, recognises, to_ecs

SECURITY = {"EventID": 4688, "Channel": "Security", "SourceName": "Microsoft-Windows-Security-Auditing"}
NXLOG = {**SECURITY, "ExecutionProcessID": 4, "SourceModuleType": "im_msvistalog"}


@pytest.mark.parametrize(
    ("record", "known"),
    [
        (SECURITY, True),
        ({"EventID": "4688", "Provider": "X"}, True),
        ({"EventID": 4688}, False),
        ({"EventID": "logon", "Channel": "Security"}, False),
        ({"EventID": 4688, "Channel": 7}, False),
        ({"EventID": {"Value": 4688}, "Channel": "Security"}, False),
    ],
)
def test_what_is_a_flat_event(record: dict[str, Any], known: bool) -> None:
    assert recognises(record) is known


def test_process_id_is_data_and_execution_process_id_the_records() -> None:
    record = raw_record({**NXLOG, "ProcessId": "0x1e00", "ThreadID": 8})
    assert record.event_data == {"ProcessId": "0x1e00"}
    assert (record.process_id, record.thread_id) == (4, 8)


@pytest.mark.parametrize(
    ("name", "own", "data"),
    [
        ("EventType", "AUDIT_SUCCESS", "SetValue"),
        ("Version", 2, "14.0"),
        ("Severity", "INFO", "high"),
        ("UserID", "S-1-5-18", "EXAMPLE\\anna"),
        ("ThreadID", 8, "8"),
    ],
)
def test_names_of_nxlog_are_told_from_data_by_their_value(name: str, own: Any, data: str) -> None:
    assert raw_record({**NXLOG, name: own}).event_data == {}
    assert raw_record({**NXLOG, name: data}).event_data == {name: data}
    assert raw_record({**SECURITY, name: own}).event_data == {name: str(own)}


def test_account_names_are_data_unless_nxlog_looked_the_account_up() -> None:
    account = {"AccountName": "anna", "Domain": "EXAMPLE"}
    assert raw_record({**NXLOG, **account}).event_data == account
    looked_up = to_ecs({**NXLOG, **account, "AccountType": "User", "UserID": "S-1-5-21-1-2-3-1105"})
    assert looked_up["winlog"]["user"] == {
        "identifier": "S-1-5-21-1-2-3-1105",
        "name": "anna",
        "domain": "EXAMPLE",
        "type": "User",
    }


@pytest.mark.parametrize("keywords", [-9214364837600034816, "0x8020000000000000", 9232379236109516800])
def test_keywords_in_every_notation(keywords: Any) -> None:
    assert to_ecs({**SECURITY, "Keywords": keywords})["event"]["outcome"] == "success"


def test_what_nxlog_says_of_itself_is_kept_and_nothing_else_is_added() -> None:
    assert to_ecs({**NXLOG, "host": "c", "tags": ["lab"]})["nxlog"] == {
        "SourceModuleType": "im_msvistalog",
        "host": "c",
    }
    assert "nxlog" not in to_ecs(SECURITY)


def test_guids_of_data_are_as_shippers_write_them() -> None:
    guid = "{7A3B0C11-52D0-6632-0901-000000001200}"
    assert raw_record({**SECURITY, "A": guid, "B": guid[1:-1]}).event_data == {"A": guid.lower(), "B": guid[1:-1]}

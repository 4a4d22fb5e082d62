from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.events.normalise.records import SYSMON, shipped, sysmon

from besra.events.normalise.sysmon import EVENTS, MOVES
from besra.events.normalise.windows import to_ecs, winlog_to_ecs
from besra.events.normalise.winlog import RawRecord, Shipper

START = {
    "RuleName": "-",
    "UtcTime": "2024-05-01 10:00:00.123",
    "ProcessGuid": "365ABB72-9B75-5C8E-0000-0010013F1200",
    "ProcessId": 1856,
    "Image": "C:\\Windows\\System32\\ARP.EXE",
    "CommandLine": '"C:\\Windows\\System32\\ARP.EXE"  -a',
    "CurrentDirectory": "C:\\Temp\\",
    "User": "EXAMPLE\\jane",
    "LogonId": "0x3e7",
    "IntegrityLevel": "High",
    "OriginalFileName": "arp.exe",
    "Company": "Microsoft",
    "Hashes": "MD5=AA00,SHA256=BB00,IMPHASH=CC00",
    "ParentProcessGuid": "365ABB72-9B75-5C8E-0000-0010013F1201",
    "ParentProcessId": 4,
    "ParentImage": "System",
    "ParentCommandLine": 'cmd /c "a b"',
}


def test_process_start() -> None:
    document = sysmon(1, START)
    assert document["event"]["category"] == ["process"]
    assert document["event"]["type"] == ["start"]
    assert document["event"]["action"] == "Process creation"
    assert document["event"]["code"] == "1"
    assert document["process"] == {
        "entity_id": "{365abb72-9b75-5c8e-0000-0010013f1200}",
        "pid": 1856,
        "executable": "C:\\Windows\\System32\\ARP.EXE",
        "name": "ARP.EXE",
        "command_line": '"C:\\Windows\\System32\\ARP.EXE"  -a',
        "working_directory": "C:\\Temp\\",
        "args": ["C:\\Windows\\System32\\ARP.EXE", "-a"],
        "args_count": 2,
        "pe": {"original_file_name": "arp.exe", "company": "Microsoft", "imphash": "cc00"},
        "hash": {"md5": "aa00", "sha256": "bb00"},
        "parent": {
            "entity_id": "{365abb72-9b75-5c8e-0000-0010013f1201}",
            "pid": 4,
            "executable": "System",
            "command_line": 'cmd /c "a b"',
            "args": ["cmd", "/c", "a b"],
            "args_count": 3,
        },
    }
    assert document["user"] == {"id": "S-1-5-18", "domain": "EXAMPLE", "name": "jane"}
    assert document["related"] == {"hash": ["aa00", "bb00", "cc00"], "user": ["jane"]}


def test_utc_time_replaces_the_record_time_which_becomes_created() -> None:
    document = sysmon(1, START)
    assert document["@timestamp"] == "2024-05-01T10:00:00.123Z"
    assert document["event"]["created"] == "2024-05-01T10:00:01.500000Z"


@pytest.mark.parametrize("time", ["", "-", "yesterday", "2024-13-01 10:00:00.000", None])
def test_unusable_utc_time_leaves_the_record_time(time: str | None) -> None:
    document = sysmon(1, {"UtcTime": time})
    assert document["@timestamp"] == "2024-05-01T10:00:01.500000Z"
    assert "created" not in document["event"]


def test_names_without_backslash_are_missing() -> None:
    document = sysmon(1, {"Image": "System", "ParentImage": "Registry"})
    assert document["process"] == {"executable": "System", "parent": {"executable": "Registry"}}


def test_parent_name_is_missing_where_the_parent_is_system() -> None:
    assert "name" not in sysmon(1, START)["process"]["parent"]


def test_consumed_names_leave_event_data_and_others_stay() -> None:
    event_data = sysmon(1, START)["winlog"]["event_data"]
    assert event_data == {"LogonId": "0x3e7", "IntegrityLevel": "High", "Company": "Microsoft"}


@pytest.mark.parametrize("value", ["-", "", None, "{00000000-0000-0000-0000-000000000000}"])
def test_values_meaning_nothing_are_removed(value: str | None) -> None:
    document = sysmon(1, {"ProcessGuid": value, "RuleName": value, "TargetImage": value})
    assert "process" not in document
    assert "rule" not in document
    assert "event_data" not in document["winlog"]


def test_zero_guid_of_the_parser_is_removed() -> None:
    assert "process" not in sysmon(1, {"ProcessGuid": "00000000-0000-0000-0000-000000000000"})


def test_rule_name_is_kept_where_there_is_one() -> None:
    assert sysmon(1, {"RuleName": "technique_id=T1016"})["rule"] == {"name": "technique_id=T1016"}


@pytest.mark.parametrize(
    ("event_id", "owner", "winlogbeat_owner"),
    [
        ("1", "process", "process"),
        ("23", "process", "process"),
        ("24", "process", "process"),
        ("25", "process", "process"),
        ("6", "file", "file"),
        ("7", "file", "file"),
        ("15", "file", "file"),
        ("26", "file", "process"),
        ("29", "file", None),
        ("11", None, None),
    ],
)
def test_hashes_go_to_process_or_file(event_id: str, owner: str | None, winlogbeat_owner: str | None) -> None:
    data = {"Hashes": "SHA1=ABCD,IMPHASH=EF01"}
    for document, expected in (
        (sysmon(event_id, data), owner),
        (shipped(event_id, data, SYSMON), winlogbeat_owner),
    ):
        found = [name for name in ("process", "file") if "hash" in document.get(name, {})]
        assert found == ([expected] if expected else [])
        if expected:
            assert document[expected]["hash"] == {"sha1": "abcd"}
            assert document[expected]["pe"] == {"imphash": "ef01"}
        assert document["related"]["hash"] == ["abcd", "ef01"]


def test_hashes_of_zeros_and_malformed_ones_are_dropped() -> None:
    document = sysmon(1, {"Hashes": "MD5=0000,SHA1,=AB,SHA256="})
    assert "process" not in document
    assert "related" not in document


def test_hash_is_another_name_for_hashes() -> None:
    assert sysmon(15, {"Hash": "MD5=AB"})["file"]["hash"] == {"md5": "ab"}


def test_image_load_is_a_process_event_with_a_file() -> None:
    document = sysmon(
        7,
        {
            "Image": "C:\\a\\b.exe",
            "ImageLoaded": "C:\\x.y\\evil",
            "OriginalFileName": "evil.dll",
            "Product": "Evil",
            "Signed": True,
            "Signature": "Someone",
            "SignatureStatus": "Valid",
        },
    )
    assert document["event"]["category"] == ["process"]
    assert document["event"]["action"] == "Image loaded"
    assert "dll" not in document
    assert document["file"] == {
        "path": "C:\\x.y\\evil",
        "name": "evil",
        "directory": "C:\\x.y",
        "extension": "y\\evil",
        "pe": {"original_file_name": "evil.dll", "product": "Evil"},
        "code_signature": {"subject_name": "Someone", "status": "Valid", "valid": True},
    }
    assert "pe" not in document["process"]
    assert "code_signature" not in document["process"]


def test_signature_that_is_not_valid_has_no_valid_field() -> None:
    document = sysmon(6, {"ImageLoaded": "C:\\d.sys", "SignatureStatus": "Expired"})
    assert document["file"]["code_signature"] == {"status": "Expired"}


def test_network_connection() -> None:
    document = sysmon(
        3,
        {
            "Image": "C:\\a.exe",
            "Protocol": "tcp",
            "Initiated": True,
            "SourceIsIpv6": False,
            "SourceIp": "10.0.0.1",
            "SourceHostname": "host1",
            "SourcePort": 49999,
            "SourcePortName": "-",
            "DestinationIsIpv6": False,
            "DestinationIp": "192.0.2.7",
            "DestinationPort": 443,
            "DestinationPortName": "https",
        },
    )
    assert document["event"]["type"] == ["start", "connection", "protocol"]
    assert document["source"] == {"ip": "10.0.0.1", "domain": "host1", "port": 49999}
    assert document["destination"] == {"ip": "192.0.2.7", "port": 443}
    assert document["network"]["transport"] == "tcp"
    assert document["network"]["protocol"] == "https"
    assert document["network"]["direction"] == "egress"
    assert document["network"]["type"] == "ipv4"
    assert document["network"]["community_id"].startswith("1:")
    assert document["related"]["ip"] == ["10.0.0.1", "192.0.2.7"]
    assert "event_data" not in document["winlog"]


def test_inbound_connection_over_ipv6() -> None:
    document = sysmon(3, {"Initiated": False, "SourceIsIpv6": True, "SourceIp": "::1", "SourcePort": "x"})
    assert document["network"] == {"direction": "ingress", "type": "ipv6"}
    assert document["source"] == {"ip": "::1"}


def test_address_that_is_none_is_dropped() -> None:
    assert "source" not in sysmon(3, {"SourceIp": "not an address"})


def test_process_access_keeps_target_in_event_data() -> None:
    document = sysmon(
        10,
        {
            "SourceProcessGUID": "365ABB72-9B75-5C8E-0000-0010013F1200",
            "SourceProcessId": 7,
            "SourceThreadId": 9,
            "SourceImage": "C:\\a\\dump.exe",
            "TargetProcessGUID": "365ABB72-9B75-5C8E-0000-001056000000",
            "TargetImage": "C:\\Windows\\system32\\lsass.exe",
            "GrantedAccess": "0x1fffff",
            "CallTrace": "ntdll.dll+1",
        },
    )
    assert document["process"] == {
        "entity_id": "{365abb72-9b75-5c8e-0000-0010013f1200}",
        "pid": 7,
        "thread": {"id": 9},
        "executable": "C:\\a\\dump.exe",
        "name": "dump.exe",
    }
    assert document["winlog"]["event_data"] == {
        "TargetProcessGUID": "{365abb72-9b75-5c8e-0000-001056000000}",
        "TargetImage": "C:\\Windows\\system32\\lsass.exe",
        "GrantedAccess": "0x1fffff",
        "CallTrace": "ntdll.dll+1",
    }


@pytest.mark.parametrize(("event_id", "kind"), [(17, "creation"), (18, "access")])
def test_pipe_events_are_file_events_named_by_the_pipe(event_id: int, kind: str) -> None:
    document = sysmon(event_id, {"PipeName": "\\msagent_1", "EventType": "CreatePipe"})
    assert document["event"]["category"] == ["file"]
    assert document["event"]["type"] == [kind]
    assert document["file"] == {"name": "\\msagent_1"}
    assert document["winlog"]["event_data"] == {"EventType": "CreatePipe"}


def test_file_creation() -> None:
    document = sysmon(11, {"TargetFilename": "C:\\Users\\j\\a.tar.GZ", "CreationUtcTime": "2024-05-01 09:00:00.000"})
    assert document["event"]["action"] == "FileCreate"
    assert document["file"] == {
        "path": "C:\\Users\\j\\a.tar.GZ",
        "name": "a.tar.GZ",
        "directory": "C:\\Users\\j",
        "extension": "GZ",
    }


def test_file_name_with_right_to_left_override_is_kept() -> None:
    assert sysmon(11, {"TargetFilename": "C:\\a\\invoice\u202efdp.exe"})["file"]["name"] == "invoice\u202efdp.exe"


def test_raw_access_names_the_device() -> None:
    document = sysmon(9, {"Device": "\\Device\\HarddiskVolume2"})
    assert document["file"]["path"] == "\\Device\\HarddiskVolume2"
    assert document["file"]["name"] == "HarddiskVolume2"


def test_registry_value_set() -> None:
    document = sysmon(
        13,
        {
            "EventType": "SetValue",
            "TargetObject": "HKLM\\Software\\Run\\Evil",
            "Details": "DWORD (0x0000000a)",
        },
    )
    assert document["event"]["category"] == ["configuration", "registry"]
    assert document["event"]["action"] == "RegistryEvent (Value Set)"
    assert document["registry"] == {
        "path": "HKLM\\Software\\Run\\Evil",
        "hive": "HKLM",
        "key": "Software\\Run\\Evil",
        "value": "Evil",
        "data": {"strings": ["10"], "type": "SZ_DWORD"},
    }
    assert document["winlog"]["event_data"] == {"EventType": "SetValue"}


def test_registry_create_has_no_data() -> None:
    assert "data" not in sysmon(12, {"TargetObject": "HKU\\S-1-5-21\\x"})["registry"]


def test_target_object_counts_for_registry_events_only() -> None:
    assert "registry" not in sysmon(11, {"TargetObject": "HKLM\\x"})


def test_wmi_consumer_command_is_the_executable() -> None:
    document = sysmon(20, {"Operation": "Created", "Name": '"x"', "Destination": "C:\\evil\\a.exe"})
    assert document["process"]["executable"] == "C:\\evil\\a.exe"
    assert document["process"]["name"] == "a.exe"
    assert document["winlog"]["event_data"] == {"Operation": "Created", "Name": '"x"'}


def test_dns_query() -> None:
    document = sysmon(
        22,
        {
            "QueryName": "www.example.com",
            "QueryStatus": 0,
            "QueryResults": "type:  5 edge.example.net;::ffff:192.0.2.1;2001:db8::1;",
            "Image": "C:\\b.exe",
        },
    )
    assert document["event"]["category"] == ["network"]
    assert document["network"] == {"protocol": "dns"}
    assert document["dns"] == {
        "question": {
            "name": "www.example.com",
            "registered_domain": "example.com",
            "top_level_domain": "com",
            "subdomain": "www",
        },
        "answers": [
            {"type": "CNAME", "data": "edge.example.net"},
            {"type": "A", "data": "192.0.2.1"},
            {"type": "AAAA", "data": "2001:db8::1"},
        ],
        "resolved_ip": ["192.0.2.1", "2001:db8::1"],
    }
    assert document["sysmon"] == {"dns": {"status": "SUCCESS"}}
    assert document["related"] == {
        "hosts": ["edge.example.net", "www.example.com"],
        "ip": ["192.0.2.1", "2001:db8::1"],
    }


def test_clipboard_change_has_no_category() -> None:
    document = sysmon(24, {"Image": "C:\\a.exe", "Archived": True})
    assert "category" not in document["event"]
    assert document["event"]["type"] == ["change"]
    assert document["sysmon"] == {"file": {"archived": True}}


def test_error_event() -> None:
    document = sysmon(255, {"ID": "DriverCommunication", "Description": "Failed"})
    assert document["event"]["category"] == ["process"]
    assert "type" not in document["event"]
    assert document["error"] == {"code": "DriverCommunication"}


@pytest.mark.parametrize("account", ["jane", "a\\b\\c", ""])
def test_account_of_another_form_names_nobody(account: str) -> None:
    assert sysmon(1, {"User": account})["user"] == {"id": "S-1-5-18"}


def test_percent_signs_stay_doubled() -> None:
    assert sysmon(1, {"CommandLine": "%%TEMP%%\\a"})["process"]["command_line"] == "%%TEMP%%\\a"


@pytest.mark.parametrize("event_id", EVENTS)
def test_every_event_id_has_its_kind(event_id: str) -> None:
    document = sysmon(event_id, {})
    kind = EVENTS[event_id]
    assert document["event"]["action"] == kind.action
    assert document["event"].get("category", []) == list(kind.category)
    assert document["event"].get("type", []) == list(kind.type)


def test_winlogbeat_differs_in_action_module_and_blocked_files() -> None:
    document = shipped("27", {}, SYSMON)
    assert document["event"]["type"] == ["creation", "denied"]
    assert document["event"]["module"] == "sysmon"
    assert "action" not in document["event"]
    assert "category" not in shipped("29", {}, SYSMON)["event"]
    assert sysmon(27, {})["event"]["type"] == ["creation"]
    assert sysmon(29, {})["event"]["category"] == ["file"]


def test_winlogbeat_adds_nothing_of_the_agent() -> None:
    document = shipped("1", {"UtcTime": "2024-05-01 10:00:00.000"}, SYSMON)
    assert "data_stream" not in document
    assert "host" not in document
    assert "created" not in document["event"]


NAMES = st.sampled_from(
    sorted(
        {move.raw for move in MOVES} | {"Hashes", "Hash", "User", "UtcTime", "TargetObject", "Details", "QueryResults"}
    )
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(
        ["-", "\\", "\\\\", "a\\", "type:", "type:  5", ";;", "=", "SHA1=", "QWORD (0x00000001-0x00000001)"]
    )
    | st.just("x" * 100_000),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)
DATA = st.dictionaries(NAMES, VALUES, max_size=8)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(EVENTS)), DATA, st.sampled_from(Shipper))
def test_no_event_data_breaks_the_normaliser(event_id: str, data: dict[str, Any], shipper: Shipper) -> None:
    document = shipped(event_id, data, SYSMON, shipper)
    assert document["event"]["code"] == event_id
    assert to_ecs(RawRecord(event_id=event_id, channel=SYSMON, event_data=data))["event"]["code"] == event_id


@given(st.dictionaries(st.sampled_from(["event", "winlog", "process", "user", "related", "host"]), VALUES))
def test_no_document_breaks_the_normaliser(document: dict[str, Any]) -> None:
    result = winlog_to_ecs({**document, "winlog.channel": SYSMON, "event.code": "22"})
    assert result["event"]["category"] == ["network"]

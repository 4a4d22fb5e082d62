from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.events.normalise.records import ecs_of, shipped

from besra.events.normalise.security_events import codes, security_kinds
from besra.events.normalise.winlog import Shipper

SUBJECT = {
    "SubjectUserSid": "S-1-5-21-1-2-3-500",
    "SubjectUserName": "admin",
    "SubjectDomainName": "CORP",
    "SubjectLogonId": "0x3e7",
}
ACTOR = {"id": "S-1-5-21-1-2-3-500", "name": "admin", "domain": "CORP"}
TARGET = {"TargetSid": "S-1-5-21-1-2-3-1105", "TargetUserName": "jane", "TargetDomainName": "CORP"}
VICTIM = {"id": "S-1-5-21-1-2-3-1105", "name": "jane", "domain": "CORP"}


def test_process_creation() -> None:
    document = ecs_of(
        4688,
        {
            **SUBJECT,
            "NewProcessId": "0x11cc",
            "NewProcessName": "C:\\Windows\\System32\\wevtutil.exe",
            "ProcessId": "0x122c",
            "ParentProcessName": "C:\\Windows\\explorer.exe",
            "CommandLine": '"C:\\Windows\\system32\\wevtutil.exe"  cl Security',
            "TargetUserSid": "S-1-0-0",
            "TargetUserName": "-",
            "TargetDomainName": "-",
        },
    )
    assert document["event"]["code"] == "4688"
    assert document["event"]["action"] == "created-process"
    assert document["process"] == {
        "pid": 0x11CC,
        "executable": "C:\\Windows\\System32\\wevtutil.exe",
        "name": "wevtutil.exe",
        "command_line": '"C:\\Windows\\system32\\wevtutil.exe"  cl Security',
        "args": ['"C:\\Windows\\system32\\wevtutil.exe"', "", "cl", "Security"],
        "args_count": 4,
        "parent": {"pid": 0x122C, "executable": "C:\\Windows\\explorer.exe", "name": "explorer.exe"},
    }
    assert document["user"] == {**ACTOR, "effective": {"id": "S-1-0-0"}}
    assert document["related"] == {"user": ["admin"]}
    assert document["winlog"]["logon"] == {"id": "0x3e7"}
    event_data = document["winlog"]["event_data"]
    assert event_data["CommandLine"].startswith('"C:')
    assert event_data["ProcessId"] == "0x122c"
    assert "NewProcessId" not in event_data
    assert event_data["TargetUserName"] == "-"


def test_process_creation_without_command_line_has_no_arguments() -> None:
    document = ecs_of(4688, {"NewProcessName": "C:\\a.exe", "CommandLine": ""})
    assert document["process"] == {"executable": "C:\\a.exe", "name": "a.exe"}


def test_winlogbeat_does_not_count_arguments() -> None:
    process = shipped("4688", {"CommandLine": "a b"}, "Security")["process"]
    assert process == {"command_line": "a b", "args": ["a", "b"]}


def test_process_end_uses_the_plain_names() -> None:
    document = ecs_of(4689, {**SUBJECT, "ProcessId": "0x10", "ProcessName": "C:\\a\\b.exe"})
    assert document["process"] == {"pid": 16, "executable": "C:\\a\\b.exe", "name": "b.exe"}
    assert document["event"]["type"] == ["end"]


def test_process_name_that_is_a_dash_stays_one() -> None:
    assert ecs_of(4905, {"ProcessName": "-"})["process"] == {"executable": "-", "name": "-"}


def test_logon() -> None:
    document = ecs_of(
        4624,
        {
            **SUBJECT,
            "TargetUserSid": "S-1-5-21-1-2-3-1105",
            "TargetUserName": "jane@corp.example",
            "TargetDomainName": "CORP",
            "TargetLogonId": "0x129f1",
            "LogonType": 3,
            "IpAddress": "::ffff:10.0.2.2",
            "IpPort": "445",
            "WorkstationName": "WS1",
            "LogonGuid": "00000000-0000-0000-0000-000000000000",
            "ProcessId": "0x0",
            "ProcessName": "-",
        },
        Keywords="0x8020000000000000",
    )
    assert document["event"]["category"] == ["authentication"]
    assert document["event"]["action"] == "logged-in"
    assert document["event"]["outcome"] == "success"
    assert document["user"] == VICTIM
    assert document["source"] == {"ip": "10.0.2.2", "port": 445, "domain": "WS1"}
    assert document["related"] == {"user": ["jane", "admin"], "ip": ["10.0.2.2"]}
    assert document["winlog"]["logon"] == {"type": "Network", "id": "0x129f1"}
    assert document["process"] == {"pid": 0, "executable": "-", "name": "-"}
    event_data = document["winlog"]["event_data"]
    assert event_data["TargetLogonId"] == "0x129f1"
    assert event_data["LogonGuid"] == "{00000000-0000-0000-0000-000000000000}"
    assert "IpAddress" not in event_data


def test_the_logon_of_a_4624_is_the_new_one_except_for_winlogbeat() -> None:
    data = {"SubjectLogonId": "0x3e7", "TargetLogonId": "0x129f1"}
    assert ecs_of(4624, data)["winlog"]["logon"] == {"id": "0x129f1"}
    assert shipped("4624", data, "Security")["winlog"]["logon"] == {"id": "0x3e7"}


def test_dash_as_address_stays_in_event_data() -> None:
    document = ecs_of(4624, {"IpAddress": "-", "IpPort": "-", "LogonType": 5})
    assert "source" not in document
    assert document["winlog"]["event_data"] == {"IpAddress": "-", "IpPort": "-", "LogonType": "5"}


@pytest.mark.parametrize(
    ("number", "name"),
    [(2, "Interactive"), (9, "NewCredentials"), (10, "RemoteInteractive"), (11, "CachedInteractive"), (12, None)],
)
def test_logon_types(number: int, name: str | None) -> None:
    assert ecs_of(4624, {"LogonType": number})["winlog"].get("logon", {}).get("type") == name


def test_failed_logon_says_why() -> None:
    document = ecs_of(
        4625, {"TargetUserName": "bob", "FailureReason": "%%2313", "Status": "0xC000006D", "SubStatus": "0xc0000064"}
    )
    assert document["winlog"]["logon"]["failure"] == {
        "reason": "Unknown user name or bad password.",
        "status": "This is either due to a bad username or authentication information",
        "sub_status": "User logon with misspelled or bad user account",
    }
    assert document["user"] == {"name": "bob"}


def test_unknown_failure_reason_is_its_number() -> None:
    assert ecs_of(4625, {"FailureReason": "%%9"})["winlog"]["logon"]["failure"] == {"reason": "9"}


def test_logoff_takes_the_logon_of_the_target() -> None:
    document = ecs_of(4634, {"TargetLogonId": "0x77", "TargetUserName": "jane", "LogonType": 3})
    assert document["winlog"]["logon"] == {"type": "Network", "id": "0x77"}
    assert document["event"]["type"] == ["end"]


def test_explicit_logon_has_subject_and_effective_user() -> None:
    document = ecs_of(4648, {**SUBJECT, "TargetUserName": "svc@corp", "TargetDomainName": "CORP"})
    assert document["user"]["name"] == "admin"
    assert document["user"]["effective"] == {"name": "svc", "domain": "CORP"}
    assert document["related"]["user"] == ["admin", "svc"]


@pytest.mark.parametrize("event_id", [4720, 4722, 4723, 4724, 4725, 4726, 4738, 4740, 4767])
def test_account_management_has_actor_and_target(event_id: int) -> None:
    document = ecs_of(event_id, {**SUBJECT, **TARGET})
    assert document["user"] == {**ACTOR, "target": VICTIM}
    assert document["related"]["user"] == ["admin", "jane"]
    assert document["winlog"]["event_data"]["TargetUserName"] == "jane"


def test_account_control_flags() -> None:
    data = {"NewUacValue": "0x15", "UserAccountControl": "\r\n\t\t%%2080\r\n\t\t%%2082\r\n\t\t%%2084"}
    event_data = ecs_of(4720, data)["winlog"]["event_data"]
    assert event_data["NewUACList"] == ["USER_ACCOUNT_DISABLED", "USER_PASSWORD_NOT_REQUIRED", "USER_NORMAL_ACCOUNT"]
    assert event_data["UserAccountControl"] == ["2080", "2082", "2084"]


@pytest.mark.parametrize("value", ["-", "0x0", "nonsense", None])
def test_no_account_control_flags(value: str | None) -> None:
    event_data = ecs_of(4738, {"NewUacValue": value, "UserAccountControl": "-"})["winlog"]["event_data"]
    assert "NewUACList" not in event_data
    assert event_data["UserAccountControl"] == "-"


def test_group_member() -> None:
    document = ecs_of(
        4732,
        {
            **SUBJECT,
            "TargetSid": "S-1-5-32-544",
            "TargetUserName": "Administrators",
            "TargetDomainName": "Builtin",
            "MemberName": "CN=Doe\\, Jane,OU=Staff,DC=corp,DC=example",
        },
    )
    group = {"id": "S-1-5-32-544", "name": "Administrators", "domain": "Builtin"}
    assert document["group"] == group
    assert document["user"]["target"] == {"name": "Doe\\, Jane", "domain": "example", "group": group}
    assert document["related"]["user"] == ["Doe\\, Jane", "admin"]


def test_group_without_member_has_no_target() -> None:
    document = ecs_of(4727, {**SUBJECT, **TARGET})
    assert document["group"] == VICTIM
    assert document["user"] == ACTOR


def test_computer_account() -> None:
    document = ecs_of(4741, {**SUBJECT, **TARGET, "PrivilegeList": "-"})
    assert document["winlog"]["computerObject"] == VICTIM
    assert document["winlog"]["event_data"]["PrivilegeList"] == ["-"]


def test_renamed_account() -> None:
    document = ecs_of(4781, {**SUBJECT, "OldTargetUserName": "old", "NewTargetUserName": "new"})
    assert document["user"]["target"] == {"name": "old"}
    assert document["user"]["changes"] == {"name": "new"}
    assert document["related"]["user"] == ["admin", "new", "old"]


def test_cleared_log_reads_user_data() -> None:
    document = ecs_of(1102, None, user_data={"LogFileCleared": {**SUBJECT, "#attributes": {"xmlns": "x"}}})
    assert document["user"] == ACTOR
    assert document["winlog"]["logon"] == {"id": "0x3e7"}
    assert document["event"]["action"] == "audit-log-cleared"
    assert "event_data" not in document["winlog"]


def test_privileges_become_a_list() -> None:
    document = ecs_of(4672, {**SUBJECT, "PrivilegeList": "SeDebugPrivilege\r\n\t\t\tSeBackupPrivilege"})
    assert document["winlog"]["event_data"]["PrivilegeList"] == ["SeDebugPrivilege", "SeBackupPrivilege"]


def test_privileges_of_other_events_stay_text() -> None:
    assert ecs_of(4720, {"PrivilegeList": "-"})["winlog"]["event_data"]["PrivilegeList"] == "-"


def test_kerberos_ticket() -> None:
    document = ecs_of(
        4769,
        {
            "TargetUserName": "jane@CORP.EXAMPLE",
            "ServiceName": "krbtgt",
            "TicketOptions": "0x40810010",
            "TicketEncryptionType": "0x17",
            "Status": "0x1b",
            "IpAddress": "::1",
        },
    )
    event_data = document["winlog"]["event_data"]
    assert event_data["TicketOptionsDescription"] == ["Renewable-ok", "Name-canonicalize", "Renewable", "Forwardable"]
    assert event_data["TicketEncryptionTypeDescription"] == "RC4-HMAC"
    assert event_data["StatusDescription"] == "KDC_ERR_MUST_USE_USER2USER"
    assert document["service"] == {"name": "krbtgt"}
    assert document["user"] == {"name": "jane"}
    assert document["source"] == {"ip": "::1"}


def test_installed_service() -> None:
    document = ecs_of(4697, {**SUBJECT, "ServiceName": "PSEXESVC", "ServiceType": "0x10", "ServiceFileName": "a.exe"})
    assert document["service"] == {"name": "PSEXESVC", "type": "Win32 Own Process"}
    assert document["winlog"]["event_data"]["ServiceFileName"] == "a.exe"


def test_scheduled_task_content_stays_raw() -> None:
    document = ecs_of(4698, {**SUBJECT, "TaskName": "\\x", "TaskContent": "<Task>\r\n</Task>"})
    assert document["winlog"]["event_data"]["TaskContent"] == "<Task>\n</Task>"
    assert document["event"]["category"] == ["iam", "configuration"]


def test_share_access() -> None:
    document = ecs_of(
        5145,
        {
            **SUBJECT,
            "IpAddress": "10.1.1.1",
            "IpPort": "50000",
            "ShareName": "\\\\*\\ADMIN$",
            "ShareLocalPath": "\\??\\C:\\Windows",
            "RelativeTargetName": "System32\\evil.exe",
            "AccessMask": "0x2",
            "AccessList": "%%4417\r\n\t\t\t\t%%1541",
        },
    )
    assert document["file"] == {
        "name": "System32\\evil.exe",
        "directory": "\\??\\C:\\Windows",
        "path": "\\??\\C:\\Windows\\System32\\evil.exe",
        "target_path": "\\\\*\\ADMIN$\\System32\\evil.exe",
        "extension": "exe",
    }
    assert document["source"] == {"ip": "10.1.1.1", "port": 50000}
    event_data = document["winlog"]["event_data"]
    assert event_data["AccessList"] == ["4417", "1541"]
    assert event_data["AccessListDescription"] == ["WriteData (or AddFile)", "SYNCHRONIZE"]
    assert event_data["AccessMask"] == ["0x2"]
    assert event_data["AccessMaskDescription"] == ["Delete Child"]


def test_event_without_a_meaning_keeps_its_data() -> None:
    document = ecs_of(4663, {**SUBJECT, "ObjectName": "C:\\secret", "ProcessId": "0x10", "AccessMask": "0x1"})
    assert "category" not in document["event"]
    assert document["winlog"]["event_data"]["ProcessId"] == "0x10"
    assert document["winlog"]["logon"] == {"id": "0x3e7"}
    assert "user" not in document


def test_audit_policy_change() -> None:
    event_data = ecs_of(
        4719, {"SubcategoryGuid": "0CCE9243-69AE-11D9-BED3-505054503030", "AuditPolicyChanges": "%%8449, %%8450, %%1"}
    )["winlog"]["event_data"]
    assert event_data["Category"] == "Logon/Logoff"
    assert event_data["SubCategory"] == "Network Policy Server"
    assert event_data["AuditPolicyChangesDescription"] == ["Success Added", "Failure removed", "1"]


def test_domain_trust() -> None:
    winlog = ecs_of(4716, {"TdoType": 3, "TdoDirection": 3, "TdoAttributes": 1})["winlog"]
    assert winlog["trustType"] == "TRUST_TYPE_MIT"
    assert winlog["trustDirection"] == "TRUST_DIRECTION_BIDIRECTIONAL"
    assert winlog["trustAttribute"] == "TRUST_ATTRIBUTE_NON_TRANSITIVE"


def test_session_of_the_local_console() -> None:
    document = ecs_of(
        4778,
        {"AccountName": "jane", "AccountDomain": "CORP", "ClientAddress": "LOCAL", "LogonID": "0x5", "ClientName": "C"},
    )
    assert document["source"] == {"ip": "127.0.0.1", "domain": "C"}
    assert document["user"] == {"name": "jane", "domain": "CORP"}
    assert document["winlog"]["logon"] == {"id": "0x5"}
    assert document["winlog"]["event_data"]["ClientAddress"] == "127.0.0.1"


def test_session_of_an_unknown_client_has_no_address() -> None:
    assert "ip" not in ecs_of(4779, {"ClientAddress": "Unknown", "ClientName": "C"})["source"]


def test_security_descriptor_is_described() -> None:
    document = ecs_of(4670, {"NewSd": "D:(A;;GA;;;SY)"})
    assert document["winlog"]["event_data"]["NewSdDacl0"] == "Local system :Access Allowed ([Generic All])"


def test_time_created_of_newer_shippers_is_the_time() -> None:
    document = shipped("4624", {}, "Security")
    assert "@timestamp" not in document


def test_ranges_of_event_ids_name_only_ids_with_a_meaning() -> None:
    assert codes("4634-4648 1102") == {"4634", "4647", "4648", "1102"}


def test_table_has_a_meaning_for_the_ids_rules_ask_for() -> None:
    asked = (
        "1102 4624 4625 4634 4648 4657 4662 4672 4673 4674 4688 4689 4697 4698 4699 4700 4702 4719 4720 4724 4738 4781"
    )
    asked += " 4728 4732 4741 4742 4768 4769 4771 4776 5136 5140 5145 4964"
    assert set(asked.split()) <= security_kinds().keys()


NAMES = st.sampled_from(
    [
        "SubjectUserName",
        "TargetUserName",
        "MemberName",
        "TicketOptions",
        "Status",
        "NewUacValue",
        "UserAccountControl",
        "AccessList",
        "AccessMask",
        "PrivilegeList",
        "NewSd",
        "OldSd",
        "SidList",
        "SubcategoryGuid",
        "AuditPolicyChanges",
        "IpAddress",
        "IpPort",
        "ProcessId",
        "NewProcessId",
        "NewProcessName",
        "CommandLine",
        "ShareName",
        "RelativeTargetName",
        "ClientAddress",
        "LogonType",
        "FailureReason",
        "ServiceType",
    ]
)
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.lists(st.text(max_size=3) | st.none(), max_size=3)
    | st.dictionaries(st.text(max_size=3), st.none(), max_size=2)
    | st.sampled_from(["-", "0x", "0xzz", "%%", ",", "D:((", "D:(A;;0x;;;)S:(", "S:(AU", "CN=\\", "@", "0x" + "f" * 40])
    | st.sampled_from(["(;" * 20_000, "S:(" * 20_000, "D:(A;;GA;;;SY)" * 2_000])
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([*sorted(security_kinds()), "4663", ""]),
    st.dictionaries(NAMES, VALUES, max_size=10),
    st.sampled_from(Shipper),
)
def test_no_event_data_breaks_the_normaliser(event_id: str, data: dict[str, Any], shipper: Shipper) -> None:
    document = shipped(event_id, data, "Security", shipper)
    assert document["winlog"]["channel"] == "Security"

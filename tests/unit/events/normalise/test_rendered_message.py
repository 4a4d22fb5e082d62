"""Messages Windows renders, back to event data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.events.normalise.rendered_message import POWERSHELL, SECURITY, SYSMON, event_data_of

LOGON = """An account was successfully logged on.

Subject:
\tSecurity ID:\t\tSYSTEM
\tAccount Name:\t\tWS-1$
\tAccount Domain:\t\tEXAMPLE
\tLogon ID:\t\t0x3E7

Logon Information:
\tLogon Type:\t\t3
\tElevated Token:\t\tYes

New Logon:
\tSecurity ID:\t\tEXAMPLE\\ada
\tAccount Name:\t\tada
\tLogon ID:\t\t0xABC1

Network Information:
\tWorkstation Name:\t-
\tSource Network Address:\t192.0.2.7
\tSource Port:\t\t4711

Detailed Authentication Information:
\tPackage Name (NTLM only):\tNTLM V2

This event is generated when a session is created: elsewhere.

\t- Package name indicates: a word.
"""


def test_a_message_of_the_security_channel() -> None:
    assert event_data_of(LOGON.replace("\n", "\r\n"), SECURITY, "4624") == {
        "SubjectUserSid": "S-1-5-18",
        "SubjectUserName": "WS-1$",
        "SubjectDomainName": "EXAMPLE",
        "SubjectLogonId": "0x3e7",
        "LogonType": "3",
        "TargetUserName": "ada",
        "TargetLogonId": "0xabc1",
        "WorkstationName": "-",
        "IpAddress": "192.0.2.7",
        "IpPort": "4711",
        "LmPackageName": "NTLM V2",
    }


def test_the_subject_of_a_logoff_is_what_the_log_calls_its_target() -> None:
    text = "An account was logged off.\n\nSubject:\n\tAccount Name:\t\tada\n\nLogon Type:\t\t3\n"
    assert event_data_of(text, SECURITY, "4634") == {"TargetUserName": "ada", "LogonType": "3"}


def test_values_over_several_lines() -> None:
    privileges = "Special.\n\nPrivileges:\t\tSeSecurityPrivilege\n\t\t\tSeBackupPrivilege\n\nWords\n"
    assert event_data_of(privileges, SECURITY, "4672") == {
        "PrivilegeList": "SeSecurityPrivilege\n\t\t\tSeBackupPrivilege"
    }
    task = "A task.\n\nTask Information:\n\tTask Name: \t\t\\x\n\tTask Content: \t\t<Task>\n  <a>b</a>\n</Task>\n\t\n"
    data = event_data_of(task, SECURITY, "4698")
    assert data["TaskName"] == "\\x"
    assert data["TaskContent"].startswith("<Task>\n  <a>b</a>\n</Task>")


def test_a_message_of_sysmon() -> None:
    text = "Process Create:\nRuleName: -\nCommandLine: a.exe: x\n  second line\nImage: C:\\a.exe\nUser: \n"
    assert event_data_of(text, SYSMON, "1") == {
        "RuleName": "-",
        "CommandLine": "a.exe: x\n  second line",
        "Image": "C:\\a.exe",
        "User": "",
    }


@pytest.mark.parametrize("provider", POWERSHELL)
def test_a_script_block(provider: str) -> None:
    text = (
        "Creating Scriptblock text (1 of 2):\r\nWrite-Host 'a'\r\n\r\nb\r\n\r\n"
        "ScriptBlock ID: aaaa774d-8d1e-6175-0000-000000000000\r\nPath: C:\\a.ps1"
    )
    assert event_data_of(text, provider, "4104") == {
        "MessageNumber": "1",
        "MessageTotal": "2",
        "ScriptBlockText": "Write-Host 'a'\n\nb",
        "ScriptBlockId": "aaaa774d-8d1e-6175-0000-000000000000",
        "Path": "C:\\a.ps1",
    }


def test_messages_of_others_give_nothing() -> None:
    assert event_data_of(LOGON, "Disk", "7") == {}
    assert event_data_of("Ein Konto wurde angemeldet.\n\nAntragsteller:\n\tKontoname:\t\tada", SECURITY, "4624") == {}


LINES = st.lists(
    st.sampled_from(
        ["Subject:", "\tAccount Name:\t", "Task Content:", "\tTask Content:\t<x>", "Privileges:\tx", "\t", "a: b"]
    )
    | st.text(max_size=6)
)


@given(
    LINES, st.sampled_from([SYSMON, SECURITY, *POWERSHELL, None]), st.sampled_from(["1", "4624", "4634", "4104", None])
)
def test_no_message_is_too_much(lines: list[str], provider: str | None, event_id: str | None) -> None:
    data = event_data_of("\n".join(lines), provider, event_id)
    assert all(isinstance(value, str) for value in data.values())

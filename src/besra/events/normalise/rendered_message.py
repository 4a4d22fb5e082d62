"""The message Windows renders for a record, in English, back to the event data it was made of.

Exports for people hold nothing else. Taken are Sysmon's messages, which name their data as the log does, those of the
Security channel as far as their labels mean one thing each, and the text of PowerShell's script blocks.
"""

import re
from collections.abc import Iterator

SYSMON = "Microsoft-Windows-Sysmon"
SECURITY = "Microsoft-Windows-Security-Auditing"
POWERSHELL = ("Microsoft-Windows-PowerShell", "PowerShellCore")

SUBJECT = {
    "Security ID": "SubjectUserSid",
    "Account Name": "SubjectUserName",
    "Account Domain": "SubjectDomainName",
    "Logon ID": "SubjectLogonId",
}
TARGET = {
    "Security ID": "TargetUserSid",
    "Account Name": "TargetUserName",
    "Account Domain": "TargetDomainName",
    "Logon ID": "TargetLogonId",
    "Linked Logon ID": "TargetLinkedLogonId",
    "Logon GUID": "LogonGuid",
}
CHANGED = {"Security ID": "TargetSid", "Account Name": "TargetUserName", "Account Domain": "TargetDomainName"}

SECTIONS: dict[str, dict[str, str]] = {
    "": {"Logon Type": "LogonType", "Privileges": "PrivilegeList"},
    "Subject": SUBJECT,
    "Creator Subject": SUBJECT,
    "New Logon": TARGET,
    "Target Subject": TARGET,
    "Account For Which Logon Failed": TARGET,
    "Account Whose Credentials Were Used": TARGET,
    "New Account": CHANGED,
    "Target Account": CHANGED,
    "Member": {"Security ID": "MemberSid", "Account Name": "MemberName"},
    "Group": {"Security ID": "TargetSid", "Group Name": "TargetUserName", "Group Domain": "TargetDomainName"},
    "Account Information": {
        "Security ID": "TargetSid",
        "User ID": "TargetSid",
        "Account Name": "TargetUserName",
        "Account Domain": "TargetDomainName",
        "Supplied Realm Name": "TargetDomainName",
        "Logon GUID": "LogonGuid",
    },
    "Logon Information": {"Logon Type": "LogonType"},
    "Process Information": {
        "New Process ID": "NewProcessId",
        "New Process Name": "NewProcessName",
        "Token Elevation Type": "TokenElevationType",
        "Mandatory Label": "MandatoryLabel",
        "Creator Process ID": "ProcessId",
        "Creator Process Name": "ParentProcessName",
        "Process Command Line": "CommandLine",
        "Process ID": "ProcessId",
        "Process Name": "ProcessName",
        "Caller Process ID": "ProcessId",
        "Caller Process Name": "ProcessName",
        "Exit Status": "Status",
    },
    "Network Information": {
        "Workstation Name": "WorkstationName",
        "Source Network Address": "IpAddress",
        "Source Address": "IpAddress",
        "Network Address": "IpAddress",
        "Client Address": "IpAddress",
        "Source Port": "IpPort",
        "Client Port": "IpPort",
        "Port": "IpPort",
    },
    "Detailed Authentication Information": {
        "Logon Process": "LogonProcessName",
        "Authentication Package": "AuthenticationPackageName",
        "Transited Services": "TransmittedServices",
        "Package Name (NTLM only)": "LmPackageName",
        "Key Length": "KeyLength",
    },
    "Failure Information": {"Failure Reason": "FailureReason", "Status": "Status", "Sub Status": "SubStatus"},
    "Additional Information": {
        "Ticket Options": "TicketOptions",
        "Ticket Encryption Type": "TicketEncryptionType",
        "Pre-Authentication Type": "PreAuthType",
        "Result Code": "Status",
        "Failure Code": "Status",
    },
    "Service Information": {
        "Service Name": "ServiceName",
        "Service ID": "ServiceSid",
        "Service File Name": "ServiceFileName",
        "Service Type": "ServiceType",
        "Service Start Type": "ServiceStartType",
        "Service Account": "ServiceAccount",
    },
    "Task Information": {"Task Name": "TaskName", "Task Content": "TaskContent"},
    "Object": {
        "Object Server": "ObjectServer",
        "Object Type": "ObjectType",
        "Object Name": "ObjectName",
        "Handle ID": "HandleId",
    },
    "Share Information": {
        "Share Name": "ShareName",
        "Share Path": "ShareLocalPath",
        "Relative Target Name": "RelativeTargetName",
    },
    "Target Server": {"Target Server Name": "TargetServerName", "Additional Information": "TargetInfo"},
    "Access Request Information": {"Access Mask": "AccessMask"},
}
"""What a label within a section of a message of the Security channel calls in the log."""

TARGET_IS_SUBJECT = frozenset(("4634", "4647"))
"""Events whose section `Subject` holds what the log calls the target."""

ACCOUNTS = {
    "NULL SID": "S-1-0-0",
    "SYSTEM": "S-1-5-18",
    "NT AUTHORITY\\SYSTEM": "S-1-5-18",
    "LOCAL SERVICE": "S-1-5-19",
    "NT AUTHORITY\\LOCAL SERVICE": "S-1-5-19",
    "NETWORK SERVICE": "S-1-5-20",
    "NT AUTHORITY\\NETWORK SERVICE": "S-1-5-20",
    "ANONYMOUS LOGON": "S-1-5-7",
    "NT AUTHORITY\\ANONYMOUS LOGON": "S-1-5-7",
}
"""Names Windows shows in place of identifiers, which are the same everywhere; of other names the log's is unknown."""

SYSMON_LINE = re.compile(r"(?P<name>[A-Z]\w{1,40}): ?(?P<value>.*)")
NUMBER = re.compile(r"0x[0-9A-Fa-f]+")
LABEL_LINE = re.compile(r"(?P<indent>\t*)(?P<label>[A-Z][\w ()-]{1,60}):\s*(?P<value>.*)")
SCRIPT_BLOCK = re.compile(
    r"Creating Scriptblock text \((?P<MessageNumber>\d{1,6}) of (?P<MessageTotal>\d{1,6})\):\n"
    r"(?P<ScriptBlockText>.*)\n\nScriptBlock ID: (?P<ScriptBlockId>[0-9a-fA-F-]{36})(?:\nPath: ?(?P<Path>[^\n]*))?\s*",
    re.DOTALL,
)


def event_data_of(message: str, provider: str | None, event_id: str | None) -> dict[str, str]:
    """The event data that can be read in a message; empty where it is in no form known here."""
    text = message.replace("\r\n", "\n")
    if provider == SYSMON:
        return dict(_sysmon(text))
    if provider == SECURITY:
        return _security(text, event_id)
    if provider in POWERSHELL and event_id == "4104" and (found := SCRIPT_BLOCK.fullmatch(text)):
        return {name: value for name, value in found.groupdict().items() if value}
    return {}


def _sysmon(text: str) -> Iterator[tuple[str, str]]:
    name, value = "", ""
    for line in text.split("\n")[1:]:
        if found := SYSMON_LINE.fullmatch(line):
            if name:
                yield name, value
            name, value = found["name"], found["value"]
        elif name:
            value += f"\n{line}"
    if name:
        yield name, value.rstrip("\n")


def _security(text: str, event_id: str | None) -> dict[str, str]:
    data: dict[str, str] = {}
    section, open_name = "", ""
    for line in text.split("\n"):
        found = LABEL_LINE.fullmatch(line)
        if found is None:
            if open_name and line.startswith("\t"):
                data[open_name] += f"\n{line}"  # a list of privileges goes on, or a task
            elif open_name != "TaskContent":
                open_name = ""
            elif line:
                data[open_name] += f"\n{line}"
            continue
        label, value = found["label"], found["value"].strip()
        if not found["indent"]:
            section = "" if value else label
        name = _name_of(section, label, event_id)
        open_name = ""
        if name and value and name not in data:
            known = ACCOUNTS.get(value.upper(), value if value.startswith("S-1-") else None)
            read = known if name.endswith("Sid") else value.lower() if NUMBER.fullmatch(value) else value
            if read is not None:
                data[name] = read
                open_name = name
    return data


def _name_of(section: str, label: str, event_id: str | None) -> str | None:
    names = SECTIONS.get(section, {})
    if section == "Subject" and event_id in TARGET_IS_SUBJECT:
        names = TARGET
    return names.get(label)

"""Events of the Security channel to ECS (sources.md 5).

Who is who differs by event: the same `Target…` names are the user who logged on, the account or group that was
changed, or the identity a process was given. The sets below say which event belongs to which reading.
"""

from functools import cache

from besra.events.normalise import filtering_platform, scheduled_task
from besra.events.normalise.access_rights import put_access_rights
from besra.events.normalise.account_attributes import put_account_control, put_service, put_trust
from besra.events.normalise.audit_policy import put_audit_policy
from besra.events.normalise.command_line import split_at_whitespace
from besra.events.normalise.dns_lookup import unmapped
from besra.events.normalise.kerberos import put_ticket
from besra.events.normalise.logon import put_logon
from besra.events.normalise.nested_document import (
    Document,
    collect,
    event_data,
    field_text,
    field_value,
    integer_of,
    put,
    text_of,
)
from besra.events.normalise.object_access import FILE_NAMES, put_file, put_registry_value
from besra.events.normalise.security_descriptor import put_descriptors
from besra.events.normalise.security_events import agent_kinds, codes, security_kinds
from besra.events.normalise.winlog import Shipper, take_time_created

SUBJECT_IS_USER = (
    "4648 4657 4662 4670 4672-4674 4688 4689 4697-4702 4706 4707 4713 4716-4764 4767 4781 4797-4799 4817 4904 4905 "
    "4907 4912 5136 5140 5145 5379-5382"
)
TARGET_IS_USER = "4624 4625 4634 4647 4768-4771 4776 4964"
TARGET_IS_TARGET = "4670 4720 4722-4726 4738 4740 4767 4797 4798 4817 4907"
TARGET_IS_EFFECTIVE = "4648 4688"
TARGET_IS_GROUP = "4727-4735 4737 4744-4764 4799"
TARGET_IS_COMPUTER = "4741-4743"
NEW_LOGON = "4624"
TARGET_LOGON = "4634 4647 4964"
SUBJECT_IS_RELATED = "4624 4648 4797 5379-5382"
PROCESS_AND_SOURCE = (
    "1100 1102 1104 1105 1108 4624 4625 4648 4670 4673 4674 4689 4697 4719-4738 4740-4764 4767-4771 4798 4799 4817 "
    "4904 4905 4907 4912 5140 5145"
)
PRIVILEGES = "4672-4674 4741-4743"
DESCRIPTORS = "4670 4817 4907 4908"
SHARES = "5140 5145"
NEWER_SUBJECT = frozenset(("4658", "4659", "4660", "4664", "4690", "4704", "4793"))
NEWER_PROCESS = frozenset(("4657", "4658", "4659", "4660"))

_codes = cache(codes)


def normalise_security(document: Document, shipper: Shipper) -> None:
    """Make the ECS fields of a Security event, in place, from `winlog.event_data` and `winlog.user_data`."""
    code = field_text(document, "event.code") or ""
    data = event_data(document)
    _put_kind(document, code, shipper)
    take_time_created(document)
    put_logon(document, data, code)
    put_account_control(data)
    put_ticket(data, code)
    put_service(document, data)
    put_audit_policy(data)
    put_access_rights(data)
    put_trust(document, data)
    _put_session(document, data, code)
    _put_people(document, data, code)
    _put_logon_id(document, data, code, shipper)
    if code in _codes(PROCESS_AND_SOURCE):
        _put_process_and_source(document, data)
    if code == "4688":
        _put_new_process(document, data, shipper)
    _put_privileges(data, code)
    _put_renaming(document, data)
    if code in _codes(DESCRIPTORS):
        put_descriptors(document, data)
    if code in _codes(SHARES):
        _put_share(document, data)
    if shipper is Shipper.AGENT:
        _put_newer(document, data, code)
    if not data:
        del document["winlog"]["event_data"]


def _put_newer(document: Document, data: Document, code: str) -> None:
    """What only the Agent's pipelines make, of versions after the one that Winlogbeat shares with them."""
    if code in NEWER_SUBJECT:
        _put_subject(document, data)
    if code in NEWER_PROCESS:
        _put_process_and_source(document, data)
    if code in FILE_NAMES:
        put_file(document, data, code)
    if code in filtering_platform.EVENTS:
        filtering_platform.put_connection(document, data)
    if code in scheduled_task.EVENTS:
        scheduled_task.put_scheduled_task(document, data, code)
    if code == "4657":
        put_registry_value(document)
    if code == "4704":
        put(document, "user.target.id", text_of(data.get("TargetSid")))
        rights = text_of(data.get("PrivilegeList"))
        if rights:
            data["PrivilegeList"] = rights.split()


def _put_kind(document: Document, code: str, shipper: Shipper) -> None:
    if shipper is Shipper.WINLOGBEAT:
        put(document, "event.module", "security")
    kind = security_kinds().get(code) or (agent_kinds().get(code) if shipper is Shipper.AGENT else None)
    if kind is not None:
        put(document, "event.category", list(kind.category))
        put(document, "event.type", list(kind.type))
        put(document, "event.action", kind.action)


def _put_people(document: Document, data: Document, code: str) -> None:
    """Set `user.*`, `user.target.*`, `user.effective.*`, `group.*` and `related.user`."""
    if code in _codes(TARGET_IS_USER):
        put(document, "user.id", text_of(data.get("TargetUserSid")) or text_of(data.get("TargetSid")))
        put(document, "user.name", _before_at(text_of(data.get("TargetUserName"))))
        put(document, "user.domain", text_of(data.get("TargetDomainName")))
        collect(document, "related.user", field_text(document, "user.name"))
    if code in _codes(TARGET_IS_GROUP):
        _put_group(document, data)
    if code in _codes(TARGET_IS_COMPUTER):
        put(document, "winlog.computerObject.id", text_of(data.get("TargetSid")))
        put(document, "winlog.computerObject.name", text_of(data.get("TargetUserName")))
        put(document, "winlog.computerObject.domain", text_of(data.get("TargetDomainName")))
    if code in _codes(SUBJECT_IS_USER):
        _put_subject(document, data)
    elif code == "1102":
        user_data = field_value(document, "winlog.user_data")
        _put_subject(document, user_data if isinstance(user_data, dict) else {})
    if code in _codes(TARGET_IS_TARGET):
        _put_target(document, data, "user.target", "TargetSid")
    if code in _codes(TARGET_IS_EFFECTIVE):
        _put_target(document, data, "user.effective", "TargetUserSid")
    if code in _codes(SUBJECT_IS_RELATED):
        collect(document, "related.user", _present(text_of(data.get("SubjectUserName"))))


def _put_subject(document: Document, data: Document) -> None:
    name = text_of(data.get("SubjectUserName"))
    put(document, "user.id", text_of(data.get("SubjectUserSid")))
    put(document, "user.name", name)
    put(document, "user.domain", text_of(data.get("SubjectDomainName")))
    collect(document, "related.user", name)


def _put_target(document: Document, data: Document, field: str, sid: str) -> None:
    name = _before_at(_present(text_of(data.get("TargetUserName"))))
    put(document, f"{field}.id", _present(text_of(data.get(sid))))
    put(document, f"{field}.name", name)
    put(document, f"{field}.domain", _present(text_of(data.get("TargetDomainName"))))
    collect(document, "related.user", name)


def _put_group(document: Document, data: Document) -> None:
    """The group of a group event, and its member: `CN=name,…,DC=domain` gives name and the fourth part as domain."""
    domain = text_of(data.get("TargetDomainName"))
    group = {
        "id": text_of(data.get("TargetSid")) or text_of(data.get("TargetUserSid")),
        "name": text_of(data.get("TargetUserName")),
        "domain": domain.replace("DC=", "").replace("dc=", "") if domain else None,
    }
    member = text_of(data.get("MemberName"))
    if member:
        parts = _name_parts(member)
        name = parts[0].replace("CN=", "").replace("cn=", "")
        put(document, "user.target.name", name)
        collect(document, "related.user", name)
        if len(parts) >= 4:
            put(document, "user.target.domain", parts[3].replace("DC=", "").replace("dc=", ""))
    for key, value in group.items():
        put(document, f"group.{key}", value)
        if member:
            put(document, f"user.target.group.{key}", value)


def _name_parts(distinguished_name: str) -> list[str]:
    """The parts of a distinguished name; a comma after a backslash belongs to its part."""
    parts = [""]
    for piece in distinguished_name.split(","):
        if parts[-1].endswith("\\"):
            parts[-1] += "," + piece
        else:
            parts.append(piece)
    return parts[1:]


def _put_session(document: Document, data: Document, code: str) -> None:
    if code not in ("4778", "4779"):
        return
    put(document, "user.name", text_of(data.get("AccountName")))
    put(document, "user.domain", text_of(data.get("AccountDomain")))
    collect(document, "related.user", field_text(document, "user.name"))
    address = _present(text_of(data.get("ClientAddress")))
    if address and address != "Unknown":
        if address == "LOCAL":
            address = data["ClientAddress"] = "127.0.0.1"
        put(document, "source.ip", address)
        collect(document, "related.ip", address)
    put(document, "source.domain", text_of(data.get("ClientName")))
    put(document, "winlog.logon.id", text_of(data.get("LogonID")))


def _put_logon_id(document: Document, data: Document, code: str, shipper: Shipper) -> None:
    """The subject's logon, except where the event is about the target's.

    For 4624 the two shippers differ: the Agent gives the new logon (sources.md 5), which rules join with what that
    session does next, Winlogbeat's documents the logon that asked for it.
    """
    opened = code == NEW_LOGON and shipper is Shipper.AGENT
    if opened or code in _codes(TARGET_LOGON):
        put(document, "winlog.logon.id", text_of(data.get("TargetLogonId")))
    else:
        put(document, "winlog.logon.id", text_of(data.get("SubjectLogonId")))
    if code == "1102":
        put(document, "winlog.logon.id", field_text(document, "winlog.user_data.SubjectLogonId"))


def _put_process_and_source(document: Document, data: Document) -> None:
    """Move the acting process and the source of a logon out of event data; `-` stays where it is."""
    _move_pid(document, data, "ProcessId", "process.pid")
    executable = text_of(data.pop("ProcessName", None))
    put(document, "process.executable", executable)
    put(document, "process.name", _last_component(executable))
    address = _present(text_of(data.get("IpAddress")))
    if address:
        put(document, "source.ip", unmapped(address))
        collect(document, "related.ip", unmapped(address))
        del data["IpAddress"]
    port = integer_of(text_of(data.get("IpPort")))
    if port is not None:
        put(document, "source.port", port)
        del data["IpPort"]
    put(document, "source.domain", text_of(data.pop("WorkstationName", None)))


def _put_new_process(document: Document, data: Document, shipper: Shipper) -> None:
    """The process of event 4688: `NewProcess…` is it, `ProcessId` and `ParentProcessName` its creator."""
    _move_pid(document, data, "NewProcessId", "process.pid")
    put(document, "process.parent.pid", integer_of(text_of(data.get("ProcessId"))))
    for name, process in (("NewProcessName", "process"), ("ParentProcessName", "process.parent")):
        executable = text_of(data.pop(name, None))
        put(document, f"{process}.executable", executable)
        put(document, f"{process}.name", _last_component(executable))
    command_line = text_of(data.get("CommandLine"))
    if command_line:
        arguments = split_at_whitespace(command_line)
        put(document, "process.command_line", command_line)
        put(document, "process.args", arguments)
        if shipper is Shipper.AGENT:
            put(document, "process.args_count", len(arguments))


def _move_pid(document: Document, data: Document, name: str, field: str) -> None:
    number = integer_of(text_of(data.get(name)))
    if number is not None:
        put(document, field, number)
        del data[name]


def _put_privileges(data: Document, code: str) -> None:
    privileges = text_of(data.get("PrivilegeList"))
    if privileges and code in _codes(PRIVILEGES):
        data["PrivilegeList"] = privileges.split()


def _put_renaming(document: Document, data: Document) -> None:
    """Event 4781: the account had the old name, and has the new one."""
    old, new = text_of(data.get("OldTargetUserName")), text_of(data.get("NewTargetUserName"))
    put(document, "user.target.name", old)
    put(document, "user.changes.name", new)
    collect(document, "related.user", _present(new))
    collect(document, "related.user", _present(old))


def _put_share(document: Document, data: Document) -> None:
    """The file on a share: where it is on the server, and under which name it was asked for."""
    name, directory = text_of(data.get("RelativeTargetName")), text_of(data.get("ShareLocalPath"))
    share = text_of(data.get("ShareName"))
    put(document, "file.name", name)
    put(document, "file.directory", directory)
    if not name:
        return
    put(document, "file.path", f"{directory}\\{name}" if directory else None)
    put(document, "file.target_path", f"{share}\\{name}" if share else None)
    _, dot, extension = name.rpartition(".")
    put(document, "file.extension", extension if dot else None)


def _present(text: str | None) -> str | None:
    return None if text == "-" else text


def _before_at(name: str | None) -> str | None:
    return name.partition("@")[0] or None if name else None


def _last_component(path: str | None) -> str | None:
    """The text after the last backslash or, unlike Sysmon's rule, all of it where there is none."""
    return path.rpartition("\\")[2] or None if path else None

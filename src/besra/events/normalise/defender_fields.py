"""Columns of advanced hunting tables to ECS fields (sources.md 7)."""

from besra.events.normalise.raw_values import Move, address, boolean, integer, listed_text, lower, time_of


def _hyphenated(value: object) -> list[str] | None:
    digits = "".join(char for char in str(value) if char.isalnum()).upper()
    return ["-".join(digits[at : at + 2] for at in range(0, 12, 2))] if len(digits) == 12 else None


def _addresses(value: object) -> list[str] | None:
    found = address(value)
    return [found] if found else None


COMMON = (
    Move("Timestamp", "@timestamp", time_of),
    Move("time", "@timestamp", time_of),
    Move("TimeGenerated", "@timestamp", time_of),
    Move("AlertId", "event.id"),
    Move("DeviceId", "host.id"),
    Move("DeviceName", "host.name", lower),
    Move("DeviceType", "host.type"),
    Move("OSArchitecture", "host.architecture"),
    Move("OSPlatform", "host.os.full"),
    Move("OSDistribution", "host.os.platform"),
    Move("OSVersion", "host.os.version"),
    Move("PublicIP", "host.ip", _addresses),
    Move("MacAddress", "host.mac", _hyphenated),
    Move("ClientVersion", "observer.version"),
    Move("AccountName", "user.name"),
    Move("AccountDomain", "user.domain"),
    Move("AccountSid", "user.id"),
    Move("RequestAccountName", "user.name"),
    Move("RequestAccountDomain", "user.domain"),
    Move("RequestAccountSid", "user.id"),
    Move("RemoteUrl", "url.original"),
    Move("Url", "url.original"),
    Move("FileOriginReferrerUrl", "http.request.referrer"),
)

ACTING_USER = (
    Move("InitiatingProcessAccountName", "user.name"),
    Move("InitiatingProcessAccountDomain", "user.domain"),
    Move("InitiatingProcessAccountSid", "user.id"),
)
"""Where nobody else is named: in all but rows of processes."""


def initiator(field: str, parent: str) -> tuple[Move, ...]:
    """The rows for the initiating process as `field`, and for its parent."""
    raw = "InitiatingProcess"
    return (
        Move(f"{raw}UniqueId", f"{field}.entity_id"),
        Move(f"{raw}Id", f"{field}.pid", integer),
        Move(f"{raw}FileName", f"{field}.name"),
        Move(f"{raw}CommandLine", f"{field}.command_line"),
        Move(f"{raw}CreationTime", f"{field}.start", time_of),
        Move(f"{raw}MD5", f"{field}.hash.md5"),
        Move(f"{raw}SHA1", f"{field}.hash.sha1"),
        Move(f"{raw}SHA256", f"{field}.hash.sha256"),
        Move(f"{raw}VersionInfoCompanyName", f"{field}.pe.company"),
        Move(f"{raw}VersionInfoFileDescription", f"{field}.pe.description"),
        Move(f"{raw}VersionInfoOriginalFileName", f"{field}.pe.original_file_name"),
        Move(f"{raw}VersionInfoProductName", f"{field}.pe.product"),
        Move(f"{raw}VersionInfoProductVersion", f"{field}.pe.file_version"),
        Move(f"{raw}ParentId", f"{parent}.pid", integer),
        Move(f"{raw}ParentFileName", f"{parent}.name"),
        Move(f"{raw}ParentCreationTime", f"{parent}.start", time_of),
    )


OWN_PROCESS = (
    Move("ProcessUniqueId", "process.entity_id"),
    Move("ProcessId", "process.pid", integer),
    Move("ProcessCommandLine", "process.command_line"),
    Move("ProcessCreationTime", "process.start", time_of),
    Move("ProcessVersionInfoCompanyName", "process.pe.company"),
    Move("ProcessVersionInfoFileDescription", "process.pe.description"),
    Move("ProcessVersionInfoOriginalFileName", "process.pe.original_file_name"),
    Move("ProcessVersionInfoProductName", "process.pe.product"),
    Move("ProcessVersionInfoProductVersion", "process.pe.file_version"),
)
CREATED = (
    *OWN_PROCESS,
    Move("FileName", "process.name"),
    Move("MD5", "process.hash.md5"),
    Move("SHA1", "process.hash.sha1"),
    Move("SHA256", "process.hash.sha256"),
    Move("ProcessIntegrityLevel", "process.Ext.token.integrity_level_name"),
    Move("InitiatingProcessIntegrityLevel", "process.Ext.token.integrity_level_name"),
    *initiator("process.parent", "process.parent.group_leader"),
)
"""Rows about a process that was created."""

ACTING = (
    *initiator("process", "process.parent"),
    *OWN_PROCESS,
    *ACTING_USER,
    Move("InitiatingProcessIntegrityLevel", "process.Ext.token.integrity_level_name"),
    Move("InitiatingProcessSignatureStatus", "process.code_signature.status"),
)
"""All other rows: `process` is who acted."""

TARGET = (
    Move("FileName", "Target.process.name"),
    Move("ProcessCommandLine", "Target.process.command_line"),
    Move("ProcessId", "Target.process.pid", integer),
    *initiator("process", "process.parent"),
    *ACTING_USER,
)
"""Calls into another process."""


def file_moves(field: str) -> tuple[Move, ...]:
    """The file of a row as `file` or `dll`."""
    return (
        Move("FileName", f"{field}.name"),
        Move("MD5", f"{field}.hash.md5"),
        Move("SHA1", f"{field}.hash.sha1"),
        Move("SHA256", f"{field}.hash.sha256"),
    )


FILE = (
    *file_moves("file"),
    Move("FileSize", "file.size", integer),
    Move("FileType", "file.extension"),
    Move("PreviousFileName", "file.Ext.original.name"),
    Move("PreviousFolderPath", "file.Ext.original.path"),
    Move("Signer", "file.code_signature.subject_name"),
    Move("IsSigned", "file.code_signature.exists", boolean),
    Move("IsTrusted", "file.code_signature.trusted", boolean),
    Move("RequestSourceIP", "source.ip", address),
    Move("RequestSourcePort", "source.port", integer),
)

REGISTRY = (
    Move("RegistryValueName", "registry.value"),
    Move("PreviousRegistryValueName", "registry.value"),
    Move("RegistryValueData", "registry.data.strings", listed_text),
    Move("PreviousRegistryValueData", "registry.data.strings", listed_text),
    Move("RegistryValueType", "registry.data.type"),
)


def ends(local: str, remote: str) -> tuple[Move, ...]:
    """Both ends of a connection."""
    return (
        Move("LocalIP", f"{local}.ip", address),
        Move("LocalPort", f"{local}.port", integer),
        Move("RemoteIP", f"{remote}.ip", address),
        Move("RemotePort", f"{remote}.port", integer),
        Move("Protocol", "network.protocol", lower),
        Move("AdditionalFields.query", "dns.question.name"),
        Move("AdditionalFields.qtype_name", "dns.question.type"),
        Move("AdditionalFields.qclass_name", "dns.question.class"),
        Move("AdditionalFields.rcode_name", "dns.response_code"),
    )


LOGON = (
    Move("RemoteIP", "source.ip", address),
    Move("RemotePort", "source.port", integer),
    Move("RemoteDeviceName", "source.domain"),
    Move("IPAddress", "source.ip", address),
)

EMAIL = (
    Move("SenderFromAddress", "email.from.address", listed_text),
    Move("RecipientEmailAddress", "email.to.address", listed_text),
    Move("NetworkMessageId", "email.message_id"),
    Move("InternetMessageId", "email.local_id"),
    Move("EmailDirection", "email.direction"),
    Move("Subject", "email.subject"),
    Move("SenderIPv4", "source.ip", address),
    Move("SenderIPv6", "source.ip", address),
    Move("FileName", "file.name"),
    Move("FileType", "file.extension"),
    Move("FileSize", "file.size", integer),
    Move("SHA256", "file.hash.sha256"),
)

SEVERITIES = {"informational": 1, "low": 2, "medium": 3, "high": 4}

ALERT = (
    Move("ServiceSource", "event.provider"),
    Move("Severity", "event.severity", lambda value: SEVERITIES.get(lower(value) or "")),
    Move("Title", "message"),
    Move("ThreatFamily", "threat.group.name"),
    Move("EvidenceDirection", "network.direction", lower),
    Move("ProcessCommandLine", "process.command_line"),
    Move("RegistryValueName", "registry.value"),
    Move("RemoteIP", "source.ip", address),
    Move("FileName", "threat.enrichments.indicator.file.name"),
    Move("FolderPath", "threat.enrichments.indicator.file.directory"),
    Move("SHA1", "threat.enrichments.indicator.file.hash.sha1"),
    Move("SHA256", "threat.enrichments.indicator.file.hash.sha256"),
)

APPLICATION = (
    Move("AccountDisplayName", "user.full_name"),
    Move("AccountObjectId", "user.id"),
    Move("AccountUpn", "user.email"),
    Move("IPAddress", "source.ip", address),
    Move("DestinationIPAddress", "destination.ip", address),
    Move("DestinationPort", "destination.port", integer),
    Move("UserAgent", "user_agent.original"),
)
"""Rows about identities and cloud applications."""

"""Raw names of CrowdStrike's Falcon Data Replicator to ECS fields (sources.md 7). All values arrive as text."""

from typing import Any

from besra.events.normalise.raw_values import Move, address, integer, time_of, time_of_seconds
from besra.schema.timestamp import NANOS, format_timestamp

SYSTEMS = {"Win": "windows", "Lin": "linux", "Mac": "macos", "iOS": "ios"}
DIRECTIONS = {"0": "outbound", "1": "inbound"}
TRANSPORTS = {
    "0": "hopopt",
    "1": "icmp",
    "2": "igmp",
    "6": "tcp",
    "8": "egp",
    "17": "udp",
    "47": "gre",
    "50": "esp",
    "58": "ipv6-icmp",
    "112": "vrrp",
    "132": "sctp",
}
INTEGRITY_LEVELS = {
    "0": "UNTRUSTED",
    "4096": "LOW",
    "8192": "MEDIUM",
    "8448": "MEDIUM_PLUS",
    "12288": "HIGH",
    "16384": "SYSTEM",
    "20480": "PROTECTED",
}
REGISTRY_TYPES = {
    "0": "REG_NONE",
    "1": "REG_SZ",
    "2": "REG_EXPAND_SZ",
    "3": "REG_BINARY",
    "4": "REG_DWORD",
    "5": "REG_DWORD_BIG_ENDIAN",
    "6": "REG_LINK",
    "7": "REG_MULTI_SZ",
    "8": "REG_RESOURCE_LIST",
    "9": "REG_FULL_RESOURCE_DESCRIPTOR",
    "10": "REG_RESOURCE_REQUIREMENTS_LIST",
    "11": "REG_QWORD",
}
REGISTRY_OPERATIONS = {
    "1": "change",
    "2": "deletion",
    "3": "creation",
    "4": "deletion",
    "5": "change",
    "6": "info",
    "7": "change",
    "8": "access",
    "9": "access",
}
"""`RegOperationType` to `event.type`, which it decides."""

FILETIME = 1 << 56
"""From here on a time counts tenths of microseconds since 1601: seconds since 1970 are far below."""
SINCE_1601 = 11_644_473_600


def moment(value: Any) -> str | None:
    """Seconds since 1970 or a Windows FILETIME."""
    ticks = integer(value)
    if ticks is not None and FILETIME < ticks < 2_650_000_000_000_000_000:
        return format_timestamp(ticks * 100 - SINCE_1601 * NANOS)
    return time_of_seconds(value)


def _hash(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip("0") else None


def _addresses(value: Any) -> list[str] | None:
    found = [address(word) for word in value.split()] if isinstance(value, str) else []
    return [item for item in found if item] or None


COMMON = (
    Move("timestamp", "@timestamp", time_of),
    Move("UTCTimestamp", "@timestamp", time_of),
    Move("@timestamp", "@timestamp", time_of),
    Move("ContextTimeStamp", "@timestamp", moment),
    Move("_time", "@timestamp", moment),
    Move("event_simpleName", "event.action"),
    Move("id", "event.id"),
    Move("aid", "host.id"),
    Move("aid", "device.id"),
    Move("aid", "observer.serial_number"),
    Move("aip", "observer.ip", _addresses),
    Move("ConfigBuild", "observer.version"),
    Move("ComputerName", "host.name"),
    Move("ComputerName", "host.hostname"),
    Move("MachineDomain", "host.domain"),
    Move("event_platform", "host.os.type", lambda value: SYSTEMS.get(value) if isinstance(value, str) else None),
    Move("UID", "user.id"),
    Move("UserSid", "user.id"),
    Move("UserName", "user.name"),
    Move("User", "user.name"),
    Move("UserPrincipal", "user.email"),
    Move("GID", "user.group.id"),
    Move("LogonDomain", "user.domain"),
)

PROCESS = (
    Move("TargetProcessId", "process.entity_id"),
    Move("ContextProcessId", "process.entity_id"),
    Move("ParentProcessId", "process.parent.entity_id"),
    Move("ParentBaseFileName", "process.parent.name"),
    Move("ParentImageFileName", "process.parent.executable"),
    Move("ParentCommandLine", "process.parent.command_line"),
    Move("RawProcessId", "process.pid", integer),
    Move("EtwRawProcessId", "process.pid", integer),
    Move("ProcessGroupId", "process.pgid", integer),
    Move("ContextThreadId", "process.thread.id", integer),
    Move("CommandLine", "process.command_line"),
    Move("ExitCode", "process.exit_code", integer),
    Move("ProcessStartTime", "process.start", moment),
    Move("ProcessEndTime", "process.end", moment),
    Move("ServiceDisplayName", "process.title"),
    Move("RUID", "process.real_user.id"),
    Move("IntegrityLevel", "process.Ext.token.integrity_level_name", lambda value: INTEGRITY_LEVELS.get(str(value))),
)

CREATED = (Move("ImageFileName", "process.executable"), Move("OriginalFilename", "process.pe.original_file_name"))
ACTING = (Move("ContextImageFileName", "process.executable"), Move("ContextBaseFileName", "process.name"))
"""In events of processes the image is the process's; in all others it is that of what was loaded, if anything."""

LIBRARY = (
    Move("ImageFileName", "dll.path"),
    Move("OriginalFilename", "dll.pe.original_file_name"),
    Move("CertificatePublisher", "dll.code_signature.subject_name"),
    Move("TargetImageFileName", "process.executable"),
)

FILE = (
    Move("TargetFileName", "file.path"),
    Move("SourceFileName", "file.path"),
    Move("Size", "file.size", integer),
    Move("FileIdentifier", "file.inode"),
    Move("DiskParentDeviceInstanceId", "file.device"),
)
RENAMED = (Move("SourceFileName", "file.Ext.original.path"), *FILE)

REGISTRY = (
    Move("RegStringValue", "registry.data.strings", lambda value: [value] if isinstance(value, str) else None),
    Move(
        "RegNumericValue", "registry.data.strings", lambda value: [str(value)] if integer(value) is not None else None
    ),
    Move("RegValueName", "registry.value"),
    Move("RegType", "registry.data.type", lambda value: REGISTRY_TYPES.get(str(value))),
)


def hashes(field: str) -> tuple[Move, ...]:
    """The hashes of a record below a field; ones that are all zero mean none was made."""
    return (
        Move("MD5HashData", f"{field}.hash.md5", _hash),
        Move("SHA1HashData", f"{field}.hash.sha1", _hash),
        Move("SHA256HashData", f"{field}.hash.sha256", _hash),
    )


def ends(local: str, remote: str) -> tuple[Move, ...]:
    """Both ends of a connection."""
    return (
        Move("LocalAddressIP4", f"{local}.ip", address),
        Move("LocalAddressIP6", f"{local}.ip", address),
        Move("LocalIP", f"{local}.ip", address),
        Move("LocalPort", f"{local}.port", integer),
        Move("RemoteAddressIP4", f"{remote}.ip", address),
        Move("RemoteAddressIP6", f"{remote}.ip", address),
        Move("RemotePort", f"{remote}.port", integer),
        Move("Protocol", "network.iana_number"),
    )

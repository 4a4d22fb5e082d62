"""Activities: what happened on a machine, said once; `defend`, `sysmon` and `sentinel_one` each write it their way.

`time` is in nanoseconds since 1970. `process` is the actor; in `ProcessStart` and `ProcessEnd` it is the process that
starts or ends. `effective` is the process on whose behalf a service made the change.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from besra.demo.process import Process
from besra.demo.program import Program


@dataclass(frozen=True, slots=True)
class ProcessStart:
    """A process started."""

    time: int
    process: Process


@dataclass(frozen=True, slots=True)
class ProcessEnd:
    """A process ended."""

    time: int
    process: Process
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file was touched. `action`: creation, modification, overwrite, deletion; `header` in hexadecimal."""

    time: int
    process: Process
    action: str
    path: str
    size: int = 0
    header: str | None = None
    effective: Process | None = None


@dataclass(frozen=True, slots=True)
class RegistryAccess:
    """A registry value was read (`query`) or set (`modification`). `hive` is HKLM or HKEY_USERS, as Defend says."""

    time: int
    process: Process
    action: str
    hive: str
    key: str
    value: str
    strings: tuple[str, ...] = ()
    data_type: str = "REG_SZ"
    effective: Process | None = None


@dataclass(frozen=True, slots=True)
class LibraryLoad:
    """A process loaded a library."""

    time: int
    process: Process
    library: Program


@dataclass(frozen=True, slots=True)
class DnsLookup:
    """A name was looked up: asked for while `resolved` is None, answered when it holds the addresses."""

    time: int
    process: Process
    name: str
    resolved: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """An outgoing TCP connection. `action`: connection_attempted, or disconnect_received with byte counts."""

    time: int
    process: Process
    action: str
    ip: str
    port: int
    local_port: int
    sent: int | None = None
    received: int | None = None


Activity = ProcessStart | ProcessEnd | FileChange | RegistryAccess | LibraryLoad | DnsLookup | Connection

Story = Mapping[str, Activity]
"""Activities by their label ("a6"), in order of time."""

"""A line of the audit daemon's log: its type, time, serial and node, and its fields as text.

```
node=web-1 type=SYSCALL msg=audit(1700000000.123:456): arch=c000003e … key="k"␝ARCH=x86_64 SYSCALL=execve AUID="ada"
audit: type=1300 audit(1700000000.123:456): arch=c000003e …                    as the kernel writes to its own log
```
"""

import re
from dataclasses import dataclass

from besra.schema.timestamp import NANOS

HEADER = re.compile(
    r"(?:node=(?P<node>\S{1,255}) )?(?:(?:\[ *\d+\.\d+\] )?audit: )?type=(?P<type>[\w\[\]]{1,64}) (?:msg=)?"
    r"audit\((?P<seconds>\d{1,10})\.(?P<millis>\d{3}):(?P<serial>\d{1,19})\): ?"
)
ENRICHED = "\x1d"
"""What separates the fields from what auditd resolved of them (`log_format = ENRICHED`)."""

FIELD = re.compile(r"(?P<name>[A-Za-z_][\w.-]*(?:\[\d+\])?)=(?P<value>\"[^\"]*\"|'[^']*'|\{[^}]*\}|\S*)")
HEX = re.compile(r"(?:[0-9A-F]{2})+")
ARGUMENT = re.compile(r"a(\d{1,9})(?:\[(\d{1,9})\])?")
"""The name of an argument of EXECVE, or of a piece of one."""

LENGTH = re.compile(r"a\d{1,9}_len")
"""The name of the length of an argument that was cut in pieces."""

UNTRUSTED_NAMES = """
    acct cgroup cmd comm cwd data device dir exe file key name new-disk ocomm old-disk path proctitle sw watch
"""
UNTRUSTED = frozenset(UNTRUSTED_NAMES.split())
"""Fields whose text comes from a program: in quotes, or in hexadecimal where quotes would not hold it."""

NOTHING = frozenset(("", "(null)", "?"))
"""Values that say that there is none."""

TYPES = {
    "1006": "LOGIN",
    "1100": "USER_AUTH",
    "1101": "USER_ACCT",
    "1103": "CRED_ACQ",
    "1104": "CRED_DISP",
    "1105": "USER_START",
    "1106": "USER_END",
    "1112": "USER_LOGIN",
    "1123": "USER_CMD",
    "1130": "SERVICE_START",
    "1131": "SERVICE_STOP",
    "1300": "SYSCALL",
    "1302": "PATH",
    "1305": "CONFIG_CHANGE",
    "1306": "SOCKADDR",
    "1307": "CWD",
    "1309": "EXECVE",
    "1318": "OBJ_PID",
    "1320": "EOE",
    "1325": "NETFILTER_CFG",
    "1326": "SECCOMP",
    "1327": "PROCTITLE",
    "1334": "BPF",
    "1400": "AVC",
    "1701": "ANOM_ABEND",
}
"""Names of the numbers by which the kernel's own log calls the types of records."""


@dataclass(frozen=True, slots=True)
class AuditLine:
    """A line taken apart. `time` is in nanoseconds since 1970; `text` is what follows the header."""

    type: str
    time: int
    serial: int
    node: str | None
    text: str


def parse_audit_line(text: str) -> AuditLine | None:
    """The line, or None if it does not begin as one of the audit log."""
    found = HEADER.match(text)
    if found is None:
        return None
    time = int(found["seconds"]) * NANOS + int(found["millis"]) * 1_000_000
    kind = TYPES.get(found["type"], found["type"])
    return AuditLine(kind, time, int(found["serial"]), found["node"], text[found.end() :])


@dataclass(frozen=True, slots=True)
class AuditFields:
    """The fields of a line: texts by name, what auditd resolved of them, and words that are no field."""

    values: dict[str, str]
    enriched: dict[str, str]
    words: str


def parse_fields(line: AuditLine) -> AuditFields:
    """The fields of a line, decoded; of a name that occurs twice the first."""
    plain, _, resolved = line.text.partition(ENRICHED)
    values: dict[str, str] = {}
    words = _take(plain, values, is_execve=line.type == "EXECVE")
    enriched: dict[str, str] = {}
    for found in FIELD.finditer(resolved):
        text = _unquoted(found["value"])
        if text not in NOTHING:
            enriched.setdefault(found["name"].lower(), text)
    return AuditFields(values, enriched, words)


def _take(text: str, values: dict[str, str], *, is_execve: bool = False) -> str:
    """Add the fields in a text to `values`; returns what stands between them."""
    between, inner, end = [], [], 0
    for found in FIELD.finditer(text):
        between.append(text[end : found.start()])
        end = found.end()
        name, raw = found["name"], found["value"]
        if name == "msg" and raw[:1] == "'":
            inner.append(raw[1:-1])
            continue
        if is_execve and LENGTH.fullmatch(name):
            continue
        is_argument = is_execve and ARGUMENT.fullmatch(name) is not None
        value = decoded(name, raw, is_text=is_argument or name in UNTRUSTED)
        if value not in NOTHING or is_argument:
            values.setdefault(name, value)
    between.append(text[end:])
    # Fields of user space come last, and those before them win.
    between += [_take(part, values) for part in inner]
    return " ".join(" ".join(between).split())


def decoded(name: str, raw: str, *, is_text: bool) -> str:
    """The text of a value as logged: without its quotes; of what `is_text`, out of hexadecimal."""
    if raw[:1] in ('"', "'") and len(raw) > 1:
        return raw[1:-1]
    if is_text and HEX.fullmatch(raw):
        text = bytes.fromhex(raw).decode("utf-8", "replace").rstrip("\0")
        return text.replace("\0", " ") if name == "proctitle" else text
    return raw


def _unquoted(raw: str) -> str:
    return raw[1:-1] if raw[:1] in ('"', "'") and len(raw) > 1 else raw

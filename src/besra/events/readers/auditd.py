"""Text of the Linux audit daemon: the records of one event, joined by node and serial, as one record.

An event is logged as several lines that share a time and a serial, possibly between those of other events. They are
gathered into this JSON object, which the source `auditd` turns into ECS (sources.md 7):

```
{
  "auditd_records": [{"type": "SYSCALL", "arch": "c000003e", "syscall": "59", …}, …],   in the order of the log
  "sequence": 456,                                  the serial
  "timestamp": "2023-11-14T22:13:20.123Z",          as logged, in UTC
  "node": "web-1"                                   of `node=`, else the host of the syslog line; absent if neither
}
```

Every record has `type`, in capitals (`UNKNOWN[1334]` as it is), and its fields by the names and with the text they
were logged with; quotes are taken off, and values the kernel wrote in hexadecimal because they hold blanks, quotes or
worse are decoded. `(null)` and `?`, which stand for nothing, are left out. Beyond that:

| Field | Of | Is |
|---|---|---|
| `text` | a record with words that are no field | these words (`avc: denied { read } for`) |
| `enriched` | any record with an interpreted part | an object of what auditd resolved, by lower-case names |
| `keys` | what had `key=` | a list of the names of rules |
| `args` | EXECVE | the arguments, as a list of texts; `a0` and so on are not repeated; `argc` stays |
| `args_missing` | EXECVE | how many arguments the log promises and does not hold, if any |
| `proctitle` | PROCTITLE | the command line, its parts separated by blanks |
| `sockaddr` | SOCKADDR | an object (`socket_address`); `saddr` stays as logged |

An address is `{"family": "ipv4" or "ipv6", "address": text, "port": integer}`, `{"family": "unix", "path": text}` or
`{"family": text}` alone. Enriched is for example `{"syscall": "execve", "auid": "ada"}`.

Fields within `msg='…'` of records of user space (`op`, `acct`, `exe`, `hostname`, `addr`, `terminal`, `res`, …) stand
beside those before it, which win where a name occurs twice.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from besra.events.readers.auditd_line import ARGUMENT, AuditLine, parse_fields
from besra.events.readers.socket_address import socket_address
from besra.schema.timestamp import format_timestamp

WINDOW = 500
"""Events that may begin while another is still open. Records that come later make an event of their own."""

MOST_RECORDS = 1_000
"""Records of one event held together; more begin another."""

MOST_BYTES = 32 * 2**20
"""Of all lines that are held."""

SEPARATORS = ("----", "time->")
"""How lines begin that `ausearch` puts between events."""

Record = dict[str, Any]
Key = tuple[str | None, int, int]


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """The joined record of an event, and the line of its first."""

    record: Record
    line: int


@dataclass(slots=True)
class _Open:
    """An event whose records may not all have been read."""

    line: int
    lines: list[AuditLine] = field(default_factory=list)
    size: int = 0
    is_complete: bool = False


class AuditJoiner:
    """Joins lines to events, which come out in the order in which they began."""

    def __init__(self) -> None:
        self._open: OrderedDict[Key, _Open] = OrderedDict()
        self._size = 0

    def add(self, line: AuditLine, number: int, host: str | None = None) -> Iterator[AuditEvent]:
        """Take a line, the `number`th of its file; `host` is that of a syslog header. Gives what is complete by it."""
        key = (line.node or host, line.time, line.serial)
        if key in self._open and len(self._open[key].lines) >= MOST_RECORDS:
            yield from self._finish_until(key)
        opened = self._open.setdefault(key, _Open(number))
        if line.type == "EOE":
            opened.is_complete = True
        else:
            opened.lines.append(line)
            opened.size += len(line.text)
            self._size += len(line.text)
        while self._open and (self._is_full() or next(iter(self._open.values())).is_complete):
            yield from self._finish()

    def rest(self) -> Iterator[AuditEvent]:
        """What is still open at the end."""
        while self._open:
            yield from self._finish()

    def _is_full(self) -> bool:
        return len(self._open) > WINDOW or self._size > MOST_BYTES

    def _finish_until(self, key: Key) -> Iterator[AuditEvent]:
        while key in self._open:
            yield from self._finish()

    def _finish(self) -> Iterator[AuditEvent]:
        (node, time, serial), done = self._open.popitem(last=False)
        self._size -= done.size
        if not done.lines:
            return
        record: Record = {"auditd_records": _records(done.lines), "sequence": serial}
        record["timestamp"] = format_timestamp(time, digits=3)
        if node:
            record["node"] = node
        yield AuditEvent(record, done.line)


def _records(lines: list[AuditLine]) -> list[Record]:
    records, execve = [], _Arguments()
    for line in lines:
        record = _record(line)
        if line.type == "EXECVE" and not execve.take(record):
            continue  # the arguments of the one before go on
        records.append(record)
    execve.finish()
    return records


def _record(line: AuditLine) -> Record:
    fields = parse_fields(line)
    record: Record = {"type": line.type, **{name: value for name, value in fields.values.items() if name != "type"}}
    if "key" in record:
        record["keys"] = [name for name in record.pop("key").split("\x01") if name]
    if fields.words:
        record["text"] = fields.words
    if fields.enriched:
        record["enriched"] = fields.enriched
    address = socket_address(record["saddr"]) if "saddr" in record else None
    if address:
        record["sockaddr"] = address
    return record


class _Arguments:
    """The arguments of a program, which may be cut in pieces (`a1[0]`, `a1[1]`) over several records."""

    def __init__(self) -> None:
        self._record: Record | None = None
        self._pieces: dict[int, dict[int, str]] = {}

    def take(self, record: Record) -> bool:
        """Take the arguments out of a record; whether it is the first of its event."""
        for found in [found for found in map(ARGUMENT.fullmatch, record) if found]:
            self._pieces.setdefault(int(found[1]), {})[int(found[2] or 0)] = record.pop(found[0])
        is_first = self._record is None
        if self._record is None:
            self._record = record
        return is_first

    def finish(self) -> None:
        """Give the first record the arguments, and say how many are missing."""
        if self._record is None:
            return
        numbers = sorted(self._pieces)
        self._record["args"] = ["".join(text for _, text in sorted(self._pieces[number].items())) for number in numbers]
        count = self._record.get("argc", "")
        missing = int(count) - len(numbers) if count.isdecimal() and len(count) < 9 else 0
        if missing > 0:
            self._record["args_missing"] = missing

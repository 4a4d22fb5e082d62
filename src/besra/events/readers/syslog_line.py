"""A line of syslog: its header (RFC 5424, RFC 3164, rsyslog's and journald's forms of it) and its message.

```
<PRI>1 2025-03-01T10:00:00.123456Z host app 123 ID47 [x@1 a="b"] message      RFC 5424
<PRI>Mar  1 10:00:00 host app[123]: message                                   RFC 3164, journalctl -o short
2025-03-01T10:00:00.123456+01:00 host app[123]: message                       rsyslog, journalctl -o short-iso
```

`<PRI>` may be missing everywhere.
"""

import re
from dataclasses import dataclass

from besra.schema.timestamp import NANOS, parse_timestamp

PRIORITY = r"(?:<(?P<priority>\d{1,3})>)?"
ISO_TIME = r"(?P<iso>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)"
BSD_TIME = (
    r"(?P<month>[A-Z][a-z]{2}) {1,2}(?P<day>\d{1,2})(?: (?P<year>\d{4}))? (?P<clock>\d\d:\d\d:\d\d(?:\.\d{1,9})?)"
)
TAG = r"(?P<app>[^\s:\[\]{}=\"]{1,128})(?:\[(?P<pid>[^\]\s]{1,128})\])?:(?: |\Z|(?=[{<]))"

RFC_5424 = re.compile(
    PRIORITY
    + rf"1 (?:-|{ISO_TIME}) (?P<host>\S{{1,255}}) (?P<app>\S{{1,128}}) (?P<pid>\S{{1,128}}) (?P<id>\S{{1,64}}) "
    r"(?:-|(?:\[[^\s=\]\"]{1,32}(?: [^\s=\]\"]{1,32}=\"(?:[^\"\\]|\\.)*+\")*+\])++)(?: \ufeff?|\Z)",
    re.DOTALL,
)
HOST = r"(?P<host>[^\s:\[{<]{1,255}|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{1,40})"
RFC_3164 = re.compile(rf"{PRIORITY}{BSD_TIME} {HOST} (?:{TAG})?")
# Other logs begin with a time and a word as well: here the program has to be there.
RSYSLOG = re.compile(rf"{PRIORITY}{ISO_TIME} {HOST} {TAG}")

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

DAY = 86_400 * NANOS


@dataclass(frozen=True, slots=True)
class SyslogLine:
    """A line taken apart. `time` is as written; of the older form it has no year: `-03-01T10:00:00`."""

    message: str
    time: str | None = None
    host: str | None = None
    app: str | None = None
    pid: str | None = None
    priority: int | None = None

    @property
    def is_without_year(self) -> bool:
        """Whether the time of the line leaves the year open."""
        return self.time is not None and self.time.startswith("-")


def parse_line(text: str) -> SyslogLine | None:
    """The line, or None if it does not begin as one of syslog."""
    if (found := RFC_5424.match(text)) or (found := RSYSLOG.match(text)):
        time = found["iso"]
    elif found := RFC_3164.match(text):
        time = _bsd_time(found)
        if time is None:
            return None
    else:
        return None
    parts = found.groupdict()
    host, app, pid = (None if parts[name] == "-" else parts[name] for name in ("host", "app", "pid"))
    priority = int(parts["priority"]) if parts["priority"] else None
    return SyslogLine(text[found.end() :], time, host, app, pid, priority)


def _bsd_time(found: re.Match[str]) -> str | None:
    if found["month"] not in MONTHS or not 1 <= int(found["day"]) <= 31:
        return None
    number = MONTHS.index(found["month"]) + 1
    return f"{found['year'] or ''}-{number:02d}-{int(found['day']):02d}T{found['clock']}"


def time_of(line: SyslogLine, written: int | None) -> int | None:
    """Nanoseconds since 1970 of a line, without a zone in UTC; None if it has no time.

    Where the line leaves the year open it is the last one in which the line is no later than a day after the file was
    `written`; if that is not known either, there is no time.
    """
    if line.time is None:
        return None
    if not line.is_without_year:
        return parse_timestamp(line.time)
    if written is None:
        return None
    last = 1970 + written // (365 * DAY) + 1
    # Eight years back, there has been a 29th of February.
    for year in range(last, last - 10, -1):
        nanos = parse_timestamp(f"{year:04d}{line.time}")
        if nanos is not None and nanos <= written + DAY:
            return nanos
    return None

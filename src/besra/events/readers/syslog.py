"""Lines of syslog: JSON, log records of Sysmon for Linux and audit records within them, and what is plain text.

| message | event |
|---|---|
| `{…}`, also behind `@cee:` | the document; syslog's time and host stand in where it has none |
| `<Event>…</Event>` | the log record |
| `type=… msg=audit(…)` | joined with the others of its event (`auditd`) |
| anything else | a document of message, host, program and time |

Files of the audit daemon are read here as well: their lines stand without a syslog header, or with one.
"""

from collections.abc import Iterator

from besra.events.content import Content
from besra.events.event import POSITION_BITS, Event, Origin
from besra.events.readers.auditd import SEPARATORS, AuditEvent, AuditJoiner
from besra.events.readers.auditd_line import parse_audit_line
from besra.events.readers.document_reader import DocumentReader
from besra.events.readers.json_text import Text
from besra.events.readers.log_record import LogEvents
from besra.events.readers.ndjson import damaged_after, lines_of
from besra.events.readers.syslog_event import plain_event, stand_in
from besra.events.readers.syslog_line import SyslogLine, parse_line, time_of
from besra.events.readers.text_options import TextOptions
from besra.events.readers.xml_event import parse_event
from besra.problems import Place, Problem, Severity

CEE = "@cee:"
"""What stands before JSON that says it is JSON."""

REPAIRED = "they become U+FFFD"
SKIPPED = "it is skipped; everything else is read"

RELAY = "audispd: "
"""What the audit dispatcher put before its lines."""


def read_syslog_events(content: Content, path: str, options: TextOptions) -> Iterator[Event | Problem]:
    """The events of a log of lines, and a located problem for every line that gives none.

    Lines without a year are of the last year in which they are no later than a day after the file was written; a
    warning says so, once. Memory is bounded by the longest line and the records of 500 audit events.
    """
    reader = LogLines(path, options)
    for text in lines_of(content.stream, path, options.limit, options.lines_before):
        if isinstance(text, Problem):
            yield text
        elif not (text.ended_early and content.damage):
            yield from reader.events(text)
    yield from reader.rest()
    if content.damage:
        yield damaged_after(reader.line, content.damage, path)


class LogLines:
    """Reads line after line; what is open between them is audit events."""

    def __init__(self, path: str, options: TextOptions) -> None:
        self.line = 0
        self._path = path
        self._options = options
        self._documents = DocumentReader(path, options.intake)
        self._audit = AuditJoiner()
        self._log_events = LogEvents()
        self._has_told_year = False

    def events(self, text: Text) -> Iterator[Event | Problem]:
        """The events a line completes."""
        self.line = text.line
        line = text.raw.decode("utf-8", "replace").strip("\ufeff\0 \t")
        if "\ufffd" in line and b"\xef\xbf\xbd" not in text.raw:
            yield self._problem("record-repaired", "bytes that are not UTF-8; used after repair", REPAIRED)
        if audit := parse_audit_line(line):
            yield from self._joined(self._audit.add(audit, text.line))
            return
        if not line or line.startswith(SEPARATORS):
            return
        if (parsed := parse_line(line)) is None:
            yield self._problem("record-not-log-line", "the line has no syslog header and is no audit record", SKIPPED)
            return
        if parsed.is_without_year and not self._has_told_year:
            self._has_told_year = True
            yield self._year_problem(parsed)
        yield from self._message(parsed, len(line) - len(parsed.message))

    def _message(self, parsed: SyslogLine, column: int) -> Iterator[Event | Problem]:
        message = parsed.message.strip()
        payload = message.removeprefix(CEE).lstrip()
        if audit := parse_audit_line(message.removeprefix(RELAY)):
            yield from self._joined(self._audit.add(audit, self.line, parsed.host))
        elif payload.startswith(("{}", '{"')) or (payload.startswith("{") and payload != message):
            # With blanks before it, so that a problem is located where it is in the line.
            padded = b" " * column + payload.encode()
            for item in self._documents.events(Text(padded, self.line, self._path), damaged=False):
                yield stand_in(item, parsed, self._time(parsed)) if isinstance(item, Event) else item
        elif message.startswith("<Event") and "</Event>" in message:
            yield from self._log_record(message)
        else:
            yield plain_event(parsed, self._time(parsed), self._origin(), self.line << POSITION_BITS)

    def _log_record(self, message: str) -> Iterator[Event | Problem]:
        record, problem = parse_event(Text(message.encode(), self.line, self._path))
        if problem:
            yield problem
        if record is not None:
            yield self._log_events.event_of(record, self._origin(), self.line << POSITION_BITS)

    def _joined(self, events: Iterator[AuditEvent]) -> Iterator[Event | Problem]:
        for event in events:
            yield from self._documents.of_value(event.record, event.line)

    def rest(self) -> Iterator[Event | Problem]:
        """The audit events that are still open at the end."""
        yield from self._joined(self._audit.rest())

    def _time(self, parsed: SyslogLine) -> int | None:
        return time_of(parsed, self._options.written)

    def _origin(self) -> Origin:
        return Origin(self._path, self.line)

    def _problem(self, code: str, message: str, hint: str) -> Problem:
        return Problem(code, message, Severity.WARNING, Place(self._path, self.line), hint)

    def _year_problem(self, parsed: SyslogLine) -> Problem:
        time = self._time(parsed)
        if time is None:
            message = "the lines name no year, and when the file was written is not known: their times are not used"
            return self._problem("syslog-without-year", message, "scan the file itself rather than a stream of it")
        message = "the lines name no year; they are taken to be of the last one before the file was written"
        hint = "if a copy changed the time of the file, set it back (`touch -d`)"
        return self._problem("syslog-without-year", message, hint)

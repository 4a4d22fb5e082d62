"""What a text is, told by its first lines: an export of an event log, an audit log, syslog, a table of values."""

import re
from enum import StrEnum

from besra.events.readers.auditd import SEPARATORS
from besra.events.readers.auditd_line import parse_audit_line
from besra.events.readers.csv_dialect import dialect_of
from besra.events.readers.syslog_line import SyslogLine, parse_line
from besra.events.readers.xml_elements import EVENT_EXPORT

LOOKED_AT = 50
"""Lines that decide what kind of log a text is."""

LONGEST = 4096
"""Bytes of a line that are looked at."""

XML_START = re.compile(rb"<[?!/A-Za-z]")


class TextFormat(StrEnum):
    """A text besra reads that is no JSON."""

    XML = "xml"
    CSV = "csv"
    SYSLOG = "syslog"
    AUDITD = "auditd"


def text_format_of(head: bytes) -> TextFormat | None:
    """The format of a text by its first bytes; None if it is none of these."""
    start = head.lstrip(b" \t\r\n")
    if XML_START.match(start):
        return TextFormat.XML if EVENT_EXPORT.search(start) else None
    if found := _log_format(start):
        return found
    return TextFormat.CSV if dialect_of(head) else None


def _log_format(start: bytes) -> TextFormat | None:
    """A log of lines: the first line begins as one, and half of the others do."""
    lines = start.split(b"\n", LOOKED_AT)
    # The last one may be cut off by the end of what is looked at.
    texts = [line[:LONGEST].decode("utf-8", "replace").strip() for line in (lines[:-1] or lines)]
    texts = [text for text in texts if text and not text.startswith(SEPARATORS)]
    found = [_is_audit(text) or parse_line(text) is not None for text in texts]
    if not found or not found[0] or sum(found) * 2 < len(found):
        return None
    return TextFormat.AUDITD if sum(map(_is_audit, texts)) * 2 >= len(texts) else TextFormat.SYSLOG


def _is_audit(text: str) -> bool:
    if parse_audit_line(text):
        return True
    line: SyslogLine | None = parse_line(text)
    return line is not None and parse_audit_line(line.message) is not None

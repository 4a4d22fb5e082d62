"""What a text is, told by its first lines: an export of an event log, an audit log, syslog, a table of values."""

import re

from besra.events.readers.auditd_line import is_audit_line
from besra.events.readers.csv_dialect import is_table
from besra.events.readers.syslog_line import parse_line
from besra.events.readers.xml_elements import EVENT_EXPORT

LOOKED_AT = 50
"""Lines that decide what kind of log a text is."""

XML_START = re.compile(rb"<[?!/A-Za-z]")

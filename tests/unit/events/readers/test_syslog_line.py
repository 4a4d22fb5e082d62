"""Headers of syslog lines in all their forms, and the year they leave out."""

import pytest

from besra.events.readers.syslog_line import SyslogLine, parse_line, time_of
from besra.schema.timestamp import format_timestamp, parse_timestamp


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Mar  1 10:00:00 web-1 app[12]: words", SyslogLine("words", "-03-01T10:00:00", "web-1", "app", "12")),
        ("<13>Mar 21 10:00:00.5 web-1 app: w", SyslogLine("w", "-03-21T10:00:00.5", "web-1", "app", None, 13)),
        ("Mar  1 2024 10:00:00 web-1 app: w", SyslogLine("w", "2024-03-01T10:00:00", "web-1", "app")),
        ("Mar  1 10:00:00 web-1 no program", SyslogLine("no program", "-03-01T10:00:00", "web-1")),
        ("Mar  1 10:00:00 fe80::1 app: w", SyslogLine("w", "-03-01T10:00:00", "fe80::1", "app")),
        ("Mar  1 10:00:00 web-1 CRON[7]:{}", SyslogLine("{}", "-03-01T10:00:00", "web-1", "CRON", "7")),
        (
            "2025-03-01T10:00:00.123456+01:00 web-1 app[12]: w",
            SyslogLine("w", "2025-03-01T10:00:00.123456+01:00", "web-1", "app", "12"),
        ),
        (
            '<34>1 2025-03-01T10:00:00Z web-1 app 12 ID [a@1 k="]\\"" l="x"][b] w',
            SyslogLine("w", "2025-03-01T10:00:00Z", "web-1", "app", "12", 34),
        ),
        ("<34>1 - - - - - - \ufeffw", SyslogLine("w", priority=34)),
        (
            "<34>1 2025-03-01T10:00:00Z web-1 app - - -",
            SyslogLine("", "2025-03-01T10:00:00Z", "web-1", "app", None, 34),
        ),
    ],
)
def test_headers(text: str, line: SyslogLine) -> None:
    assert parse_line(text) == line


@pytest.mark.parametrize(
    "text",
    [
        "",
        "words",
        "Foo  1 10:00:00 web-1 app: w",
        "Mar 41 10:00:00 web-1 app: w",
        "2025-03-01 10:00:00,123 INFO words of a program",
        "2025-03-01T10:00:00Z INFO words of a program",
        "127.0.0.1 - - [01/Mar/2025:10:00:00 +0000]",
    ],
)
def test_what_is_no_syslog(text: str) -> None:
    assert parse_line(text) is None


@pytest.mark.parametrize(
    ("line", "written", "time"),
    [
        ("Mar  1 10:00:00 h a: w", "2025-06-01", "2025-03-01T10:00:00.000Z"),
        ("Dec 31 23:59:59 h a: w", "2025-01-01", "2024-12-31T23:59:59.000Z"),
        ("Jan  1 00:00:00 h a: w", "2025-01-01", "2025-01-01T00:00:00.000Z"),
        ("Jan  1 10:00:00 h a: w", "2024-12-31T20:00", "2025-01-01T10:00:00.000Z"),
        ("Feb 29 10:00:00 h a: w", "2027-06-01", "2024-02-29T10:00:00.000Z"),
        ("Feb 30 10:00:00 h a: w", "2027-06-01", None),
        ("Mar  1 10:00:00 h a: w", None, None),
        ("<1>1 - h a - - - w", "2025-06-01", None),
    ],
)
def test_the_year_is_the_last_one_before_the_file_was_written(line: str, written: str | None, time: str | None) -> None:
    parsed = parse_line(line)
    assert parsed is not None
    found = time_of(parsed, parse_timestamp(written) if written else None)
    assert (None if found is None else format_timestamp(found)) == time

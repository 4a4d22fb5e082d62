"""Timestamps as text and numbers to nanoseconds since 1970 UTC, and back.

Nanoseconds, because sensors write up to nine fractional digits (sources.md 2) and equal milliseconds would lose the
order of a sequence.
"""

import calendar
import re
from datetime import UTC, datetime
from functools import lru_cache

NANOS = 1_000_000_000

ISO = re.compile(
    r"\s*(\d{4})-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?"
    r"\s*(Z|z|UTC|[+-]\d\d(?::?\d\d)?)?)?)?\s*"
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DIGITS = re.compile(r"\s*-?\d{1,19}(\.\d+)?\s*")


def parse_timestamp(value: str | float | int | bool) -> int | None:
    """Nanoseconds since 1970 of an ISO 8601 text (no zone means UTC), or of a number of milliseconds; None if neither.

    Numbers, and strings of digits, are milliseconds: Elasticsearch's `epoch_millis`. Year-only text is not accepted, it
    could not be told from a number.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value * 1_000_000
    if isinstance(value, float):
        return round(value * 1_000_000) if abs(value) < 1e16 else None
    if value[-1:] == "Z" and value[10:11] in ("T", " ") and (nanos := _plain(value)) is not None:
        return nanos
    found = ISO.fullmatch(value)
    if found:
        return _from_parts(found)
    if DIGITS.fullmatch(value):
        whole, _, fraction = value.strip().partition(".")
        nanos = int((fraction + "000000")[:6]) if fraction else 0
        return int(whole) * 1_000_000 + nanos
    return None


def _plain(text: str) -> int | None:
    """The time of `2024-05-01T10:00:00.123456Z`, the form most shippers write; None for text of another form."""
    fraction = text[20:-1]
    if text[19:20] != "." or not fraction.isdigit() or not fraction.isascii():
        return None
    since = _whole_seconds(text[:19])
    return None if since is None else since * NANOS + int(fraction[:9].ljust(9, "0"))


@lru_cache(maxsize=1024)
def _whole_seconds(text: str) -> int | None:
    """Seconds since 1970 of `2024-05-01T10:00:00`, which many records of a log share; None if it is no such time."""
    if not text.isascii() or text[4] + text[7] + text[13:17:3] != "--::":
        return None
    try:
        since = datetime.fromisoformat(f"{text}+00:00") - EPOCH
    except ValueError:
        return None
    return since.days * 86_400 + since.seconds


def _from_parts(found: re.Match[str]) -> int | None:
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        moment = datetime(int(year), int(month), int(day or 1), int(hour or 0), int(minute or 0), tzinfo=UTC)
    except ValueError:
        return None
    seconds = calendar.timegm(moment.timetuple()) + min(int(second or 0), 59)
    if int(second or 0) > 60:
        return None
    nanos = int((fraction or "0").ljust(9, "0"))
    if second == "60":  # a leap second: the last instant of the minute
        nanos = NANOS - 1
    return (seconds - _offset_seconds(zone)) * NANOS + nanos


def _offset_seconds(zone: str | None) -> int:
    if zone is None or zone in ("Z", "z", "UTC"):
        return 0
    digits = zone[1:].replace(":", "")
    seconds = int(digits[:2]) * 3600 + int(digits[2:] or 0) * 60
    return -seconds if zone[0] == "-" else seconds


def format_timestamp(nanos: int, *, digits: int | None = None) -> str:
    """ISO 8601 in UTC with `Z`; three fractional digits, or as many more groups of three as the value needs."""
    seconds, rest = divmod(nanos, NANOS)
    fraction = f"{rest:09d}"
    if digits is None:
        digits = 3 if fraction.endswith("000000") else 6 if fraction.endswith("000") else 9
    text = _text_of_seconds(seconds)
    if text is None:
        return f"{nanos // 1_000_000}"
    return f"{text}.{fraction[:digits]}Z" if digits else f"{text}Z"


@lru_cache(maxsize=1024)
def _text_of_seconds(seconds: int) -> str | None:
    """`2024-05-01T10:00:00` of seconds since 1970; None beyond the years 1 to 9999."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    # strftime("%Y") does not pad years below 1000 on every platform; isoformat does.
    return moment.replace(tzinfo=None).isoformat(timespec="seconds")

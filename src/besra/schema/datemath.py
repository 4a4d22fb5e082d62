"""Date math (`now-9m`, `now/d`, `2025-01-01||+1M/d`; detection-engine.md 2.2) and durations (`5m`, `maxspan=90s`).

    expression = ( "now" | date "||" ) { ( "+" | "-" ) [ integer ] unit | "/" unit }  |  date
    unit       = y M w d h H m s

Instants are nanoseconds since 1970 UTC, as everywhere in besra. *now* is always an argument.
"""

import calendar
import re
from datetime import UTC, datetime, timedelta

from besra.errors import DateMathError
from besra.problems import Problem
from besra.schema.timestamp import ISO, NANOS, parse_timestamp

NOW = "now"
SECONDS = {"s": 1, "m": 60, "h": 3600, "H": 3600, "d": 86400, "w": 7 * 86400}
STEP = re.compile(r"([+-])(\d*)([yMwdhHms])|/([yMwdhHms])")
YEAR = re.compile(r"\d{4}")
FIRST_MONDAY = 4 * 86400  # 1970-01-05; weeks start on Monday, as in Elasticsearch


ANY_NOW = 1_750_000_000_000_000_000
"""To measure between two expressions relative to the same now: 15 June 2025, so a month is 31 days and a year 365."""


def parse_date_math(text: str, now: int, *, round_up: bool = False) -> int:
    """The instant an expression names, in nanoseconds since 1970.

    `round_up` is for the end of a range: `/d` then gives the last nanosecond of the day, and a date without a time
    means its end. Numbers are milliseconds since 1970, except four digits, which are a year. Raises `DateMathError`
    (a ValueError).
    """
    text = text.strip()
    try:
        if text.startswith(NOW):
            return _apply(now, text.removeprefix(NOW), text, round_up)
        date, separator, steps = text.partition("||")
        return _apply(_instant(date, text, round_up and not separator), steps, text, round_up)
    except OverflowError:
        raise _error(text, "it lies outside the years 1 to 9999") from None


def depends_on_now(text: str) -> bool:
    """Whether an expression names another instant whenever it is read."""
    return text.strip().startswith(NOW)


def _instant(date: str, text: str, round_up: bool) -> int:
    if YEAR.fullmatch(date):
        date, unit = f"{date}-01", "y"
    else:
        unit = _precision(date)
    instant = parse_timestamp(date)
    if instant is None:
        raise _error(text, "it starts with neither now nor a date")
    return _end_of(instant, unit) if round_up and unit else instant


def _precision(date: str) -> str:
    """The unit of the last part an ISO date writes out; empty if it is written in full or no ISO date."""
    found = ISO.fullmatch(date)
    if not found:
        return ""
    day, hour, second, fraction = found.group(3, 4, 6, 7)
    return "" if fraction else "s" if second else "m" if hour else "d" if day else "M"


def _apply(instant: int, steps: str, text: str, round_up: bool) -> int:
    position = 0
    while position < len(steps):
        found = STEP.match(steps, position)
        if not found:
            raise _error(text, f"{steps[position:]!r} is no step of the form +1d, -9m or /h")
        sign, count, unit, rounding = found.groups()
        if rounding:
            instant = _end_of(instant, rounding) if round_up else _start_of(instant, rounding)
        else:
            instant = _add(instant, int(f"{sign}{count or 1}"), unit)
        position = found.end()
    return instant


def _add(instant: int, count: int, unit: str) -> int:
    if unit in SECONDS:
        moved = instant + count * SECONDS[unit] * NANOS
        _moment(moved // NANOS)  # rejects what no date can hold
        return moved
    seconds, rest = divmod(instant, NANOS)
    moment = _moment(seconds)
    months = moment.year * 12 + moment.month - 1 + count * (12 if unit == "y" else 1)
    year, month = divmod(months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError
    # One month after 31 January is the last day of February.
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return _seconds(moment.replace(year=year, month=month + 1, day=day)) * NANOS + rest


def _start_of(instant: int, unit: str) -> int:
    seconds = instant // NANOS
    if unit in SECONDS:
        origin = FIRST_MONDAY if unit == "w" else 0
        return ((seconds - origin) // SECONDS[unit] * SECONDS[unit] + origin) * NANOS
    month = 1 if unit == "y" else _moment(seconds).month
    return _seconds(datetime(_moment(seconds).year, month, 1, tzinfo=UTC)) * NANOS


def _end_of(instant: int, unit: str) -> int:
    return _add(_start_of(instant, unit), 1, unit) - 1


def _moment(seconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def _seconds(moment: datetime) -> int:
    return calendar.timegm(moment.timetuple())


def _error(text: str, reason: str) -> DateMathError:
    hint = "write now-9m, now/d, 2025-01-31T08:00:00Z or 2025-01-31||+1M; units are y M w d h H m s"
    return DateMathError(Problem("date-math", f"{text!r} is not a date: {reason}", hint=hint))


UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
DURATION = re.compile(r"(\d{1,18})(ms|s|m|h|d)")


def parse_duration(text: str) -> timedelta:
    """The length of `<integer><unit>` with a unit of ms, s, m, h or d (detection-engine.md 1.2, `interval`).

    Raises ValueError with a message fit to show.
    """
    found = DURATION.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is not a duration: write an integer and a unit (ms, s, m, h, d), as in 5m")
    try:
        return int(found[1]) * UNITS[found[2]]
    except OverflowError:
        raise ValueError(f"{text!r} is too long a duration") from None


def nanoseconds(length: timedelta) -> int:
    """A length of time in nanoseconds."""
    return length // timedelta(microseconds=1) * 1000


def format_duration(length: timedelta) -> str:
    """The shortest text in one unit: 3600 s is `1h`, 90 s is `90s`. Below a millisecond is cut off."""
    millis = length // timedelta(milliseconds=1)
    for unit in ("d", "h", "m", "s"):
        count, rest = divmod(millis, UNITS[unit] // timedelta(milliseconds=1))
        if not rest and count:
            return f"{count}{unit}"
    return f"{millis}ms" if millis else "0s"

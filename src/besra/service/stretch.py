"""Stretches of time as requests name them: dates, or date math such as `now-2d`, which `now` gives a meaning."""

from besra.errors import DateMathError
from besra.schema.datemath import parse_date_math
from besra.service.answering import RequestError
from besra.storage.event_find import Stretch


def stretch_of(start: str | None, end: str | None, now: int) -> Stretch:
    """A closed range of times, each end in nanoseconds since 1970. Raises RequestError (400)."""
    time = Stretch(time_of("start", start, now), time_of("end", end, now))
    if time.start is not None and time.end is not None and time.start > time.end:
        raise RequestError(400, "start is not after end")
    return time


def time_of(name: str, text: str | None, now: int) -> int | None:
    """A time, None for none. Raises RequestError (400)."""
    if text is None:
        return None
    try:
        return parse_date_math(text, now)
    except DateMathError as error:
        raise RequestError(400, f"{name}: {error.problem.message}; {error.problem.hint}") from error

"""What a service says of itself: a line for each happening, with its time, how bad it is, who says it, and fields.

The standard library's loggers do, since the server of HTTP and the clients of brokers use them too. What is ours is how
a line looks, and that a line that comes again and again is said once a minute. Nothing of requests is in a line but the
method, the path, the status and their sizes: headers, queries and bodies hold what nobody should read here.
"""

import asyncio
import logging
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TextIO

import orjson

ROOT = "besra"
OTHERS = ("uvicorn", "faust", "nats")
"""The loggers of libraries whose lines are among ours."""
ACCESS = "access"
FIELDS = "besra_fields"
"""Where a record has its fields."""
AGAIN = 60.0
"""Seconds in which the same line is said once."""
MOST_REMEMBERED = 1000
LEVELS = ("debug", "info", "warning", "error")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class LogForm(StrEnum):
    """How a line looks."""

    TEXT = "text"
    JSON = "json"


def say(part: str, message: str, level: str = "info", **fields: Any) -> None:
    """Say something: `part` is who, `fields` are what a program may want of it."""
    logging.getLogger(f"{ROOT}.{part}").log(getattr(logging, level.upper()), "%s", message, extra={FIELDS: fields})


def telling(part: str) -> Callable[[str], None]:
    """What a part of the service tells goes on with: `error: …` is an error, `….: warning: …` a warning."""

    def tell(line: str) -> None:
        if line.startswith("error: "):
            say(part, line.removeprefix("error: "), "error")
        else:
            say(part, line, "warning" if "warning: " in line.partition("\n")[0] else "info")

    return tell


# --- forms ------------------------------------------------------------------------------------------------------------


class JsonLine(logging.Formatter):
    """A line as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging."""
        line = {
            "@timestamp": _time(record),
            "log.level": record.levelname.lower(),
            "log.logger": _part(record),
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["error.stack_trace"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode("utf-8", "replace")


class TextLine(logging.Formatter):
    """A line for people: no control characters, which could steer a terminal or look like another line."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging."""
        message = "; ".join(part.strip() for part in record.getMessage().splitlines())
        told = " ".join(f"{name}={_shown(value)}" for name, value in _fields(record).items())
        trace = "\n" + self.formatException(record.exc_info) if record.exc_info else ""
        start = f"{_time(record)} {record.levelname.lower():<7} {_part(record)}: "
        return start + UNPRINTABLE.sub(_written, f"{message} ({told})" if told else message) + trace


def _shown(value: object) -> str:
    text = str(value)
    return orjson.dumps(text).decode() if " " in text or not text else text


def _written(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(record.msecs):03}Z"


def _part(record: logging.LogRecord) -> str:
    return record.name.removeprefix(f"{ROOT}.").removesuffix(".error")


def _fields(record: logging.LogRecord) -> Mapping[str, Any]:
    return getattr(record, FIELDS, {})


# --- where lines go ---------------------------------------------------------------------------------------------------


class Lines(logging.StreamHandler[TextIO]):
    """Writes lines, the same one once a minute; how often it came since is told with the next one, or at the end."""

    def __init__(self, stream: TextIO, form: LogForm, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stream)
        self.setFormatter(JsonLine() if form is LogForm.JSON else TextLine())
        self.addFilter(_is_ours_to_tell)
        self._clock = clock
        self._said: dict[tuple[str, str], tuple[float, int, logging.LogRecord]] = {}
        """When each line was said, how often it came since, and the last one."""

    def emit(self, record: logging.LogRecord) -> None:
        """See logging."""
        now = self._clock()
        self._tell_repeats(now)
        key = (record.name, f"{record.getMessage()} {_fields(record)}")
        if _part(record) == ACCESS:
            super().emit(record)
        elif key in self._said:
            since, times, _ = self._said[key]
            self._said[key] = since, times + 1, record
        else:
            self._said[key] = now, 0, record
            super().emit(record)

    def tell_repeats(self) -> None:
        """Say now how often lines came again."""
        self._tell_repeats(float("inf"))

    def close(self) -> None:
        """See logging."""
        self.tell_repeats()
        super().close()

    def _tell_repeats(self, now: float) -> None:
        """Forget lines that were said long ago, and say of those that came again how often."""
        many = len(self._said) > MOST_REMEMBERED
        for key, (since, times, record) in list(self._said.items()):
            if now - since < AGAIN and not many:
                return  # they are in order of their times
            del self._said[key]
            if times:
                again = logging.makeLogRecord({**record.__dict__, FIELDS: {**_fields(record), "repeated": times}})
                super().emit(again)


def _is_ours_to_tell(record: logging.LogRecord) -> bool:
    """All but that something was cancelled: whoever stops the service at once knows what that ends."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


@contextmanager
def logging_to(stream: TextIO | None, form: LogForm, level: str) -> Iterator[Lines]:
    """Have lines of a level and worse written while the block runs; None is standard error."""
    lines = Lines(stream or sys.stderr, form)
    loggers = [logging.getLogger(name) for name in (ROOT, *OTHERS)]
    before = [(logger.level, logger.propagate) for logger in loggers]
    least = getattr(logging, level.upper())
    for logger in loggers:
        logger.addHandler(lines)
        # Libraries tell more than anybody wants to know.
        logger.setLevel(least if logger.name == ROOT or level == "debug" else max(least, logging.WARNING))
        logger.propagate = False
    try:
        yield lines
    finally:
        for logger, (old, propagate) in zip(loggers, before, strict=True):
            logger.removeHandler(lines)
            logger.setLevel(old)
            logger.propagate = propagate
        lines.close()

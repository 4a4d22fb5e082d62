"""How texts that are no JSON are read."""

from dataclasses import dataclass

from besra.events.recognise import DEFAULTS, Intake


@dataclass(frozen=True, slots=True)
class TextOptions:
    """`limit`: bytes of the longest record. `intake`: how records become events. `written`: when the file was last
    written, in nanoseconds since 1970, if that is known. `lines_before`: lines of the file before what is read."""

    limit: int
    intake: Intake = DEFAULTS
    written: int | None = None
    lines_before: int = 0

"""What came of a scenario."""

from dataclasses import dataclass, field

from tests.crash.verdict import Verdict


class SkippedError(Exception):
    """A scenario needs what is not to be had here; the text says what."""


@dataclass
class Outcome:
    """What was done, in words, and what came of it."""

    told: str
    verdict: Verdict = field(default_factory=Verdict)

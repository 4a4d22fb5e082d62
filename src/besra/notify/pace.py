"""How fast things are sent through a connector, and when one that does not answer is tried again."""

import random
from collections import deque
from dataclasses import dataclass, field

from besra.schema.timestamp import NANOS

MINUTE = 60 * NANOS
FIRST = 5.0
LONGEST = 900.0
"""Seconds until something is tried again: the first time, and at the most."""
GIVEN_UP = 24 * 3600 * NANOS
"""What could not be sent for so long is dead."""
LONGEST_ASKED = 3600.0
"""Seconds for which the other side may ask to be left alone."""


def pause_after(failures: int, chance: float) -> float:
    """Seconds until the next try after so many failures; `chance`, from 0 to 1, keeps many from coming at once."""
    whole = min(FIRST * 2.0 ** min(failures - 1, 20), LONGEST)
    return whole * (0.5 + chance / 2)


@dataclass
class Pace:
    """The pace of one connector. One thread at a time. Times are in nanoseconds since 1970."""

    sent: deque[int] = field(default_factory=deque)
    """When things were sent within the last minute."""
    failures: int = 0
    paused_until: int = 0
    is_troubled: bool = False
    """Whether what was sent last was not taken, for whatever reason."""

    def left(self, per_minute: int, now: int) -> int:
        """How many may be sent now."""
        # A clock that was set back must not stop it for good.
        while self.sent and not now - MINUTE < self.sent[0] <= now + MINUTE:
            self.sent.popleft()
        is_paused = now < self.paused_until <= now + int(LONGEST_ASKED * NANOS)
        return 0 if is_paused else per_minute - len(self.sent)

    def note_sent(self, now: int) -> None:
        """Something was taken."""
        self.sent.append(now)
        self.failures = 0

    def note_refused(self, now: int) -> None:
        """Something was refused for good, which says nothing about what comes next."""
        self.sent.append(now)

    def note_failed(self, now: int, retry_after: float | None, chance: float | None = None) -> int:
        """Something was not taken; when the next try is."""
        self.failures += 1
        pause = pause_after(self.failures, random.random() if chance is None else chance)
        pause = max(pause, min(retry_after or 0.0, LONGEST_ASKED))
        self.paused_until = now + int(pause * NANOS)
        return self.paused_until

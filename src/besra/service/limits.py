"""How often somebody may ask, and how long somebody waits who has given a wrong password too often.

A wrong password costs its name and its address: after a few, each of them waits before the next is looked at, twice as
long every time, minutes at most. So that nobody can lock somebody else out, what comes from this machine is counted by
itself and waits for seconds only, and a name goes on as before at addresses where it was let in lately.
"""

import ipaddress
from dataclasses import dataclass, field
from functools import lru_cache

MOST = 10_000
"""Names and addresses remembered; beyond, the oldest are forgotten."""


@dataclass(slots=True)
class Bucket:
    """Requests that may be made now, and when that was counted."""

    left: float
    at: float


class Rate:
    """So many requests a second for each name, and `burst` at once."""

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._buckets: dict[str, Bucket] = {}

    def wait(self, name: str, now: float) -> float:
        """Count a request; the seconds until it may be made, 0 for at once."""
        bucket = self._buckets.get(name)
        if bucket is None:
            _make_room(self._buckets)
            bucket = self._buckets[name] = Bucket(self._burst, now)
        left = min(self._burst, bucket.left + (now - bucket.at) * self._per_second)
        bucket.at = now
        if left < 1:
            bucket.left = left
            return (1 - left) / self._per_second
        bucket.left = left - 1
        return 0.0


@dataclass(frozen=True, slots=True)
class Pauses:
    """Wrong passwords that cost nothing, and the longest pause in seconds: from elsewhere, and from this machine."""

    free: int = 5
    longest: float = 300.0
    longest_here: float = 30.0
    forgotten: float = 3600.0


@dataclass(slots=True)
class Failures:
    """How often, and until when nothing is looked at."""

    count: int = 0
    until: float = 0.0


@dataclass
class LockOut:
    """Who gave wrong passwords lately. Times are seconds of a clock that only goes forward."""

    pauses: Pauses = field(default_factory=Pauses)
    _failures: dict[tuple[str, str], Failures] = field(default_factory=dict)
    _good: dict[tuple[str, str], float] = field(default_factory=dict)

    def wait(self, name: str, address: str, now: float) -> float:
        """The seconds until a password of a name is looked at again, 0 for at once."""
        found = (self._failures.get(subject) for subject in self._subjects(name, address))
        return max((failures.until - now for failures in found if failures), default=0.0)

    def failed(self, name: str, address: str, now: float) -> None:
        """A password was wrong. Without a name (`""`) it was a key or a token."""
        longest = self.pauses.longest_here if is_loopback(address) else self.pauses.longest
        for subject in self._subjects(name, address):
            failures = self._failures.get(subject)
            if failures is None or now - failures.until > self.pauses.forgotten:
                _make_room(self._failures)
                failures = self._failures[subject] = Failures(until=now)
            failures.count += 1
            over = failures.count - self.pauses.free
            failures.until = now + (min(longest, 2.0 ** min(over, 20)) if over >= 0 else 0.0)

    def passed(self, name: str, address: str, now: float) -> None:
        """A password was right."""
        for subject in self._subjects(name, address):
            self._failures.pop(subject, None)
        _make_room(self._good)
        self._good[name, address] = now

    def _subjects(self, name: str, address: str) -> list[tuple[str, str]]:
        """What is counted: a name at an address that knows it, else the name, and the address."""
        if not name:
            return [("", address)]
        if (name, address) in self._good:
            return [(name, address)]
        return [(name, "here" if is_loopback(address) else "elsewhere"), ("", address)]


def _make_room(remembered: dict[str, Bucket] | dict[tuple[str, str], Failures] | dict[tuple[str, str], float]) -> None:
    if len(remembered) >= MOST:
        for name in list(remembered)[: MOST // 10]:
            del remembered[name]  # type: ignore[arg-type]


@lru_cache(MOST)
def is_loopback(address: str) -> bool:
    """Whether an address is of this machine itself; a name is, if it is `localhost`."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address.lower().rstrip(".") in ("localhost", "localhost.localdomain")
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)

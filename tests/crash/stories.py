"""What the events of the crash tests tell: stories that rules look for, each under names of its own.

A story is told by one sender in order, as the events of a host come from one shipper; only the stories of two senders
are told by both, in any order. So what a scan finds does not depend on which request came first.
"""

from collections.abc import Iterator
from random import Random
from typing import Any

from besra.demo.stream import demo_documents
from besra.schema.timestamp import NANOS, format_timestamp
from tests.crash.rules import INDEX, INDICATORS

Document = dict[str, Any]
Told = tuple[str, Document]
"""An index and a document for it."""

MILLI = 1_000_000
UNDER_WAY = 12
"""Stories a sender tells at a time."""
ENDPOINT = "logs-endpoint.events.process-default"


def story(kind: str, name: str) -> list[Told]:
    """The documents of a story but for their times."""

    def one(action: str, **more: Any) -> Told:
        return INDEX, {"event.action": action, "message": f"{name} says something that nobody looks at", **more}

    match kind:
        case "single":
            return [one("single", **{"user.id": name})]
        case "sequence":
            entity = {"process.entity_id": name}
            return [one("start", **entity), one("noise", **entity), one("connect", **entity)]
        case "threshold":
            return [one("counted", **{"user.name": name, "process.pid": number}) for number in range(8)]
        case "new term":
            return [one("visited", **{"destination.domain": f"{name}.example"}) for _ in range(3)]
        case "suppressed":
            return [one("denied", **{"source.ip": _address(name), "source.port": number}) for number in range(6)]
        case "sample":
            return [one(action, **{"host.id": name}) for action in ("two", "one", "three")]
        case "indicator":
            domain = f"{name}.bad.example"
            known = {"event": {"kind": "enrichment"}, "threat": {"indicator": {"url": {"domain": domain}}}}
            return [(INDICATORS, known), one("resolved", **{"dns.question.name": domain})]
        case "example":
            return [(ENDPOINT, _example(name, number)) for number in range(3)]
        case _:
            return [one("noise", number=number) for number in range(10)]


KINDS = ("single", "sequence", "threshold", "new term", "suppressed", "sample", "indicator", "noise")


def _address(name: str) -> str:
    number = Random(name).getrandbits(64)
    return f"2001:db8::{number >> 48:x}:{number >> 32 & 0xFFFF:x}:{number >> 16 & 0xFFFF:x}:{number & 0xFFFF:x}"


def _example(name: str, number: int) -> Document:
    """What three rules of the examples look for; a fourth one is about the three together."""
    process = (
        {"name": "vssadmin.exe", "args": ["vssadmin", "delete", "shadows"]},
        {"name": "a.exe", "pe": {"original_file_name": "CertUtil.exe"}},
        {"name": "pwsh.exe", "args": ["pwsh", "-enc", "A" * 200], "command_line": "pwsh -enc " + "A" * 200},
    )[number]
    return {
        "event": {"category": ["process"], "type": ["start"]},
        "host": {"id": name, "name": name, "os": {"type": "windows"}},
        "process": process,
    }


class Teller:
    """The documents of one sender without end, until it is told to come to an end.

    Times ascend by at least a millisecond, from the time of the first call on.
    """

    def __init__(self, name: str, random: Random) -> None:
        self._name = name
        self._random = random
        self._begun = 0
        self._time = 0
        self._open: list[list[Told]] = []
        self._most_examples = 15
        """Rules of the examples make a hundred alerts in a run and in a scan, and no more."""
        self.elsewhere: list[Told] = []
        """What another sender is to tell."""
        self.given: list[Told] = []
        """What this one is to tell for another."""

    def next(self, now: int) -> Told:
        """The next document."""
        while len(self._open) < UNDER_WAY:
            self._open.append(self._story(now))
        return self._from_open(now)

    def rest(self, now: int) -> Iterator[Told]:
        """The ends of the stories under way."""
        while self._open or self.given:
            yield self._from_open(now)

    def _from_open(self, now: int) -> Told:
        if self.given:
            return self.given.pop()
        told = self._random.choice(self._open)
        index, document = told.pop(0)
        if not told:
            self._open.remove(told)
        return index, {"@timestamp": self._stamp(now), **document}

    def _stamp(self, now: int) -> str:
        self._time = max(now // MILLI * MILLI, self._time + MILLI)
        return format_timestamp(self._time)

    def _story(self, now: int) -> list[Told]:
        self._begun += 1
        name = f"{self._name}-{self._begun}"
        if self._random.random() < 0.08:
            stamp = self._stamp(now)
            later = format_timestamp(self._time + NANOS)
            document = {"@timestamp": later, "event.action": "right", "host.id": name}
            self.elsewhere.append((INDEX, document))
            return [(INDEX, {"@timestamp": stamp, "event.action": "left", "host.id": name})]
        if self._random.random() < 0.01 and self._most_examples:
            self._most_examples -= 1
            return story("example", name)
        return story(self._random.choice(KINDS), name)


def demo_stream() -> Iterator[Told]:
    """The demo's events, in which the bundled rules find four alerts."""
    for document in demo_documents(minutes=1):
        parts = document["data_stream"]
        yield f"{parts['type']}-{parts['dataset']}-{parts['namespace']}", document

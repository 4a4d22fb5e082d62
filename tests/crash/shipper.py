"""A shipper: sends documents by `_bulk` until it has an answer, and remembers what was acknowledged."""

import gzip
import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from tests.crash.stories import Document, Teller, Told

TIMEOUT = 60
"""Seconds until a request that is not answered counts as lost."""
MOST = 60
"""Documents of a request."""
REMEMBERED = 20
"""Acknowledged requests of which one is sent again now and then, as by a shipper that has lost its place."""


@dataclass
class Sent:
    """What a shipper knows of what it sent: documents by index and id."""

    acknowledged: dict[tuple[str, str], Document] = field(default_factory=dict)
    unanswered: dict[tuple[str, str], Document] = field(default_factory=dict)
    """Those it gave up: they may be there or not."""
    again: set[tuple[str, str]] = field(default_factory=set)
    """Those that were sent more than once without a word that refuses a known id."""
    answers: Counter[int] = field(default_factory=Counter)
    """How often each status was answered, by document, and by request for those refused as a whole."""
    faults: list[str] = field(default_factory=list)
    """Answers that nothing explains."""

    def add(self, other: "Sent") -> None:
        """Take what another one knows."""
        self.acknowledged |= other.acknowledged
        self.unanswered |= other.unanswered
        self.again |= other.again
        self.answers += other.answers
        self.faults += other.faults


@dataclass(frozen=True)
class Manner:
    """How a shipper sends: the action, whether documents have ids, whether it compresses, and its pause in seconds."""

    action: str = "create"
    has_ids: bool = True
    compresses: bool = False
    pause: float = 0.05
    gives_up: float = 0.0
    """The share of unanswered requests it does not send again."""


class Shipper(threading.Thread):
    """One connection's worth of load. `finish` lets it send what is under way; then it ends."""

    def __init__(self, name: str, port: int, manner: Manner, documents: "Teller | Iterable[Told]", seed: int) -> None:
        super().__init__(name=name, daemon=True)
        self.sent = Sent()
        self._port = port
        self._manner = manner
        self._random = Random(seed)
        self._documents = documents if isinstance(documents, Teller) else None
        self._listed = None if isinstance(documents, Teller) else iter(documents)
        self._is_over = threading.Event()
        self._is_given_up = threading.Event()
        self._connection: http.client.HTTPConnection | None = None
        self._number = 0
        self._past: list[list[tuple[str, str | None, Document]]] = []

    def finish(self) -> None:
        """Come to an end: what has been begun is still sent."""
        self._is_over.set()

    def give_up(self) -> None:
        """End at once."""
        self._is_over.set()
        self._is_given_up.set()

    def run(self) -> None:
        """Send until told to come to an end."""
        try:
            while not self._is_given_up.is_set() and (documents := self._next()):
                request = [(index, self._id(), document) for index, document in documents]
                if self._deliver(request, may_give_up=True):
                    self._past = [*self._past[-REMEMBERED:], request]
                if self._past and self._random.random() < 0.03:
                    self._deliver(self._random.choice(self._past), is_known=True)
                if not self._is_over.is_set():
                    time.sleep(self._manner.pause * self._random.random() * 2)
        except Exception as error:
            self.sent.faults.append(f"{self.name}: {error!r}")

    def _id(self) -> str | None:
        self._number += 1
        return f"{self.name}-{self._number}" if self._manner.has_ids else None

    def _next(self) -> list[Told]:
        count = self._random.randint(1, MOST)
        if self._listed is not None:
            return [told for told, _ in zip(self._listed, range(count), strict=False)]
        teller = self._documents
        assert teller is not None
        if not self._is_over.is_set():
            return [teller.next(time.time_ns()) for _ in range(count)]
        return [told for told, _ in zip(teller.rest(time.time_ns()), range(count), strict=False)]

    def _deliver(
        self,
        request: list[tuple[str, str | None, Document]],
        *,
        is_known: bool = False,
        may_give_up: bool = False,
    ) -> bool:
        """Send a request until it is answered; whether it was. `is_known` says that it was acknowledged before."""
        body = _body(request, self._manner.action)
        attempts = 0
        while not self._is_given_up.is_set():
            attempts += 1
            status, answer = self._post(body)
            if status == 200:
                self._note(request, answer, is_known=is_known, is_first=attempts == 1)
                return True
            self.sent.answers[status] += 1
            if status == 0 and may_give_up and self._random.random() < self._manner.gives_up:
                break
            if status not in (0, 429, 503):
                self.sent.faults.append(f"{self.name}: answered with {status}: {answer[:300]!r}")
                return False
            if status == 503 and b"nothing was taken" not in answer:
                self.sent.faults.append(f"{self.name}: {answer[:300]!r}")
            time.sleep(0.05 + 0.2 * self._random.random())
        for index, id_, document in request:
            if id_ is not None and (index, id_) not in self.sent.acknowledged:
                self.sent.unanswered[index, id_] = document
        return False

    def _note(
        self,
        request: list[tuple[str, str | None, Document]],
        answer: bytes,
        *,
        is_known: bool,
        is_first: bool,
    ) -> None:
        told = json.loads(answer)
        items = [item[self._manner.action] for item in told["items"]]
        if len(items) != len(request):
            self.sent.faults.append(f"{self.name}: {len(items)} answers to {len(request)} documents")
        for (index, id_, document), item in zip(request, items, strict=False):
            status = item["status"]
            self.sent.answers[status] += 1
            if status not in (200, 201, 409) or (id_ is not None and item["_id"] != id_):
                self.sent.faults.append(f"{self.name}: {item} for {id_}")
                continue
            if status != 201 and is_first and not is_known:
                self.sent.faults.append(f"{self.name}: {status} for {id_}, which is sent for the first time")
            if is_known and id_ is not None and status == 201:
                self.sent.faults.append(f"{self.name}: {id_} is new again")
            self.sent.acknowledged[index, item["_id"]] = document
            if status != 409 and not (is_first and not is_known):
                self.sent.again.add((index, item["_id"]))

    def _post(self, body: bytes) -> tuple[int, bytes]:
        """The status and the answer; 0 if there is none."""
        # Without a name it would be taken for rsyslog, which is answered otherwise.
        headers = {"Content-Type": "application/x-ndjson", "User-Agent": "a shipper"}
        if self._manner.compresses:
            body = gzip.compress(body, 1)
            headers["Content-Encoding"] = "gzip"
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT)
            self._connection.request("POST", "/_bulk", body, headers)
            response = self._connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            return 0, b""


def _body(request: Iterable[tuple[str, str | None, Document]], action: str) -> bytes:
    lines = []
    for index, id_, document in request:
        meta = {"_index": index} if id_ is None else {"_index": index, "_id": id_}
        lines += [json.dumps({action: meta}), json.dumps(document)]
    return ("\n".join(lines) + "\n").encode()

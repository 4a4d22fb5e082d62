"""Sending documents to a running service by `_bulk`: in order, each with its id, again and again until it is answered.

One thread sends while the next documents are read. Ids make it harmless to send a batch again of which nobody knows
what became of it.
"""

import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, NoReturn

import orjson
import zstandard

from besra.events.event import Event, Origin
from besra.events.index_name import names_of_index
from besra.events.json_line import document_text
from besra.service.peer import BUSY, DENIED, Answer, AwayError, Peer, PeerError

DOCUMENTS = 5000
BYTES = 4 << 20
"""A batch is sent when it has so many documents or bytes."""
READ_AHEAD = 2
"""Batches that wait to be sent."""
PATIENCE = 300.0
"""Seconds without anything being taken after which sending is given up."""
PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds between two attempts, where the service does not say how long to wait."""
REASONS = 5
"""Reasons kept of documents that are refused."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A document on its way: the lines that ask for it, and where it was read."""

    lines: bytes
    origin: Origin


def sending_of(event: Event) -> Sending | None:
    """An event as it is sent, with its id and all names it answers to; None if it cannot be written as JSON."""
    text = event.written or document_text(event)
    if text is None:
        return None
    meta: dict[str, Any] = {"_index": event.index[0], "_id": event.id}
    if names_of_index(event.index[0]) != event.index:
        meta["_aliases"] = event.index[1:]
    return Sending(b"%b\n%b\n" % (orjson.dumps({"create": meta}), text), event.origin)


@dataclass(slots=True)
class SentCounts:
    """What became of the documents. `reasons` holds the first reasons for refusing some, with where the first is."""

    taken: int = 0
    known: int = 0
    refused: int = 0
    reasons: dict[str, Origin] = field(default_factory=dict)

    def refuse(self, origin: Origin, reason: str) -> None:
        """A document was refused."""
        self.refused += 1
        if len(self.reasons) < REASONS:
            self.reasons.setdefault(reason, origin)


class BulkSender:
    """Sends documents, in the order they are given. A context: at its end all are sent, unless an exception ends it.

    `add` and the end raise PeerError if the service does not take them.
    """

    def __init__(self, peer: Peer) -> None:
        self.counts = SentCounts()
        self.waits = 0
        """Times the service asked to wait, or was away."""
        self._peer = peer
        self._batch: list[Sending] = []
        self._size = 0
        self._ready: queue.Queue[list[Sending] | None] = queue.Queue(READ_AHEAD)
        self._stop = threading.Event()
        self._error: Exception | None = None
        self._compress = zstandard.ZstdCompressor(1).compress
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)

    def __enter__(self) -> "BulkSender":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None:
            self._stop.set()  # what is on its way may arrive or not; nobody waits for it
            return
        self._pass_on()
        self._ready.put(None)
        self._thread.join()
        self._check()

    def add(self, sending: Sending) -> None:
        """Send a document, soon."""
        self._batch.append(sending)
        self._size += len(sending.lines)
        if len(self._batch) >= DOCUMENTS or self._size >= BYTES:
            self._pass_on()

    def _pass_on(self) -> None:
        self._check()
        if self._batch:
            self._ready.put(self._batch)
        self._batch, self._size = [], 0

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while (batch := self._ready.get()) is not None:
            if self._error is None and not self._stop.is_set():
                try:
                    self._send(batch)
                except Exception as error:  # raised where the next document is added
                    self._error = error
        self._peer.close()

    def _send(self, batch: Sequence[Sending]) -> None:
        """Send a batch until all of it is answered."""
        pause, since = PAUSE, time.monotonic()
        while batch and not self._stop.is_set():
            try:
                answer = self._ask(batch)
            except AwayError as error:
                self._wait(pause, since, f"cannot be reached: {error}")
                pause = min(2 * pause, LONGEST_PAUSE)
                continue
            if answer.status == 413 and len(batch) > 1:
                half = len(batch) // 2
                self._send(batch[:half])
                batch = batch[half:]
            elif answer.status in BUSY:
                self._wait(answer.retry_after or pause, since, answer.reason)
            else:
                rest = self._settled(batch, answer)
                since = since if len(rest) == len(batch) else time.monotonic()
                if rest:
                    self._wait(pause, since, "it is busy")
                batch = rest

    def _ask(self, batch: Sequence[Sending]) -> Answer:
        body = self._compress(b"".join(sending.lines for sending in batch))
        return self._peer.ask("POST", "/_bulk", body, Content_Type="application/x-ndjson", Content_Encoding="zstd")

    def _settled(self, batch: Sequence[Sending], answer: Answer) -> list[Sending]:
        """Count what became of a batch; what has to be sent again."""
        if answer.status == 413:
            self.counts.refuse(batch[0].origin, answer.reason)
            return []
        if answer.status in DENIED:
            raise self._peer.denied(answer)
        items = answer.body.get("items") if answer.status == 200 else None
        if not isinstance(items, list) or len(items) != len(batch):
            self._give_up(f"answered with {answer.status}: {answer.reason}")
        again = []
        for sending, item in zip(batch, items, strict=True):
            outcome = item.get("create", {})
            match outcome.get("status"):
                case 200 | 201:
                    self.counts.taken += 1
                case 409:
                    self.counts.known += 1
                case 429 | 503:
                    again.append(sending)
                case status:
                    reason = (outcome.get("error") or {}).get("reason")
                    self.counts.refuse(sending.origin, str(reason or f"answered with {status}"))
        return again

    def _wait(self, seconds: float, since: float, why: str) -> None:
        self.waits += 1
        if time.monotonic() - since > PATIENCE:
            self._give_up(f"took nothing for {PATIENCE:.0f} s: {why}")
        self._stop.wait(min(seconds, LONGEST_PAUSE))

    def _give_up(self, why: str) -> NoReturn:
        hint = "what was taken is kept; run it again later, documents that are there are not taken twice"
        raise PeerError.of("peer-failed", f"{self._peer.address.url} {why}", hint=hint)

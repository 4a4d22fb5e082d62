"""What detection remembers of events it has dealt with, made anew from the event store.

The store knows of each event which rules kept it when it arrived, so what a rule has followed for as long as its events
count is read from those it kept, which are few, and lie in files of their own. Only for a rule that is newer than that
all events are evaluated.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from besra.service.detector import Arrival, Detector
from besra.service.room import NoRoomError, lack_of_memory
from besra.service.stored_arrivals import arrivals_in
from besra.storage.event_store import EventStore

LAST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Known:
    """The events to be recalled: those of batches after one, up to another."""

    after: int
    last: int

    def of(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Those among some rows."""
        return rows.filter((pc.field("batch") > self.after) & (pc.field("batch") <= self.last))


def recall(detector: Detector, store: EventStore, followed: Mapping[int, int], known: Known, now: int) -> None:
    """Tell a detector of stored events that may still be part of something new, as ones that are dealt with.

    `followed` says by the positions of rules since when, in nanoseconds since 1970, all that arrived was evaluated for
    them. Raises EventStoreError, NoRoomError.
    """
    numbers = range(len(detector.rules))
    kept = {number for number in numbers if followed.get(number, LAST) <= now - detector.lasts(number)}
    _recall_kept(detector, store, kept, known, now)
    whole = [number for number in numbers if number not in kept]
    if whole:
        since = now - max(map(detector.lasts, whole))
        for rows in store.read(since, LAST, by="ingested", after=known.after):
            for arrivals in arrivals_in(known.of(rows)):
                _take(detector, arrivals, whole, now)
    detector.see()


def _recall_kept(detector: Detector, store: EventStore, kept: Collection[int], known: Known, now: int) -> None:
    if not kept:
        return
    marks = {detector.marks[number] for number in kept}
    since = now - max(map(detector.lasts, kept))
    for rows in store.read(since, LAST, by="ingested", is_kept=True, after=known.after):
        found = known.of(rows)
        # Without marks nobody had looked at the event when it was stored.
        wanted = [told is None or not marks.isdisjoint(told) for told in found.column("rules").to_pylist()]
        for arrivals in arrivals_in(found.filter(pa.array(wanted, pa.bool_()))):
            _take(detector, arrivals, kept, now)


def _take(detector: Detector, arrivals: Sequence[Arrival], only: Collection[int], now: int) -> None:
    """What is on disk had room there before; memory it must not fill."""
    detector.take(arrivals, only, as_of=now)
    if lacking := lack_of_memory(detector.kept):
        raise NoRoomError(lacking)

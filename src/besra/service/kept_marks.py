"""Which rules kept which events, from when they have been evaluated until the event store knows."""

import threading

from besra.service.detector import Marks, position_of


class KeptMarks:
    """The marks of events whose batches follow one that is stored. Any thread may use it."""

    def __init__(self, last: int) -> None:
        self._last = last
        self._first = last + 1
        self._marks: dict[int, tuple[int, ...]] = {}
        self._lock = threading.Lock()

    def add(self, marks: Marks, last: int) -> None:
        """Events up to those of a batch have been evaluated, and these of them kept."""
        with self._lock:
            self._marks.update((position, tuple(sorted(told))) for position, told in marks.items())
            self._last = max(self._last, last)

    def told(self, batch: int, place: int) -> tuple[int, ...] | None:
        """The marks of an event; None if it has not been evaluated here."""
        if not self._first <= batch <= self._last:
            return None
        return self._marks.get(position_of(batch, place), ())

    def forget(self, batch: int) -> None:
        """Events up to those of a batch are stored."""
        with self._lock:
            bound = position_of(batch + 1, 0)
            self._marks = {position: told for position, told in self._marks.items() if position >= bound}

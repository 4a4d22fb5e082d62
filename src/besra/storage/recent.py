"""The batches a journal has just kept, still in memory: whoever follows it need not read back what was there a moment
ago."""

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from besra.storage.journal import Batch

MEMORY = 192 << 20
"""Bytes of documents that are held."""


class Recent:
    """The last batches of a journal, as many as fit `memory` bytes; those after `last` are yet to come."""

    def __init__(self, last: int, memory: int = MEMORY) -> None:
        self._memory = memory
        self._since = last
        """The last batch that is not here, of all there are."""
        self._batches: deque[tuple[Batch, int]] = deque()
        self._size = 0
        self._lock = threading.Lock()

    def add(self, batch: "Batch") -> None:
        """Hold a batch that is on disk, the next one."""
        size = sum(len(record.line) for record in batch.records)
        with self._lock:
            self._batches.append((batch, size))
            self._size += size
            while self._size > self._memory:
                self._drop()

    def drop(self, number: int) -> None:
        """Let go of the batches up to this number."""
        with self._lock:
            while self._batches and self._batches[0][0].number <= number:
                self._drop()

    def _drop(self) -> None:
        batch, size = self._batches.popleft()
        self._since = batch.number
        self._size -= size

    def after(self, number: int) -> "list[Batch] | None":
        """The batches after one of that number, in their order; None if not all of them are here."""
        with self._lock:
            if number < self._since:
                return None
            return [batch for batch, _ in self._batches if batch.number > number]

"""The arrays that the decoding kernel works with: made, handed over by address, enlarged when it asks for room."""

from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from besra.events.kernels.interning import table_of
from besra.events.kernels.json_lines import (
    CROWDED,
    DEEPEST,
    DONE,
    FULL,
    LEVEL,
    LONG,
    TOKEN,
    Output,
    Work,
    decode,
    group,
)
from besra.events.kernels.key_tree import KeyTree
from besra.events.value_table import PADDING, ValueTable, grown

NEWLINE = 10
SEARCHED = 1 << 16

USUAL_LINE = 256
USUAL_VALUE = 24
USUAL_LONGEST = 1 << 14
"""Bytes of text to a line, to a value, of the longest line: first guesses at the room needed."""


class Lines:
    """The lines of a buffer: byte offsets of their first byte and of the end of their text, the number of lines before
    them, and which are slow."""

    def __init__(self, room: int) -> None:
        self.starts = np.empty(room, np.int64)
        self.ends = np.empty(room, np.int64)
        self.before = np.empty(room, np.int32)
        self.slow = np.empty(room, np.bool_)

    def arrays(self) -> tuple[NDArray[Any], ...]:
        """Starts, ends, lines before, slowness."""
        return self.starts, self.ends, self.before, self.slow

    def enlarge(self) -> None:
        """Doubles the room."""
        room = 2 * len(self.starts)
        self.starts, self.ends = grown(self.starts, room), grown(self.ends, room)
        self.before, self.slow = grown(self.before, room), grown(self.slow, room)


class Values:
    """The values of all fields as they came: field, row, value id; and the numbers left to Python."""

    def __init__(self, room: int) -> None:
        self.fields = np.empty(room, np.int32)
        self.rows = np.empty(room, np.int32)
        self.ids = np.empty(room, np.int32)
        # As many as there may be; what is not written to takes no memory.
        self.numbers = np.empty(room, np.int64)

    def arrays(self) -> tuple[NDArray[Any], ...]:
        """Fields, rows, ids, numbers."""
        return self.fields, self.rows, self.ids, self.numbers

    def enlarge(self) -> None:
        """Doubles the room."""
        room = 2 * len(self.fields)
        self.fields, self.rows, self.ids = grown(self.fields, room), grown(self.rows, room), grown(self.ids, room)
        self.numbers = grown(self.numbers, room)


class Decoding:
    """Decodes one buffer of lines after the other; value ids are those of `table`.

    What it works with is kept from one buffer to the next: fresh memory costs as much as the decoding.
    """

    def __init__(self, tree: KeyTree, table: ValueTable) -> None:
        self._tree = tree
        self._table = table
        self._counts = np.zeros(7, np.int64)
        self._seen = np.zeros(tree.addresses.entries + 1, np.int64)
        self._levels = np.empty(DEEPEST * LEVEL, np.uint8)
        self._size = -1
        self._make_work(USUAL_LONGEST)

    def decode_buffer(self, view: NDArray[np.uint8]) -> None:
        """Decodes a buffer, the last line of which may lack its line break.

        The kernel looks beyond what it decodes: so the last lines are decoded from a copy with room behind it.
        """
        if len(view) > self._size:
            self._size = len(view)
            self._lines = Lines(self._size // USUAL_LINE + 64)
            self._values = Values(self._size // USUAL_VALUE + 1024)
            self._texts = np.empty(self._size + 2 * PADDING, np.uint8)
        self._counts.fill(0)
        cut = last_break(view, len(view) - PADDING)
        self._decode(view[:cut], 0)
        size = len(view) - cut
        tail = np.zeros(size + 1 + PADDING, np.uint8)
        tail[:size] = view[cut:]
        tail[size] = NEWLINE
        # An end behind the last line break is no line.
        self._decode(tail[: size + 1 if size and tail[size - 1] != NEWLINE else size], cut)

    @property
    def seen(self) -> int:
        """Lines of the buffer, blank ones too."""
        return int(self._counts[6])

    def lines(self) -> tuple[NDArray[Any], ...]:
        """Starts, ends, lines before and slowness of the lines that are not blank."""
        count = int(self._counts[0])
        return tuple(array[:count].copy() for array in self._lines.arrays())

    def grouped(self, fields: int) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
        """For the fields in order: the end of the part of each, then the rows and value ids of all parts."""
        count = int(self._counts[1])
        ends = np.zeros(fields, np.int64)
        rows, ids = np.empty(count, np.int32), np.empty(count, np.int32)
        group(self._output(), address(ends), fields, address(rows), address(ids))
        return ends, rows, ids

    def _decode(self, text: NDArray[np.uint8], offset: int) -> None:
        """Adds the lines of a text, which begins at that offset of the buffer."""
        first = int(self._counts[0])
        start = p = address(text)
        stop = start + len(text)
        status = -1
        while status != DONE:
            table = table_of(self._table.interned)
            p, status = decode(p, stop, self._tree.addresses, table, self._work(), self._output())
            self._make_room(status)
        last = int(self._counts[0])
        self._lines.starts[first:last] += offset - start
        self._lines.ends[first:last] += offset - start
        self._take_numbers()

    def _make_room(self, status: int) -> None:
        """What the kernel asks for: it goes on with the line it lacked room for."""
        if status == LONG:
            self._make_work(2 * self._longest)
        elif status == CROWDED:
            self._table.reserve(*self._counts[4:6].tolist())
        elif status == FULL:
            self._lines.enlarge()
            self._values.enlarge()

    def _make_work(self, longest: int) -> None:
        self._longest = longest
        self._tokens = np.empty((longest // 2 + 1) * TOKEN, np.uint8)
        self._scratch = np.empty(longest + PADDING, np.uint8)

    def _take_numbers(self) -> None:
        """Gives ids to the numbers that the kernel left to Python."""
        count, size = self._counts[2:4].tolist()
        if count:
            numbers = orjson.loads(b"[%b]" % self._texts[: size - 1].tobytes())
            places = self._values.numbers[:count]
            self._values.ids[places] = self._table.number_ids(self._values.fields[places], numbers)
            self._counts[2:4] = 0

    def _work(self) -> Work:
        arrays: tuple[NDArray[Any], ...] = (self._seen, self._levels, self._tokens, self._scratch)
        seen, levels, tokens, scratch = map(address, arrays)
        return Work(seen, levels, tokens, scratch, self._longest)

    def _output(self) -> Output:
        starts, ends, before, slow = map(address, self._lines.arrays())
        fields, rows, ids, numbers = map(address, self._values.arrays())
        texts, counts = address(self._texts), address(self._counts)
        lines, places = len(self._lines.starts), len(self._values.fields)
        return Output(starts, ends, before, slow, fields, rows, ids, numbers, texts, counts, lines, places)


def address(array: NDArray[Any]) -> int:
    """Where in memory an array begins. The array has to be kept as long as the number is used."""
    return array.ctypes.data


def last_break(view: NDArray[np.uint8], stop: int) -> int:
    """The offset after the last line break before `stop`, or 0."""
    while stop > 0:
        start = max(0, stop - SEARCHED)
        found = np.flatnonzero(view[start:stop] == NEWLINE)
        if len(found):
            return start + int(found[-1]) + 1
        stop = start
    return 0

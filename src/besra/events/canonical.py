"""Lines of JSON made ready to be taken in, without a Python object for any of their values.

`Canoniser` says of each line what `events.identity`, `events.event_time` and `events.recognise` say of the document,
and puts a stamp into it; a line it does not vouch for is left to them. The second implementation is the judge of the
first (`tests/property/test_canonical.py`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from besra.events.event_time import TIMESTAMP
from besra.events.kernels.canonical import LEVEL, S_FIELDS, Output, Work, canonise
from besra.events.kernels.decoding import address
from besra.events.kernels.json_lines import DEEPEST, DONE, FULL, LONG
from besra.events.kernels.key_tree import KeyTree
from besra.events.kernels.members import MEMBER, MOST_MEMBERS
from besra.events.value_table import PADDING

EVENT, MEMBER_NAME = "event", "ingested"
INGESTED = f"{EVENT}.{MEMBER_NAME}"
"""The field of the stamp."""

MOST_FIELDS = 63
"""Fields whose presence can be asked for."""

USUAL_LONGEST = 1 << 14


@dataclass(frozen=True, slots=True)
class Canonical:
    """Lines that have been gone through; row *i* is line *i*.

    `slow` lines are not vouched for, and empty in what follows. `texts` holds the canonical documents, one behind the
    other, and `stamped` the lines with the stamp, each with a line break; row *i* is what lies before `text_ends[i]`
    or `stamped_ends[i]`. `times` are those of the documents in nanoseconds since 1970, `fields` has a bit for each of
    the fields asked for that has a value.
    """

    texts: memoryview
    text_ends: NDArray[np.int64]
    stamped: memoryview
    stamped_ends: NDArray[np.int64]
    times: NDArray[np.int64]
    fields: NDArray[np.int64]
    slow: NDArray[np.bool_]

    @property
    def text_starts(self) -> NDArray[np.int64]:
        """Where the canonical documents begin."""
        return np.concatenate([np.zeros(1, np.int64), self.text_ends[:-1]])

    def text(self, row: int) -> memoryview:
        """The canonical document of a row."""
        return self.texts[int(self.text_starts[row]) : int(self.text_ends[row])]

    def lines(self) -> Iterator[bytes]:
        """The stamped lines, without their line breaks; those of slow rows are empty."""
        whole, start = bytes(self.stamped), 0
        for end in self.stamped_ends.tolist():
            yield whole[start : max(start, end - 1)]
            start = end


class Canoniser:
    """Goes through lines, and says which of some `fields` their documents have. For use by one thread at a time.

    There may be up to MOST_FIELDS - 2 of them.
    """

    def __init__(self, fields: Sequence[str]) -> None:
        self.fields = (TIMESTAMP, INGESTED, *(name for name in fields if name not in (TIMESTAMP, INGESTED)))
        """Field *i* has bit *i*."""
        if len(self.fields) > MOST_FIELDS:
            raise ValueError(f"more than {MOST_FIELDS} fields")
        self._tree = KeyTree(self.fields, {})
        self._levels = np.empty(DEEPEST * LEVEL, np.uint8)
        self._order = np.empty(MOST_MEMBERS, np.int64)
        self._found = np.zeros(S_FIELDS // 8 + 1, np.int64)
        self._make_work(USUAL_LONGEST)

    def canonical(self, lines: Sequence[bytes], stamp: str) -> Canonical:
        """Go through lines, none of which is blank or has a line break in it. `stamp` needs no escape in JSON."""
        text = np.frombuffer(b"\n".join([*lines, bytes(PADDING)]), np.uint8)
        stamps, stamp_table = _stamps(stamp)
        room = len(lines)
        size = len(text) - PADDING
        texts = np.empty(size + PADDING, np.uint8)
        stamped = np.empty(size + room * len(stamps) + PADDING, np.uint8)
        ends, stamped_ends, times, fields = (np.empty(room, np.int64) for _ in range(4))
        slow = np.empty(room, np.bool_)
        counts = np.array([0, address(texts), address(stamped)], np.int64)
        output = Output(
            address(ends), address(stamped_ends), address(times), address(fields), address(slow), address(counts), room
        )
        start = p = address(text)
        status = -1
        while status != DONE:
            p, status = canonise(p, start + size, self._tree.addresses, self._work(stamp_table), output)
            if status == LONG:
                self._make_work(2 * self._longest)
            elif status == FULL:
                raise ValueError("a line break in a line")
        if counts[0] != room:
            raise ValueError("a blank line")
        ends -= address(texts)
        stamped_ends -= address(stamped)
        used, used_stamped = counts[1] - address(texts), counts[2] - address(stamped)
        views = memoryview(texts)[:used], memoryview(stamped)[:used_stamped]  # type: ignore[arg-type]  # buffers
        return Canonical(views[0], ends, views[1], stamped_ends, times, fields, slow)

    def _make_work(self, longest: int) -> None:
        self._longest = longest
        self._members = np.empty((longest // 4 + 1) * MEMBER, np.uint8)
        self._scratch = np.empty(longest + PADDING, np.uint8)

    def _work(self, stamps: NDArray[np.int64]) -> Work:
        levels, members, order = address(self._levels), address(self._members), address(self._order)
        scratch, found = address(self._scratch), address(self._found)
        return Work(levels, members, order, scratch, found, address(stamps), self._longest)


def _stamps(stamp: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """What a stamp is written as, by where it goes (`kernels.canonical`): the texts, and where each is."""
    value = f'"{stamp}"'
    inner, outer = f'"{MEMBER_NAME}":{value}', f'"{INGESTED}":{value}'
    parts = [part.encode() for part in (value, f",{inner}", inner, f",{outer}", outer)]
    texts = np.frombuffer(b"".join(parts) + bytes(PADDING), np.uint8)
    lengths = np.array([len(part) for part in parts])
    starts = address(texts) + np.cumsum(lengths) - lengths
    return texts, np.stack([starts, lengths], axis=1).astype(np.int64)

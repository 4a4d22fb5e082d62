"""The values of a list of the store in memory, as rules need them, kept up with changes of single values.

Reading a million takes seconds, so that is done once; afterwards a change costs the copying of a set, or of a list of
ranges, which rules that run may still be using.
"""

import threading
from bisect import bisect_right
from collections.abc import Sequence
from typing import Protocol

from besra.rules.listed_value import Parsed, values_of
from besra.rules.value_list import Addresses, AddressRanges, Texts, ValueList, ValueListType

Range = tuple[int, int]


class ValueSource(Protocol):
    """Where the values of a list are; what is read of it is at least as new as what was noted before."""

    def parsed(self) -> Sequence[Parsed]:
        """All of them."""

    def ranges(self, first: int, last: int) -> Sequence[Range]:
        """The ranges that begin between two addresses."""


class KnownValues:
    """The values of one list. Any thread may note changes and ask for what they come to."""

    def __init__(self, list_id: str, list_type: ValueListType) -> None:
        self._id = list_id
        self._type = list_type
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._noted: dict[Parsed, bool] = {}
        self._known: ValueList | None = None

    def note(self, values: Sequence[Parsed], *, is_there: bool) -> None:
        """Note that values have been put into the list, or taken out of it."""
        with self._lock:
            self._noted |= dict.fromkeys(values, is_there)

    def current(self, source: ValueSource) -> ValueList:
        """The values there are, with all that was noted before. Raises what the source raises: then nothing is lost."""
        with self._reading:
            with self._lock:
                noted, self._noted = self._noted, {}
            try:
                if self._known is None:
                    self._known = ValueList(self._id, self._type, values_of(self._type, source.parsed()))
                elif noted:
                    self._known = ValueList(self._id, self._type, self._changed(self._known, noted, source))
            except BaseException:
                with self._lock:
                    self._noted = noted | self._noted
                raise
            return self._known

    def _changed(
        self, known: ValueList, noted: dict[Parsed, bool], source: ValueSource
    ) -> Texts | Addresses | AddressRanges:
        added = [value for value, is_there in noted.items() if is_there]
        removed = [value for value, is_there in noted.items() if not is_there]
        more = values_of(self._type, added)
        match known.values, more:
            case Texts(texts), Texts(new):
                return Texts((texts | new).difference(removed))
            case Addresses(addresses), Addresses(new):
                return Addresses((addresses | new).difference(removed))
            case AddressRanges(ranges), AddressRanges(new):
                both = AddressRanges.of([*ranges, *new]) if new else known.values
                gone = [value for value in removed if isinstance(value, tuple)]
                return _without(both, gone, source) if gone else both
        raise TypeError("values of two types")  # a list has one


def _without(known: AddressRanges, removed: Sequence[Range], source: ValueSource) -> AddressRanges:
    """Ranges without some: what was made one with them is made anew of what is there."""
    places = {place for value in removed if (place := _place(known.ranges, value)) is not None}
    left = [known for place, known in enumerate(known.ranges) if place not in places]
    again = [one for place in places for one in source.ranges(*known.ranges[place])]
    return AddressRanges.of([*left, *again])


def _place(ranges: Sequence[Range], value: Range) -> int | None:
    place = bisect_right(ranges, value[0], key=lambda pair: pair[0]) - 1
    return place if place >= 0 and ranges[place][1] >= value[1] else None

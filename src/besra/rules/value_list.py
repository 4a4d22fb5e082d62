"""Value lists: many values of one type, which exception items refer to by id (detection-engine.md 4.4)."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from besra.schema.fieldtype import parse_ip


class ValueListType(StrEnum):
    """The types besra knows: those Elastic's pages offer."""

    KEYWORD = "keyword"
    TEXT = "text"
    IP = "ip"
    IP_RANGE = "ip_range"


@dataclass(frozen=True, slots=True)
class Texts:
    """The values of a list of type keyword or text, as they stand in its file."""

    values: frozenset[str]

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Addresses:
    """The values of a list of type ip as 128-bit numbers (`schema.fieldtype.parse_ip`)."""

    values: frozenset[int]

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class AddressRanges:
    """The values of a list of type ip_range: first and last 128-bit address, ascending, none touching another."""

    ranges: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        return len(self.ranges)

    @classmethod
    def of(cls, ranges: Iterable[tuple[int, int]]) -> "AddressRanges":
        """Any ranges, those that overlap or touch made into one."""
        merged: list[tuple[int, int]] = []
        for first, last in sorted(ranges):
            if merged and first <= merged[-1][1] + 1:
                if last > merged[-1][1]:
                    merged[-1] = (merged[-1][0], last)
            else:
                merged.append((first, last))
        return cls(tuple(merged))


Values = Texts | Addresses | AddressRanges


@dataclass(frozen=True, slots=True)
class ValueList:
    """A value list. Its entries name it by `id`, which in Elastic is by default the name of the file it came from."""

    id: str
    type: ValueListType
    values: Values

    def __len__(self) -> int:
        return len(self.values)

    def __contains__(self, text: object) -> bool:
        """Whether a text is one of the values, or an address one of them or within one. Case counts."""
        if not isinstance(text, str):
            return False
        match self.values:
            case Texts(values):
                return text in values
            case Addresses(addresses):
                return parse_ip(text) in addresses
            case AddressRanges(ranges):
                address = parse_ip(text)
                position = 0 if address is None else bisect_right(ranges, address, key=lambda pair: pair[0])
                return address is not None and position > 0 and address <= ranges[position - 1][1]

"""What is known of a list is what the store has, after any changes; nothing is lost where reading fails."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.rules.listed_value import Parsed, parser_of, values_of
from besra.rules.value_list import ValueListType
from besra.service.known_values import KnownValues, Range

KEYWORD, IP, IP_RANGE = ValueListType.KEYWORD, ValueListType.IP, ValueListType.IP_RANGE
NARROW = [f"10.0.0.{first}-10.0.0.{last}" for first in range(8) for last in range(first, 8)]
TEXTS = {KEYWORD: ["a", "b", "c"], IP: ["10.0.0.1", "10.0.0.2", "::1"], IP_RANGE: [*NARROW, "10.1.0.0/16", "::/96"]}
CHANGES = st.sampled_from(sorted(TEXTS)).flatmap(
    lambda kind: st.tuples(
        st.just(kind),
        st.lists(st.tuples(st.sampled_from(TEXTS[kind]), st.booleans(), st.booleans()), max_size=40),
    )
)


class Held:
    """A source in memory that may be away."""

    def __init__(self) -> None:
        self.values: set[Parsed] = set()
        self.is_away = False
        self.read = 0

    def parsed(self) -> Sequence[Parsed]:
        self._look()
        return [*self.values]

    def ranges(self, first: int, last: int) -> Sequence[Range]:
        self._look()
        return [value for value in self.values if isinstance(value, tuple) and first <= value[0] <= last]

    def _look(self) -> None:
        if self.is_away:
            raise OSError("away")
        self.read += 1


@given(CHANGES)
def test_after_any_changes_it_is_what_there_is(given: tuple[ValueListType, list[tuple[str, bool, bool]]]) -> None:
    kind, changes = given
    held, known, parse = Held(), KnownValues("l", kind), parser_of(kind)
    for text, is_there, looks in changes:
        value = parse(text)
        (held.values.add if is_there else held.values.discard)(value)
        known.note([value], is_there=is_there)
        if looks:
            assert known.current(held).values == values_of(kind, held.values)
    assert known.current(held).values == values_of(kind, held.values)


def test_a_list_is_read_once() -> None:
    held, known = Held(), KnownValues("l", KEYWORD)
    held.values = {"a"}
    first = known.current(held)
    assert known.current(held) is first
    known.note(["b"], is_there=True)
    assert "b" in known.current(held)
    assert held.read == 1


def test_what_was_noted_is_noted_still_where_reading_fails() -> None:
    held, known = Held(), KnownValues("l", IP_RANGE)
    held.values = {(1, 5), (4, 9)}
    known.current(held)
    held.values = {(4, 9)}
    known.note([(1, 5)], is_there=False)
    held.is_away = True
    with pytest.raises(OSError, match="away"):
        known.current(held)
    held.is_away = False
    assert known.current(held).values == values_of(IP_RANGE, {(4, 9)})

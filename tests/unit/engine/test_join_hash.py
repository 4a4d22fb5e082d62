"""Hashes of join keys: equal for values that join, and for ever the same."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.engine.hits import Key
from besra.engine.join_hash import SEVERAL, combined, hashes_of, hashes_of_keys
from besra.schema.fieldtype import FieldType, Typed, to_typed

SCALARS = st.one_of(
    st.text(max_size=3),
    st.integers(),
    st.floats(allow_nan=False),
    st.booleans(),
    st.sampled_from(["1", "1.0", "n", "i1", "\ud800", "", 1, 1.0, True, 0, -0.0, 2**70, float(2**70), -1]),
)
TYPES = st.sampled_from(list(FieldType))


def typed(scalar: str | float | bool, field_type: FieldType) -> Typed | None:
    return to_typed(scalar, field_type)


@given(SCALARS, SCALARS, TYPES, TYPES)
def test_hashes_are_equal_as_values_are(
    a: str | float | bool, b: str | float | bool, one: FieldType, other: FieldType
) -> None:
    values = typed(a, one), typed(b, other)
    hashes = hashes_of(values)
    assert (hashes[0] == hashes[1]).all() == (values[0] == values[1])


KEYS = st.tuples(*[st.sampled_from(["a", "b", None, 1])] * 3)


@given(KEYS, KEYS)
def test_keys_hash_as_they_compare(a: Key, b: Key) -> None:
    hashes = hashes_of_keys([a, b])
    assert (hashes[0] == hashes[1]).all() == (a == b)
    assert (hashes[:, 0] != SEVERAL).all()


def test_all_small_keys_differ() -> None:
    keys: list[Key] = [key for size in range(4) for key in product(["a", "b", None, 1, 2], repeat=size)]
    by_size = [hashes_of_keys([key for key in keys if len(key) == size]) for size in range(4)]
    assert len({tuple(row) for hashes in by_size for row in hashes.tolist()}) == len(keys)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ((), (1, 1)),
        (("host-1",), (4225275429071595253, 3322506579803917338)),
        (("host-1", None, 4), (9645227923107140361, 412320405755210997)),
    ],
)
def test_hashes_stay_the_same_for_ever(key: Key, expected: tuple[int, int]) -> None:
    assert tuple(hashes_of_keys([key])[0].tolist()) == expected


def test_keys_without_parts_are_one_key() -> None:
    assert np.unique(combined([], 5), axis=0).shape == (1, 2)

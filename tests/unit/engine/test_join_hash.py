"""Hashes of join keys: equal for values that join, however they are made."""

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from besra.engine.hits import Key
from besra.engine.join_hash import SEVERAL, ValueHashes, combined, hashes_of, hashes_of_keys
from besra.events.batch import EventBatch
from besra.events.columns import Column, ValueTable
from besra.language.expr import FieldRef
from besra.schema.fieldtype import FieldType, Typed, to_typed

SCALARS = st.one_of(
    st.text(max_size=3),
    st.integers(),
    st.floats(allow_nan=False),
    st.booleans(),
    st.ip_addresses().map(str),
    st.sampled_from(["0.0.0.0", "255.255.255.255", "::ffff:1.2.3.4", "1.2.3.4", "01.2.3.4", "1.2.3", "1.2.3.4%x"]),
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


FIELDS = {field_type: FieldRef("f", field_type) for field_type in FieldType}


@given(st.lists(st.one_of(SCALARS, st.text(max_size=40))), TYPES)
def test_kernels_hash_as_python_does(scalars: list[str | float | bool], field_type: FieldType) -> None:
    values = ValueTable()
    ids = np.array(values.ids_of(0, scalars), np.int32)
    batch = EventBatch(0, {}, Column(ids, ids), values, ids, (), ids, lambda _: ())
    by_kernel = ValueHashes(compiled=True).of(FIELDS[field_type], ids, batch)
    expected = hashes_of([to_typed(scalar, field_type) for scalar in scalars])
    assert by_kernel.tolist() == expected.tolist()
    assert ValueHashes().of(FIELDS[field_type], ids, batch).tolist() == expected.tolist()


def test_keys_without_parts_are_one_key() -> None:
    assert np.unique(combined([], 5), axis=0).shape == (1, 2)

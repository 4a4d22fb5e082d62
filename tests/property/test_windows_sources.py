"""Whatever JSON a record of Windows is, it becomes a document and stays as it was."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.golden.test_sources import FOLDER

from besra.events.normalise.source import Source
from besra.events.normalise.sources import SOURCES

WINDOWS = [source for source in SOURCES if source.name.startswith("windows")]

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


def examples(source: Source) -> list[dict[str, Any]]:
    return [json.loads(path.read_text("utf-8")) for path in sorted((FOLDER / source.name).glob("*.raw.json"))]


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, the whole included."""
    found = [path]
    if isinstance(value, dict):
        found += [inner for key, item in value.items() for inner in paths(item, (*path, key))]
    if isinstance(value, list):
        found += [inner for key, item in enumerate(value) for inner in paths(item, (*path, key))]
    return found


@pytest.mark.parametrize("source", WINDOWS, ids=lambda source: source.name)
@given(data=st.data())
@settings(max_examples=150)
def test_a_record_with_anything_anywhere_becomes_a_document(source: Source, data: st.DataObject) -> None:
    """A record of the source in which up to four values, at any place, are others."""
    record = data.draw(st.sampled_from(examples(source))).copy()
    record = json.loads(json.dumps(record))
    for _ in range(data.draw(st.integers(1, 4))):
        *parents, last = data.draw(st.sampled_from(paths(record)[1:]))
        inner = record
        for key in parents:
            inner = inner[key]
        inner[last] = data.draw(JSON)
    before = json.dumps(record)
    normaliser = source.normaliser
    normaliser.recognises(record)
    document = normaliser.to_ecs(record)
    assert json.dumps(record) == before
    assert document["data_stream"]["dataset"]


@pytest.mark.parametrize("source", WINDOWS, ids=lambda source: source.name)
@given(record=st.dictionaries(st.text(max_size=6), JSON, max_size=4))
@settings(max_examples=50)
def test_any_object_becomes_a_document(source: Source, record: dict[str, Any]) -> None:
    assert source.normaliser.recognises(record) in (True, False)
    assert source.normaliser.to_ecs(record)["data_stream"]["dataset"]


@pytest.mark.parametrize("source", WINDOWS, ids=lambda source: source.name)
def test_deep_values_do_not_matter(source: Source) -> None:
    deep: Any = "bottom"
    for _ in range(900):
        deep = {"a": [deep]}
    for example in examples(source):
        normaliser = source.normaliser
        for name in example:
            normaliser.to_ecs({**example, name: deep})
        normaliser.to_ecs({**example, "New": deep})

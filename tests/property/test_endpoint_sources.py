"""Records of endpoint products: whatever they hold, they become documents, and nothing in them is lost."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.raw_records import NAMES, RECORDS, WORDS

from besra.events.document import flatten
from besra.events.normalise.nested_document import nested
from besra.events.normalise.sources import SOURCES

NORMALISERS = {source.name: source.normaliser for source in SOURCES if source.name in RECORDS}
FEW = settings(max_examples=60)
EVERY = pytest.mark.parametrize("source", sorted(RECORDS))


@EVERY
@FEW
@given(st.data())
def test_any_record_becomes_a_document(source: str, data: st.DataObject) -> None:
    record = data.draw(RECORDS[source])
    before = copy.deepcopy(record)
    document = NORMALISERS[source].to_ecs(record)
    assert record == before, "the record was changed"
    assert isinstance(NORMALISERS[source].recognises(record), bool)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["data_stream"]["type"] == "logs"


ORDINARY = st.text(st.sampled_from("abcde"), min_size=1, max_size=4)


@pytest.mark.parametrize("source", sorted(NAMES))
@FEW
@given(st.data())
def test_the_arrangement_of_a_record_does_not_matter(source: str, data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(NAMES[source]), unique=True, max_size=12))
    whole = [name for name in names if not any(other.startswith(f"{name}.") for other in names)]
    record = {name: data.draw(st.sampled_from(WORDS[name]) if name in WORDS else ORDINARY) for name in whole}
    to_ecs = NORMALISERS[source].to_ecs
    assert to_ecs(record) == to_ecs(nested(record))


@EVERY
@FEW
@given(st.data())
def test_every_value_of_a_record_is_in_its_document(source: str, data: st.DataObject) -> None:
    """Case apart: some fields are in lower case. What only says of which kind a part of a record is, need not stay."""
    record, texts = marked(data.draw(RECORDS[source]))
    document = NORMALISERS[source].to_ecs(record)
    kept = [str(value).lower() for values in flatten(document).values() for value in values]
    assert [text for text in texts if not any(text in value for value in kept)] == []


def marked(record: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The record with a text of its own for every scalar that does not decide what it is, and those texts."""
    texts: list[str] = []

    def mark(value: Any, key: str = "") -> Any:
        match value:
            case dict():
                return {name: mark(inner, name) for name, inner in value.items()}
            case list():
                return [mark(inner) for inner in value]
            case None | "":
                return value
            case str() if value in WORDS.get(key, ()):
                return value
            case _ if key == "type":
                return value
            case _:
                texts.append(f"value{len(texts)}x")
                return texts[-1]

    return mark(record), texts

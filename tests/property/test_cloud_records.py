"""Records of cloud services, damaged in every way JSON allows: a document each, nothing of the record lost."""

import copy
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from besra.events.document import flatten
from besra.events.normalise.azure_record import LEVELS, NANOS_PER_MILLISECOND, iso_time
from besra.events.normalise.nested_document import integer_of, text_of
from besra.events.normalise.raw_record import time_of
from besra.events.normalise.source import Source
from besra.events.normalise.sources import SOURCES
from besra.schema.catalogue import bundled_catalogue
from besra.schema.fieldtype import FieldType, to_typed

GOLDEN = Path(__file__).parents[1] / "golden" / "sources"
NAMES = (
    *("cloudtrail", "okta", "github", "kubernetes", "entra_sign_in", "entra_audit", "entra_id_protection"),
    *("graph_activity", "azure_activity", "azure_platform"),
)
CLOUD = [source for source in SOURCES if source.name in NAMES]

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 63), (1 << 64) - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        ["{a=b, c}", "{a=b}", "[", "{}", '{"a": 1}', "[1]", "2024-05-06T07:08:09Z", "dana@example.com", "http://["]
    ),
)
WORDS = st.sampled_from(["a", "a.b", "id", "key", "value", "type", "name", "fooBar", "foo_bar", "properties", "$", ""])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@cache
def records(name: str) -> tuple[dict[str, Any], ...]:
    return tuple(json.loads(path.read_text("utf-8")) for path in sorted((GOLDEN / name).glob("*.raw.json")))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in a record something stands."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield (*path, name)
        yield from places(member, (*path, name))


@st.composite
def damaged(draw: st.DrawFn, source: Source) -> dict[str, Any]:
    """A record of a source in which some values are other JSON, some names gone and some new."""
    record = copy.deepcopy(draw(st.sampled_from(records(source.name))))
    for _ in range(draw(st.integers(0, 4))):
        *parents, last = draw(st.sampled_from(sorted(places(record), key=repr)))
        holder: Any = record
        for parent in parents:
            holder = holder[parent]
        match draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                holder[last] = draw(VALUES)
            case "remove":
                del holder[last]
            case _ if isinstance(holder, dict):
                holder[draw(WORDS)] = draw(VALUES)
        if not record:
            break
    return record


def texts_of(record: dict[str, Any]) -> set[str]:
    return {text for values in flatten(record).values() for value in values if (text := text_of(value))}


@pytest.mark.parametrize("source", CLOUD, ids=lambda source: source.name)
def test_any_record_becomes_a_document(source: Source) -> None:
    @settings(max_examples=60, deadline=None)
    @given(damaged(source))
    def check(record: dict[str, Any]) -> None:
        before = json.dumps(record)
        source.normaliser.recognises(record)
        document = source.normaliser.to_ecs(record)
        assert json.dumps(record) == before
        assert orjson.loads(orjson.dumps(document)) == document
        assert document["data_stream"]["dataset"] == document["event"]["dataset"]
        found = texts_of(document)
        whole = json.dumps(document, ensure_ascii=False).lower()
        lost = {text for text in texts_of(record) - found if not is_there_otherwise(text, whole)}
        assert not lost
        assert not unfit(document)

    check()


def unfit(document: dict[str, Any]) -> list[tuple[str, Any]]:
    """The values of a document that do not fit their fields."""
    catalogue = bundled_catalogue()
    return [
        (field, value)
        for field, values in flatten(document).items()
        if field in catalogue and catalogue.type_of(field) not in (FieldType.OBJECT, FieldType.NESTED)
        for value in values
        if to_typed(value, catalogue.type_of(field)) is None
    ]


def is_there_otherwise(text: str, whole: str) -> bool:
    """Whether a text has another form in the document: a time, a duration, a level, or its words."""
    number = integer_of(text)
    forms = [
        text.lower(),
        (iso_time(text) or time_of(number) or "")[:19].lower(),
        str((number or 0) * NANOS_PER_MILLISECOND),
    ]
    if any(form and form in whole for form in [*forms, LEVELS.get(text, "").lower()]):
        return True
    return all(word in whole for word in re.split(r"[\W_]+|(?<=tls)v", text.lower()))


@given(VALUES)
def test_objects_of_no_source_are_not_recognised_and_break_nothing(value: Any) -> None:
    record = value if isinstance(value, dict) else {"properties": value}
    for source in CLOUD:
        assert not source.normaliser.recognises(record)
        source.normaliser.to_ecs(record)

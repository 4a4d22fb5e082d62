"""The decoding kernel against orjson and `flatten`: whatever the line, it agrees or leaves it alone."""

import re
from itertools import pairwise, product
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.decoded import lines_of, rows_of, wanted
from tests.written_json import Writer, damaged, documents, scalars

from besra.detection.batches import unparsed
from besra.events.batch import batch_of
from besra.events.columns import LineDecoder, Projection, ValueTable, columns_of, decode_lines
from besra.events.event import Event
from besra.events.event import written as written_document

pytest.importorskip("numba")

FIELDS = Projection(("a", "b", "a.b", "b.a", "a.b.a", "ab.a_key_of_more_than_16_bytes", "é.b", "a.", "index", "b.b.b"))
WANTED = frozenset(FIELDS.fields)
ENVELOPES = {"_source", "_index", "_id", "fields", "hits", "rawResponse", "Records", "records", "kibana.alert.uuid"}


@st.composite
def written(draw: Any) -> bytes:
    return Writer(draw).write(draw(documents)).encode()


def check(text: bytes) -> list[bool]:
    """Compares all lines of a text with the judge; which of them the kernel vouched for."""
    table = ValueTable()
    decoded = decode_lines(text, FIELDS, table)
    lines = [line for line in text.split(b"\n") if line and not line.isspace()]
    assert [text[start:end] for start, end in zip(decoded.starts, decoded.ends, strict=True)] == [
        line.rstrip(b"\r") for line in lines
    ]
    found = lines_of(decoded, table)
    for line, fields in zip(lines, found, strict=True):
        if fields is None:
            continue
        document = orjson.loads(line)
        assert not ENVELOPES & set(document)
        assert fields == wanted(document, WANTED), line
    return [fields is not None for fields in found]


many = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@many
@given(st.lists(documents, max_size=4))
def test_plain_documents_are_decoded_as_the_judge_has_them(documents: list[dict[str, Any]]) -> None:
    vouched = check(b"\n".join(map(orjson.dumps, documents)))
    for document, sound in zip(documents, vouched, strict=True):
        text = orjson.dumps(document)
        # A number with a large exponent, a key with an escape, and what may be a bulk action are left to orjson.
        unusual = re.search(rb"e[-+]?\d\d\d|x\\\\y", text) or list(document) == ["index"]
        assert sound or unusual, text


@many
@given(st.lists(written(), max_size=4), st.sampled_from([b"\n", b"\r\n", b"\n\n", b"\n \r\n"]))
@example([b'{"a":"\\ud83d\\ude00\\/"}'], b"\n")
@example([b'{"a":1.50}', b'{"a":1.5}'], b"\n")
def test_lines_in_any_spelling_agree_or_are_slow(lines: list[bytes], line_break: bytes) -> None:
    check(line_break.join(lines))


@many
@given(st.one_of(written(), documents.map(orjson.dumps)), st.integers(0, 2**32))
def test_damaged_lines_agree_or_are_slow(line: bytes, seed: int) -> None:
    random = Random(seed)
    check(b"\n".join(damaged(line, random) for _ in range(30)))


@many
@given(st.binary(max_size=100))
def test_any_bytes_agree_or_are_slow(text: bytes) -> None:
    check(text)
    check(b'{"a":"%b"}' % text)


@many
@given(st.lists(documents, max_size=6), st.lists(st.integers(0, 6), max_size=3))
def test_where_a_buffer_is_cut_changes_nothing(documents: list[dict[str, Any]], cuts: list[int]) -> None:
    lines = [orjson.dumps(document) + b"\n" for document in documents]
    bounds = sorted({0, len(lines), *(min(cut, len(lines)) for cut in cuts)})
    whole, table = ValueTable(), ValueTable()
    expected = lines_of(decode_lines(b"".join(lines), FIELDS, whole), whole)
    found = []
    for start, end in pairwise(bounds):
        found += lines_of(decode_lines(b"".join(lines[start:end]), FIELDS, table), table)
    assert found == expected


@many
@given(st.lists(documents, max_size=5))
def test_columns_of_documents_are_what_flatten_gives(documents: list[dict[str, Any]]) -> None:
    table = ValueTable()
    columns = columns_of(documents, FIELDS, table)
    assert rows_of(columns, table, len(documents)) == [wanted(document, WANTED) for document in documents]


@many
@given(st.lists(st.one_of(scalars.filter(lambda scalar: scalar is not None), st.text(), st.integers(), st.floats())))
def test_ids_of_scalars_lead_back_to_them(held: list[Any]) -> None:
    table = ValueTable()
    ids = table.ids_of(0, held)
    assert [(type(scalar), repr(scalar)) for scalar in table.scalars(ids)] == [
        (type(scalar), repr(scalar)) for scalar in held
    ]
    assert len(set(ids)) == len({(type(scalar), repr(scalar)) for scalar in held}) == len(table)


@given(held=st.lists(st.tuples(documents, st.booleans()), min_size=1, max_size=6))
def test_events_give_the_same_columns_whether_they_are_written_or_not(held: list[tuple[dict[str, Any], bool]]) -> None:
    """Some of them written, some not, some waiting as text, and some whose lines the kernel leaves alone."""
    events = [
        Event(str(n), ("i",), doc, written=written_document(doc) if is_written else None)
        for n, (doc, is_written) in enumerate(held)
    ]
    found = []
    for given_as, with_kernel in product((events, list(unparsed(events))), (False, True)):
        values = ValueTable()
        batch = batch_of(given_as, FIELDS, values, LineDecoder(FIELDS, values) if with_kernel else None)
        found.append(
            {
                name: list(zip(column.rows.tolist(), map(repr, values.scalars(column.values.tolist())), strict=True))
                for name, column in batch.columns.items()
            }
        )
    assert found == [found[0]] * 4

"""Messages to documents: whatever arrives, each part of it is a document or a dead letter."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("starlette")

from besra.service.messages import NO_INDEX, Message, contents_of

ORIGIN = "kafka:logs/0@17"


def documents(body: bytes) -> list[object]:
    found = (put.document for put in contents_of([Message(ORIGIN, body)]).puts)
    return [orjson.loads(document) if isinstance(document, bytes) else document for document in found]


def letters(body: bytes) -> list[tuple[str, str, bytes]]:
    return [(letter.origin, letter.reason, letter.body) for letter in contents_of([Message(ORIGIN, body)]).letters]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"a": 1}', [{"a": 1}]),
        (b' \n{\n"a": 1\n}\n', [{"a": 1}]),
        (b'{"a": 1}\n\n{"a": 2}\r\n', [{"a": 1}, {"a": 2}]),
        (b'[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}]),
        (b'{"a": 1}\n[{"a": 2}, {"a": 3}]', [{"a": 1}, {"a": 2}, {"a": 3}]),
        (b'{"Records": [{"a": 1}, {"a": 2}]}', [{"a": 1}, {"a": 2}]),
        (b'{"a": NaN}', [{"a": None}]),
    ],
)
def test_documents_of_a_message(body: bytes, found: list[object]) -> None:
    assert documents(body) == found
    assert not letters(body)


def test_what_is_around_a_document_counts() -> None:
    body = orjson.dumps({"_index": "logs-x", "_id": "1", "_source": {"a": 1}})
    (put,) = contents_of([Message(ORIGIN, body)]).puts
    assert (put.index, put.id, put.document) == ("logs-x", "1", {"a": 1})
    body = orjson.dumps({"_index": "logs-x", "_aliases": ["logs-y"], "_source": {"a": 1}})
    (put,) = contents_of([Message(ORIGIN, body)]).puts
    assert (put.index, put.id, put.aliases) == ("logs-x", None, ("logs-y",))
    (put,) = contents_of([Message(ORIGIN, b"{}")]).puts
    assert (put.index, put.id) == (NO_INDEX, None)


def test_what_is_no_document_is_a_letter_and_the_rest_is_taken() -> None:
    assert letters(b"") == [(ORIGIN, "an empty message", b"")]
    assert letters(b"<a>\n<b>\n") == [(ORIGIN, letters(b"<a>\n<b>\n")[0][1], b"<a>\n<b>\n")]
    body = b'{"a": 1}\n{"a": \n7\n{"a": 2}'
    assert documents(body) == [{"a": 1}, {"a": 2}]
    assert [(origin, line) for origin, _, line in letters(body)] == [(f"{ORIGIN}:2", b'{"a": '), (f"{ORIGIN}:3", b"7")]
    assert letters(b"7") == [(ORIGIN, "a number, which is no document", b"7")]
    assert letters(b"[]") == [(ORIGIN, "an empty list", b"[]")]
    assert documents(b'[{"a": 1}, 7]') == [{"a": 1}]
    assert [origin for origin, _, _ in letters(b'[{"a": 1}, 7]')] == [f"{ORIGIN}[2]"]


def test_a_message_is_known_by_place_and_content() -> None:
    assert Message("a", b"b").digest == Message("a", b"b").digest
    assert len({Message(origin, body).digest for origin in ("a", "ab") for body in (b"b", b"bb", b"")}) == 6


@given(
    st.lists(
        st.one_of(st.binary(max_size=40), st.sampled_from([b'{"a":1}', b"[", b"{}", b"\n", b'"_source":'])), max_size=6
    )
)
def test_any_bytes(parts: list[bytes]) -> None:
    body = b"".join(parts)
    contents = contents_of([Message(ORIGIN, body)])
    assert contents.puts or contents.letters or orjson.loads(body) is not None
    assert all(letter.origin.startswith(ORIGIN) for letter in contents.letters)

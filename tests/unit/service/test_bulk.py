"""`_bulk` bodies: every line accounted for, in order, whatever is in it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.service.admission import Admission
from besra.service.bulk import BulkError, Done, Put, Refused, answer, answer_text, parse_bulk
from besra.storage.journal import Record, Verdict


def body(*lines: object) -> bytes:
    return b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)


def test_documents_with_and_without_an_index_of_their_own() -> None:
    raw = body({"index": {"_index": "a", "_id": "1"}}, {"n": 1}, b"\n", {"create": {}}, {"n": 2}, b" \r\n")
    assert parse_bulk(raw, "home") == [Put("a", "1", b'{"n": 1}', False), Put("home", None, b'{"n": 2}', True)]


@pytest.mark.parametrize(("given_id", "expected"), [(7, "7"), ("", None), (None, None), ([1], None), ("x", "x")])
def test_ids(given_id: object, expected: str | None) -> None:
    (item,) = parse_bulk(body({"index": {"_id": given_id}}, {}), "i")
    assert isinstance(item, Put)
    assert item.id == expected


def test_what_is_refused_item_by_item() -> None:
    raw = body(
        {"update": {"_id": "1"}},
        {"doc": {}},
        {"delete": {"_id": "2"}},
        {"index": {}},
        b"{nonsense\n",
        {"create": {"_id": "3"}},
        b"[1]\n",
        {"index": {}},
        {"ok": True},
        {"index": {}},
        b'"\\ud800"\n',
        {"index": {}},
        b'{"a":1}\r{"b":2}\n',
        {"index": {"_id": "4"}},
        b'{"n":"\\ud800"}\n',
    )
    items = Admission().admitted(parse_bulk(raw, "i"), 0)
    assert [type(item) for item in items] == [Refused, Refused, Refused, Refused, Record, Refused, Refused, Refused]
    assert [item.action for item in items if isinstance(item, Refused)] == [
        *("update", "delete", "index", "create"),
        *("index", "index", "index"),
    ]
    answered = answer([*(item for item in items if isinstance(item, Refused))], 5)
    assert answered["errors"] is True
    assert [next(iter(item.values()))["status"] for item in answered["items"]] == [400] * 7


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"{\n{}\n", "malformed action on line 1"),
        (b"\n\n7\n{}\n", "malformed action on line 3"),
        (b'{"index":{}, "create":{}}\n{}\n', "expected one object"),
        (b'{"upsert":{}}\n{}\n', "[upsert] is none of"),
        (b'{"index":[]}\n{}\n', "does not hold an object"),
        (b'{"index":{}}\n', "has no document"),
        (b'{"index":{"_index":"a"}}\n{}\n{"create":{}}\n \n', "has no document"),
    ],
)
def test_a_body_that_cannot_be_followed(raw: bytes, words: str) -> None:
    with pytest.raises(BulkError) as raised:
        parse_bulk(raw, "i")
    assert words in str(raised.value)


def test_an_action_without_an_index() -> None:
    with pytest.raises(BulkError) as raised:
        parse_bulk(b'{"index":{}}\n{}\n')
    assert raised.value.type == "action_request_validation_exception"


def test_answers_are_as_elasticsearch_has_them() -> None:
    new, old = Put("a", None, {}, False), Put("a", "1", {}, True)
    answered = answer([Done(new, "x", Verdict.CREATED), Done(old, "1", Verdict.CONFLICT)], 3)
    created, conflict = answered["items"]
    assert (answered["errors"], answered["took"]) == (True, 3)
    assert created["index"]["status"] == 201
    assert created["index"]["result"] == "created"
    assert conflict["create"]["status"] == 409
    assert conflict["create"]["error"]["type"] == "version_conflict_engine_exception"
    updated = answer([Done(new, "x", Verdict.UPDATED)], 0)
    assert (updated["errors"], updated["items"][0]["index"]["status"]) == (False, 200)


OUTCOMES = st.lists(
    st.one_of(
        st.builds(
            Done,
            st.builds(Put, st.text(max_size=3), st.none(), st.just(b"{}"), st.booleans()),
            st.text(max_size=3),
            st.sampled_from(Verdict),
        ),
        st.builds(Refused, st.just("index"), st.text(max_size=3), st.none(), st.just(400), st.just("x"), st.text()),
    )
)


@given(OUTCOMES)
def test_an_answer_as_text_is_the_answer(outcomes: list[Done | Refused]) -> None:
    assert (
        answer_text(outcomes, 7) == json.dumps(answer(outcomes, 7), ensure_ascii=False, separators=(",", ":")).encode()
    )


ITEMS = st.lists(
    st.tuples(
        st.sampled_from(["index", "create"]),
        st.text(max_size=3),
        st.dictionaries(st.text(max_size=3), st.integers(0, 9)),
    )
)


@given(ITEMS)
def test_what_is_written_is_read(items: list[tuple[str, str, dict[str, Any]]]) -> None:
    raw = body(*(line for action, id_, document in items for line in ({action: {"_id": id_}}, document)))
    expected = [("i", id_ or None, document, action == "create") for action, id_, document in items]
    found = [item for item in parse_bulk(raw, "i") if isinstance(item, Put)]
    assert [(put.index, put.id, json.loads(put.document), put.is_create) for put in found] == expected


@given(st.binary(max_size=200))
def test_any_bytes_are_answered(raw: bytes) -> None:
    try:
        items = parse_bulk(raw, "i")
    except BulkError as error:
        assert str(error)
    else:
        outcomes = Admission().admitted(items, 0)
        assert len(outcomes) == len(items)
        answer([item for item in outcomes if isinstance(item, Refused)], 0)

"""Samples: eql.md 5."""

import pytest
from tests.streams import result, run, shown, stream

from besra.errors import QueryError

TABLE = [
    ("sample by k [A] [B]", 1, "1:1 B h1, 2:2 A h1, 3:3 A h2, 4:4 B h2, 5:5 B h2", "(2,1) (3,4)"),
    ("sample by k [A] [B]", 2, "1:1 B h1, 2:2 A h1, 3:3 A h2, 4:4 B h2, 5:5 B h2", "(2,1) (3,4) (3,5)"),
    ("sample by k [A] [B]", 1, "1:1 A+B h1", ""),
    ("sample by k [A] [B]", 1, "1:1 A+B h1, 2:2 B h1", "(1,2)"),
]


@pytest.mark.parametrize(("text", "per_key", "events", "expected"), TABLE)
def test_the_table(text: str, per_key: int, events: str, expected: str) -> None:
    assert result(text, events, per_key=per_key) == expected


@pytest.mark.parametrize(
    ("text", "events", "expected"),
    [
        ("sample by k [A] [B]", "1:9 A x, 2:1 B x", "(1,2)"),  # order of time does not count
        ("sample by k [A] [B]", "1:2 A x, 2:1 A x, 3:3 B x", "(2,3)"),  # but decides among candidates
        ("sample by k [A] [B]", "1:0 A z, 2:1 B z, 3:2 A y, 4:3 B y", "(3,4) (1,2)"),  # keys ascend
        ("sample by k [A] [B]", "1:0 A, 2:1 B, 3:2 A x, 4:3 B x", "(3,4)"),
        ("sample by ?k [A] [B]", "1:0 A x, 2:1 B x, 3:2 A, 4:3 B", "(3,4) (1,2)"),  # null first
        ("sample by ?k [A] [B]", "1:0 A, 2:1 B x", ""),
        ("sample by k [A] [B] [C]", "1:0 A x, 2:1 B x, 3:2 C y", ""),
        ("sample by k [A] [B]", "1:0 A p+q, 2:1 B q+p", "(1,2) (1,2)"),
        ("sample [A] by k [B] by l", "1:0 A x, 2:1 B y l=x", "(1,2)"),
        ("sample by k, l [A] [B]", "1:0 A x l=s, 2:1 B x l=t, 3:2 B x l=s", "(1,3)"),
        ("sample by k [A] [A] [A]", "1:0 A x, 2:1 A x, 3:2 A x", "(1,2,3)"),
        ("sample by k [A] [A] [A]", "1:0 A x, 2:1 A x", ""),
        # the first choice is taken back where the rest cannot be filled
        ("sample by k [A] [B]", "1:0 A+B x, 2:1 A x", "(2,1)"),
        ("sample by k [A] [B] [C]", "1:0 A+B x, 2:1 B+C x, 3:2 C x", "(1,2,3)"),
        ("sample by k [A] [B] [C]", "1:0 A+B+C x, 2:1 A+B x, 3:2 A x", "(3,2,1)"),
    ],
)
def test_samples(text: str, events: str, expected: str) -> None:
    assert result(text, events) == expected


def test_samples_per_key_are_tried_in_order() -> None:
    events = "1:0 A x, 2:1 A x, 3:2 B x, 4:3 B x"
    assert result("sample by k [A] [B]", events, per_key=9) == "(1,3) (1,4) (2,3) (2,4)"
    assert result("sample by k [A] [B]", events, per_key=3) == "(1,3) (1,4) (2,3)"


def test_size_keeps_the_first_results() -> None:
    events = "1:0 A x, 2:1 B x, 3:2 A y, 4:3 B y, 5:4 A z, 6:5 B z"
    assert result("sample by k [A] [B]", events, size=2) == "(1,2) (3,4)"


def test_events_without_a_time_take_part() -> None:
    """Co-occurrence needs no order; they come after the others."""
    documents = [{"_id": "1", "stage": "A", "k": "x"}, *stream("2:0 B x, 3:1 A x")]
    assert shown(run("sample by k [A] [B]", documents).matches) == "(3,2)"
    assert shown(run("sample by k [A] [B]", documents[:2]).matches) == "(1,2)"


def test_equal_ids_of_two_indices_are_two_events() -> None:
    first, second = stream("1:0 A+B x, 1:1 A+B x")
    documents = [{**first, "_index": "one"}, {**second, "_index": "two"}]
    assert shown(run("sample by k [A] [B]", documents).matches) == "(1,1)"


def test_more_items_than_events_are_seen_at_once() -> None:
    """Trying all orders of twenty events would not end."""
    events = ", ".join(f"{number}:{number} A x" for number in range(20))
    assert result("sample by k" + " [A]" * 21, events) == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sample [A] [B]", "a sample needs join keys"),
        ("sample by k [A]", "a sample needs at least two events"),
        ("sample by k [A] ![B]", "a sample has no missing events"),
        ("sample by k [A] [B] with runs=2", "a sample has no runs"),
        ("sample by k with maxspan=1m [A] [B]", "a sample has no `with` options"),
        ("sample by k [A] [B] until [C]", "a sample has no `until`"),
        ("sample by k [A] [B] | head 1", "a sample takes no pipes"),
        ("sample by k [A] [B] by l", "expected 1 join keys as in the first item, found 2"),
    ],
)
def test_refused_samples(text: str, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        run(text, "")
    assert message in caught.value.message

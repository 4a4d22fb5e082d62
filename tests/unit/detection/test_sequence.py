"""Sequences: eql.md 4, with every worked example of 4.6."""

import pytest
from tests.streams import TYPES, query, result, run, shown, stream

from besra import api

RUN5 = "1:0 A, 2:1 A, 3:2 A, 4:3 A, 5:4 A"

EXAMPLES: dict[int, tuple[str, str, str]] = {
    1: ("sequence [A] [B]", "1:0 A, 2:1 A, 3:2 B, 4:3 B", "(2,3)"),
    2: ("sequence [A] [B] [C]", "1:0 A, 2:1 B, 3:2 A, 4:3 B, 5:4 C, 6:5 C", "(3,4,5)"),
    3: ("sequence [A] [B] [C]", "1:0 A, 2:1 B, 3:2 A, 4:3 C, 5:4 B, 6:5 C", "(1,2,4) (3,5,6)"),
    4: ("sequence [true] [true]", "1:0, 2:1, 3:2", "(1,2) (2,3)"),
    5: ("sequence by k [A] [B]", "1:0 A x, 2:1 A y, 3:2 B x, 4:3 B z, 5:4 B y", "(1,3) (2,5)"),
    6: ("sequence by k with maxspan=10s [A] [B]", "1:0 A x, 2:10 B x, 3:20 A x, 4:30.001 B x", "(1,2)"),
    7: ("sequence with maxspan=10s [A] [B] [C]", "1:0 A, 2:5 B, 3:11 C, 4:12 C", ""),
    8: (
        "sequence by k [A] [B] until [U]",
        "1:0 A x, 2:1 U x, 3:2 B x, 4:3 A x, 5:4 B x, 6:5 U x, 7:6 A y, 8:7 U x, 9:8 B y",
        "(4,5) (7,9)",
    ),
    9: ("sequence by k [A] [B] until [A]", "1:0 A x, 2:1 B x", ""),
    10: ("sequence by k [A] [B] until [B]", "1:0 A x, 2:1 B x", "(1,2)"),
    11: ("sequence by k [A] [B]", "1:0 A, 2:1 B, 3:2 A x, 4:3 B x", "(3,4)"),
    12: ("sequence by ?k [A] [B]", "1:0 A, 2:1 B, 3:2 A x, 4:3 B x", "(1,2) (3,4)"),
    13: ("sequence [A] with runs=3", RUN5, "(1,2,3) (2,3,4) (3,4,5)"),
    14: ("sequence [A] with runs=2 [B]", "1:0 A, 2:1 A, 3:2 A, 4:3 B, 5:4 B", "(2,3,4)"),
    15: (
        "sequence by k with maxspan=1m [A] ![M] [B]",
        "1:0 A x, 2:1 M x, 3:2 B x, 4:3 A x, 5:4 M y, 6:5 B x",
        "(4,-,6)",
    ),
    16: ("sequence with maxspan=1m [A] ![M] [B]", "1:0 A, 2:1 M, 3:2 B, 4:3 B", ""),
    17: ("sequence with maxspan=1m [A] ![M] [B]", "1:0 A, 2:0 M, 3:2 B", "(1,-,3)"),
    18: ("sequence with maxspan=10s [A] ![M]", "1:0 A, 2:5 M, 3:20 A, 4:31 M, 5:40 A", "(3,-) (5,-)"),
    19: ("sequence with maxspan=10s ![M] [A]", "1:0 M, 2:5 A, 3:20 A, 4:40 M, 5:50 A", "(-,3)"),
    20: (
        "sequence with maxspan=10s ![M] [A] ![M]",
        "1:0 M, 2:5 A, 3:6 M, 4:30 A, 5:31 M, 6:50 M, 7:58 A, 8:70 M",
        "(-,4,-) (-,7,-)",
    ),
    22: ("sequence by k [A] [B]", "1:0 A p+q, 2:1 B q+r+p", "(1,2) (1,2)"),
    23: ("sequence by h [A] by c [B] by p", "1:0 A h=1 c=7, 2:1 B h=1 p=7, 3:2 B h=2 p=7", "(1,2)"),
}


@pytest.mark.parametrize("number", EXAMPLES)
def test_worked_examples(number: int) -> None:
    text, events, expected = EXAMPLES[number]
    assert result(text, events) == expected


def test_worked_example_21() -> None:
    events = "1:0 A tb=2, 2:0 B tb=1, 3:0 B tb=3"
    assert result("sequence [A] [B]", events, tiebreaker="tb") == "(1,3)"
    assert result("sequence [A] [B]", events) == "(1,2)"


@pytest.mark.parametrize(
    ("number", "keys"),
    [
        (5, [["x"], ["y"]]),
        (12, [[None], ["x"]]),
        (22, [["p"], ["q"]]),
        (23, [["1", "7"]]),
    ],
)
def test_join_keys_of_the_worked_examples(number: int, keys: list[list[str | None]]) -> None:
    text, events, _ = EXAMPLES[number]
    found = run(text, events)
    assert [found.join_keys(match) for match in found.matches] == keys


# --- eql.md 4.1: order ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "tiebreaker", "expected"),
    [
        ("1:0 A, 2:0 B", None, "(1,2)"),  # one millisecond, in the order of arrival
        ("1:0 B, 2:0 A", None, ""),
        ("1:0 B, 2:0 A tb=1", "tb", "(2,1)"),  # without a tiebreaker: after those with one
        ("1:0 A, 2:0 B tb=1", "tb", ""),
        ("1:5 B tb=1, 2:0 A tb=9", "tb", "(2,1)"),  # time first
        ("1:0 B tb=10, 2:0 A tb=9", "tb", "(2,1)"),  # numbers, not texts
        ("1:0.000002 B, 2:0.000001 A", None, "(2,1)"),  # finer than milliseconds
    ],
)
def test_order_of_events(events: str, tiebreaker: str | None, expected: str) -> None:
    assert result("sequence [A] [B]", events, tiebreaker=tiebreaker) == expected


def test_events_without_a_time_take_no_part() -> None:
    documents = [*stream("1:0 A, 2:1 B"), {"_id": "3", "stage": "A"}, {"_id": "4", "stage": "B", "@timestamp": "never"}]
    assert shown(run("sequence [A] [B]", documents).matches) == "(1,2)"


def test_a_tiebreaker_of_mixed_types_does_not_stop_the_search() -> None:
    documents = [*stream("1:0 A seq=2, 2:0 B seq=b"), {**stream("3:0 B")[0], "seq": 1}]
    found = api.search(query("sequence [A] [B]"), documents, tiebreaker_field="seq")
    assert shown(found.matches) == "(1,2)"


# --- eql.md 4.2: keys -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "events", "expected"),
    [
        ("sequence by k [A] [B]", "1:0 A x, 2:1 B X", ""),  # exact
        ("sequence by k [A] [B]", "1:0 A x+x, 2:1 B x", "(1,2)"),  # repeats count once
        ("sequence by k, l [A] [B]", "1:0 A p+q l=s+t, 2:1 B p+q l=t", "(1,2) (1,2)"),  # every combination
        ("sequence by ?k, l [A] [B]", "1:0 A - l=s, 2:1 B x l=s, 3:2 B - l=s", "(1,3)"),
        ("sequence by ?k, l [A] [B]", "1:0 A, 2:1 B", ""),  # the other key is mandatory
        ("sequence [A] by k [B] by l", "1:0 A x, 2:1 B y l=x", "(1,2)"),  # position decides
        ("sequence by k [A] [B] by k", "", None),
        ("sequence by k [A] [B]", "1:0 A x, 2:1 B y, 3:2 B x", "(1,3)"),
        ("sequence [A] by ?k [B] by k", "1:0 A, 2:1 B, 3:2 A x, 4:3 B x", "(3,4)"),
    ],
)
def test_keys(text: str, events: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(Exception, match="expected 1 join keys as in the first item, found 2"):
            run(text, events)
    else:
        assert result(text, events) == expected


def test_nulls_in_an_array_of_keys_are_ignored() -> None:
    first, second = stream("1:0 A, 2:1 B")
    documents = [{**first, "k": [None, "x"]}, {**second, "k": ["x", None]}]
    found = run("sequence by ?k [A] [B]", documents)
    assert [found.join_keys(match) for match in found.matches] == [["x"]]


def test_keys_of_equal_kind_join_whatever_their_width() -> None:
    documents = [{**stream("1:0 A")[0], "n": 7}, {**stream("2:1 B")[0], "m": 7.0}]
    types = {**TYPES, "n": "long", "m": "double"}
    found = api.search(query("sequence [A] by n [B] by m"), documents, field_types=types)
    assert shown(found.matches) == "(1,2)"


# --- eql.md 4.3: the seven facts --------------------------------------------------------------------------------------

FACTS = {
    "1: a newer chain replaces the older in every state": [
        ("sequence [A] [B]", "1:0 A, 2:1 A, 3:2 A, 4:3 B", "(3,4)"),
        ("sequence [A] [B] [C]", "1:0 A, 2:1 B, 3:2 A, 4:3 B, 5:4 C", "(3,4,5)"),
        ("sequence by k [A] [B]", "1:0 A x, 2:1 A y, 3:2 B x", "(1,3)"),
    ],
    "2: a chain that advances leaves its state": [
        ("sequence [A] [B]", "1:0 A, 2:1 B, 3:2 B, 4:3 A, 5:4 B", "(1,2) (4,5)"),
        ("sequence [A] [B] [C]", "1:0 A, 2:1 B, 3:2 B, 4:3 C", "(1,2,4)"),
    ],
    "3: a later first event does not disturb a chain that has moved on": [
        ("sequence [A] [B] [C]", "1:0 A, 2:1 B, 3:2 A, 4:3 C", "(1,2,4)"),
        ("sequence [A] [B] [C]", "1:0 A, 2:1 B, 3:2 A, 4:3 A, 5:4 C, 6:5 B, 7:6 C", "(1,2,5) (4,6,7)"),
    ],
    "4: maxspan is inclusive and counts from the first event": [
        ("sequence with maxspan=10s [A] [B] [C]", "1:0 A, 2:5 B, 3:10 C", "(1,2,3)"),
        ("sequence with maxspan=10s [A] [B] [C]", "1:0 A, 2:9 B, 3:11 C", ""),
        ("sequence with maxspan=1ms [A] [B]", "1:0 A, 2:0.001 B, 3:1 A, 4:1.001001 B", "(1,2)"),
        # a chain rejected is lost, and so is what it had overwritten
        ("sequence with maxspan=10s [A] [B] [C]", "1:0 A, 2:1 B, 3:2 C, 4:3 C", "(1,2,3)"),
        ("sequence with maxspan=10s [A] [B]", "1:0 A, 2:11 B, 3:11 B", ""),
        ("sequence [A] [B]", "1:0 A, 2:100000000 B", "(1,2)"),
    ],
    "5: until kills from the last matched event to just before the next": [
        ("sequence [A] [B] until [U]", "1:0 A, 2:1 U, 3:2 B", ""),
        ("sequence [A] [B] until [U]", "1:0 U, 2:1 A, 3:2 B", "(2,3)"),
        ("sequence [A] [B] until [U]", "1:0 A, 2:1 B, 3:2 U", "(1,2)"),
        ("sequence [A] [B] [C] until [U]", "1:0 A, 2:1 B, 3:2 U, 4:3 C", ""),
        ("sequence [A] [B] [C] until [U]", "1:0 A, 2:1 B+U, 3:2 C", ""),
        ("sequence [A] [B] until [U]", "1:0 A+U, 2:1 B", ""),
        ("sequence [A] [B] until [U]", "1:0 A, 2:1 B+U", "(1,2)"),
        ("sequence [A] by k [B] by k until [U] by l", "1:0 A x, 2:1 U y l=x, 3:2 B x", ""),
        ("sequence by k [A] [B] until [U]", "1:0 A x, 2:1 U y, 3:2 B x", "(1,3)"),
        ("sequence by k [A] [B] until [U]", "1:0 A x, 2:1 U, 3:2 B x", "(1,3)"),
        # times equal: the order of arrival decides
        ("sequence [A] [B] until [U]", "1:0 A, 2:0 U, 3:0 B", ""),
        ("sequence [A] [B] until [U]", "1:0 U, 2:0 A, 3:0 B", "(2,3)"),
    ],
    "6: runs overlap": [
        ("sequence [A] with runs=2", "1:0 A, 2:1 A, 3:2 A", "(1,2) (2,3)"),
        ("sequence by k [A] with runs=2", "1:0 A x, 2:1 A y, 3:2 A x, 4:3 A y", "(1,3) (2,4)"),
        ("sequence [B] [A] with runs=2", "1:0 B, 2:1 A, 3:2 A, 4:3 A", "(1,2,3)"),
        ("sequence [A] with runs=2 [B] with runs=2", "1:0 A, 2:1 A, 3:2 B, 4:3 B, 5:4 B", "(1,2,3,4)"),
        ("sequence [A] with runs=1 [B]", "1:0 A, 2:1 B", "(1,2)"),
    ],
    "7: one event, several stages of different chains": [
        ("sequence [A] [B]", "1:0 A+B, 2:1 A+B, 3:2 A+B", "(1,2) (2,3)"),
        ("sequence [A] [B] [C]", "1:0 A+B+C, 2:1 A+B+C, 3:2 A+B+C, 4:3 A+B+C", "(1,2,3) (2,3,4)"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "events", "expected"),
    [
        pytest.param(*case, id=f"{fact.split(':')[0]}-{n}")
        for fact, cases in FACTS.items()
        for n, case in enumerate(cases)
    ],
)
def test_facts(text: str, events: str, expected: str) -> None:
    assert result(text, events) == expected


# --- eql.md 4.4: missing events ---------------------------------------------------------------------------------------

MISSING = [
    # middle: strictly between in time, tiebreakers do not count
    ("sequence with maxspan=1m [A] ![M] [B]", "1:0 A, 2:1 B", "(1,-,2)"),
    ("sequence with maxspan=1m [A] ![M] [B]", "1:0 A, 2:2 M, 3:2 B", "(1,-,3)"),
    ("sequence with maxspan=1m [A] ![M] [B]", "1:0 A, 2:1 M, 3:2 A, 4:3 B", "(3,-,4)"),
    ("sequence with maxspan=1m [A] ![M] ![N] [B]", "1:0 A, 2:1 N, 3:2 B", ""),
    ("sequence with maxspan=1m [A] ![M] ![N] [B]", "1:0 A, 2:2 B, 3:3 N", "(1,-,-,2)"),
    ("sequence with maxspan=1m [A] ![M] [B] ![N] [C]", "1:0 A, 2:1 N, 3:2 B, 4:3 M, 5:4 C", "(1,-,3,-,5)"),
    ("sequence with maxspan=1m [A] ![M] [B] ![N] [C]", "1:0 A, 2:1 B, 3:2 N, 4:3 C", ""),
    ("sequence by k with maxspan=1m [A] ![M] [B]", "1:0 A x, 2:1 M y, 3:1 M, 4:2 B x", "(1,-,4)"),
    ("sequence by ?k with maxspan=1m [A] ![M] [B]", "1:0 A, 2:1 M, 3:2 B", ""),
    ("sequence by ?k with maxspan=1m [A] ![M] [B]", "1:0 A, 2:1 M x, 3:2 B", "(1,-,3)"),
    ("sequence with maxspan=1m [A] by k ![M] by l [B] by k", "1:0 A x, 2:1 M y l=x, 3:2 B x", ""),
    # the positive event itself is not strictly between
    ("sequence with maxspan=1m [A] ![A] [B]", "1:0 A, 2:1 B", "(1,-,2)"),
    # trailing: counted from the first event, inclusive
    ("sequence with maxspan=10s [A] ![M]", "1:0 A, 2:10 M", ""),
    ("sequence with maxspan=10s [A] ![M]", "1:0 A, 2:10.001 M", "(1,-)"),
    ("sequence with maxspan=10s [A] ![M]", "1:0 A, 2:0 M", "(1,-)"),
    ("sequence with maxspan=10s [A] ![M]", "1:0 M, 2:1 A", "(2,-)"),
    ("sequence with maxspan=10s [A] [B] ![M]", "1:0 A, 2:8 B, 3:11 M", "(1,2,-)"),
    ("sequence with maxspan=10s [A] [B] ![M]", "1:0 A, 2:8 B, 3:9 M", ""),
    ("sequence with maxspan=10s [A] ![M] ![N]", "1:0 A, 2:20 M, 3:5 N", ""),
    ("sequence with maxspan=10s [A] ![M] with runs=2", "1:0 A", "(1,-,-)"),
    # leading: counted back from the last event, inclusive
    ("sequence with maxspan=10s ![M] [A]", "1:0 M, 2:10 A", ""),
    ("sequence with maxspan=10s ![M] [A]", "1:0 M, 2:10.001 A", "(-,2)"),
    ("sequence with maxspan=10s ![M] [A]", "1:0 M, 2:0 A", "(-,2)"),
    ("sequence with maxspan=10s ![M] [A] [B]", "1:0 M, 2:5 A, 3:11 B", "(-,2,3)"),
    ("sequence with maxspan=10s ![M] [A] [B]", "1:0 M, 2:5 A, 3:10 B", ""),
    ("sequence with maxspan=10s ![M] ![N] [A]", "1:0 N, 2:5 A", ""),
    # both: only a window that holds one before and one after rejects
    ("sequence with maxspan=10s ![M] [A] ![N]", "1:0 M, 2:5 A", "(-,2,-)"),
    ("sequence with maxspan=10s ![M] [A] ![N]", "1:5 A, 2:6 N", "(-,1,-)"),
    ("sequence with maxspan=10s ![M] [A] ![N]", "1:0 M, 2:5 A, 3:10 N", ""),
    ("sequence with maxspan=10s ![M] [A] ![N]", "1:0 M, 2:5 A, 3:10.001 N", "(-,2,-)"),
    ("sequence with maxspan=10s ![M] [A] ![N] [B] ![M]", "1:0 A, 2:1 N, 3:2 B", ""),
    # with until
    ("sequence with maxspan=10s [A] ![M] [B] until [U]", "1:0 A, 2:1 U, 3:2 B", ""),
    ("sequence with maxspan=10s [A] ![M] until [U]", "1:0 A, 2:1 U", "(1,-)"),
    # with runs of positive stages
    ("sequence with maxspan=10s [A] with runs=2 ![M] [B]", "1:0 A, 2:1 M, 3:2 A, 4:3 B", "(1,3,-,4)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "events", "expected"), MISSING)
def test_missing_events(text: str, events: str, expected: str) -> None:
    assert result(text, events) == expected


# --- eql.md 4.5: order and limits of results --------------------------------------------------------------------------

SIX = "1:0 A, 2:1 B, 3:2 A, 4:3 B, 5:4 A, 6:5 B"


def test_results_are_ordered_by_the_event_that_completes_them() -> None:
    events = "1:0 A x, 2:1 A y, 3:2 B y, 4:3 B x"
    assert result("sequence by k [A] [B]", events) == "(2,3) (1,4)"


def test_results_completed_by_one_event_are_ordered_by_key() -> None:
    found = run("sequence by ?k [A] [B]", "1:0 A q+p+10+9, 2:1 B p+q+9+10")
    assert [found.join_keys(match) for match in found.matches] == [["10"], ["9"], ["p"], ["q"]]


@pytest.mark.parametrize(
    ("size", "position", "expected"),
    [
        (None, "tail", "(1,2) (3,4) (5,6)"),
        (2, "tail", "(3,4) (5,6)"),
        (2, "head", "(1,2) (3,4)"),
        (0, "tail", ""),
        (0, "head", ""),
        (9, "tail", "(1,2) (3,4) (5,6)"),
    ],
)
def test_size_and_result_position(size: int | None, position: str, expected: str) -> None:
    assert result("sequence [A] [B]", SIX, size=size, position=position) == expected


@pytest.mark.parametrize(
    ("pipes", "expected"),
    [
        ("| head 1", "(1,2)"),
        ("| head 0", ""),
        ("| head 9", "(1,2) (3,4) (5,6)"),
        ("| tail 1", "(5,6)"),
        ("| tail 0", ""),
        ("| tail 2", "(3,4) (5,6)"),
        ("| tail 2 | head 1", "(3,4)"),
        ("| head 2 | tail 1", "(3,4)"),
        ("| head 2 | head 9", "(1,2) (3,4)"),
        ("| tail 0 | head 1", ""),
    ],
)
def test_pipes(pipes: str, expected: str) -> None:
    assert result(f"sequence [A] [B] {pipes}", SIX) == expected
    singles = result(f'any where stage == "B" {pipes}', SIX)
    assert singles == expected.replace("1,", "").replace("3,", "").replace("5,", "")


@pytest.mark.parametrize("pipe", ["head 9", "tail 9", "head 1", "tail 1"])
def test_a_pipe_never_exceeds_size(pipe: str) -> None:
    assert len(run(f"sequence [A] [B] | {pipe}", SIX, size=2).matches) == min(2, int(pipe[-1]))


@pytest.mark.parametrize(
    ("pipes", "expected"),
    [("| head 3", "(1,2)"), ("| head 3 | tail 1", "(1,2)"), ("| tail 3 | head 1", "(5,6)")],
)
def test_size_limits_what_the_first_pipe_sees(pipes: str, expected: str) -> None:
    """Elasticsearch puts the limit below the first pipe, and in its direction."""
    assert result(f"sequence [A] [B] {pipes}", SIX, size=1) == expected


def test_the_answer_shows_empty_slots() -> None:
    body = run("sequence by k with maxspan=10s [A] ![M]", "1:0 A x").to_dict()
    (found,) = body["hits"]["sequences"]
    assert found["join_keys"] == ["x"]
    assert [event.get("missing", False) for event in found["events"]] == [False, True]
    assert found["events"][0]["_id"] == "1"
    assert body["hits"]["total"] == {"value": 1, "relation": "eq"}


def test_one_event_read_twice_is_one_event() -> None:
    assert shown(run("sequence [A] [A]", stream("1:0 A") * 2).matches) == ""


def test_until_and_missing_events_are_no_part_of_the_result() -> None:
    found = run("sequence with maxspan=10s [A] ![M] [B] until [U]", "1:0 U, 2:1 A, 3:2 B, 4:3 U, 5:9 M")
    assert shown(found.matches) == "(2,-,3)"

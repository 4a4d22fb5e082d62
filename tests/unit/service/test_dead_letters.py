"""Dead letters are kept, survive a restart, are bounded, and fail nobody."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from besra.service.dead_letters import FILE, Bounds, DeadLetterError, DeadLetters, Letter, read_letters


def clock() -> int:
    return 1_750_000_000_000_000_000


def test_letters_are_there_after_a_restart_the_newest_first(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path, clock)
    assert letters.add(Letter("_bulk logs-x", "failed to parse", b"\xff{")).result(10)
    assert letters.add(Letter("kafka:logs/0@17", "not JSON", b"")).result(10)
    letters.close()
    letters = DeadLetters(tmp_path, clock)
    second, first = letters.page()
    assert (first.origin, first.reason, first.body, first.received) == (
        "_bulk logs-x",
        "failed to parse",
        b"\xff{",
        clock(),
    )
    assert second.origin == "kafka:logs/0@17"
    assert letters.page(before=second.number) == [first]
    assert letters.page(limit=1) == [second]
    assert letters.one(first.number) == first
    assert letters.one(99) is None
    counts = letters.counts()
    assert (counts.kept, counts.added, counts.dropped, counts.lost) == (2, 0, 0, 0)
    letters.close()


@settings(max_examples=20)
@given(sizes=st.lists(st.integers(0, 3000), max_size=30))
def test_what_is_kept_is_bounded_and_the_oldest_leave(
    sizes: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("letters")
    bounds = Bounds(kept=5000, letter=2000)
    letters = DeadLetters(folder, clock, bounds)
    answers = [letters.add(Letter("x", "y", bytes(size))) for size in sizes]
    assert all(answer.result(10) for answer in answers)
    letters.close()
    kept = read_letters(folder / FILE)
    numbers = [letter.number for letter in kept]
    assert numbers == list(range(len(sizes), len(sizes) - len(kept), -1))
    assert [letter.size for letter in kept] == sizes[::-1][: len(kept)]
    assert all(len(letter.body) == min(letter.size, bounds.letter) for letter in kept)
    counts = letters.counts()
    assert counts.bytes <= bounds.kept
    assert (counts.kept, counts.dropped) == (len(kept), len(sizes) - len(kept))
    again = DeadLetters(folder, clock, bounds)
    assert (again.counts().kept, again.counts().dropped) == (counts.kept, counts.dropped)
    again.close()


def test_what_cannot_be_kept_is_counted_and_fails_nothing(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path, clock, Bounds(waiting=1000))
    assert not letters.add(Letter("x", "too many at once", bytes(2000))).result(10)
    with sqlite3.connect(tmp_path / FILE) as other:
        other.execute("DROP TABLE letter")
    assert not letters.add(Letter("x", "the file is broken", b"")).result(10)
    assert letters.counts().lost == 2
    with pytest.raises(DeadLetterError):
        letters.page()
    letters.close()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all, and long enough to be told so" * 100)
    with pytest.raises(DeadLetterError, match=FILE):
        DeadLetters(tmp_path, clock)


def test_texts_that_are_none(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path, clock)
    assert letters.add(Letter("file:\udcff", "\ud800", b"")).result(10)
    assert letters.page()[0].origin == "file:?"
    letters.close()

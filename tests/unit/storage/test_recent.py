"""What is held of a journal is all there is after some batch, or nothing is said."""

from besra.storage.journal import Batch, Record
from besra.storage.recent import Recent


def batch(number: int) -> Batch:
    return Batch(number, 0, (Record(b"x" * 10, ("i",), "1"),))


def numbers(recent: Recent, after: int) -> list[int] | None:
    found = recent.after(after)
    return None if found is None else [one.number for one in found]


def test_as_many_as_fit() -> None:
    recent = Recent(5, memory=25)
    assert (numbers(recent, 4), numbers(recent, 5)) == (None, [])
    for number in (6, 7, 9):
        recent.add(batch(number))
    assert (numbers(recent, 5), numbers(recent, 6), numbers(recent, 7), numbers(recent, 9)) == (None, [7, 9], [9], [])
    recent.drop(7)
    assert (numbers(recent, 6), numbers(recent, 7)) == (None, [9])


def test_one_that_does_not_fit_is_not_held() -> None:
    recent = Recent(0, memory=5)
    recent.add(batch(1))
    assert (numbers(recent, 0), numbers(recent, 1)) == (None, [])

"""Worker processes: order, buffers, and every way one of them may end."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from tests.unit.engine.processes import is_alive

from besra.engine.forked import can_fork
from besra.engine.worker_pool import NO_CELLS, WorkerPool
from besra.errors import InputError
from besra.events.columns import DecodedLines
from besra.events.line_block import BLOCK, Outcome, Pending, RawLines

pytestmark = pytest.mark.skipif(not can_fork(), reason="processes cannot be forked here")

SIZE = 1000


def answer(*numbers: int) -> Outcome:
    """An outcome that carries numbers."""
    held = np.array(numbers, np.int64)
    nothing = np.empty(0, np.int64)
    lines = DecodedLines({}, NO_CELLS, held, held, held.astype(np.int32), np.zeros(len(held), np.bool_), len(held))
    return Outcome(lines, nothing, kept="kept")


class Echo:
    """Answers with the process it is in and the sum of the bytes; the first byte says what to do before."""

    def lines(self, lines: RawLines) -> Outcome:
        view = np.frombuffer(lines.buffer, np.uint8)
        match chr(view[0]):
            case "k":
                os.kill(os.getpid(), signal.SIGKILL)
            case "v":
                raise ValueError("a defect")
            case "i":
                raise InputError.of("some-code", "a message", path="a file", hint="a hint")
            case "m":
                raise MemoryError
            case "a":
                raise AttributeError("another defect")
            case "s":
                time.sleep(0.2)
            case "l":
                return answer(*range(2_000_000))  # more than a pipe holds
        return answer(os.getpid(), int(view.astype(np.int64).sum()))


@contextmanager
def pool(count: int, make: Callable[[], Echo] = Echo) -> Iterator[WorkerPool]:
    made = WorkerPool(count, make)
    try:
        yield made
    finally:
        made.close()


def given(workers: WorkerPool, text: bytes) -> Pending:
    """A task of SIZE bytes that begin with a text; the pool copies them."""
    return workers.submit(RawLines(memoryview(text.ljust(SIZE, b"\0"))))


def told(pending: Pending) -> list[int]:
    return pending.result().decoded.starts.tolist()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_task_has_its_own_answer_in_whatever_order_they_are_asked_for(count: int) -> None:
    with pool(count) as workers:
        buffers, waiting = [], []
        for number in range(count + 2):
            buffer = workers.take()
            buffer[:SIZE] = bytes([number]).ljust(SIZE, b"\0")
            buffers.append(buffer)
            waiting.append(workers.submit(RawLines(memoryview(buffer)[:SIZE])))
        answers = {number: told(waiting[number]) for number in reversed(range(count + 2))}
        assert {number: found[1] for number, found in answers.items()} == {n: n for n in range(count + 2)}
        assert 1 <= len({found[0] for found in answers.values()}) <= count
        assert os.getpid() not in {found[0] for found in answers.values()}


def test_more_workers_than_tasks_and_none_at_all() -> None:
    with pool(5) as workers:
        assert told(given(workers, b"\x07"))[1] == 7
    with pool(5):
        pass


def test_buffers_come_back_however_often_they_are_used() -> None:
    with pool(2) as workers:
        for number in range(50):
            buffer = workers.take()
            assert not isinstance(buffer, bytearray)
            buffer[:SIZE] = bytes([number]).ljust(SIZE, b"\0")
            assert told(workers.submit(RawLines(memoryview(buffer)[:SIZE])))[1] == number
            workers.give(buffer)


def test_lines_elsewhere_are_copied_and_their_place_is_given_back() -> None:
    with pool(1) as workers:
        for number in range(30):
            lines = RawLines(memoryview(bytes([number, 0, 0])))
            assert workers.takes(lines)
            assert told(workers.submit(lines))[1] == number
        assert not workers.takes(RawLines(memoryview(bytes(BLOCK + 1))))


def test_without_free_buffers_the_caller_keeps_its_own() -> None:
    with pool(1) as workers:
        taken = [workers.take() for _ in range(8)]
        assert isinstance(taken[-1], bytearray)
        workers.give(taken[-1])  # not of the pool: nothing to give back
        assert isinstance(workers.take(), bytearray)


def test_answers_larger_than_a_pipe_while_tasks_are_given() -> None:
    with pool(2) as workers:
        waiting = [given(workers, b"l") for _ in range(4)]
        assert [len(told(pending)) for pending in waiting] == [2_000_000] * 4


@pytest.mark.parametrize("more", [b"\x01", b"s", b"l"])
@pytest.mark.parametrize("count", [1, 2])
def test_a_worker_that_is_killed_is_named(count: int, more: bytes) -> None:
    # With tasks it has not read yet its pipe ends in another way than without.
    with pool(count) as workers, pytest.raises(InputError) as caught:
        waiting = [given(workers, text) for text in (b"k", more, more, more)]
        for pending in waiting:
            pending.result()
    assert caught.value.problem.code == "worker-killed"


def test_a_worker_that_is_killed_before_it_is_asked() -> None:
    with pool(1) as workers:
        process = told(given(workers, b"\x01"))[0]
        os.kill(process, signal.SIGKILL)
        time.sleep(0.1)
        with pytest.raises(InputError) as caught:
            told(given(workers, b"\x01"))
        assert caught.value.problem.code == "worker-killed"


def test_what_goes_wrong_in_a_worker_is_raised_here_with_the_place() -> None:
    with pool(1) as workers:
        for text, kind in ((b"v", ValueError), (b"a", AttributeError)):
            with pytest.raises(kind, match="defect") as caught:
                given(workers, text).result()
            assert "in lines" in "".join(caught.value.__notes__)
        with pytest.raises(MemoryError):
            given(workers, b"m").result()
        with pytest.raises(InputError) as told_wrong:
            given(workers, b"i").result()
        problem = told_wrong.value.problem
        assert (problem.code, problem.place.path, problem.hint) == ("some-code", "a file", "a hint")
        assert told(given(workers, b"\x05"))[1] == 5  # it goes on


def refuse() -> Echo:
    raise RuntimeError("no lane")


def test_a_lane_that_cannot_be_made() -> None:
    with pool(2, refuse) as workers, pytest.raises(RuntimeError, match="no lane"):
        given(workers, b"\x01").result()


def test_closing_ends_all_whatever_they_are_doing(capfd: pytest.CaptureFixture[str]) -> None:
    workers = WorkerPool(3, Echo)
    processes = {told(given(workers, b"s"))[0]}
    for text in (b"s", b"l", b"l", b"s"):
        given(workers, text)
    workers.close()
    assert not any(map(is_alive, processes))
    assert capfd.readouterr().err == ""

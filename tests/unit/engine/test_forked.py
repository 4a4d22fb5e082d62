"""Forked processes that answer: order, what goes wrong in one, and that none is left."""

import os
import signal
from contextlib import closing
from typing import Any

import pytest
from tests.unit.engine.processes import is_alive

from besra.engine import forked
from besra.engine.forked import answers, can_fork
from besra.errors import InputError

pytestmark = pytest.mark.skipif(not can_fork(), reason="processes cannot be forked here")


def doubled(task: int) -> tuple[int, int]:
    """The process that answers, and the answer."""
    return os.getpid(), 2 * task


@pytest.mark.parametrize(("count", "tasks"), [(1, 3), (2, 0), (2, 1), (2, 500), (4, 3)])
def test_answers_come_in_the_order_of_the_tasks_and_nobody_stays(count: int, tasks: int) -> None:
    found = list(answers(count, range(tasks), doubled, "test"))
    assert [answer for _, answer in found] == [2 * task for task in range(tasks)]
    processes = {process for process, _ in found}
    assert len(processes) == min(count, tasks)
    assert os.getpid() not in processes
    assert not any(map(is_alive, processes))


def test_processes_see_what_was_there_when_they_were_forked() -> None:
    known = {"a": 1}
    with closing(answers(2, range(20), lambda task: (task, dict(known)), "test")) as found:
        first = next(found)
        known["a"] = 2
        assert [first, *found] == [(task, {"a": 1}) for task in range(20)]


def test_whoever_stops_asking_leaves_no_process() -> None:
    found = answers(3, range(100), doubled, "test")
    processes = {next(found)[0] for _ in range(3)}
    found.close()
    assert not any(map(is_alive, processes))


def test_a_process_that_is_killed_is_named() -> None:
    def killed(task: int) -> int:
        if task == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return task

    found = answers(2, range(50), killed, "test")
    with pytest.raises(InputError) as caught:
        list(found)
    assert caught.value.problem.code == "worker-killed"


def test_what_goes_wrong_is_raised_where_its_answer_would_be() -> None:
    def wrong(task: int) -> int:
        if task == 2:
            raise InputError.of("some-code", "a message", path="a file")
        return task

    found = answers(2, range(5), wrong, "test")
    assert [next(found), next(found)] == [0, 1]
    with pytest.raises(InputError, match="a message"):
        next(found)


def test_ctrl_c_while_they_are_started_leaves_none_and_is_not_lost(capfd: pytest.CaptureFixture[str]) -> None:
    seen: list[int] = []

    class Interrupted(forked.Forked):
        def _started(self, *given: Any) -> Any:
            started = super()._started(*given)
            seen.append(started.process.pid)
            for process in (os.getpid(), started.process.pid):
                os.kill(process, signal.SIGINT)
            return started

    with pytest.raises(KeyboardInterrupt):
        Interrupted(2, lambda: doubled, "test")
    assert len(seen) == 2
    assert not any(map(is_alive, seen))
    assert capfd.readouterr().err == ""


def test_a_forked_process_forks_none() -> None:
    assert list(answers(1, [0], lambda _: can_fork(), "test")) == [False]

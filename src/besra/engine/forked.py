"""Processes forked from this one that answer what they are asked, each through a pipe of its own.

Forked once everything is loaded, they start at once and share it all. What they say comes back pickled.
"""

import gc
import multiprocessing
import signal
import sys
import threading
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from besra.errors import BesraError, InputError

DEFECTS = (ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)
"""What a process passes on with the place where it happened, which only it knows."""

Answering = Callable[[Any], Any]
"""Gives the answer to a task. A BesraError it raises is raised where the answer is asked for, as is a defect."""


def can_fork() -> bool:
    """Whether processes can be forked safely here. On macOS system libraries may not survive it.

    Neither can those that were forked, and end with their parent, have any of their own.
    """
    is_free = not multiprocessing.current_process().daemon
    return is_free and sys.platform != "darwin" and "fork" in multiprocessing.get_all_start_methods()


def tasks_ahead(count: int) -> int:
    """How many tasks `count` processes may be given besides the one whose answer is waited for.

    Answers are wanted in order, and one task may take three times as long as the next: whoever is quick needs more to
    do until the slow one is done. Pipes hold no number of tasks.
    """
    return 2 * count + 1


@dataclass
class _Process:
    """A process, our end of its pipe, and how many tasks it has."""

    process: Any
    pipe: "Connection[Any, Any]"
    tasks: int = 0


class Forked:
    """`count` processes called `name`, each with what `make` makes there.

    To be closed; they end with this process anyway.
    """

    def __init__(self, count: int, make: Callable[[], Answering], name: str) -> None:
        self._done: dict[int, Any] = {}
        self._next = 0
        self._processes: list[_Process] = []
        try:
            with _uninterrupted():
                for _ in range(count):
                    self._processes.append(self._started(make, name))
        except BaseException:  # Ctrl-C at this moment: nobody else knows of them
            self.close()
            raise

    def _started(self, make: Callable[[], Answering], name: str) -> _Process:
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        others = [known.pipe for known in self._processes]
        process = context.Process(target=_answer, args=(theirs, [ours, *others], make), name=name, daemon=True)
        with warnings.catch_warnings():
            # A progress bar has a thread. What it may hold locked, none of them touches.
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
        theirs.close()
        return _Process(process, ours)

    def ask(self, task: Any) -> int:
        """Give a task to the process that has the least to do; the number to ask for its answer by."""
        number = self._next
        self._next += 1
        chosen = min(self._processes, key=lambda known: known.tasks)
        chosen.tasks += 1
        try:
            chosen.pipe.send((number, task))
        except OSError as error:
            raise _killed() from error
        return number

    def answer(self, number: int) -> Any:
        """The answer to a task, waited for. Raises what went wrong there, InputError if a process was killed."""
        while number not in self._done:
            for known in self._ready():
                try:
                    done, answer = known.pipe.recv()
                except (EOFError, OSError) as error:  # the latter if it had tasks to read, or was writing
                    raise _killed() from error
                known.tasks -= 1
                self._done[done] = answer
        answer = self._done.pop(number)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _ready(self) -> Iterable[_Process]:
        ready = set(wait([known.pipe for known in self._processes if known.tasks]))
        return [known for known in self._processes if known.pipe in ready]

    def close(self) -> None:
        """End the processes; what they have not done is dropped."""
        for known in self._processes:
            known.pipe.close()
        for known in self._processes:
            known.process.terminate()
        for known in self._processes:
            known.process.join()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back, here and in processes that are forked meanwhile: what they do first would print a traceback.

    Not by blocking the signal: another thread, as that of a progress bar, would take it, and Python raises it here.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # it is not raised here
        return
    caught: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: caught.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if caught:
            signal.raise_signal(signal.SIGINT)


def answers(count: int, tasks: Iterable[Any], answering: Answering, name: str) -> Generator[Any, None, None]:
    """The answers to tasks in their order, by `count` processes that end when the iterator does. Raises as `answer`."""
    forked = Forked(count, lambda: answering, name)
    waiting: deque[int] = deque()
    try:
        for task in tasks:
            waiting.append(forked.ask(task))
            if len(waiting) > tasks_ahead(count):
                yield forked.answer(waiting.popleft())
        while waiting:
            yield forked.answer(waiting.popleft())
    finally:
        forked.close()


def _killed() -> InputError:
    message = "a worker process was killed, perhaps for want of memory"
    return InputError.of("worker-killed", message, hint="try --workers 1")


def _answer(
    pipe: "Connection[Any, Any]", others: "Iterable[Connection[Any, Any]]", make: Callable[[], Answering]
) -> None:
    """What a process does until its pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    gc.freeze()  # looking for garbage among what is shared would copy all of it
    for other in others:
        other.close()  # or the pipe of a parent that was killed would stay open
    answering: Answering | None = None
    while True:
        try:
            number, task = pipe.recv()
        except (EOFError, OSError):  # the latter if what was sent there has not been read
            return
        answer: Any
        try:
            answering = answering or make()
            answer = answering(task)
        except DEFECTS as error:
            error.add_note("".join(traceback.format_exception(error)))
            answer = error
        except (BesraError, MemoryError) as error:
            answer = error
        try:
            pipe.send((number, answer))
        except OSError:
            return

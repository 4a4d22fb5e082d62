"""Kernels made ready before there is anything for them to do, and who is told if they have to be compiled."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from numba.core import event

from besra.events.kernels.integers import hash_values, read_integers
from besra.events.kernels.interning import rehash
from besra.events.kernels.times import read_times


def load_kernels() -> None:
    """Load those that work on values by having them do nothing: a few lines may have no need of them."""
    read_times(0, 0, 0, 0, 0)
    read_integers(0, 0, 0, 0, 0)
    hash_values(0, 0, 0, 0, 0, 0, 0)
    rehash(0, 0, 0, 0)


def compiling_told(tell: Callable[[], None]) -> AbstractContextManager[Any]:
    """A context in which `tell` is called once, if a kernel is about to be compiled."""
    told: AbstractContextManager[Any] = event.install_listener("numba:compile", _Once(tell))
    return told


class _Once(event.Listener):
    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell
        self._is_told = False

    def on_start(self, _: object) -> None:
        """A compilation begins."""
        if not self._is_told:
            self._is_told = True
            self._tell()

    def on_end(self, _: object) -> None:
        """One has ended."""

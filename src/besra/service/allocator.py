"""Memory that is free goes back to the system, where the C library is glibc: it keeps more than it should.

Many threads here hold large pieces for a moment: what is written to the event store, what is joined there. Each may get
an arena of its own, and what is free in one is of no use to the others.
"""

import ctypes
import sys
from contextlib import suppress

ARENA_MAX = -8
"""The parameter's number in malloc.h."""
ARENAS = 2


def use_few_arenas() -> None:
    """Let all threads share a few arenas. To be said before there are threads; nothing happens elsewhere."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(ARENA_MAX, ARENAS)


def give_back() -> None:
    """Give free memory back, which takes some milliseconds; nothing happens elsewhere."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)

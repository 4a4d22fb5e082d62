"""Processes as tests of those that are forked look at them."""

import os


def is_alive(process: int) -> bool:
    """Whether there is such a process, one that nobody has waited for included."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True

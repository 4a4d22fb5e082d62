"""What a kernel is: a Python function compiled to machine code on first use, kept on disk, run without the GIL."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numba

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

INNER: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def kernel(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """The compiled function.

    numba keeps the machine code in `NUMBA_CACHE_DIR` if that is set, else in `__pycache__` beside the source, else in
    the user's cache folder. Where none of these can be written it says so by a `RuntimeError`: then every process
    compiles for itself, which takes seconds and changes nothing else.
    """
    try:
        compiled: Callable[Parameters, Result] = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:
        compiled = numba.njit(nogil=True)(function)
    return compiled


def inlined(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """A function for kernels only, which becomes part of them wherever it is called."""
    made: Callable[Parameters, Result] = numba.njit(forceinline=True, **INNER)(function)
    return made


def inner(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """A function for kernels only, compiled with them."""
    made: Callable[Parameters, Result] = numba.njit(**INNER)(function)
    return made

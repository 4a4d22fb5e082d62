"""Numbers put into sections (`ordered`) all at once; None where only exact Python arithmetic will do."""

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def sections_of_integers(cuts: Sequence[Any], values: Sequence[Any]) -> list[int] | None:
    """The sections of integers. None if a value or constant is no 64-bit integer."""
    try:
        if not all(type(cut) is int for cut in cuts):
            return None
        sections = places(np.array(cuts, np.int64), np.array(values, np.int64))
    except OverflowError:
        return None
    return sections.tolist()  # type: ignore[no-any-return]


def sections_of_floats(cuts: Sequence[Any], values: Sequence[Any]) -> list[int] | None:
    """The sections of numbers read as floats. None if a constant is no float, or a value none or not a number."""
    if not all(type(cut) is float for cut in cuts):
        return None
    try:
        numbers = np.array(values, np.float64)
    except OverflowError:
        return None
    if np.isnan(numbers).any():
        return None
    return places(np.array(cuts, np.float64), numbers).tolist()  # type: ignore[no-any-return]


def places(cuts: Array, values: Array) -> Array:
    """The section of each value: twice the cuts below it, and one more if it is a cut itself."""
    return np.searchsorted(cuts, values, "left") + np.searchsorted(cuts, values, "right")

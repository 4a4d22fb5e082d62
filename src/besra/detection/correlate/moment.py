"""An event as correlations pass it around."""

from collections.abc import Hashable
from typing import NamedTuple


class Moment(NamedTuple):
    """One event of a sequence or sample: its rank in the total order, its time and who it is.

    `row` is what its stream finds its hits by. Chains keep moments, so they hold no more than this.
    """

    rank: int
    time: int
    event: Hashable
    row: int


Keys = dict[int, list[Hashable]]
"""For every clause an event satisfied what stands for the join keys it has there."""

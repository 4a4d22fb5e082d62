"""What an event must satisfy for a predicate to hold: groups of leaves, one of each group at least.

A group may be too wide, never too narrow: it is a filter before the evaluation, not a part of it. A clause with a group
none of whose leaves holds anywhere in a batch cannot fire there; the group that holds least often says where to look.
"""

from collections.abc import Mapping
from typing import Any

from besra.engine.relaxed import relaxed
from besra.language.expr import Always, And, Nested, Not, Or, Predicate, Script

Group = tuple[int, ...]


def implied_groups(predicate: Predicate, leaf_ids: Mapping[Any, int]) -> tuple[Group, ...]:
    """The groups a predicate implies; none if it says nothing about leaves that hold (a negation, a script)."""
    match predicate:
        case And():
            groups = [group for operand in predicate.operands for group in implied_groups(operand, leaf_ids)]
            return tuple(dict.fromkeys(groups))
        case Or():
            widest: set[int] = set()
            for operand in predicate.operands:
                choices = sorted(implied_groups(operand, leaf_ids), key=len)
                if not choices:
                    return ()
                # Any of the operand's groups will do; the shortest is the likeliest to hold least often.
                widest.update(choices[0])
            return (tuple(sorted(widest)),)
        case Nested():
            return implied_groups(relaxed(predicate), leaf_ids)
        case Not() | Script() | Always():
            return ()
        case _:
            return ((leaf_ids[predicate],),)

"""Predicates over events of which only a part is known: true, false, or None where it depends on the rest.

Kleene's logic: what is said here is certain, and None promises nothing. A leaf that occurs twice is taken for two, so a
predicate that contradicts itself in what is not known may get None instead of false.
"""

from collections.abc import Callable
from itertools import product

from besra.language.expr import And, Call, Constant, FieldRef, Leaf, Nested, Not, Or, Predicate, Value
from besra.language.functions import BY_NAME, call

Truth = bool | None

ANY: frozenset[Truth] = frozenset((True, False, None))
NULL: frozenset[Truth] = frozenset((None,))
LOGICAL = ("and", "or", "not", "isNull")


def truth_of(predicate: Predicate, leaf_truth: Callable[[Leaf | Nested], Truth]) -> Truth:
    """What a predicate is where its leaves, and conditions on single objects, are that."""
    match predicate:
        case Not():
            truth = truth_of(predicate.operand, leaf_truth)
            return None if truth is None else not truth
        case And():
            return _joined(predicate.operands, leaf_truth, deciding=False)
        case Or():
            return _joined(predicate.operands, leaf_truth, deciding=True)
        case _:
            return leaf_truth(predicate)


def _joined(operands: tuple[Predicate, ...], leaf_truth: Callable[[Leaf | Nested], Truth], *, deciding: bool) -> Truth:
    truth: Truth = not deciding
    for operand in operands:
        found = truth_of(operand, leaf_truth)
        if found is deciding:
            return deciding
        truth = None if found is None else truth
    return truth


def outcomes(value: Value, is_missing: Callable[[FieldRef], bool]) -> frozenset[Truth]:
    """What a script may come to where these fields are missing and nothing is known of the others.

    Null is None; values that are neither true nor false count as true, since a script asks them for null at most.
    """
    match value:
        case Constant():
            return frozenset((value.value if isinstance(value.value, bool) else None if value.value is None else True,))
        case FieldRef():
            return NULL if is_missing(value) else ANY
        case Call() if value.function in LOGICAL:
            return _logical(value.function, [outcomes(arg, is_missing) for arg in value.args])
        case Call():
            function = BY_NAME[value.function]
            required = (a for n, a in enumerate(value.args) if not function.parameter(n).optional)
            return NULL if any(outcomes(arg, is_missing) == NULL for arg in required) else ANY


def _logical(name: str, args: list[frozenset[Truth]]) -> frozenset[Truth]:
    """Pair by pair: `and` and `or` of many operands have as many combinations as there are grains of rice."""
    if len(args) == 1:
        return frozenset(_truth(call(name, [arg])) for arg in args[0])
    found = args[0]
    for more in args[1:]:
        found = frozenset(_truth(call(name, pair)) for pair in product(found, more))
    return found


def _truth(value: object) -> Truth:
    return None if value is None else bool(value)

"""Predicate to predicate, same truth table: constants folded, nested `and`/`or` flattened, repeats dropped."""

from collections.abc import Iterable

from besra.language.expr import (
    Always,
    And,
    Equals,
    Exists,
    InNetwork,
    Like,
    Nested,
    Not,
    Or,
    Predicate,
    Range,
    Regex,
    RelativeDate,
)

TRUE = Always(True)
FALSE = Always(False)


def simplify(predicate: Predicate) -> Predicate:
    """The simplest equal predicate these rules reach; idempotent. Order of operands is kept: it is the author's."""
    match predicate:
        case Not():
            return negated(simplify(predicate.operand))
        case Nested():
            return some_object(predicate.path, simplify(predicate.operand))
        case And():
            return all_of(simplify(operand) for operand in predicate.operands)
        case Or():
            return any_of(simplify(operand) for operand in predicate.operands)
        case _:
            return predicate


def negated(predicate: Predicate) -> Predicate:
    """The negation, without double negation or negated constants."""
    match predicate:
        case Always():
            return Always(not predicate.value)
        case Not():
            return predicate.operand
        case _:
            return Not(predicate)


def all_of(predicates: Iterable[Predicate]) -> Predicate:
    """The conjunction: flat, without repeats, a constant if one decides it."""
    return _joined(And, predicates, neutral=TRUE, deciding=FALSE)


def any_of(predicates: Iterable[Predicate]) -> Predicate:
    """The disjunction: flat, without repeats, a constant if one decides it."""
    return _joined(Or, predicates, neutral=FALSE, deciding=TRUE)


def some_object(path: str, predicate: Predicate) -> Predicate:
    """Some object at the path satisfies the predicate, which is simple: what one leaf decides needs no object."""
    match predicate:
        case Or():
            return any_of(some_object(path, operand) for operand in predicate.operands)
        case Always(value=False) | Exists() | Equals() | Like() | Regex() | Range() | RelativeDate() | InNetwork():
            return predicate
        case Nested() if predicate.path.startswith(f"{path}."):
            return predicate
        case _:
            return Nested(path, predicate)


def _joined(
    kind: type[And] | type[Or], predicates: Iterable[Predicate], *, neutral: Predicate, deciding: Predicate
) -> Predicate:
    parts: dict[Predicate, None] = {}
    for predicate in predicates:
        if predicate == deciding:
            return deciding
        if predicate != neutral:
            parts.update(dict.fromkeys(predicate.operands if isinstance(predicate, kind) else (predicate,)))
    operands = tuple(parts)
    if not operands:
        return neutral
    return operands[0] if len(operands) == 1 else kind(operands)

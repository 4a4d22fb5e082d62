"""Predicate to predicate, same truth table: constants folded, nested `and`/`or` flattened, repeats dropped."""

from collections.abc import Iterable

from besra.language.expr import Always, And, Not, Or, Predicate

TRUE = Always(True)
FALSE = Always(False)


def simplify(predicate: Predicate) -> Predicate:
    """The simplest equal predicate these rules reach; idempotent. Order of operands is kept: it is the author's."""
    match predicate:
        case Not():
            return negated(simplify(predicate.operand))
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
    parts: dict[Predicate, None] = {}
    for predicate in predicates:
        if predicate == FALSE:
            return FALSE
        if predicate != TRUE:
            inner = predicate.operands if isinstance(predicate, And) else (predicate,)
            parts.update(dict.fromkeys(inner))
    return _joined(And, tuple(parts), TRUE)


def any_of(predicates: Iterable[Predicate]) -> Predicate:
    """The disjunction: flat, without repeats, a constant if one decides it."""
    parts: dict[Predicate, None] = {}
    for predicate in predicates:
        if predicate == TRUE:
            return TRUE
        if predicate != FALSE:
            inner = predicate.operands if isinstance(predicate, Or) else (predicate,)
            parts.update(dict.fromkeys(inner))
    return _joined(Or, tuple(parts), FALSE)


def _joined(kind: type[And] | type[Or], parts: tuple[Predicate, ...], empty: Predicate) -> Predicate:
    if not parts:
        return empty
    return parts[0] if len(parts) == 1 else kind(parts)

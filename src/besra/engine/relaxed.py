"""Conditions on one object of a list, relaxed to what an event with such an object satisfies as a whole.

Columns no longer know which object a value stood in. What the relaxed condition leaves is looked up in the document.
"""

from besra.events.document import CASELESS, TEXT
from besra.language.expr import Always, And, Nested, Not, Or, Predicate, Script
from besra.language.simplify import TRUE, all_of, any_of


def relaxed(predicate: Nested) -> Predicate:
    """A condition every event satisfies that satisfies this one. It holds field leaves, `and` and `or` only.

    Another object may satisfy what is negated. A script may try values together that no object has together, or too
    many to come to those one has. A multi-field that one object has of its own is not derived for the event.
    """
    return _relaxed(predicate.operand)


def _relaxed(predicate: Predicate) -> Predicate:
    match predicate:
        case And():
            return all_of(map(_relaxed, predicate.operands))
        case Or():
            return any_of(map(_relaxed, predicate.operands))
        case Nested():
            return _relaxed(predicate.operand)
        case Not() | Script():
            return TRUE
        case Always():
            return predicate
        case _:
            return TRUE if predicate.field.name.endswith((CASELESS, TEXT)) else predicate

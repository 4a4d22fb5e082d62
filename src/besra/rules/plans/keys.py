"""Fields of a rule as join keys: an event without one of them takes no part."""

from collections.abc import Iterable, Iterator

from besra.language.expr import Exists, FieldRef, Predicate
from besra.language.plan import Clause, JoinKey
from besra.language.simplify import all_of
from besra.problems import Problem, Severity
from besra.schema.catalogue import Catalogue
from besra.schema.fieldtype import FieldType

EMPTY = frozenset({FieldType.OBJECT, FieldType.NESTED, FieldType.UNSUPPORTED})
"""Types of fields without values that could be compared."""


def field_ref(name: str, catalogue: Catalogue) -> FieldRef:
    """A field as its values are grouped and compared: text as it stands, others by their type.

    Of a field in no mapping it is the canonical text, as in conditions.
    """
    kind = catalogue.type_of(name)
    return FieldRef(name, FieldType.KEYWORD if kind in (FieldType.TEXT, FieldType.DYNAMIC) else kind)


def keyed_clause(predicate: Predicate, fields: Iterable[FieldRef], index: tuple[str, ...] | None = None) -> Clause:
    """A clause of the events that satisfy a predicate and have all the fields, which are their keys."""
    names = tuple(fields)
    present = all_of([predicate, *(Exists(name) for name in names)])
    return Clause(present, tuple(JoinKey(name) for name in names), index)


def without_values(names: Iterable[str], catalogue: Catalogue) -> Iterator[Problem]:
    """Warnings about fields that no event has a value of, so that no event takes part: objects, places."""
    for name in names:
        if name in catalogue.objects or catalogue.type_of(name) in EMPTY:
            message = f"{name} holds no values to compare, so no event is counted by it"
            yield Problem("rule-field-without-values", message, Severity.WARNING, hint="name a field below it")

"""KQL trees to plans: fields looked up, values given their types, everything implicit written out (eql.md 8.2).

KQL is two-valued throughout: a leaf is false where its field is missing, so `not` of it is true. That is what the
predicates of the IR are, so the only thing to decide here is what a value means on a field.
"""

from collections.abc import Callable
from dataclasses import dataclass

from besra.errors import QuerySemanticError
from besra.language.eql.lower import DEFAULT_FIELDS, Lowered, QueryFields
from besra.language.expr import FieldRef, Predicate
from besra.language.glob import glob_matches
from besra.language.kuery import tree
from besra.language.kuery.alternatives import any_alternative
from besra.language.kuery.field_tests import exists_test, range_test, value_test
from besra.language.kuery.guess import foreign_operator
from besra.language.kuery.names import fields_below, fields_like, searchable, within
from besra.language.kuery.scope import LOOK, Scope
from besra.language.kuery.slips import warn_of_name, warn_of_slips
from besra.language.plan import Clause, Each, Ordering, Plan
from besra.language.simplify import FALSE, TRUE, all_of, negated, simplify, some_object
from besra.problems import Problem
from besra.schema.catalogue import Catalogue
from besra.schema.fieldtype import FieldType


@dataclass(frozen=True, slots=True)
class LoweredExpression:
    """The predicate of a query and the warnings its author should see."""

    predicate: Predicate
    warnings: tuple[Problem, ...]


def lower_kuery(
    query: tree.Query,
    catalogue: Catalogue,
    *,
    fields: QueryFields = DEFAULT_FIELDS,
    now: int | None = None,
) -> Lowered:
    """The plan of a query: one clause, every event of which is a match. Raises QuerySemanticError with every error.

    `now` is what `now` in a date stands for, in nanoseconds since 1970; without it the plan is one at no time yet
    (`language.relative`). KQL knows no event categories, so of `fields` timestamp and tiebreaker count.
    """
    lowered = lower_kuery_expression(query, catalogue, now=now)
    tiebreaker = fields.tiebreaker
    ordering = Ordering(
        FieldRef(fields.timestamp, FieldType.DATE),
        FieldRef(tiebreaker, catalogue.type_of(tiebreaker)) if tiebreaker else None,
    )
    return Lowered(Plan((Clause(lowered.predicate),), Each(), ordering), lowered.warnings)


def lower_kuery_expression(query: tree.Query, catalogue: Catalogue, *, now: int | None = None) -> LoweredExpression:
    """The predicate of a query. Raises QuerySemanticError holding every error found."""
    scope = Scope(query.text, catalogue, now)
    predicate = TRUE if query.condition is None else _lower(scope, query.condition, None)
    if scope.errors:
        raise QuerySemanticError(*scope.errors)
    return LoweredExpression(simplify(predicate), scope.warnings)


def _lower(scope: Scope, node: tree.Node, path: str | None) -> Predicate:
    """The predicate of a condition; `path` is the name of the braces around it."""
    match node:
        case tree.Not():
            return negated(_lower(scope, node.operand, path))
        case tree.And():
            return all_of([_lower(scope, operand, path) for operand in node.operands])
        case tree.Or():
            return any_alternative([_lower(scope, operand, path) for operand in node.operands])
        case tree.Test():
            return _values(scope, _named(scope, path, node.name), node.value)
        case tree.Range():
            return _range(scope, _named(scope, path, node.name), node)
        case tree.Nested():
            return _nested(scope, _named(scope, path, node.name), node.condition)
        case tree.Text() | tree.Constant() | tree.Pattern():
            return _free_text(scope, node, path)


# --- one field --------------------------------------------------------------------------------------------------------


def _values(scope: Scope, name: tree.Name, node: tree.Node) -> Predicate:
    """A list of values on one field: clauses on that field, joined as the list joins its values."""
    match node:
        case tree.Not():
            return negated(_values(scope, name, node.operand))
        case tree.And():
            return all_of([_values(scope, name, operand) for operand in node.operands])
        case tree.Or():
            return any_alternative([_values(scope, name, operand) for operand in node.operands])
        case tree.Text() | tree.Constant() | tree.Pattern():
            return _value(scope, name, node)
        case tree.Test() | tree.Range() | tree.Nested():
            raise AssertionError("a list holds values only")


def _value(scope: Scope, name: tree.Name, value: tree.Value) -> Predicate:
    scope.spend(value.span, 1)
    if _refuses_null(scope, value):
        return FALSE
    warn_of_slips(scope, value)
    if isinstance(value, tree.Pattern) and value.is_everything:
        return _exists(scope, name)
    if isinstance(name, tree.Text):
        return value_test(scope, name.value, value)
    if name.is_everything:
        return _anywhere(scope, value)
    return _in_any(scope, name, lambda quiet, field: value_test(quiet, field, value))


def _range(scope: Scope, name: tree.Name, node: tree.Range) -> Predicate:
    if isinstance(node.value, tree.Pattern):
        hint = "write the bound in full, or `field: value*`"
        scope.error(node.value.span, f"`{node.operator}` takes no wildcards", hint=hint)
        return FALSE
    if _refuses_null(scope, node.value):
        return FALSE
    scope.spend(node.value.span, 1)
    if isinstance(name, tree.Text):
        return range_test(scope, name.value, node.operator, node.value)
    return _in_any(scope, name, lambda quiet, field: range_test(quiet, field, node.operator, node.value))


def _exists(scope: Scope, name: tree.Name) -> Predicate:
    """The field has a value; of an object, some field below it."""
    if isinstance(name, tree.Text):
        found = exists_test(scope, name.value)
        if found is None:
            below = list(fields_below(scope.catalogue, name.value))
            scope.spend(name.span, LOOK + len(below))
            found = any_alternative(test for field in below if (test := exists_test(scope, field)))
        return found
    if name.is_everything:
        return TRUE
    return any_alternative(test for field in _covered(scope, name) if (test := exists_test(scope, field)))


def _in_any(scope: Scope, name: tree.Pattern, test: Callable[[Scope, str], Predicate]) -> Predicate:
    """The test holds of some field the pattern covers."""
    quiet = _quiet(scope)
    found = any_alternative([test(quiet, field) for field in _covered(scope, name)])
    scope.problems += [problem for problem in quiet.errors if problem not in scope.problems]
    return found


def _covered(scope: Scope, name: tree.Pattern) -> list[str]:
    """The fields a pattern covers, with a warning if there is none."""
    found = list(fields_like(scope.catalogue, name.glob))
    scope.spend(name.span, LOOK + len(found))
    if not found:
        message = f"no field besra knows is called like `{name.glob}`, so this condition is never true"
        hint = "name the fields in full; a pattern finds those of the known schemas and those given a type"
        scope.warn(name.span, message, hint=hint, code="kql-fields")
    return found


def _quiet(scope: Scope) -> Scope:
    """A scope for one of many fields: a value that does not fit some of them is nobody's mistake."""
    return Scope(scope.text, scope.catalogue, scope.now, budget=scope.budget)


# --- values without a field -------------------------------------------------------------------------------------------


def _free_text(scope: Scope, value: tree.Value, path: str | None) -> Predicate:
    if _refuses_null(scope, value):
        return FALSE
    if path is not None:
        hint = "write `field: value` between the braces"
        scope.error(value.span, "a value between braces needs a field", hint=hint)
        return FALSE
    warn_of_slips(scope, value)
    if isinstance(value, tree.Pattern) and value.is_everything:
        return TRUE
    return _anywhere(scope, value)


def _anywhere(scope: Scope, value: tree.Value) -> Predicate:
    """The value is found in some field; those whose type it does not fit are left out."""
    fields = list(searchable(scope.catalogue))
    scope.spend(value.span, len(fields))
    message = f"without a field, the value is looked for in the {len(fields):,} fields besra knows and in no other"
    hint = foreign_operator(value.value) if isinstance(value, tree.Text) else None
    scope.warn(value.span, message, hint=hint or "write `field: value`", code="kql-fields")
    quiet = _quiet(scope)
    return any_alternative(value_test(quiet, field, value) for field in fields)


def _refuses_null(scope: Scope, value: tree.Value) -> bool:
    if not isinstance(value, tree.Constant) or value.value is not None:
        return False
    hint = 'write `not field: *` for a missing field, "null" for the word'
    scope.error(value.span, "`null` is no value to look for", hint=hint)
    return True


# --- objects ----------------------------------------------------------------------------------------------------------


def _named(scope: Scope, path: str | None, name: tree.Name) -> tree.Name:
    """The full name of a field, perhaps between braces."""
    warn_of_name(scope, name)
    full = within(path, name)
    if isinstance(name, tree.Text) and isinstance(full, tree.Text) and name.value.startswith(f"{path}."):
        message = f"names between braces are relative to `{path}`: this is the field `{full.value}`"
        scope.warn(name.span, message, hint=f"write `{name.value.removeprefix(f'{path}.')}`", code="kql-fields")
    return full


def _nested(scope: Scope, name: tree.Name, node: tree.Node) -> Predicate:
    """One object satisfies the condition, in which names are relative to that of the object (eql.md 8.1)."""
    if isinstance(name, tree.Text):
        return some_object(name.value, _lower(scope, node, name.value))
    quiet = _quiet(scope)
    scope.spend(name.span, LOOK)
    paths = [path for path in sorted(scope.catalogue.objects) if glob_matches(name.glob, path)]
    if not paths:
        message = f"no object besra knows is called like `{name.glob}`, so this condition is never true"
        scope.warn(name.span, message, hint="name the object in full", code="kql-fields")
    found = any_alternative([some_object(path, _lower(quiet, node, path)) for path in paths])
    scope.problems += [problem for problem in quiet.errors if problem not in scope.problems]
    return found

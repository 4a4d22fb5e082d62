"""Lowering of conditions: EQL trees to two-valued predicates (eql.md 2.3 to 2.6).

The central rule is which conditions are *index predicates* (one field against constants: two-valued leaves) and which
are *script predicates* (everything else: three-valued inside, null becomes false at the leaf, and a `not` directly
above joins the script). Null constants fold as in eql.md 2.2: `lower_condition` returns None for a condition that is
the constant null.
"""

from besra.language.eql import tree
from besra.language.eql.field_tests import contains_text, equals_any, in_networks, like_any, ordered, regex_any
from besra.language.eql.scope import Scope
from besra.language.eql.values import (
    check_call,
    constant_of,
    in_constants,
    kind_of,
    kind_of_constant,
    lower_value,
    refuse_field_comparison,
)
from besra.language.expr import Always, Call, Constant, Exists, FieldRef, Predicate, Script, Value
from besra.language.functions import Kind
from besra.language.script import folded
from besra.language.simplify import FALSE, all_of, any_of, negated
from besra.schema.fieldtype import FieldType

FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def lower_condition(scope: Scope, node: tree.Node) -> Predicate | None:
    """The predicate of a condition; None if the condition is the constant null."""
    match node:
        case tree.Literal():
            return _literal(scope, node)
        case tree.Field():
            return _boolean_field(scope, node)
        case tree.Not():
            return _negation(lower_condition(scope, node.operand))
        case tree.And():
            parts = [lower_condition(scope, operand) for operand in node.operands]
            known = [part for part in parts if part is not None]
            # `A and null` is null, and false if A is false. Either selects nothing, but under `not` they differ.
            return all_of(known) if len(known) == len(parts) or FALSE in known else None
        case tree.Or():
            known = [part for part in (lower_condition(scope, o) for o in node.operands) if part is not None]
            return any_of(known) if known else None
        case tree.Comparison():
            return _comparison(scope, node)
        case tree.In():
            return _negation(_membership(scope, node)) if node.negated else _membership(scope, node)
        case tree.Like():
            return _pattern(scope, node)
        case tree.Call():
            return _call(scope, node)
        case tree.Sign() | tree.Arithmetic():
            return _not_boolean(scope, node)


def _negation(predicate: Predicate | None) -> Predicate | None:
    match predicate:
        case None:
            return None
        case Script():
            return Script(Call("not", (predicate.value,)))
        case _:
            return negated(predicate)


def _script(value: Value) -> Predicate | None:
    """A script leaf, or what it folds to."""
    if not isinstance(value, Constant):
        return Script(value)
    return Always(value.value) if isinstance(value.value, bool) else None


def _not_boolean(scope: Scope, node: tree.Node) -> Predicate:
    kind = kind_of(scope, node)
    message = f"a condition must be true or false, found {kind.value if kind else 'a value'}"
    scope.error(node.span, message, hint="compare it with something, such as `… > 0`", code="eql-type")
    return FALSE


def _literal(scope: Scope, node: tree.Literal) -> Predicate | None:
    if node.value is None:
        return None
    return Always(node.value) if isinstance(node.value, bool) else _not_boolean(scope, node)


def _boolean_field(scope: Scope, node: tree.Field) -> Predicate | None:
    field = scope.resolve(node)
    if field is None:
        return None
    if field.type not in (FieldType.BOOLEAN, FieldType.DYNAMIC):
        kind = kind_of(scope, node)
        message = f"a condition must be true or false, `{node.name}` is {kind.value if kind else field.type}"
        scope.error(node.span, message, hint=f"did you mean `{node.name} != null`?", code="eql-type")
        return FALSE
    return equals_any(scope, node, field, [True])


def _comparison(scope: Scope, node: tree.Comparison) -> Predicate | None:
    operand, operator, other = node.left, node.operator, node.right
    constant = constant_of(scope, other)
    if constant is None:
        constant = constant_of(scope, operand)
        if constant is None:
            refuse_field_comparison(scope, node)
            return FALSE
        operand, operator = other, FLIPPED[operator]
    elif constant_of(scope, operand) is not None:
        return _script(lower_value(scope, node))
    if operator == "!=":
        return _negation(_compared(scope, operand, "==", constant, node))
    return _compared(scope, operand, operator, constant, node)


def _compared(
    scope: Scope, operand: tree.Node, operator: str, constant: Constant, whole: tree.Comparison
) -> Predicate | None:
    """`operand OPERATOR constant`, operator not `!=`, operand not a constant."""
    field = scope.resolve(operand) if isinstance(operand, tree.Field) else None
    if constant.value is None:
        if operator != "==":
            return None
        return negated(Exists(field)) if field else _script(Call("isNull", (lower_value(scope, operand),)))
    value = constant.value
    assert isinstance(value, (str, int, float))
    if field and isinstance(operand, tree.Field):
        return (
            equals_any(scope, operand, field, [value])
            if operator == "=="
            else ordered(scope, operand, field, operator, value)
        )
    if operator == "==" and isinstance(value, bool) and kind_of(scope, operand) is Kind.BOOLEAN:
        # `(x : "a") == true` is the condition itself and `== false` its negation, not a comparison of values.
        condition = lower_condition(scope, operand)
        return condition if value else _negation(condition)
    found, wanted = kind_of(scope, operand), kind_of_constant(value)
    if found and wanted and {found, wanted} not in ({found}, {Kind.NUMBER, Kind.INTEGER}):
        message = f"{found.value} is compared with {wanted.value}"
        hint = "convert one of them with string(…) or number(…)"
        scope.error(whole.span, message, hint=hint, code="eql-type")
    return _script(Call(operator, (lower_value(scope, operand), constant)))


def _membership(scope: Scope, node: tree.In) -> Predicate | None:
    members = in_constants(scope, node)
    if isinstance(node.operand, tree.Field):
        field = scope.resolve(node.operand)
        if field is None:
            return None
        if node.ignore_case and not field.type.is_string:
            _needs_string(scope, node.operand, "in~", field)
        return equals_any(scope, node.operand, field, members, ignore_case=node.ignore_case)
    value = lower_value(scope, node.operand, Kind.STRING if node.ignore_case else Kind.ANY)
    if value == Constant(None):
        return None
    call = Call("in", (value, Constant(tuple(members))), node.ignore_case)
    return _script(folded(call))


def _pattern(scope: Scope, node: tree.Like) -> Predicate | None:
    if not isinstance(node.operand, tree.Field):
        return _script(lower_value(scope, node))
    field = scope.resolve(node.operand)
    if field is None:
        return None
    if not field.type.is_string:
        _needs_string(scope, node.operand, node.operator, field)
        return FALSE
    field = FieldRef(field.name, FieldType.KEYWORD)
    return regex_any(scope, node, field) if node.operator.startswith("regex") else like_any(scope, node, field)


def _needs_string(scope: Scope, node: tree.Field, operator: str, field: FieldRef) -> None:
    hint = "use cidrMatch or ==" if field.type is FieldType.IP else "use =="
    scope.error(
        node.span, f"`{operator}` needs a string, `{node.name}` is of type {field.type}", hint=hint, code="eql-type"
    )


TEXT_FUNCTIONS = frozenset({"startsWith", "endsWith", "stringContains"})


def _call(scope: Scope, node: tree.Call) -> Predicate | None:
    function = check_call(scope, node)
    if function is None:
        return FALSE
    value = lower_value(scope, node)
    if function.result is not Kind.BOOLEAN:
        return _not_boolean(scope, node)
    match value:
        case Call(function="cidrMatch", args=(FieldRef() as field, *blocks)):
            return in_networks(field, [block.value for block in blocks if isinstance(block, Constant)])
        case Call(args=(FieldRef() as field, Constant(value=str() as text))) if function.name in TEXT_FUNCTIONS:
            return contains_text(field, function.name, text, ignore_case=node.ignore_case)
        case _:
            return _script(value)

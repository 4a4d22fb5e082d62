"""Lowering of value expressions: EQL trees to `Value` nodes, with the types checked on the way (eql.md 2.5, 3, 6)."""

import ipaddress
import re
import warnings

from besra.language.casefold import fold_case
from besra.language.eql import tree
from besra.language.eql.scope import Scope
from besra.language.expr import Call, Constant, FieldRef, Value
from besra.language.functions import FUNCTIONS, Function, Kind, find_function, nearest_functions
from besra.language.glob import Glob, eql_glob
from besra.language.regex_states import is_bounded
from besra.language.scalar import is_number
from besra.language.script import folded
from besra.schema.fieldtype import FieldType, Scalar

KINDS = {
    FieldType.KEYWORD: Kind.STRING,
    FieldType.TEXT: Kind.STRING,
    FieldType.VERSION: Kind.STRING,
    FieldType.LONG: Kind.NUMBER,
    FieldType.DOUBLE: Kind.NUMBER,
    FieldType.BOOLEAN: Kind.BOOLEAN,
    FieldType.IP: Kind.IP,
    FieldType.DATE: Kind.DATE,
}
READ_AS = {
    Kind.STRING: FieldType.KEYWORD,
    Kind.BOOLEAN: FieldType.BOOLEAN,
    Kind.IP: FieldType.IP,
    Kind.INTEGER: FieldType.LONG,
}
"""The type a field without mapping is read as where this kind of value is wanted. Numbers stay as the JSON says, so
that whole-number arithmetic stays whole."""


CONVERSIONS = {
    Kind.STRING: "string(…) makes a text of another value",
    Kind.NUMBER: "number(…) makes a number of a text",
    Kind.INTEGER: "write a number without a fraction",
    Kind.BOOLEAN: "write a condition, such as `x == 1`",
    Kind.IP: "name a field of type ip; compare a text with `:`",
    Kind.DATE: "name a field of type date",
}
"""What to do about a value of the wrong kind, by the kind that is wanted."""


def kind_of(scope: Scope, node: tree.Node) -> Kind | None:
    """The kind of value a node gives; None if only the documents can tell (null, a field in no mapping)."""
    match node:
        case tree.Literal():
            return kind_of_constant(node.value)
        case tree.Field():
            return KINDS.get(scope.catalogue.type_of(node.name))
        case tree.Call():
            function = find_function(node.function)
            return function.result if function else None
        case tree.Sign() | tree.Arithmetic():
            return Kind.NUMBER
        case _:
            return Kind.BOOLEAN


def kind_of_constant(value: object) -> Kind | None:
    """The kind of a constant; None for null."""
    match value:
        case bool():
            return Kind.BOOLEAN
        case int():
            return Kind.INTEGER
        case float():
            return Kind.NUMBER
        case str():
            return Kind.STRING
        case _:
            return None


def fits(found: Kind | None, wanted: Kind) -> bool:
    """Whether a value of kind `found` may stand where `wanted` is asked for."""
    if found is None or wanted is Kind.ANY or found is wanted:
        return True
    return {found, wanted} == {Kind.NUMBER, Kind.INTEGER}


def lower_value(scope: Scope, node: tree.Node, wanted: Kind = Kind.ANY) -> Value:
    """The value of a node, constants folded. Notes an error where its kind cannot be the wanted one."""
    _check_kind(scope, node, wanted)
    return folded(_lower(scope, node, wanted))


def _check_kind(scope: Scope, node: tree.Node, wanted: Kind, place: str = "") -> None:
    found = kind_of(scope, node)
    fraction = wanted is Kind.INTEGER and isinstance(node, tree.Literal) and found is Kind.NUMBER
    if fraction or not fits(found, wanted):
        message = f"{place}expected {wanted.value}, found {found.value if found else 'null'}"
        scope.error(node.span, message, hint=CONVERSIONS[wanted], code="eql-type")


def constant_of(scope: Scope, node: tree.Node) -> Constant | None:
    """The constant a node folds to; None if a field takes part."""
    if isinstance(node, tree.Literal):
        return Constant(node.value)
    if isinstance(node, tree.Field):
        return Constant(None) if scope.resolve(node) is None else None
    value = lower_value(scope, node)
    return value if isinstance(value, Constant) else None


def _lower(scope: Scope, node: tree.Node, wanted: Kind) -> Value:
    match node:
        case tree.Literal():
            return Constant(node.value)
        case tree.Field():
            field = scope.resolve(node)
            return Constant(None) if field is None else read_as(field, wanted)
        case tree.Call():
            return _lower_call(scope, node)
        case tree.Sign():
            operand = lower_value(scope, node.operand, Kind.NUMBER)
            return operand if node.operator == "+" else Call("-", (Constant(0), operand))
        case tree.Arithmetic():
            left, right = (lower_value(scope, side, Kind.NUMBER) for side in (node.left, node.right))
            if node.operator in "/%":
                _refuse_zero(scope, node.right, right)
            return Call(node.operator, (left, right))
        case tree.Comparison():
            return _lower_comparison(scope, node)
        case tree.In():
            operand = lower_value(scope, node.operand)
            call = Call("in", (operand, Constant(tuple(in_constants(scope, node)))), node.ignore_case)
            return Call("not", (call,)) if node.negated else call
        case tree.Like():
            return _lower_like(scope, node)
        case tree.Not():
            return Call("not", (lower_value(scope, node.operand, Kind.BOOLEAN),))
        case tree.And():
            return Call("and", tuple(lower_value(scope, part, Kind.BOOLEAN) for part in node.operands))
        case tree.Or():
            return Call("or", tuple(lower_value(scope, part, Kind.BOOLEAN) for part in node.operands))


def read_as(field: FieldRef, wanted: Kind) -> Value:
    """A field read as the kind of value its place asks for; where anything will do, dates and addresses are text.

    Addresses in canonical form (eql.md 3.1, `string`), dates and versions as the document writes them.
    """
    match field.type:
        case FieldType.DYNAMIC:
            return FieldRef(field.name, READ_AS.get(wanted, FieldType.DYNAMIC))
        case FieldType.IP if wanted is Kind.ANY:
            return Call("ipText", (field,))
        case FieldType.DATE | FieldType.VERSION if wanted in (Kind.ANY, Kind.STRING):
            return FieldRef(field.name, FieldType.KEYWORD)
        case _:
            return field


NULL = tree.Literal(None)


def _lower_comparison(scope: Scope, node: tree.Comparison) -> Value:
    left, right = lower_value(scope, node.left), lower_value(scope, node.right)
    if not isinstance(left, Constant) and not isinstance(right, Constant):
        refuse_field_comparison(scope, node)
    # `?f == 1` with a field folded to null is null (eql.md 2.2): a test needs a `null` in the text, or on both sides.
    tests_null = NULL in (node.left, node.right) or (left == Constant(None) and right == Constant(None))
    if tests_null and node.operator in ("==", "!="):
        test = Call("isNull", (right if node.left == NULL else left,))
        return Call("not", (test,)) if node.operator == "!=" else test
    if node.operator == "!=":
        return Call("not", (Call("==", (left, right)),))
    return Call(node.operator, (left, right))


def refuse_field_comparison(scope: Scope, node: tree.Comparison) -> None:
    """Note that neither side of a comparison is a constant (eql.md 2.5)."""
    message = "comparing two fields is not supported: one side must be a constant"
    hint = "two fields can only meet as arguments of a function, such as startsWith~(a, b)"
    scope.error(node.span, message, hint=hint, code="eql-compares-fields")


def _refuse_zero(scope: Scope, node: tree.Node, divisor: Value) -> None:
    if isinstance(divisor, Constant) and is_number(divisor.value) and divisor.value == 0:
        scope.error(node.span, "division by zero", hint="divide by something else: the result would be null")


def _lower_like(scope: Scope, node: tree.Like) -> Value:
    operand = lower_value(scope, node.operand, Kind.STRING)
    ignore_case = node.operator not in ("like", "regex")
    if node.operator.startswith("regex"):
        return Call("regex", (operand, Constant(_host_patterns(scope, node))), ignore_case)
    return Call("like", (operand, Constant(globs_of(scope, node))), ignore_case)


def globs_of(scope: Scope, node: tree.Like) -> tuple[Glob, ...]:
    """The patterns of `:`, `like` or `like~`, folded where the operator ignores case."""
    texts = string_patterns(scope, node)
    return tuple(eql_glob(text if node.operator == "like" else fold_case(text)) for text in texts)


def string_patterns(scope: Scope, node: tree.Like) -> list[str]:
    """The patterns as strings; a null is ignored, anything else noted as an error."""
    texts = []
    for pattern in node.patterns:
        if isinstance(pattern.value, str):
            texts.append(pattern.value)
        elif pattern.value is not None:
            message = f"`{node.operator}` takes strings, found {_shown(pattern.value)}"
            scope.error(pattern.span, message, hint="compare with ==", code="eql-type")
    return texts


UNBOUNDED = "use only . ? * + {n,m} | ( ) [ ] and \\d \\w \\s and no look-around, references or boundaries"


def _host_patterns(scope: Scope, node: tree.Like) -> tuple[str, ...]:
    """Patterns on a function result are in the host's dialect (eql.md 2.6)."""
    patterns = string_patterns(scope, node)
    for pattern, literal in zip(patterns, node.patterns, strict=False):
        try:
            with warnings.catch_warnings(action="error", category=FutureWarning):
                re.compile(pattern)
        except (re.error, OverflowError, RecursionError, FutureWarning) as fault:
            shown = f"invalid regular expression: {str(fault).replace('position', 'character', 1)}"
            hint = "patterns on the result of a function are in Python's dialect"
            scope.error(literal.span, shown, hint=hint, code="eql-regex")
            return ()
        if not is_bounded(pattern, is_host=True):
            shown = "a regular expression that might be tried for ever on some texts is not supported"
            scope.error(literal.span, shown, hint=UNBOUNDED, code="eql-regex")
            return ()
    return tuple(patterns)


def in_constants(scope: Scope, node: tree.In) -> list[Scalar]:
    """The members of a list, nulls left out; errors for members that are no constants or of different types."""
    members: list[Scalar] = []
    first: Kind | None = None
    for position, value in enumerate(node.values, 1):
        constant = constant_of(scope, value)
        if constant is None:
            message = f"element {position} of the list is not a constant"
            scope.error(value.span, message, hint="write the values; fields only meet in functions", code="eql-type")
            continue
        kind = kind_of_constant(constant.value)
        if kind is None:
            continue
        first = first or kind
        if not fits(kind, first):
            message = f"element {position} of the list is {kind.value}, the first is {first.value}"
            scope.error(value.span, message, hint="all elements have one type", code="eql-type")
        elif isinstance(constant.value, (str, int, float)):
            members.append(constant.value)
    return members


def _lower_call(scope: Scope, node: tree.Call) -> Value:
    function = check_call(scope, node)
    if function is None:
        return Constant(None)
    args = []
    for position, arg in enumerate(node.args):
        parameter = function.parameter(position)
        place = f"argument {position + 1} of {function.name}"
        _check_kind(scope, arg, parameter.kind, f"{place}: ")
        args.append(folded(_lower(scope, arg, parameter.kind)))
        if parameter.constant and not isinstance(args[-1], Constant):
            scope.error(arg.span, f"{place} must be a constant", hint='write it as "…"', code="eql-type")
    if function.name == "cidrMatch":
        _check_blocks(scope, node, args)
    if function.name in ("divide", "modulo"):
        _refuse_zero(scope, node.args[1], args[1])
    return Call(function.name, tuple(args), node.ignore_case)


def check_call(scope: Scope, node: tree.Call) -> Function | None:
    """The function a call means; None after noting why there is none."""
    function = find_function(node.function)
    if function is None:
        scope.error(
            node.span,
            f"unknown function `{node.function}`",
            hint=_function_hint(node.function),
            code="eql-unknown-function",
        )
        return None
    if node.ignore_case and not function.folds:
        message = f"{function.name} has no case-insensitive form"
        scope.error(node.span, message, hint="remove the `~`", code="eql-unknown-function")
    if not function.accepts(len(node.args)):
        count = len(node.args)
        message = f"{function.name} does not take {count} argument{'' if count == 1 else 's'}"
        scope.error(node.span, message, hint=f"write {function.signature}", code="eql-arguments")
        return None
    return function


def _function_hint(name: str) -> str:
    if name.lower() in ("wildcard", "match", "matchlite"):
        return "use `:` or `like` for wildcards, `regex` for regular expressions"
    if name.lower() in ("arraycontains", "arraysearch", "arraycount"):
        return "a field with several values matches if any does"
    near = nearest_functions(name)
    return f"did you mean {' or '.join(near)}?" if near else f"the functions are {', '.join(f.name for f in FUNCTIONS)}"


def _check_blocks(scope: Scope, node: tree.Call, args: list[Value]) -> None:
    for arg, value in zip(node.args[1:], args[1:], strict=True):
        if isinstance(value, Constant) and isinstance(value.value, str) and not is_block(value.value):
            message = f'"{value.value}" is not a CIDR block'
            scope.error(arg.span, message, hint='write "10.0.0.0/8" or "2001:db8::/32"', code="eql-type")


def is_block(text: str) -> bool:
    """Whether a text is a CIDR block or a bare address."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _shown(value: object) -> str:
    kind = kind_of_constant(value)
    return kind.value if kind else "null"

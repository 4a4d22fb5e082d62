"""One field against one value, written out as IR leaves with the constant in the field's type (eql.md 8.2)."""

from besra.language.casefold import fold_case
from besra.language.expr import Equals, Exists, FieldRef, InNetwork, Like, Predicate, Range
from besra.language.kuery import tree
from besra.language.kuery.dates import dated, is_date
from besra.language.kuery.scope import Scope
from besra.language.kuery.text_tests import analyser_of, text_test
from besra.language.simplify import FALSE
from besra.problems import Span
from besra.schema.fieldtype import FieldType, Scalar, Typed, parse_network, to_text, to_typed

NEVER = frozenset({FieldType.NESTED, FieldType.OBJECT, FieldType.UNSUPPORTED})
CASELESS = ".caseless"
"""Multi-fields that hold the text of their parent in lower case; a value is folded before it is compared."""


def value_test(scope: Scope, name: str, value: tree.Value) -> Predicate:
    """`name: value`. The value is none of `*` and `null`."""
    kind = scope.catalogue.type_of(name)
    if analyser := analyser_of(scope.catalogue, name):
        return text_test(scope, name, analyser, value)
    if kind in NEVER:
        return _never(scope, name, value.span, "which no value is compared with")
    match value:
        case tree.Pattern():
            return _pattern(scope, name, value)
        case tree.Text():
            return _equals(scope, name, value.value, value.span)
        case tree.Constant():
            return _equals(scope, name, value.value or False, value.span)


def _pattern(scope: Scope, name: str, value: tree.Pattern) -> Predicate:
    kind = scope.catalogue.type_of(name)
    if not kind.is_string:
        return _never(scope, name, value.span, "which takes no wildcards")
    field = FieldRef(name, FieldType.KEYWORD)
    if not name.endswith(CASELESS):
        return Like(field, (value.glob,))
    folded = tuple(fold_case(part) if isinstance(part, str) else part for part in value.glob.parts)
    return Like(field, (type(value.glob)(folded),), ignore_case=True)


def _equals(scope: Scope, name: str, constant: str | bool, span: Span) -> Predicate:
    """Some value is the constant; of a field in no mapping its canonical text, so that 4624 is `4624`."""
    kind = scope.catalogue.type_of(name)
    field = FieldRef(name, FieldType.KEYWORD if kind is FieldType.DYNAMIC else kind)
    if kind is FieldType.DATE:
        return dated(scope, field, "==", to_text(constant), span)
    if kind is FieldType.IP and isinstance(constant, str) and "/" in constant and (block := parse_network(constant)):
        return InNetwork(field, (block,))
    if name.endswith(CASELESS) and field.type is FieldType.KEYWORD:
        return Equals(field, frozenset({fold_case(to_text(constant))}), ignore_case=True)
    value = _converted(scope, field, constant, span)
    return FALSE if value is None else Equals(field, frozenset({value}))


def range_test(scope: Scope, name: str, operator: str, value: tree.Value) -> Predicate:
    """`name OPERATOR value`. The value is neither a pattern nor `null`."""
    kind = scope.catalogue.type_of(name)
    span = value.span
    if isinstance(value, tree.Constant) or kind is FieldType.BOOLEAN:
        return _never(scope, name, span, "and booleans have no order")
    if kind in NEVER or isinstance(value, tree.Pattern):
        return _never(scope, name, span, "which no value is compared with")
    if analyser_of(scope.catalogue, name):
        message = f"`{name}` is of type text, of which besra orders no values"
        scope.error(span, message, hint="use a keyword field", code="kql-unsupported")
        return FALSE
    field = FieldRef(name, kind)
    if kind is FieldType.DYNAMIC:
        field = FieldRef(name, _likely_type(value.value))
    if field.type is FieldType.DATE:
        return dated(scope, field, operator, value.value, span)
    constant = _converted(scope, field, value.value, span)
    return FALSE if constant is None else Range(field, operator, constant)


def _likely_type(text: str) -> FieldType:
    """The type to order a field in no mapping by: that of the constant."""
    if to_typed(text, FieldType.DOUBLE) is not None:
        return FieldType.DOUBLE
    return FieldType.DATE if is_date(text) else FieldType.KEYWORD


def exists_test(scope: Scope, name: str) -> Predicate | None:
    """`name: *`. None for a field that holds others and no value of its own."""
    kind = scope.catalogue.type_of(name)
    if kind in NEVER or name in scope.catalogue.objects:
        return None
    is_text = kind is FieldType.TEXT
    return Exists(FieldRef(name, FieldType.KEYWORD if is_text else kind))


def _converted(scope: Scope, field: FieldRef, constant: Scalar, span: Span) -> Typed | None:
    """The constant in the field's type; None, after a warning, if it is none of that type."""
    value = to_typed(constant, field.type)
    if field.type is FieldType.LONG and not isinstance(constant, int):
        fraction = to_typed(constant, FieldType.DOUBLE)
        if value is not None and fraction != value and isinstance(fraction, float) and not fraction.is_integer():
            return fraction  # 3.5 must not become 3 on a whole-number field
    if value is None:
        message = f"`{to_text(constant)}` is not a value of type {field.type}, so this condition is never true"
        scope.warn(span, message, hint=f"`{field.name}` is mapped as {field.type}")
    return value


def _never(scope: Scope, name: str, span: Span, reason: str) -> Predicate:
    info = scope.catalogue.fields.get(name)
    message = f"`{name}` is of type {info.mapping if info else 'dynamic'}, {reason}, so this condition is never true"
    scope.warn(span, message, hint="name a field of another type, or another kind of value")
    return FALSE

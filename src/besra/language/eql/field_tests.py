"""Index predicates: one field against constants, written out as IR leaves with the constants in the field's type."""

from collections.abc import Sequence

from besra.language.casefold import fold_case
from besra.language.eql import tree
from besra.language.eql.scope import Scope
from besra.language.eql.values import globs_of, string_patterns
from besra.language.expr import Equals, Exists, FieldRef, InNetwork, Like, Predicate, Range, Regex
from besra.language.glob import Wild, normalised
from besra.language.lucene_regex import RegexError, translate
from besra.language.simplify import FALSE, any_of
from besra.schema.fieldtype import FieldType, Scalar, Typed, parse_network, to_text, to_typed

REGEX_SYNTAX = (
    "Lucene patterns know . ? + * | {n,m} [a-z] [^a-z] ( ) \\d \\w \\s, and \\ makes any other character plain"
)


def equals_any(
    scope: Scope, node: tree.Field, field: FieldRef, constants: Sequence[Scalar], *, ignore_case: bool = False
) -> Predicate:
    """Some value equals one of the constants.

    A field in no mapping compares by canonical text, so `4624` and `"4624"` are one value (eql.md 2.5). On an ip field
    a constant with a prefix length is a subnet test.
    """
    if field.type is FieldType.DYNAMIC:
        field = FieldRef(field.name, FieldType.KEYWORD)
    values: set[Typed] = set()
    networks: list[object] = []
    for constant in constants:
        if field.type is FieldType.IP and isinstance(constant, str) and "/" in constant and parse_network(constant):
            networks.append(constant)
            continue
        value = _converted(scope, node, field, constant)
        if value is not None:
            values.add(fold_case(value) if ignore_case and isinstance(value, str) else value)
    tests: list[Predicate] = []
    if values:
        tests.append(Equals(field, frozenset(values), ignore_case))
    if networks:
        tests.append(in_networks(field, networks))
    return any_of(tests)


def ordered(scope: Scope, node: tree.Field, field: FieldRef, operator: str, constant: Scalar) -> Predicate:
    """Some value stands in this order to the constant. A field in no mapping orders as the constant does."""
    if isinstance(constant, bool) or field.type is FieldType.BOOLEAN:
        message = f"booleans have no order, `{operator}` does not apply"
        scope.error(node.span, message, hint="use == or !=", code="eql-type")
        return FALSE
    if field.type is FieldType.DYNAMIC:
        field = FieldRef(field.name, FieldType.KEYWORD if isinstance(constant, str) else FieldType.DOUBLE)
    value = _converted(scope, node, field, constant)
    return FALSE if value is None else Range(field, operator, value)


def _converted(scope: Scope, node: tree.Field, field: FieldRef, constant: Scalar) -> Typed | None:
    """The constant in the field's type; None, after a warning, if it is none of that type (eql.md 6)."""
    value = to_typed(constant, field.type)
    if field.type is FieldType.LONG and not isinstance(constant, int):
        fraction = to_typed(constant, FieldType.DOUBLE)
        if value is not None and fraction != value:
            return fraction  # 3.5 must not become 3 on a whole-number field
    if value is None:
        message = f"`{to_text(constant)}` is not a value of type {field.type}, so this condition is never true"
        scope.warn(node.span, message, hint=f"`{node.name}` is mapped as {field.type}", code="eql-constant-type")
    return value


def in_networks(field: FieldRef, blocks: Sequence[object]) -> Predicate:
    """Some address lies in one of the blocks; malformed ones have been reported before."""
    networks = {network for block in blocks if isinstance(block, str) and (network := parse_network(block))}
    return InNetwork(FieldRef(field.name, FieldType.IP), tuple(sorted(networks))) if networks else FALSE


def like_any(scope: Scope, node: tree.Like, field: FieldRef) -> Predicate:
    """Some value is covered by one of the patterns; those without wildcards are plain equality (eql.md 2.5)."""
    ignore_case = node.operator != "like"
    globs = dict.fromkeys(globs_of(scope, node))
    exact = frozenset[Typed](glob.literal for glob in globs if glob.literal is not None)
    patterns = tuple(glob for glob in globs if glob.literal is None)
    tests: list[Predicate] = []
    if exact:
        tests.append(Equals(field, exact, ignore_case))
    if patterns:
        tests.append(Like(field, patterns, ignore_case))
    return any_of(tests)


def regex_any(scope: Scope, node: tree.Like, field: FieldRef) -> Predicate:
    """Some value is matched by one of the patterns, given in Lucene's dialect (eql.md 2.6)."""
    patterns = []
    for text, literal in zip(string_patterns(scope, node), node.patterns, strict=False):
        try:
            translated = translate(text)
        except RegexError as fault:
            message = f"invalid regular expression at character {fault.position + 1}: {fault.message}"
            scope.error(literal.span, message, hint=REGEX_SYNTAX, code="eql-regex")
            continue
        for warning in translated.warnings:
            scope.warn(literal.span, warning, hint=REGEX_SYNTAX, code="eql-regex")
        patterns.append(translated.pattern)
    return Regex(field, tuple(dict.fromkeys(patterns)), node.operator == "regex~") if patterns else FALSE


def contains_text(field: FieldRef, function: str, text: str, *, ignore_case: bool) -> Predicate:
    """`startsWith`, `endsWith` or `stringContains` of a field and a constant, as a glob. `*` and `?` are plain text.

    An empty part is contained in nothing (eql.md 10, point 2), an empty prefix or suffix fits every value.
    """
    if not text:
        return FALSE if function == "stringContains" else Exists(field)
    literal = fold_case(text) if ignore_case else text
    before = () if function == "startsWith" else (Wild.ANY,)
    after = () if function == "endsWith" else (Wild.ANY,)
    return Like(field, (normalised((*before, literal, *after)),), ignore_case)

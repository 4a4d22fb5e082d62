"""Predicates as DuckDB's SQL. Every leaf is true or false, never null, so that `NOT` is that of the IR."""

from benchmarks.peers.columns import Column, Columns, Source, UntranslatableError, cell_of, source_of
from besra.language.expr import Always, And, Equals, Exists, InNetwork, Like, Not, Or, Predicate, Range, Regex
from besra.language.glob import Glob, Wild
from besra.schema.fieldtype import Typed

LIKE = {Wild.ANY: "%", Wild.ONE: "_"}


def sql_of(predicate: Predicate, columns: Columns) -> str:
    """The condition. Raises UntranslatableError."""
    match predicate:
        case Always():
            return "TRUE" if predicate.value else "FALSE"
        case And():
            return "(" + " AND ".join(sql_of(operand, columns) for operand in predicate.operands) + ")"
        case Or():
            return "(" + " OR ".join(sql_of(operand, columns) for operand in predicate.operands) + ")"
        case Not():
            return f"(NOT {sql_of(predicate.operand, columns)})"
        case Exists() | Equals() | Like() | Regex() | Range() | InNetwork():
            source = source_of(predicate)
            return _leaf(predicate, source, columns[source])
        case _:
            raise UntranslatableError("a function or a comparison of fields")


def _leaf(leaf: Predicate, source: Source, column: Column) -> str:
    if isinstance(leaf, Exists):
        return f"({column.name} IS NOT NULL)"
    if isinstance(leaf, Equals) and column.several:
        return f"coalesce(list_has_any({column.name}, [{_literals(leaf.values, source)}]), FALSE)"
    if column.several:
        return f"coalesce(len(list_filter({column.name}, lambda x: {_test(leaf, source, 'x')})) > 0, FALSE)"
    return f"coalesce({_test(leaf, source, column.name)}, FALSE)"


def _test(leaf: Predicate, source: Source, value: str) -> str:
    match leaf:
        case Equals():
            return f"{value} IN ({_literals(leaf.values, source)})"
        case Like():
            return "(" + " OR ".join(f"{value} LIKE {like_pattern(glob)} ESCAPE '\\'" for glob in leaf.globs) + ")"
        case Regex():
            options = "is" if leaf.ignore_case else "s"
            tests = (f"regexp_full_match({value}, {_text(pattern)}, '{options}')" for pattern in leaf.patterns)
            return "(" + " OR ".join(tests) + ")"
        case Range():
            return f"{value} {leaf.operator} {_literal(leaf.value, source)}"
        case InNetwork():
            tests = (f"{value} BETWEEN '{first:032x}' AND '{last:032x}'" for first, last in leaf.networks)
            return "(" + " OR ".join(tests) + ")"
        case _:
            raise UntranslatableError(type(leaf).__name__)


def like_pattern(glob: Glob) -> str:
    """The literal of a LIKE pattern."""
    parts = (LIKE[part] if isinstance(part, Wild) else _escaped(part) for part in glob.parts)
    return _text("".join(parts))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _literals(values: frozenset[Typed], source: Source) -> str:
    return ", ".join(sorted(_literal(value, source) for value in values))


def _literal(value: Typed, source: Source) -> str:
    held = cell_of(value, source)
    if isinstance(held, bool):
        return "TRUE" if held else "FALSE"
    return _text(held) if isinstance(held, str) else repr(held)


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

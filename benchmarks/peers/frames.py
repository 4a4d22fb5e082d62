"""Predicates as expressions of Polars. Every leaf is true or false, never null."""

import functools
import operator
import re
from typing import Any

import polars as pl

from benchmarks.peers.columns import Column, Columns, Source, UntranslatableError, cell_of, source_of
from besra.language.expr import Always, And, Equals, Exists, InNetwork, Like, Not, Or, Predicate, Range, Regex
from besra.language.glob import Glob, Wild

ORDERINGS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
REGEX = {Wild.ANY: ".*", Wild.ONE: "."}


def expression_of(predicate: Predicate, columns: Columns) -> pl.Expr:
    """The condition. Raises UntranslatableError."""
    match predicate:
        case Always():
            return pl.lit(predicate.value)
        case And():
            return pl.all_horizontal([expression_of(operand, columns) for operand in predicate.operands])
        case Or():
            return pl.any_horizontal([expression_of(operand, columns) for operand in predicate.operands])
        case Not():
            return ~expression_of(predicate.operand, columns)
        case Exists() | Equals() | Like() | Regex() | Range() | InNetwork():
            source = source_of(predicate)
            return _leaf(predicate, source, columns[source])
        case _:
            raise UntranslatableError("a function or a comparison of fields")


def _leaf(leaf: Predicate, source: Source, column: Column) -> pl.Expr:
    whole = pl.col(column.name)
    if isinstance(leaf, Exists):
        return whole.is_not_null()
    if column.several:
        return whole.list.eval(_test(leaf, source, pl.element())).list.any().fill_null(False)
    return _test(leaf, source, whole).fill_null(False)


def _test(leaf: Predicate, source: Source, value: pl.Expr) -> pl.Expr:
    match leaf:
        case Equals():
            return value.is_in(sorted(cell_of(constant, source) for constant in leaf.values))
        case Like():
            return _any(_glob(value, glob) for glob in leaf.globs)
        case Regex():
            flags = "(?is)" if leaf.ignore_case else "(?s)"
            return value.str.contains(rf"{flags}\A(?:{'|'.join(f'(?:{one})' for one in leaf.patterns)})\z")
        case Range():
            return ORDERINGS[leaf.operator](value, cell_of(leaf.value, source))  # type: ignore[no-any-return]
        case InNetwork():
            return _any(value.is_between(pl.lit(f"{a:032x}"), pl.lit(f"{b:032x}")) for a, b in leaf.networks)
        case _:
            raise UntranslatableError(type(leaf).__name__)


def _any(tests: Any) -> pl.Expr:
    return functools.reduce(operator.or_, tests)  # type: ignore[no-any-return]


def _glob(value: pl.Expr, glob: Glob) -> pl.Expr:
    """The plainest test for the shape: equality, start, end, containment, else a regular expression."""
    match glob.parts:
        case (str() as text,):
            return value == text
        case (str() as text, Wild.ANY):
            return value.str.starts_with(text)
        case (Wild.ANY, str() as text):
            return value.str.ends_with(text)
        case (Wild.ANY, str() as text, Wild.ANY):
            return value.str.contains(text, literal=True)
        case parts:
            pattern = "".join(REGEX[part] if isinstance(part, Wild) else re.escape(part) for part in parts)
            return value.str.contains(rf"(?s)\A{pattern}\z")

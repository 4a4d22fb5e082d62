"""Polars: all rules as the columns of one lazy query over a frame in memory."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.besra_run import Counts
from benchmarks.peers.columns import Column, Columns, Kind
from benchmarks.peers.comparison import Rules, compare
from benchmarks.peers.frames import expression_of
from benchmarks.peers.tables import prepared
from benchmarks.variation import Planned

TYPES: dict[Kind, Any] = {
    Kind.TEXT: pl.String,
    Kind.INTEGER: pl.Int64,
    Kind.REAL: pl.Float64,
    Kind.BOOLEAN: pl.Boolean,
}


def measure(parameters: dict[str, Any]) -> dict[str, Any]:
    """See `comparison.compare`. The number of threads is that of POLARS_MAX_THREADS."""
    return compare(Polars(), parameters)


@dataclass(frozen=True, slots=True)
class LoadedFrame:
    """A lazy query that counts."""

    query: pl.LazyFrame

    def run(self) -> Counts:
        """Plan and run the query."""
        counted = self.query.collect().row(0, named=True)
        return {rule_id: int(count) for rule_id, count in counted.items() if count}


class Polars:
    """The package `polars`. Its number of threads is set before it is imported."""

    def read(self, rules: Rules, path: Path) -> None:
        """Lines to a frame in memory."""
        self._columns, self._untranslatable = prepared(rules, path)
        self._frame = frame(self._columns)

    def rejected(self, rules: Rules) -> dict[str, str]:
        """Rules without a translation, and those whose regular expressions it does not know."""
        rejected, few = dict(self._untranslatable), self._frame.head(10)
        for rule, plan in rules:
            if rule.rule_id not in rejected:
                try:
                    few.select(expression_of(plan.clauses[0].predicate, self._columns))
                except pl.exceptions.PolarsError as error:
                    rejected[rule.rule_id] = str(error)[:100]
        return rejected

    def load(self, rules: Rules, threads: int) -> LoadedFrame:
        """Rules to a lazy query."""
        conditions = {rule.rule_id: expression_of(plan.clauses[0].predicate, self._columns) for rule, plan in rules}
        counts = [condition.sum().alias(rule_id) for rule_id, condition in conditions.items()]
        return LoadedFrame(self._frame.lazy().select(counts))

    def why(self, rule: Planned) -> str:
        """The translation shares besra's IR."""
        return "a defect of the translation, or another dialect of regular expressions"


def frame(columns: Columns) -> pl.DataFrame:
    """The columns as a frame."""
    held = list(columns.values())
    return pl.DataFrame({column.name: pl.Series(column.name, column.cells, type_of(column)) for column in held})


def type_of(column: Column) -> Any:
    """The column's type."""
    return pl.List(TYPES[column.kind]) if column.several else TYPES[column.kind]

"""DuckDB: all rules as the columns of one query over a table in memory."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import orjson

from benchmarks.besra_run import Counts
from benchmarks.peers.columns import Column, Columns, Kind
from benchmarks.peers.comparison import Rules, compare
from benchmarks.peers.sql import sql_of
from benchmarks.peers.tables import prepared
from benchmarks.variation import Planned

TYPES = {Kind.TEXT: "VARCHAR", Kind.INTEGER: "BIGINT", Kind.REAL: "DOUBLE", Kind.BOOLEAN: "BOOLEAN"}


def measure(parameters: dict[str, Any]) -> dict[str, Any]:
    """See `comparison.compare`."""
    return compare(DuckDb(), parameters)


@dataclass(frozen=True, slots=True)
class LoadedTable:
    """A connection with the table `events`, and the query that counts."""

    connection: duckdb.DuckDBPyConnection
    query: str
    rule_ids: tuple[str, ...]

    def run(self) -> Counts:
        """Plan and run the query."""
        counted = self.connection.execute(self.query).fetchone() or ()
        return {rule_id: int(count) for rule_id, count in zip(self.rule_ids, counted, strict=True) if count}


class DuckDb:
    """The package `duckdb`."""

    def read(self, rules: Rules, path: Path) -> None:
        """Lines to a table in memory."""
        self._columns, self._untranslatable = prepared(rules, path)
        self._connection = table(self._columns)

    def rejected(self, rules: Rules) -> dict[str, str]:
        """Rules without a translation, and those whose regular expressions it does not know."""
        rejected = dict(self._untranslatable)
        for rule, plan in rules:
            if rule.rule_id not in rejected:
                condition = sql_of(plan.clauses[0].predicate, self._columns)
                try:
                    self._connection.execute(f"SELECT count(*) FROM (SELECT * FROM events LIMIT 10) WHERE {condition}")
                except duckdb.Error as error:
                    rejected[rule.rule_id] = str(error)[:100]
        return rejected

    def load(self, rules: Rules, threads: int) -> LoadedTable:
        """Rules to a query."""
        self._connection.execute(f"SET threads TO {threads}")
        conditions = (sql_of(plan.clauses[0].predicate, self._columns) for _, plan in rules)
        counts = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in conditions)
        query = f"SELECT {counts} FROM events"
        return LoadedTable(self._connection, query, tuple(rule.rule_id for rule, _ in rules))

    def why(self, rule: Planned) -> str:
        """The translation shares besra's IR."""
        return "a defect of the translation, or another dialect of regular expressions"


def table(columns: Columns) -> duckdb.DuckDBPyConnection:
    """A database in memory with the columns as table `events`."""
    connection = duckdb.connect()
    # Threads share out groups of rows: with groups of the usual size there would be one.
    connection.execute("ATTACH ':memory:' AS measured (ROW_GROUP_SIZE 2048)")
    connection.execute("USE measured")
    held = list(columns.values())
    types = ", ".join(f"{column.name}: '{type_of(column)}'" for column in held)
    with tempfile.NamedTemporaryFile(suffix=".ndjson") as file:
        # Without Arrow, JSON is the quickest way in for lists.
        names = [column.name for column in held]
        for row in zip(*(column.cells for column in held), strict=True):
            file.write(orjson.dumps(dict(zip(names, row, strict=True))) + b"\n")
        file.flush()
        read = f"read_json('{file.name}', format = 'newline_delimited', columns = {{{types}}})"
        connection.execute(f"CREATE TABLE events AS SELECT * FROM {read}")
    return connection


def type_of(column: Column) -> str:
    """The column's SQL type."""
    return TYPES[column.kind] + ("[]" if column.several else "")

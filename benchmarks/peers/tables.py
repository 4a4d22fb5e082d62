"""What DuckDB and Polars have in common: which rules they can be asked, over which columns."""

from pathlib import Path

from benchmarks.peers.columns import Columns, Source, UntranslatableError, columns_of, sources_of
from benchmarks.peers.comparison import Rules


def prepared(rules: Rules, path: Path) -> tuple[Columns, dict[str, str]]:
    """The columns of all rules that can be asked over these events, and the others with the reason."""
    rejected: dict[str, str] = {}
    needs: dict[str, set[Source]] = {}
    for rule, plan in rules:
        try:
            needs[rule.rule_id] = set(sources_of(plan.clauses[0].predicate))
        except UntranslatableError as error:
            rejected[rule.rule_id] = str(error)
    columns, refused = columns_of(set().union(*needs.values()), path)
    for rule_id, sources in needs.items():
        missing = sources & refused.keys()
        if missing:
            rejected[rule_id] = refused[min(missing, key=lambda source: source.field.name)]
    return columns, rejected

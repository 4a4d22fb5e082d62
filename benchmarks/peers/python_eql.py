"""python-eql: Elastic's own engine in Python, a tree of closures for each rule, called for each event.

Its events hold one value a field: lists are joined with a blank, or it raises. Events are decoded beforehand.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import eql
import orjson
from eql import parser

from benchmarks.besra_run import Counts
from benchmarks.corpus import read_lines
from benchmarks.peers.comparison import Rules, compare, forked
from benchmarks.variation import Planned
from besra.events.document import flatten
from besra.language.expr import fields_of
from besra.rules.rule import Rule
from besra.schema.fieldtype import Scalar, to_text


def measure(parameters: dict[str, Any]) -> dict[str, Any]:
    """See `comparison.compare`."""
    return compare(PythonEql(), parameters)


@dataclass(frozen=True, slots=True)
class LoadedEql:
    """An engine's hooks, events as it wants them, and where it counts."""

    engine: Any
    counts: Counter[str]
    events: list[Any]
    processes: int

    def run(self) -> Counts:
        """Every event through every rule."""
        return forked(self._stream, self.events, self.processes)

    def _stream(self, events: Sequence[Any]) -> Counts:
        self.counts.clear()
        for event in events:
            self.engine.stream_event(event)
        return dict(self.counts)


class PythonEql:
    """The package `eql`."""

    def read(self, rules: Rules, path: Path) -> None:
        """Lines to events as it wants them."""
        documents = [flatten(orjson.loads(line)) for line in read_lines(path)]
        self._events = [event_of(number, joined(values)) for number, values in enumerate(documents)]
        self._several = {name for values in documents for name, held in values.items() if len(held) > 1}

    def rejected(self, rules: Rules) -> dict[str, str]:
        """Rules its parser refuses, and those that raise while they run."""
        found: dict[str, str] = {}
        self._analytics: dict[str, Any] = {}
        for rule, _ in rules:
            try:
                self._analytics[rule.rule_id] = _analytic(rule)
                engine, _ = _engine([self._analytics[rule.rule_id]])
                # One rule that raises would end the pass of all.
                for event in self._events[::10]:
                    engine.stream_event(event)
            except (eql.EqlError, TypeError, ValueError, AttributeError, KeyError) as error:
                found[rule.rule_id] = f"{type(error).__name__}: {str(error).strip()[:100]}"
        return found

    def load(self, rules: Rules, threads: int) -> LoadedEql:
        """Trees to closures."""
        return LoadedEql(*_engine([self._analytics[rule.rule_id] for rule, _ in rules]), self._events, threads)

    def why(self, rule: Planned) -> str:
        """Lists were joined, or else the difference of semantics."""
        names = {field.name for clause in rule[1].clauses for field in fields_of(clause.predicate)}
        if names & self._several:
            return "reads a field that has several values in some event, joined to one text"
        return "a missing field under `not`, or upper and lower case, which python-eql treats in its own way"


def _engine(analytics: Sequence[Any]) -> tuple[Any, Counter[str]]:
    counts: Counter[str] = Counter()
    engine = eql.PythonEngine({"flatten": False})
    engine.add_output_hook(lambda output: counts.update((output.analytic_id,)))
    for analytic in analytics:
        engine.add_analytic(analytic)
    return engine, counts


def _analytic(rule: Rule) -> Any:
    with (
        parser.elasticsearch_syntax,
        parser.ignore_missing_functions,
        parser.skip_optimizations,
        parser.allow_sample,
        parser.allow_negation,
        parser.allow_runs,
    ):
        query = eql.parse_query(rule.query.text if rule.query else "")
    return eql.ast.EqlAnalytic(query=query, metadata={"id": rule.rule_id, "name": rule.name})


def event_of(number: int, data: dict[str, Any]) -> Any:
    """The event of a document."""
    return eql.Event(data.get("event", {}).get("category", "generic"), number, data)


def joined(values: dict[str, list[Scalar]]) -> dict[str, Any]:
    """A flattened document with one value a field, nested: several values become one text with blanks between."""
    nested: dict[str, Any] = {}
    for name, held in values.items():
        *path, last = name.split(".")
        inside = nested
        for key in path:
            inner = inside.setdefault(key, {})
            inside = inner if isinstance(inner, dict) else {}
        inside[last] = held[0] if len(held) == 1 else " ".join(map(to_text, held))
    return nested

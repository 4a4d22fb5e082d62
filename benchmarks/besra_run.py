"""besra's engine, driven piece by piece as `besra.api.scan` drives it, so that the pieces can be timed apart."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import orjson

from benchmarks.measure import Cost, cost_of
from benchmarks.variation import Planned
from besra.detection.batches import in_batches
from besra.detection.conclude import conclude
from besra.detection.correlate import first_matches
from besra.detection.detect import Gathered, Job, RuleHits
from besra.detection.run import RunInfo
from besra.engine.columnar import ColumnarEvaluator
from besra.engine.reference import evaluate
from besra.events.event import Event
from besra.events.file_read import ReadOptions
from besra.events.line_block import LineBlock, RawLines
from besra.events.reader import read_events

Counts = dict[str, int]
"""Matches by rule id, those without any left out."""


class BesraRun:
    """One evaluator: made and made ready, given events, asked for matches. What each step cost is kept."""

    def __init__(self, rules: tuple[Planned, ...], *, match_index: bool = True) -> None:
        self._job = Job(rules, match_index, now=0)
        self.load = cost_of(self._prepare)
        self.matches: Counts = {}

    def _prepare(self) -> None:
        pack = self._job.pack()
        self._evaluator = ColumnarEvaluator(pack, kernels=True)
        # Matchers are built when a field has its first value: that is loading, not scanning.
        odd = {name: ["\x01", 1, 0.5, True] for name in pack.fields if not name.startswith("_")}
        self._evaluator.submit(RawLines(memoryview(orjson.dumps(odd))))

    def scan(self, path: Path) -> Cost:
        """Read and evaluate a file."""
        options = ReadOptions(decoder=self._evaluator)
        return cost_of(lambda: self._add(read_events([path], options)))

    def scan_buffers(self, buffers: Iterable[bytes]) -> Cost:
        """Decode and evaluate lines, buffer by buffer."""
        return cost_of(lambda: self._add(self._blocks(buffers)))

    def _add(self, items: Iterable[object]) -> None:
        for batch in in_batches(item for item in items if isinstance(item, (Event, LineBlock))):
            self._evaluator.add(batch)

    def _blocks(self, buffers: Iterable[bytes]) -> Iterator[LineBlock]:
        line = 1
        for buffer in buffers:
            view = memoryview(buffer)
            outcome = self._evaluator.submit(RawLines(view)).result()
            if outcome.decoded.slow.any():
                raise ValueError("these events hold lines that are read one by one; micro-batches need plain ones")
            yield LineBlock(view, outcome, "(buffer)", line)
            line += outcome.decoded.seen

    def conclude(self) -> Cost:
        """Correlate and build alerts; nothing can be added after."""
        return cost_of(lambda: self._note(self._concluded()))

    def count(self) -> Cost:
        """Correlate and count the matches, of which none is read or becomes an alert; nothing can be added after."""
        return cost_of(lambda: self._note(self._counted()))

    def _note(self, totals: Iterable[tuple[str, int]]) -> None:
        self.matches = {rule_id: total for rule_id, total in totals if total}

    def _concluded(self) -> Iterator[tuple[str, int]]:
        for execution in conclude(self._job, Gathered(self._hits(), 0, self._evaluator), RunInfo(0)):
            yield execution.rule.rule_id, execution.total_matches

    def _counted(self) -> Iterator[tuple[str, int]]:
        for (rule, plan), hits in zip(self._job.rules, self._hits(), strict=True):
            yield rule.rule_id, first_matches(plan, hits, 0)[1] if hits else 0

    def _hits(self) -> RuleHits:
        return self._evaluator.hits().by_entry


def reference_events(path: Path) -> list[Event]:
    """The events of a file, decoded."""
    return [item for item in read_events([path]) if isinstance(item, Event)]


def reference_matches(rules: tuple[Planned, ...], events: Sequence[Event]) -> Counts:
    """The matches of single-event rules by the reference engine, whatever the index."""
    hits = evaluate(Job(rules, match_index=False, now=0).pack(), events).by_entry
    return {rule.rule_id: len(found) for (rule, _), found in zip(rules, hits, strict=True) if found}

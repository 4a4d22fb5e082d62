"""`python -m tests.corpus.agreement RULES_DIR EVENTS_DIR`: both engines on every rule and every document.

All documents together, positive and negative, with kernels and without: the columnar engine has to find the hits of the
reference. Rows of sequences that no other stage can join are dropped early, so of those it may find fewer; what it does
find must be there. It takes minutes, nearly all of it the reference's.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from besra import api
from besra.detection.detect import Job
from besra.engine.columnar import ColumnarEvaluator
from besra.engine.hits import Hit
from besra.engine.pack import RulePack
from besra.engine.reference import evaluate as judge
from besra.events.event import Event
from besra.rules.ruleset import load_rules

Shown = set[tuple[Any, ...]]


def main() -> int:
    """Compare, and say where they differ; 0 if nowhere."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus.agreement", description=__doc__.partition("\n")[0])
    parser.add_argument("rules", type=Path)
    parser.add_argument("events", type=Path)
    parser.add_argument("--cut", type=int, default=1_000, help="events in a batch  [1000]")
    given = parser.parse_args()
    rules = api.runnable(load_rules(given.rules))
    pack = Job(rules, match_index=False, now=0).pack()
    events = list(api.positional_events(list(documents(given.events))))
    expected = [shown(hits) for hits in judge(pack, events).by_entry]
    total = sum(map(len, expected))
    print(f"{len(rules)} rules, {len(events)} documents, {total} hits of the reference")
    wrong = 0
    for kernels in (True, False):
        for number, found in enumerate(columnar_hits(pack, events, given.cut, kernels=kernels)):
            entry = pack.entries[number]
            is_single = len(entry.plan.clauses) == 1 and not entry.plan.clauses[0].keys
            if not (found == expected[number] if is_single else found <= expected[number]):
                wrong += 1
                print(f"kernels {kernels}: {rules[number][0].name}: {sorted(map(str, found ^ expected[number]))[:2]}")
    print(f"{wrong} differ" if wrong else "all agree")
    return int(wrong > 0 or not total)


def documents(folder: Path) -> Iterator[dict[str, Any]]:
    """Every document of every file."""
    for path in sorted(folder.glob("*/*.ndjson")):
        yield from (json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip())


def columnar_hits(pack: RulePack, events: Sequence[Event], cut: int, *, kernels: bool) -> list[Shown]:
    """The hits of every entry."""
    with ColumnarEvaluator(pack, kernels=kernels) as evaluator:
        for start in range(0, len(events), cut):
            evaluator.add(events[start : start + cut])
        return [shown(hits) for hits in evaluator.hits().by_entry]


def shown(hits: Iterable[Hit]) -> Shown:
    """What of hits can be compared."""
    return {(hit.clause, hit.event.id, hit.ordinal, hit.keys, hit.event.origin) for hit in hits}


if __name__ == "__main__":
    sys.exit(main())

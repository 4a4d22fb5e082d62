"""One rule of the corpus: plan it with the field types its documents were made for, run its sets."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from besra import api
from besra.detection.search import search_events
from besra.events.event_time import event_time
from besra.language.plan import Plan
from besra.language.relative import resolved
from besra.rules.planner import plan_rule
from besra.rules.rule import Rule, RuleType
from besra.rules.ruleset import LoadedRule
from besra.schema.catalogue import bundled_catalogue

Json = dict[str, Any]

COMPARING = frozenset({RuleType.THRESHOLD, RuleType.NEW_TERMS, RuleType.THREAT_MATCH})


@dataclass(frozen=True)
class RuleOutcome:
    """What became of one rule: its status, how many positive sets fired, how many negative ones stayed silent."""

    rule_id: str
    type: str
    status: str
    positive: int = 0
    fired: int = 0
    negative: int = 0
    silent: int = 0
    detail: str = ""

    @property
    def is_good(self) -> bool:
        """Whether every set did what it should."""
        return self.fired == self.positive and self.silent == self.negative


def run_rule(loaded: LoadedRule, entry: Json, events: Path) -> RuleOutcome:
    """The outcome of a rule over its entry of the manifest."""
    kind, rule_id = str(loaded.type), str(loaded.rule_id)
    if loaded.rule is None or loaded.plan is None:
        detail = "; ".join(problem.message for problem in loaded.problems)
        return RuleOutcome(rule_id, kind, str(loaded.status), detail=detail)
    types = {field: mapping for field, mapping in entry.get("field_types", {}).items() if mapping}
    planned = plan_rule(_judged(loaded.rule), bundled_catalogue().with_types(types))
    if planned.plan is None:
        detail = "; ".join(problem.message for problem in planned.problems)
        return RuleOutcome(rule_id, kind, str(planned.status), detail=detail)
    return _run_sets(RuleOutcome(rule_id, kind, str(loaded.status)), planned.plan, entry, events)


def _judged(rule: Rule) -> Rule:
    """The rule whose alerts are looked at: of rules that count or compare events, their query by itself.

    The documents of those are made to satisfy the query, and neither reach a count nor come with history or indicators.
    """
    return replace(rule, type=RuleType.QUERY) if rule.type in COMPARING else rule


def _run_sets(outcome: RuleOutcome, plan: Plan, entry: Json, events: Path) -> RuleOutcome:
    positive = _lines(events / "positive" / f"{outcome.rule_id}.ndjson")
    negative = _lines(events / "negative" / f"{outcome.rule_id}.ndjson")
    quiet = [lines for lines in entry.get("sets", ()) if not _fires(plan, positive, lines)]
    loud = [item for item in entry.get("negative_sets", ()) if _fires(plan, negative, item["lines"])]
    sets, negatives = len(entry.get("sets", ())), len(entry.get("negative_sets", ()))
    notes = [f"silent on positive lines {lines}" for lines in quiet]
    notes += [f"fires on negative lines {item['lines']} ({item.get('reason', 'no reason given')})" for item in loud]
    return replace(
        outcome,
        positive=sets,
        fired=sets - len(quiet),
        negative=negatives,
        silent=negatives - len(loud),
        detail="; ".join(notes),
    )


@cache
def _lines(path: Path) -> tuple[Json, ...]:
    if not path.is_file():
        return ()
    return tuple(json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip())


def _fires(plan: Plan, documents: tuple[Json, ...], lines: Iterable[int]) -> bool:
    chosen = [documents[line] for line in lines]
    events = list(api.positional_events(chosen))
    now = max((event_time(event.source) or 0 for event in events), default=0)
    return bool(search_events(resolved(plan, now), events).matches)

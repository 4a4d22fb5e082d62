"""Suppression against its definition taken literally, and the same groups whatever reads and evaluates the events."""

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rules.samples import rule_of

from besra import api
from besra.detection import batches
from besra.detection.conclude import conclude
from besra.detection.correlate import matches_in_time
from besra.detection.detect import Engine, Job, gather
from besra.detection.execution import Limits
from besra.detection.run import RunInfo
from besra.detection.suppression import Folded, Suppression, fold
from besra.detection.suppression_group import Group
from besra.engine.pack import Entry, RulePack
from besra.engine.reference import evaluate
from besra.language.expr import FieldRef
from besra.rules.ruleset import load_rules
from besra.schema.catalogue import EMPTY
from besra.schema.fieldtype import FieldType

FIELDS = ("k", "l")
PLAN = api.plan_query("any where true", EMPTY)
WORDS = st.sampled_from(["a", "b"])
SECOND = 10**9
START = 1_750_000_000

Term = str | None | tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    """One event: when, and the values of its fields."""

    number: int
    second: int | None
    values: tuple[tuple[str, ...], ...]

    @property
    def document(self) -> dict[str, Any]:
        """As a JSON document."""
        time = {} if self.second is None else {"@timestamp": START + self.second}
        fields = {name: list(values) for name, values in zip(FIELDS, self.values, strict=True) if values}
        return {"_id": str(self.number), **time, **fields}


@dataclass(frozen=True)
class How:
    """A way to suppress."""

    lasts: int | None
    fold_missing: bool
    by_value: bool
    limit: int | None

    def terms(self, event: Seen) -> list[tuple[Term, ...]]:
        """The groups of an event."""
        if not self.fold_missing and () in event.values:
            return []
        if self.by_value:
            return list(dict.fromkeys(itertools.product(*(values or (None,) for values in event.values))))
        return [tuple(tuple(sorted(set(values))) or None for values in event.values)]


@st.composite
def streams(draw: st.DrawFn) -> list[Seen]:
    seconds = st.one_of(st.integers(0, 12), st.none()) if draw(st.booleans()) else st.integers(0, 12)
    words = st.lists(WORDS, max_size=3).map(tuple)
    events = draw(st.lists(st.tuples(seconds, st.tuples(words, words)), max_size=14))
    return [Seen(number, second, values) for number, (second, values) in enumerate(events)]


HOWS = st.builds(
    How,
    lasts=st.one_of(st.none(), st.integers(1, 6)),
    fold_missing=st.booleans(),
    by_value=st.booleans(),
    limit=st.one_of(st.none(), st.integers(1, 5)),
)


def in_time(events: Sequence[Seen]) -> list[Seen]:
    return sorted(events, key=lambda event: (event.second is None, event.second or 0, event.number))


def literally(events: Sequence[Seen], how: How) -> Iterator[tuple[Seen, tuple[Term, ...] | None, list[Seen]]]:
    """Every group: its first event, its terms and the others, by the definition, one group after the other."""
    found = []
    ordered = in_time(events)
    for rank, event in enumerate(ordered):
        if not how.terms(event):
            found.append((rank, 0, event, None, []))
    for terms in {terms for event in ordered for terms in how.terms(event)}:
        left = [event for event in ordered if terms in how.terms(event)]
        while left:
            first = left[0]
            inside = [event for event in left if is_inside(first, event, how)]
            found.append((ordered.index(first), how.terms(first).index(terms), first, terms, inside[1:]))
            left = [event for event in left if event not in inside]
    for _, _, first, terms, others in sorted(found, key=lambda group: group[:2]):
        yield first, terms, others


def is_inside(first: Seen, event: Seen, how: How) -> bool:
    if how.lasts is None:
        return True
    if first.second is None or event.second is None:
        return first.second is event.second
    return event.second - first.second <= how.lasts


def folded(events: Sequence[Seen], how: How, **more: Any) -> Folded:
    read = api._events([event.document for event in events], None)
    (hits,) = evaluate(RulePack((Entry(PLAN),)), list(read)).by_entry
    lasts = None if how.lasts is None else timedelta(seconds=how.lasts)
    refs = tuple(FieldRef(name, FieldType.KEYWORD) for name in FIELDS)
    suppression = Suppression(PLAN, refs, lasts, how.fold_missing, how.by_value)
    return fold(matches_in_time(PLAN, hits), suppression, how.limit, **more)


@given(streams(), HOWS)
def test_groups_are_those_of_the_definition(events: list[Seen], how: How) -> None:
    found = folded(events, how)
    groups = list(literally(events, how))
    told = groups if how.limit is None else groups[: how.limit]
    assert [
        (
            opening.match.present[0].event.id,
            opening.group and tuple(term.mark for term in opening.group.terms),
            opening.group.docs_count if opening.group else 0,
            opening.group and opening.group.end,
        )
        for opening in found.openings
    ] == [(str(first.number), terms, len(others), terms and last_of(first, others)) for first, terms, others in told]
    assert (found.due, found.total) == (len(groups), len(events))
    opened = {first for first, _, _ in told}
    suppressed = {event for _, _, others in told for event in others} - opened
    assert found.suppressed == len(suppressed)
    assert found.left_out == len(events) - len(opened) - len(suppressed)


def last_of(first: Seen, others: Sequence[Seen]) -> int | None:
    seconds = [event.second for event in (first, *others) if event.second is not None]
    return (START + max(seconds)) * SECOND if seconds else None


@given(streams(), HOWS, st.integers(0, 12), st.integers(0, 12))
def test_two_runs_that_overlap_give_the_groups_of_one(events: list[Seen], how: How, end: int, start: int) -> None:
    timed = [event for event in events if event.second is not None]
    how = How(how.lasts or 3, True, how.by_value, None)
    start = min(start, end + 1)
    first = folded([event for event in timed if event.second <= end], how)
    groups = newest(first)
    second = folded([event for event in timed if event.second >= start], how, earlier=groups)
    assert groups | newest(second) == newest(folded(timed, how))
    once = [opening.match.present[0].event.id for opening in folded(timed, how).openings]
    twice = [opening.match.present[0].event.id for found in (first, second) for opening in found.openings]
    assert sorted(twice) == sorted(once)


def newest(found: Folded) -> dict[str, Group]:
    groups = [*found.continued, *(opening.group for opening in found.openings if opening.group)]
    return {group.instance_id: group for group in groups}


@pytest.fixture(scope="module")
def rules_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rules") / "rules.ndjson"
    hour = {"duration": {"value": 4, "unit": "s"}}
    changes = [
        ("eql", {"query": "any where true", "alert_suppression": {"group_by": ["k"]}}),
        ("eql", {"query": "any where true", "alert_suppression": {"group_by": ["k", "l"], **hour}}),
        ("eql", {"query": "sequence by l [any where true] [any where true]", "alert_suppression": {"group_by": ["k"]}}),
        ("query", {"query": "", "alert_suppression": {"group_by": ["k"], "missing_fields_strategy": "doNotSuppress"}}),
        ("threshold", {"query": "", "threshold": {"field": ["k"], "value": 2}, "alert_suppression": hour}),
    ]
    rules = [
        rule_of(kind, **more, index=..., name=f"rule {number}", rule_id=f"rule-{number}")
        for number, (kind, more) in enumerate(changes)
    ]
    path.write_text("\n".join(map(json.dumps, rules)), "utf-8")
    return path


@given(events=streams(), batch=st.integers(1, 14), order=st.randoms(use_true_random=False))
def test_engine_batches_and_order_of_reading_change_no_group(
    events: list[Seen], batch: int, order: Any, rules_file: Path
) -> None:
    # Of events of one instant the one read first is first.
    documents = [{**event.document, "event.sequence": event.number} for event in in_time(events)]
    rules = load_rules(rules_file)
    expected = shown(rules, documents, Engine.REFERENCE)
    shuffled = [*documents]
    if all(event.second is not None for event in events):
        order.shuffle(shuffled)
    assert shown(rules, shuffled, Engine.COLUMNAR, batch) == expected


def shown(rules: Any, documents: Sequence[dict[str, Any]], engine: Engine, batch: int = 14) -> list[tuple[Any, ...]]:
    job = Job(rules.runnable, match_index=False, limits=Limits(3), engine=engine)
    with patch.object(batches, "BATCH", batch):
        gathered = gather(job, lambda _: api._events(documents, None))
    return [
        (done.rule.rule_id, done.total_matches, done.suppressed, done.due, alert["kibana.alert.uuid"], told(alert))
        for done in conclude(job, gathered, RunInfo(0))
        for alert in done.alerts
    ]


def told(alert: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in alert.items() if ".suppression." in name or ".instance." in name}

"""What the service looks at for an indicator match rule is enough, whatever the order in which things arrive."""

import json
import random
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.test_threat_match import (
    EVENT_FIELDS,
    INDICATOR_FIELDS,
    MAPPINGS,
    START,
    Told,
    documents,
    expected,
    rule_of,
    shown,
)

from besra.detection.correlate import correlate
from besra.detection.detect import Job
from besra.detection.match import Indicators
from besra.events.event_time import event_time
from besra.events.identity import event_key
from besra.service.detector import Arrival, Detector
from besra.service.hit_log import Since
from besra.storage.journal import Record

Document = dict[str, Any]


def without_stars(document: Document) -> Document:
    """With wildcards keys do not tell: all is looked at."""
    parsed: Document = json.loads(json.dumps(document).replace("*", "b"))
    return parsed


def arrival(number: int, kind: str, place: int, document: Document) -> Arrival:
    index = "logs-x" if kind == "e" else "logs-ti_x"
    record = Record(orjson.dumps(document), (index,), f"{kind}{place}", event_time(document))
    return Arrival(record, number, START)


def due(told: Told, there: Sequence[tuple[str, int]], lot: Sequence[tuple[str, int]]) -> Told:
    """The matches there are of what is there, with something of a lot."""
    found = []
    for name, told_by in told:
        by = frozenset((one, groups) for one, groups in told_by if ("i", int(one[1:])) in there)
        event = ("e", int(name[1:]))
        if event in there and by and (event in lot or any(("i", int(one[1:])) in lot for one, _ in by)):
            found.append((name, by))
    return sorted(found)


@pytest.mark.parametrize("has_stars", [False, True])
@given(
    mapping=MAPPINGS,
    events=st.lists(documents(tuple(EVENT_FIELDS)), max_size=6),
    indicators=st.lists(documents(INDICATOR_FIELDS), max_size=6),
    seed=st.integers(0, 1000),
    memory=st.sampled_from([1, 1 << 19]),
)
@settings(max_examples=250, deadline=None)
def test_what_is_looked_at_is_enough(
    has_stars: bool, mapping: list[Document], events: list[Document], indicators: list[Document], seed: int, memory: int
) -> None:
    rule, plan = rule_of(json.dumps(mapping))
    if not has_stars:
        events, indicators = [list(map(without_stars, some)) for some in (events, indicators)]
    order = [("e", n) for n in range(len(events))] + [("i", n) for n in range(len(indicators))]
    random.Random(seed).shuffle(order)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("besra.service.pile_files.MEMORY", memory)
        detector = Detector(Job(((rule, plan),), now=START), START, lambda: START, is_live=True)
        for done in range(0, len(order), 2):
            lot = order[done : done + 2]
            first = detector._log._next
            detector.take([arrival(done, kind, n, (events if kind == "e" else indicators)[n]) for kind, n in lot])
            asked = detector._log.hits(0, Since(first))
            found = [
                match
                for match in correlate(plan, asked.hits)
                if isinstance(match.finding, Indicators)
                and any(
                    event_key(hit.event) in asked.about
                    for hit in (*match.present, *(one.hit for one in match.finding.found))
                )
            ]
            assert sorted(shown(found)) == due(expected(mapping, events, indicators), order[: done + 2], lot)

"""Indicator match rules against their definition, worked out pair by pair over plain documents.

The reference engine, the columnar one and scans of files, whatever the order of files and of what is in them.
"""

import gzip
import json
import random
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.rules.samples import parsed

from besra import api
from besra.detection.correlate import correlate, first_matches, threat_match
from besra.detection.correlate.starred_keys import StarredKeys
from besra.detection.detect import Engine, Job, Resources, gather
from besra.detection.match import Indicators, Match
from besra.detection.window import EVERYTHING, Window
from besra.engine import columnar as columnar_module
from besra.engine import row_keys
from besra.engine.hits import Hit, Key
from besra.events import row_store
from besra.events.event import Event
from besra.events.file_read import ReadOptions
from besra.events.index_name import INDICATORS
from besra.events.line_block import LineBlock
from besra.events.reader import read_events
from besra.events.readers import json_blocks
from besra.language.plan import Plan
from besra.language.starred import covers
from besra.rules.planner import plan_rule
from besra.rules.rule import Rule
from besra.schema.fieldtype import FieldType, to_typed

Document = dict[str, Any]
Entry = dict[str, Any]

START = 1_740_787_200_000_000_000
TEXT, ADDRESS, NUMBER = FieldType.KEYWORD, FieldType.IP, FieldType.LONG

EVENT_FIELDS = {"url.full": TEXT, "user.name": TEXT, "source.ip": ADDRESS, "source.port": NUMBER, "made.up": TEXT}
INDICATOR_FIELDS = (
    "threat.indicator.url.full",
    "threat.indicator.name",
    "threat.indicator.ip",
    "threat.indicator.port",
)
TEXTS = st.sampled_from(["a", "ab", "a*", "*b", "A", "a?b", "*", "évil", "é*"])
OTHERS = st.sampled_from(["10.0.0.1", "::ffff:10.0.0.1", "::1", "0:0::1", "", 4, 4.0, "4.0", 5, "5", True, None])
VALUES = st.one_of(TEXTS, TEXTS, OTHERS)
FIELD_VALUES = st.one_of(VALUES, VALUES, st.lists(VALUES, max_size=3))
TIMES = st.sampled_from([None, "2025-03-01T00:00:00Z", "2025-03-01T00:00:01Z", "2025-03-01T00:00:02Z"])


@st.composite
def documents(draw: st.DrawFn, names: Sequence[str]) -> Document:
    found: Document = {}
    if time := draw(TIMES):
        found["@timestamp"] = time
    # Most of them have the texts.
    others = draw(st.lists(st.sampled_from(names[2:]), unique=True, max_size=2))
    for name in [*(name for name in names[:2] if draw(st.integers(0, 3))), *others]:
        parent, _, rest = name.partition(".")
        value = draw(FIELD_VALUES)
        if draw(st.booleans()):
            found[name] = value
        else:
            found.setdefault(parent, {})[rest] = value
    return found


def entries(fields: st.SearchStrategy[str], values: st.SearchStrategy[str]) -> st.SearchStrategy[Entry]:
    return st.builds(lambda field, value: {"field": field, "type": "mapping", "value": value}, fields, values)


TEXT_ENTRIES = entries(st.sampled_from(["url.full", "user.name"]), st.sampled_from(INDICATOR_FIELDS[:2]))
ENTRIES = st.one_of(
    TEXT_ENTRIES, TEXT_ENTRIES, entries(st.sampled_from(sorted(EVENT_FIELDS)), st.sampled_from(INDICATOR_FIELDS))
)


@st.composite
def groups(draw: st.DrawFn) -> Document:
    wanted = draw(st.lists(ENTRIES, min_size=1, max_size=2))
    unwanted = [entry for entry in draw(st.lists(ENTRIES, max_size=2)) if entry not in wanted]
    return {"entries": [*wanted, *({**entry, "negate": True} for entry in unwanted)]}


MAPPINGS = st.lists(groups(), min_size=1, max_size=3)


@cache
def rule_of(mapping: str) -> tuple[Rule, Plan]:
    found = parsed("threat_match", query="not user.name : skipped", threat_mapping=json.loads(mapping))
    assert found.rule is not None
    plan = plan_rule(found.rule).plan
    assert plan is not None
    return found.rule, plan


def values_of(document: Mapping[str, Any], name: str) -> Iterator[Any]:
    """The values of a field of one of the documents above."""
    parent, _, rest = name.partition(".")
    inner = document.get(parent)
    for value in (document.get(name), inner.get(rest) if isinstance(inner, dict) else None):
        yield from (value if isinstance(value, list) else [value])


def typed_values(document: Mapping[str, Any], name: str, kind: FieldType) -> list[Any]:
    typed = [to_typed(value, kind) for value in values_of(document, name) if value is not None]
    return [value for value in typed if value is not None]


def is_equal(event: Document, indicator: Document, entry: Entry) -> bool:
    kind = EVENT_FIELDS[entry["field"]]
    if entry["field"] == "made.up":  # in no mapping: as the indicator's field is
        kind = {"threat.indicator.ip": ADDRESS, "threat.indicator.port": NUMBER}.get(entry["value"], TEXT)
    mine, theirs = typed_values(event, entry["field"], kind), typed_values(indicator, entry["value"], kind)
    if kind is TEXT:
        patterns = [".*".join(re.escape(piece) for piece in text.split("*")) for text in theirs]
        return any(re.fullmatch(pattern, text, re.DOTALL) for pattern in patterns for text in mine)
    return any(value in theirs for value in mine)


def matches_group(event: Document, indicator: Document, group: Document) -> bool:
    return all(is_equal(event, indicator, entry) != entry.get("negate", False) for entry in group["entries"])


Told = list[tuple[str, frozenset[tuple[str, tuple[int, ...]]]]]


def expected(mapping: list[Document], events: list[Document], indicators: list[Document]) -> Told:
    told = []
    for number, event in enumerate(events):
        found = set()
        for other, indicator in enumerate(indicators):
            by = tuple(n for n, group in enumerate(mapping) if matches_group(event, indicator, group))
            if by:
                found.add((f"i{other}", by))
        if found:
            told.append((f"e{number}", frozenset(found)))
    return sorted(told)


def hit(document: Document, identity: str, index: str) -> Document:
    return {"_id": identity, "_index": index, "_source": document}


def shown(matches: Iterator[Match] | list[Match]) -> Told:
    told = []
    for match in matches:
        assert isinstance(match.finding, Indicators)
        found = frozenset((indicator.hit.event.id, indicator.groups) for indicator in match.finding.found)
        assert len(found) == len(match.finding.found) == match.finding.total
        told.append((match.present[0].event.id, found))
    return told


@pytest.mark.parametrize("engine", list(Engine))
@given(
    mapping=MAPPINGS,
    events=st.lists(documents(tuple(EVENT_FIELDS)), max_size=5),
    indicators=st.lists(documents(INDICATOR_FIELDS), max_size=5),
    given_apart=st.booleans(),
)
@settings(max_examples=250, deadline=None)
def test_matches_are_those_of_the_definition(
    engine: Engine, mapping: list[Document], events: list[Document], indicators: list[Document], given_apart: bool
) -> None:
    rule, plan = rule_of(json.dumps(mapping))
    mine = [hit(document, f"e{number}", "logs-x") for number, document in enumerate(events)]
    theirs = [hit(document, f"i{number}", "logs-ti_x") for number, document in enumerate(indicators)]
    # In an index that the rule reads too, an indicator is an event as well: not here, by the fields it has.
    together = [] if given_apart else theirs
    gathered = gather(
        Job(((rule, plan),), engine=engine),
        lambda _: api._events([*mine, *together], None),
        (lambda _: api._events(theirs, INDICATORS)) if given_apart else None,
    )
    found = shown(correlate(plan, gathered.hits[0]))
    assert sorted(found) == expected(mapping, events, indicators)
    times = [events[int(identity[1:])].get("@timestamp", "9") for identity, _ in found]
    assert times == sorted(times)


@st.composite
def plain_documents(draw: st.DrawFn, names: Sequence[str]) -> Document:
    """A document on its own, or as it may be exported."""
    document = draw(documents(names))
    if draw(st.booleans()):
        return document
    return {"_index": draw(st.sampled_from(["logs-ti_x", "logs-x"])), "_id": draw(st.sampled_from("pq")), **document}


def written(folder: Path, name: str, parts: list[list[Document]], packed: bool) -> list[Path]:
    paths = []
    for number, part in enumerate(parts):
        raw = b"".join(json.dumps(document).encode() + b"\n" for document in part)
        path = folder / f"{name}{number}.ndjson{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(raw) if packed else raw)
        paths.append(path)
    return paths


def whole(matches: Iterator[Match]) -> list[Any]:
    """Matches with everything they hold."""
    told = []
    for match in matches:
        assert isinstance(match.finding, Indicators)
        told.append(
            (
                [(h.event, h.ordinal, h.clause) for h in match.present],
                [(i.hit.event, i.hit.ordinal, i.groups) for i in match.finding.found],
                match.finding.total,
            )
        )
    return told


def scanned(job: Job, events: Sequence[Path], indicators: Sequence[Path]) -> Collection[Hit]:
    def read(paths: Sequence[Path], options: ReadOptions) -> Iterator[Event | LineBlock]:
        return (item for item in read_events(paths, options) if isinstance(item, (Event, LineBlock)))

    return gather(
        job,
        lambda decoder: read(events, ReadOptions(decoder=decoder)),
        lambda decoder: read(indicators, ReadOptions(decoder=decoder).of_indicators()),
    ).hits[0]


FILES = st.tuples(
    st.lists(st.lists(plain_documents(tuple(EVENT_FIELDS)), min_size=1, max_size=5), min_size=1, max_size=2),
    st.lists(st.lists(plain_documents(INDICATOR_FIELDS), min_size=1, max_size=5), min_size=1, max_size=2),
)


@given(
    mapping=MAPPINGS,
    files=FILES,
    packed=st.booleans(),
    limit=st.sampled_from([0, 400, 2**20]),
    workers=st.sampled_from([1, 1, 1, 1, 2]),
    most_keys=st.sampled_from([1, 2, 16]),
    window=st.sampled_from([EVERYTHING, EVERYTHING, Window(START + 1_000_000_000, None), Window(None, START)]),
)
@settings(max_examples=80, deadline=None)
def test_a_scan_gives_what_the_reference_gives(
    mapping: list[Document],
    files: tuple[list[list[Document]], list[list[Document]]],
    *,
    packed: bool,
    limit: int,
    workers: int,
    most_keys: int,
    window: Window,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    rule, plan = rule_of(json.dumps(mapping))
    events, indicators = files
    folder = tmp_path_factory.mktemp("scan")
    # Indicators stand among the events too, some of them in an index of indicators.
    mine = written(folder, "events", [*events, indicators[0]], packed)
    theirs = written(folder, "indicators", [*indicators, events[0]], packed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_store, "MAX_HELD", 2)
        patch.setattr(row_store, "MAX_LOADED", 2)
        patch.setattr(json_blocks, "BLOCK", 200)
        patch.setattr(columnar_module, "FEW_BYTES", limit)
        patch.setattr(row_keys, "MOST_KEYS", most_keys)
        patch.setattr(threat_match, "MOST_COVERED", 2)
        patch.setattr(threat_match, "MOST_TOGETHER", 2)
        held = scanned(Job(((rule, plan),), engine=Engine.REFERENCE), mine, theirs)
        kept = scanned(Job(((rule, plan),), window=window, resources=Resources(workers, limit)), mine, theirs)
        expected_matches = whole(correlate(plan, held, window))
        assert whole(correlate(plan, kept, window)) == expected_matches
        first, total = first_matches(plan, kept, 1, window)
        assert (whole(iter(first)), total) == (expected_matches[:1], len(expected_matches))


def test_an_event_has_its_first_indicators_and_the_number_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threat_match, "MOST", 3)
    mapping = [
        {"entries": [{"field": "user.name", "type": "mapping", "value": "threat.indicator.name"}]},
        {"entries": [{"field": "url.full", "type": "mapping", "value": "threat.indicator.url.full"}]},
    ]
    rule, plan = rule_of(json.dumps(mapping))
    indicators = [
        {"@timestamp": f"2025-03-01T00:00:{59 - n:02}Z", "threat.indicator.name": "a", "threat.indicator.url.full": "b"}
        for n in range(10)
    ]
    theirs = [hit(document, f"i{number}", "logs-ti_x") for number, document in enumerate(indicators)]
    random.Random(1).shuffle(theirs)
    event = hit({"@timestamp": "2025-03-01T00:00:00Z", "user.name": "a", "url.full": "b"}, "e", "logs-x")
    for engine in Engine:
        job = Job(((rule, plan),), engine=engine)
        gathered = gather(job, lambda _: api._events([event], None), lambda _: api._events(theirs, INDICATORS))
        [match] = correlate(plan, gathered.hits[0])
        assert isinstance(match.finding, Indicators)
        assert match.finding.total == 10
        assert [(i.hit.event.id, i.groups) for i in match.finding.found] == [(f"i{n}", (0, 1)) for n in (9, 8, 7)]


PARTS = st.one_of(st.text("ab*c", max_size=9), st.sampled_from([1, 2]))
KEYS = st.tuples(PARTS, st.text("ab*", max_size=3))


@given(st.lists(KEYS, max_size=12), KEYS)
def test_keys_with_stars_are_found_by_what_they_cover(keys: list[Key], asked: Key) -> None:
    expected_numbers = [n for n, key in enumerate(keys) if all(map(covers, key, asked))]
    assert StarredKeys([(key, n) for n, key in enumerate(keys)]).covering(asked) == expected_numbers

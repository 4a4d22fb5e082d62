"""The columnar engine agrees with the reference: on any events, however they are cut into batches and files."""

import gzip
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.shared import SHARED, needs_shared

from besra import api
from besra.demo import demo_documents
from besra.detection.conclude import conclude
from besra.detection.detect import Engine, Job, Resources, gather
from besra.detection.run import RunInfo
from besra.engine import columnar as columnar_module
from besra.engine.columnar import ColumnarEvaluator
from besra.engine.hits import Hit
from besra.engine.pack import Entry, RulePack
from besra.engine.reference import evaluate as judge
from besra.events.event import Event
from besra.events.file_read import FileRead, ReadOptions
from besra.events.line_block import LineBlock
from besra.events.reader import read_events
from besra.events.readers import json_blocks
from besra.problems import Problem
from besra.rules.ruleset import load_rules
from besra.schema.catalogue import bundled_catalogue

QUERIES = (
    'process where process.name : "cmd*" and not process.args : ("/c", "*x*")',
    "any where process.pid >= 4 and process.pid != 7",
    'any where cidrMatch(source.ip, "10.0.0.0/8", "::1") or destination.port in (53, 443)',
    'any where process.name regex~ "[a-c]+\\\\.(exe|com)" or process.name == null',
    "any where length(process.args) > 3 and startsWith~(process.name, user.name)",
    "any where not length(process.name) > 3",
    "any where process.code_signature.trusted == true or ?custom.flag",
    'any where custom.value == 4 and custom.value != "five"',
    'any where custom.value > 3.5 or custom.value < "b"',
    'any where process.name.caseless == "cmd.exe"',
    'any where @timestamp > "2025-01-01T00:00:00Z" and process.name in~ ("A.EXE", "ß")',
    "sequence by process.entity_id with maxspan=1m [process where true] [network where true]",
    "sequence by host.id, ?user.name with maxspan=5s [any where process.pid < 5] ![file where true] [any where true]",
    "sequence by tags [any where process.name != null] with runs=2 until [file where true]",
    "sample by host.id [process where true] [network where true]",
)
KQL_QUERIES = (
    "process.name: (cmd* and not *.exe) or process.pid >= 4",
    'process.name.text: "cmd exe" or user.name: * and not process.args: (a.exe or "/c")',
    "made: { k: x and n > 3 }",
    "made: { k: x and not n: 4 } and not made: { k: y }",
    "not made: { k: (x and y) or made: { k: * and n: 4 } }",
    "made: { not k: x } or custom.value: { k.text: x and n < 5 }",
    "made.made: { k: x and made: { not n: 5 and k: y } }",
)
TYPES = {"made.k": "keyword", "made.n": "long"}
CATALOGUE = bundled_catalogue().with_types(TYPES)
PLANS = [
    *(api.plan_query(query, CATALOGUE) for query in QUERIES),
    *(api.plan_query(query, CATALOGUE, language="kuery") for query in KQL_QUERIES),
]
PACK = RulePack.of([Entry(plan) for plan in PLANS])

WORDS = [
    "cmd.exe",
    "CMD.EXE",
    "a.exe",
    "ß",
    "SS",
    "",
    "x",
    "/c",
    "-",
    "4",
    "five",
    "10.0.0.1",
    "::1",
    "é" * 5,
    "a\nb",
    "İ",
]
SCALARS = st.one_of(
    st.sampled_from(WORDS),
    st.integers(-3, 9),
    st.sampled_from([4.0, 3.5, 2**63, -(2**63), 1e300]),
    st.booleans(),
    st.none(),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=4))
FIELDS = st.sampled_from(
    [
        "process.name",
        "process.args",
        "process.pid",
        "process.entity_id",
        "process.code_signature.trusted",
        "user.name",
        "host.id",
        "source.ip",
        "destination.port",
        "custom.value",
        "custom.flag",
        "tags",
        "process.name.caseless",
    ]
)
TIMES = st.one_of(
    st.integers(0, 90).map(lambda second: f"2025-03-01T00:{second // 60:02d}:{second % 60:02d}.000Z"),
    st.sampled_from(["2025-03-01T00:00:01.0000001Z", "no time", 1740787200, 1740787200000, None]),
)


OBJECTS = st.recursive(
    st.sampled_from(["x", "y", 3, 4, 5, None]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["k", "n", "made", "made.k", "k.text"]), inner, max_size=3),
    ),
    max_leaves=10,
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """An event with fields the queries read, dotted or nested."""
    document: dict[str, Any] = {"@timestamp": draw(TIMES)}
    category = draw(st.sampled_from(["process", "network", "file", ["process", "start"], None]))
    document["event.category" if draw(st.booleans()) else "event"] = (
        category if draw(st.booleans()) else {"category": category}
    )
    for name, value in draw(st.dictionaries(FIELDS, VALUES, max_size=6)).items():
        if draw(st.booleans()):
            document[name] = value
        else:
            head, _, rest = name.partition(".")
            inner = document.setdefault(head, {})
            if isinstance(inner, dict) and rest:
                inner[rest] = value
    document |= draw(st.dictionaries(st.sampled_from(["made", "made.made", "custom.value"]), OBJECTS, max_size=2))
    return document


def shown(hits: Iterable[Hit]) -> set[tuple[Any, ...]]:
    return {(hit.clause, hit.event.id, hit.ordinal, hit.keys, hit.event.origin) for hit in hits}


def matches_of(events: Sequence[Event], cut: int, *, kernels: bool) -> list[set[tuple[Any, ...]]]:
    """The columnar hits of every entry, the events given in batches of `cut`."""
    columnar = ColumnarEvaluator(PACK, max_values=20, kernels=kernels)
    for start in range(0, len(events), cut):
        columnar.add(events[start : start + cut])
    return [shown(hits) for hits in columnar.hits().by_entry]


@pytest.mark.parametrize("kernels", [True, False], ids=["kernels", "plain"])
@given(st.lists(documents(), max_size=12), st.integers(1, 12))
@settings(max_examples=150, deadline=None)
def test_columnar_hits_are_those_of_the_reference(kernels: bool, values: list[dict[str, Any]], cut: int) -> None:
    events = list(api.positional_events(values))
    expected = judge(PACK, events).by_entry
    for entry, mine, theirs in zip(PACK.entries, matches_of(events, cut, kernels=kernels), expected, strict=True):
        single = len(entry.plan.clauses) == 1 and not entry.plan.clauses[0].keys
        # Rows of sequences that no other stage can join are dropped early: that may lose no match.
        assert (mine == shown(theirs)) if single else (mine <= shown(theirs))


def alerts_of(paths: list[Path], engine: Engine, workers: int = 1) -> tuple[list[Any], list[Any]]:
    """Alerts and what was read, with one engine."""
    rules = api.runnable(load_rules())
    extra = [rule for rule, _ in rules]
    entries = [(extra[0], entry.plan) for entry in PACK.entries]
    job = Job((*rules, *entries), match_index=False, engine=engine, resources=Resources(workers))
    told: list[Problem | FileRead] = []

    def read(decoder: Any) -> Iterable[Event | LineBlock]:
        for item in read_events(paths, ReadOptions(decoder=decoder)):
            if isinstance(item, (Event, LineBlock)):
                yield item
            else:
                told.append(item)

    gathered = gather(job, read)
    alerts = [alert for execution in conclude(job, gathered, RunInfo(0)) for alert in execution.alerts]
    return sorted(alerts, key=lambda alert: (alert["kibana.alert.uuid"], orjson.dumps(alert))), told


ODD_LINES = [
    b'{"index":{"_index":"logs-x-default","_id":"one"}}',
    b'{"@timestamp":"2025-03-01T00:00:00Z","event":{"category":"process"},"process":{"name":"cmd.exe","pid":5}}',
    b'{"delete":{"_id":"two"}}',
    b"not json",
    b"",
    b'[{"process.name":"in a list"}]',
    b'{"_index":"i","_id":"3","_source":{"process":{"name":"cmd.exe"},"event":{"category":"process"}}}',
    b'{"process":{"name":"cmd.exe","name":"a.exe"},"event":{"category":"process"}}',
    b'{"Records":[{"process":{"name":"cmd.exe"}},{"process":{"pid":4}}]}',
    b'{"process":{"name":"bad \xff utf8"},"@timestamp":"2025-03-01T00:00:01Z"}',
    b'{"process":{"name":"lone \\ud800"},"custom":{"value":4}}',
    b'{"a":1,"a.b":2,"custom.value":4,"custom":{"value":"five"}}\r',
    b'{"process.pid":12345678901234567890123,"custom":{"value":1e400}}',
    b'{"process":{"name":"no time"}}  ',
    b'{"truncated": {"process": ',
]


@pytest.mark.parametrize("block", [200, 3000, json_blocks.BLOCK])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("few", [0, columnar_module.FEW_BYTES], ids=["kernels", "plain"])
def test_a_scan_is_the_same_with_both_engines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, packed: bool, workers: int, few: int
) -> None:
    monkeypatch.setattr(json_blocks, "BLOCK", block)
    monkeypatch.setattr(columnar_module, "FEW_BYTES", few)
    story = [orjson.dumps(document) for document in demo_documents(minutes=0)]
    raw = b"\n".join([*story[:30], *ODD_LINES, *story[30:], *ODD_LINES[:-1], *story[:3]])
    path = tmp_path / ("odd.ndjson.gz" if packed else "odd.ndjson")
    path.write_bytes(gzip.compress(raw) if packed else raw)
    columnar, told = alerts_of([path], Engine.COLUMNAR, workers)
    plain, also_told = alerts_of([path], Engine.REFERENCE)
    assert columnar == plain
    assert told == also_told
    assert len(plain) > len(story)


def test_a_file_that_is_no_json_is_given_up_with_both_engines(tmp_path: Path) -> None:
    path = tmp_path / "notes.ndjson"
    path.write_bytes(b"just text\n" * 50 + b'{"process":{"name":"cmd.exe"}}\n')
    assert alerts_of([tmp_path], Engine.COLUMNAR) == alerts_of([tmp_path], Engine.REFERENCE)


@needs_shared
@pytest.mark.parametrize("kernels", [True, False], ids=["kernels", "plain"])
def test_every_public_rule_agrees_on_generated_events(kernels: bool) -> None:
    rules = api.runnable(load_rules(SHARED / "data" / "rules"))
    pack = Job(rules, match_index=False, now=0).pack()
    values = [
        json.loads(line)
        for path in sorted((SHARED / "data" / "rule-events" / "positive").glob("*.ndjson"))[::9]
        for line in path.read_text("utf-8").splitlines()
    ]
    events = list(api.positional_events(values))
    columnar = ColumnarEvaluator(pack, kernels=kernels)
    columnar.add(events)
    expected = judge(pack, events).by_entry
    assert sum(map(len, expected)) > 100
    for mine, theirs, entry in zip(columnar.hits().by_entry, expected, pack.entries, strict=True):
        if len(entry.plan.clauses) == 1 and not entry.plan.clauses[0].keys:
            assert shown(mine) == shown(theirs)
        else:
            assert shown(mine) <= shown(theirs)

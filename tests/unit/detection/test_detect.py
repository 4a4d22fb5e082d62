"""Detection over many events: limits, identity, and the order of the input, which must not matter."""

import json
import random
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.detection.conftest import MakeRules

from besra import api
from besra.demo import demo_documents
from besra.errors import InputError
from besra.events.file_read import FileRead
from besra.problems import Problem
from besra.rules.ruleset import RuleSet, load_rules

Json = dict[str, Any]
INDEX = "logs-endpoint.events.process-default"
SEQUENCE = "sequence by process.pid with maxspan=1m [process where true] [process where true]"


def start(number: int, second: int = 0, **fields: Any) -> Json:
    return {
        "@timestamp": f"2026-03-17T09:00:{second:02}Z",
        "event": {"category": "process"},
        "data_stream": {"type": "logs", "dataset": "endpoint.events.process", "namespace": "default"},
        "process": {"name": "cmd.exe", "pid": 1},
        "number": number,
        **fields,
    }


def ids(alerts: Iterable[Json]) -> list[str]:
    return [alert["kibana.alert.uuid"] for alert in alerts]


# --- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "given", "count"), [(100, None, 100), (5, None, 5), (5, 7, 7), (5, 0, 150), (1000, None, 150), (200, 1, 1)]
)
def test_max_alerts(own: int, given: int | None, count: int, make_rules: MakeRules) -> None:
    rules = make_rules({"max_signals": own, "query": "process where true"})
    alerts = api.detect(rules, (start(number, number % 60) for number in range(150)), max_alerts=given)
    assert len(alerts) == count
    assert {alert["besra"]["total_matches"] for alert in alerts} == {150}


def test_the_earliest_matches_become_alerts(make_rules: MakeRules) -> None:
    rules = make_rules({"max_signals": 2, "query": "process where true"})
    events = [start(number, number) for number in range(5)]
    alerts = api.detect(rules, events[::-1])
    assert [alert["number"] for alert in alerts] == [0, 1]


def test_a_sequence_counts_once(make_rules: MakeRules) -> None:
    rules = make_rules({"max_signals": 2, "query": SEQUENCE})
    alerts = api.detect(rules, [start(number, number) for number in range(5)])
    assert len(alerts) == 6
    assert {alert["besra"]["total_matches"] for alert in alerts} == {4}


# --- which rules, which index -----------------------------------------------------------------------------------------


def test_the_most_severe_rule_first(make_rules: MakeRules) -> None:
    levels = [("low", 1), ("critical", 5), ("medium", 9), ("high", 2), ("medium", 50)]
    query = "process where true"
    rules = make_rules(
        *({"rule_id": str(n), "severity": s, "risk_score": r, "query": query} for n, (s, r) in enumerate(levels))
    )
    alerts = api.detect(rules, [start(1)])
    shown = [(alert["kibana.alert.severity"], alert["kibana.alert.risk_score"]) for alert in alerts]
    assert shown == [("critical", 5), ("high", 2), ("medium", 50), ("medium", 9), ("low", 1)]


@pytest.mark.parametrize(
    ("document", "index", "match_index", "count"),
    [
        (start(1), None, True, 1),
        (start(1), "other-index", True, 1),  # the document says better where it belongs
        (start(1, data_stream={}), None, True, 0),
        (start(1, data_stream={}), "logs-mine-x", True, 1),
        (start(1, data_stream={}), None, False, 1),
        ({"_index": "logs-x-y", "_source": start(1)}, None, True, 1),
        ({"_index": "other", "_source": start(1)}, None, True, 0),
        ({"_index": "other", "_source": start(1)}, None, False, 1),
    ],
)
def test_index_patterns(
    document: Json, index: str | None, match_index: bool, count: int, make_rules: MakeRules
) -> None:
    rules = make_rules({"query": "process where true", "index": ["logs-*"]})
    assert len(api.detect(rules, [document], index, match_index)) == count


@pytest.mark.parametrize("value", [[1], "text", None, 5, [{}]])
def test_documents_that_are_none(value: Any, make_rules: MakeRules) -> None:
    with pytest.raises(InputError, match="document 2 is "):
        api.detect(make_rules(), [start(1), value])


# --- time -------------------------------------------------------------------------------------------------------------


def test_now_is_the_newest_event_unless_given(make_rules: MakeRules) -> None:
    rules = make_rules({"query": "process where true"})
    events = [start(1, 30), start(2, 50), start(3, 10)]
    assert {alert["@timestamp"] for alert in api.detect(rules, events)} == {"2026-03-17T09:00:50.000Z"}
    assert {alert["@timestamp"] for alert in api.detect(rules, events, now=0)} == {"1970-01-01T00:00:00.000Z"}


def test_the_same_call_gives_the_same_bytes(make_rules: MakeRules) -> None:
    rules = make_rules({"query": SEQUENCE})
    events = [start(number, number) for number in range(5)]
    assert orjson.dumps(api.detect(rules, events)) == orjson.dumps(api.detect(rules, events))


# --- identity ---------------------------------------------------------------------------------------------------------


def test_equal_documents_are_one_event(make_rules: MakeRules) -> None:
    rules = make_rules({"query": "process where true"})
    assert len(api.detect(rules, [start(1), start(1)])) == 1
    assert len(api.detect(rules, [{"_id": "a", **start(1)}, {"_id": "b", **start(1)}])) == 2
    assert len(api.detect(rules, [{"_id": "a", **start(1)}, {"_id": "a", **start(2)}])) == 1


def test_ids_are_unique_within_an_index_only(make_rules: MakeRules) -> None:
    rules = make_rules({"query": "process where true"})
    events = [{"_index": f"logs-{name}", "_id": "a", "_source": start(1)} for name in ("x", "y", "x")]
    assert len(set(ids(api.detect(rules, events)))) == 2


def test_an_event_is_no_sequence_with_itself(make_rules: MakeRules) -> None:
    assert api.detect(make_rules({"query": SEQUENCE}), [start(1), start(1)]) == []


# --- order of documents and files -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bundled() -> RuleSet:
    return load_rules()


@pytest.fixture(scope="module")
def story() -> list[Json]:
    return list(demo_documents(minutes=0))


@settings(max_examples=10)
@given(shuffle=st.randoms(use_true_random=False))
def test_documents_in_any_order(shuffle: random.Random, bundled: RuleSet, story: list[Json]) -> None:
    shuffled = list(story)
    shuffle.shuffle(shuffled)
    assert ids(api.detect(bundled, shuffled)) == ids(api.detect(bundled, story))


def write(folder: Path, parts: list[list[Json]]) -> list[Path]:
    paths = [folder / f"part{number:02}.ndjson" for number in range(len(parts))]
    for path, part in zip(paths, parts, strict=True):
        path.write_bytes(b"".join(orjson.dumps(document) + b"\n" for document in part))
    return paths


@settings(max_examples=10)
@given(shuffle=st.randoms(use_true_random=False))
def test_files_in_any_order_give_the_same_bytes(
    shuffle: random.Random, bundled: RuleSet, story: list[Json], tmp_path_factory: pytest.TempPathFactory
) -> None:
    paths = write(tmp_path_factory.mktemp("parts"), [story[start::5] for start in range(5)])
    expected = orjson.dumps(list(api.scan(paths, bundled)))
    shuffle.shuffle(paths)
    repeated = [*paths, *shuffle.sample(paths, 2)]
    assert orjson.dumps(list(api.scan(repeated, bundled))) == expected


@settings(max_examples=10)
@given(cuts=st.lists(st.integers(0, 89), max_size=4))
def test_cutting_the_stream_into_files_changes_no_alert(
    cuts: list[int], bundled: RuleSet, story: list[Json], tmp_path_factory: pytest.TempPathFactory
) -> None:
    borders = [0, *sorted(cuts), len(story)]
    parts = [story[low:high] for low, high in pairwise(borders)]
    paths = write(tmp_path_factory.mktemp("cut"), parts)
    assert ids(api.scan(paths, bundled)) == ids(api.detect(bundled, story))


def test_the_same_events_in_two_files(bundled: RuleSet, story: list[Json], tmp_path: Path) -> None:
    first, second = write(tmp_path, [story, story[::-1]])
    once = list(api.scan([first], bundled))
    for paths in ([first, second], [second, first], [tmp_path]):
        assert list(api.scan(paths, bundled)) == once
    # The file that sorts first is named, whichever was read first.
    assert {event["file"] for alert in once for event in alert["besra"]["events"]} == {str(first)}


# --- scan -------------------------------------------------------------------------------------------------------------


def test_scan_hands_over_what_is_no_event(tmp_path: Path, make_rules: MakeRules) -> None:
    rules = make_rules({"query": "process where true"})
    (tmp_path / "events.ndjson").write_text(f"{json.dumps(start(1))}\nbroken\n", "utf-8")
    items: list[Problem | FileRead] = []
    alerts = list(api.scan([tmp_path / "events.ndjson", tmp_path / "missing"], rules, on_item=items.append))
    assert len(alerts) == 1
    assert [item.code for item in items if isinstance(item, Problem)] == ["input-missing", "record-not-json"]
    [read] = [item for item in items if isinstance(item, FileRead)]
    assert (read.events, read.skipped) == (1, 1)


def test_scan_without_rules_takes_the_bundled_ones(story: list[Json], tmp_path: Path) -> None:
    alerts = list(api.scan(write(tmp_path, [story])))
    assert len({alert["kibana.alert.rule.name"] for alert in alerts}) == 2


def test_scan_is_an_iterator(story: list[Json], tmp_path: Path) -> None:
    alerts = api.scan(write(tmp_path, [story]))
    assert iter(alerts) is alerts
    assert next(alerts)["event.kind"] == "signal"

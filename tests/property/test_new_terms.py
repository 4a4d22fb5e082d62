"""New terms rules find what scheduled runs would find together, as told by a few lines over plain dictionaries."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.property.counted_scans import INDEX, WAYS, Json, Way, execution_of, failed_logons

from besra.detection.window import EVERYTHING, Window
from besra.schema.timestamp import format_timestamp

START = 1_772_355_600_000_000_000  # 2026-03-01T09:00:00Z
HOUR = 3600 * 1_000_000_000
HISTORY, LOOK_BACK = 10, 1
"""Hours."""

POOLS: dict[str, list[Any]] = {"host.name": ["a", "b"], "user.name": ["jd", "x", ""], "source.port": [443, 8080]}


def some_of(values: list[Any]) -> st.SearchStrategy[Any]:
    one = st.sampled_from(values)
    return st.one_of(one, one, st.lists(one, max_size=3), st.none())


@st.composite
def logons(draw: st.DrawFn) -> list[Json]:
    """Documents in any order, numbered so that events of one time have an order."""
    hours = draw(st.lists(st.sampled_from([*range(0, 32, 2), 9, 11, 21, None]), max_size=14))
    return [
        {
            **INDEX,
            **({} if hour is None else {"@timestamp": format_timestamp(START + hour * HOUR)}),
            "event.sequence": number,
            "event.outcome": "success" if draw(st.integers(0, 9)) == 0 else "failure",
            **draw(st.fixed_dictionaries({name: some_of(values) for name, values in POOLS.items()})),
        }
        for number, hour in enumerate(hours)
    ]


def hour_of(document: Json) -> int:
    text = document["@timestamp"]
    return (int(text[8:10]) - 1) * 24 + int(text[11:13]) - 9


def terms_of(document: Json, fields: Sequence[str]) -> list[tuple[Any, ...]]:
    columns = []
    for name in fields:
        held = document.get(name)
        columns.append(dict.fromkeys(held if isinstance(held, list) else [] if held is None else [held]))
    return list(product(*columns))


def run(documents: Sequence[Json], fields: Sequence[str], start: float) -> set[tuple[int, tuple[Any, ...]]]:
    """What a run says whose window begins at an hour: the first event of each term the history before has not."""
    failures = [d for d in documents if d["event.outcome"] == "failure" and "@timestamp" in d]
    known = {t for d in failures if start - HISTORY <= hour_of(d) < start for t in terms_of(d, fields)}
    first: dict[tuple[Any, ...], int] = {}
    for document in sorted(failures, key=lambda d: (hour_of(d), d["event.sequence"])):
        if start <= hour_of(document) <= start + LOOK_BACK:
            for term in terms_of(document, fields):
                first.setdefault(term, document["event.sequence"])
    return {(number, term) for term, number in first.items() if term not in known}


WINDOWS = st.sampled_from([EVERYTHING, Window(START + 12 * HOUR, START + 22 * HOUR), Window(None, START + 20 * HOUR)])
FIELDS = st.lists(st.sampled_from(sorted(POOLS)), unique=True, min_size=1, max_size=3)


@given(documents=logons(), fields=FIELDS, way=WAYS, window=WINDOWS)
@settings(max_examples=150)
@example(documents=[], fields=["host.name"], way=Way(), window=EVERYTHING)
def test_a_scan_finds_what_all_runs_find(
    documents: list[Json], fields: list[str], way: Way, window: Window, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rule = failed_logons(
        "new_terms",
        new_terms_fields=fields,
        history_window_start=f"now-{HISTORY + LOOK_BACK}h",
        **{"from": f"now-{LOOK_BACK}h"},
    )
    execution = execution_of(rule, documents, tmp_path_factory.mktemp("terms"), way, window)
    runs = (run(documents, fields, half / 2) for half in range(-4, 70))
    wanted = {
        (number, tuple(map(str, term)))
        for number, term in set().union(*runs)
        if window.contains(START + hour_of(documents[number]) * HOUR)
    }
    told = [(alert["event.sequence"], tuple(alert["kibana.alert.new_terms"])) for alert in execution.alerts]
    assert sorted(told) == sorted(wanted)
    assert len({alert["kibana.alert.uuid"] for alert in execution.alerts}) == len(told)
    times = [START + hour_of(document) * HOUR for document in documents if "@timestamp" in document]
    for alert in execution.alerts:
        since = START + (hour_of(documents[alert["event.sequence"]]) - HISTORY) * HOUR
        assert alert["besra"]["history"]["from"] == format_timestamp(since)
        assert alert["besra"]["history"]["seen_from"] == format_timestamp(max(since, min(times)))
    short = [a for a in execution.alerts if a["besra"]["history"]["seen_from"] > a["besra"]["history"]["from"]]
    assert [warning.code for warning in execution.warnings] == (["new-terms-short-history"] if short else [])


@given(documents=logons(), fields=FIELDS, ways=st.lists(WAYS, min_size=2, max_size=2), window=WINDOWS)
@settings(max_examples=60)
def test_alerts_are_the_same_in_any_order_of_files(
    documents: list[Json],
    fields: list[str],
    ways: list[Way],
    window: Window,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    rule = failed_logons("new_terms", new_terms_fields=fields, history_window_start="now-10h")
    seen = []
    for way, given_documents in zip(ways, (documents, documents[::-1]), strict=True):
        alerts = execution_of(rule, given_documents, tmp_path_factory.mktemp("terms"), way, window).alerts
        for alert in alerts:
            del alert["besra"]["events"]
        seen.append(sorted(alerts, key=lambda alert: str(alert["kibana.alert.uuid"])))
    assert seen[0] == seen[1]

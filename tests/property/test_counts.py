"""Threshold rules count what a few lines over plain dictionaries count, by either engine, however files are cut."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import product
from operator import itemgetter
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.property.counted_scans import INDEX, WAYS, Json, Way, execution_of, failed_logons

from besra.detection.window import EVERYTHING, Window
from besra.schema.timestamp import format_timestamp

START = 1_772_355_600_000_000_000  # 2026-03-01T09:00:00Z
SECOND = 1_000_000_000

POOLS: dict[str, list[Any]] = {
    "host.name": ["a", "b"],
    "user.name": ["jd", "JD", ""],
    "source.port": [443, 8080],
    "made.up": ["4", "x,y"],
    "process.name": ["sshd"],
}
"""The fields events may be grouped by, with their values; a field's value may be several of them, or missing."""

DISTINCT = {"source.bytes": list(range(4)), "event.action": ["in", "out"]}


def some_of(values: list[Any]) -> st.SearchStrategy[Any]:
    one = st.sampled_from(values)
    return st.one_of(one, one, st.lists(one, max_size=3), st.none())


@st.composite
def logons(draw: st.DrawFn) -> list[Json]:
    """Documents in any order, each an event of its own."""
    fields = {name: some_of(values) for name, values in {**POOLS, **DISTINCT}.items()}
    seconds = draw(st.lists(st.integers(0, 20) | st.none(), max_size=14))
    return [
        {
            **INDEX,
            **({} if second is None else {"@timestamp": format_timestamp(START + second * SECOND)}),
            "event.id": str(number),
            "event.outcome": "success" if draw(st.integers(0, 9)) == 0 else "failure",
            **draw(st.fixed_dictionaries(fields)),
        }
        for number, second in enumerate(seconds)
    ]


def values_of(document: Json, name: str) -> list[Any]:
    held = document.get(name)
    return list(dict.fromkeys(held if isinstance(held, list) else [] if held is None else [held]))


def time_of(document: Json) -> int | None:
    text = document.get("@timestamp")
    return None if text is None else START + (int(text[14:16]) * 60 + int(text[17:19])) * SECOND


def expected(documents: Sequence[Json], threshold: Json, window: Window, within: int) -> dict[tuple[str, ...], Json]:
    """`threshold_result` by the values grouped by and the first time, with the time of the newest event."""
    fields, least = threshold["field"], threshold.get("cardinality", [])
    by_key: defaultdict[tuple[Any, ...], list[Json]] = defaultdict(list)
    for document in documents:
        if document["event.outcome"] == "failure" and window.contains(time_of(document)):
            for key in product(*(values_of(document, name) for name in fields)):
                by_key[key].append(document)
    found: dict[tuple[str, ...], Json] = {}
    for key, held in by_key.items():
        for bucket in buckets_of(held, threshold, within):
            numbers = distinct_in(bucket, least)
            times = sorted(time for document in bucket if (time := time_of(document)) is not None)
            texts = tuple(str(value) for value in key)
            distinct = [{"field": part["field"], "value": number} for part, number in zip(least, numbers, strict=True)]
            found[*texts, format_timestamp(times[0]) if times else ""] = {
                "count": len(bucket),
                **({"from": format_timestamp(times[0])} if times else {}),
                "terms": [{"field": name, "value": text} for name, text in zip(fields, texts, strict=True)],
                **({"cardinality": distinct} if least else {}),
                "newest": format_timestamp(times[-1]) if times else None,
            }
    return found


def buckets_of(held: Sequence[Json], threshold: Json, within: int) -> Iterator[list[Json]]:
    """The buckets of a key, by the words of the documentation."""
    timed = sorted(
        ((time, document) for document in held if (time := time_of(document)) is not None), key=itemgetter(0)
    )
    untimed = [document for document in held if time_of(document) is None]
    least = threshold.get("cardinality", [])

    def is_full(bucket: Sequence[Json]) -> bool:
        numbers = distinct_in(bucket, least)
        enough = all(number >= part["value"] for number, part in zip(numbers, least, strict=True))
        return len(bucket) >= threshold["value"] and enough

    after = None
    for start, _ in timed:
        if after is None or start > after:
            bucket = [document for time, document in timed if start <= time <= start + within]
            if is_full(bucket):
                yield bucket
                after = start + within
    if is_full(untimed):
        yield untimed


def distinct_in(documents: Sequence[Json], parts: Sequence[Json]) -> list[int]:
    """How many different values the fields of `cardinality` have."""
    return [len({v for document in documents for v in values_of(document, part["field"])}) for part in parts]


@st.composite
def thresholds(draw: st.DrawFn) -> Json:
    fields = draw(st.lists(st.sampled_from(sorted(POOLS)), unique=True, max_size=5))
    distinct = draw(st.lists(st.sampled_from(sorted(DISTINCT)), unique=True, max_size=2))
    parts = [{"field": name, "value": draw(st.integers(1, 3))} for name in distinct]
    return {"field": fields, "value": draw(st.integers(1, 5)), **({"cardinality": parts} if parts else {})}


WINDOWS = st.sampled_from(
    [EVERYTHING, Window(START + 5 * SECOND, START + 15 * SECOND), Window(None, START + 10 * SECOND), Window(START)]
)


LOOK_BACK = st.sampled_from([1, 2, 3, 5, 8, 13, 60])
"""Seconds a rule counts over."""


@given(documents=logons(), threshold=thresholds(), way=WAYS, window=WINDOWS, seconds=LOOK_BACK)
@settings(max_examples=200)
@example(documents=[], threshold={"field": [], "value": 1}, way=Way(), window=EVERYTHING, seconds=60)
def test_buckets(
    documents: list[Json],
    threshold: Json,
    way: Way,
    window: Window,
    seconds: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    rule = failed_logons("threshold", threshold=threshold, **{"from": f"now-{seconds}s"})
    execution = execution_of(rule, documents, tmp_path_factory.mktemp("counts"), way, window)
    wanted = expected(documents, threshold, window, seconds * SECOND)
    told = {}
    for alert in execution.alerts:
        result = {**alert["kibana.alert.threshold_result"], "newest": alert.get("kibana.alert.original_time")}
        told[*(term["value"] for term in result["terms"]), result.get("from", "")] = result
    assert told == wanted
    assert len(execution.alerts) == execution.total_matches == len(wanted)


@given(
    documents=logons(),
    changes=st.fixed_dictionaries({"threshold": thresholds(), "from": LOOK_BACK.map("now-{}s".format)}),
    ways=st.lists(WAYS, min_size=2, max_size=2),
    chance=st.randoms(use_true_random=False),
    window=WINDOWS,
)
@settings(max_examples=60)
def test_alerts_are_the_same_in_any_order_of_files(
    documents: list[Json],
    changes: Json,
    ways: list[Way],
    chance: Any,
    window: Window,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    rule = failed_logons("threshold", **changes)
    shuffled = chance.sample(documents, len(documents))
    seen = []
    for way, given_documents in zip(ways, (documents, shuffled), strict=True):
        alerts = execution_of(rule, given_documents, tmp_path_factory.mktemp("counts"), way, window).alerts
        for alert in alerts:
            alert["besra"]["events"] = len(alert["besra"]["events"])
        seen.append(sorted(alerts, key=lambda alert: str(alert["kibana.alert.uuid"])))
    assert seen[0] == seen[1]


STRETCHES = st.tuples(st.integers(0, 20), st.integers(0, 20)).map(sorted)


@given(documents=logons(), threshold=thresholds(), way=WAYS, stretches=st.lists(STRETCHES, min_size=2, max_size=2))
@settings(max_examples=60)
def test_ids_of_overlapping_windows(
    documents: list[Json],
    threshold: Json,
    way: Way,
    stretches: list[list[int]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Two windows give a bucket one id exactly if its first event has the same time in both."""
    rule, folder = failed_logons("threshold", threshold=threshold), tmp_path_factory.mktemp("counts")
    ids: defaultdict[tuple[Any, ...], set[str]] = defaultdict(set)
    for start, end in stretches:
        window = Window(START + start * SECOND, START + end * SECOND)
        for alert in execution_of(rule, documents, folder, way, window).alerts:
            result = alert["kibana.alert.threshold_result"]
            bucket = (result["from"], *(term["value"] for term in result["terms"]))
            ids[bucket].add(alert["kibana.alert.uuid"])
    assert all(len(found) == 1 for found in ids.values())
    assert len(ids) == len({identity for found in ids.values() for identity in found})

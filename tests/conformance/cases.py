"""One conformance case: run it, compare with what is expected."""

import math
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from besra import api
from besra.detection.match import Match
from besra.detection.search import SearchResult, search_events, with_samples_per_key
from besra.errors import BesraError
from besra.language.eql.lower import QueryFields
from besra.language.eql.scope import UnknownFields
from tests.conformance.datasets import Dataset, catalogue_of, load


@dataclass(frozen=True)
class Outcome:
    """`status` is passed, failed, refused (an error where a result was expected) or crashed."""

    id: str
    status: str
    detail: str
    features: tuple[str, ...]


def run(case: dict[str, Any], folder: Path) -> Outcome:
    """The outcome of one case; never raises."""
    expected = case["expected"]
    try:
        actual = _evaluate(case) if case["kind"] == "expression" else _search(case, folder)
    except BesraError as error:
        status, detail = ("passed", "") if "error" in expected else ("refused", str(error))
    except Exception:
        status, detail = "crashed", traceback.format_exc(limit=-3)
    else:
        good = _agrees(expected, actual)
        status = "passed" if good else "failed"
        detail = "" if good else f"expected {expected}, got {actual}"
    return Outcome(case["id"], status, detail, tuple(case.get("features", ())))


def _evaluate(case: dict[str, Any]) -> dict[str, Any]:
    return {"value": api.evaluate(case["query"], {})}


def _search(case: dict[str, Any], folder: Path) -> dict[str, Any]:
    datasets = [load(folder, name) for name in case["dataset"]]
    options = case.get("options", {})
    first = datasets[0]
    plan = api.plan_query(
        case["query"],
        catalogue_of(datasets),
        fields=QueryFields(first.category, first.timestamp or "@timestamp", first.tiebreaker),
        unknown_fields=UnknownFields.STRICT,
    )
    plan = with_samples_per_key(plan, options.get("max_samples_per_key", 1))
    documents = [document for dataset in datasets for document in dataset.documents]
    result = search_events(plan, api.positional_events(documents), size=options.get("size"))
    return _shape(result, datasets)


def _shape(result: SearchResult, datasets: list[Dataset]) -> dict[str, Any]:
    id_field = datasets[0].id_field
    body = result.to_dict()["hits"]
    if "events" in body:
        return {"events": [hit["_source"].get(id_field) for hit in body["events"]]}
    found = [
        {
            "events": [event["_source"].get(id_field) for event in row["events"]],
            "join_keys": _keys(result, match, datasets),
        }
        for row, match in zip(body["sequences"], result.matches, strict=True)
    ]
    return {"sequences": found}


def _keys(result: SearchResult, match: Match, datasets: list[Dataset]) -> list[str | None]:
    """Join keys as texts; dates with a format of their own are shown in milliseconds."""
    epoch = frozenset().union(*(dataset.epoch_fields for dataset in datasets))
    columns = result.plan.clauses[match.present[0].clause].keys
    texts = result.join_keys(match)
    return [
        str(value // 1_000_000) if key.field.name in epoch and isinstance(value, int) else text
        for key, value, text in zip(columns, match.key, texts, strict=True)
    ]


def _agrees(expected: dict[str, Any], actual: dict[str, Any]) -> bool:
    if "any_of" in expected:
        return any(_agrees(form, actual) for form in expected["any_of"])
    if "value" in expected:
        return _same_value(expected["value"], actual["value"])
    if "events" in expected:
        return expected["events"] == actual.get("events")
    groups = expected.get("sequences", expected.get("samples"))
    found = actual.get("sequences")
    return (
        groups is not None
        and found is not None
        and len(groups) == len(found)
        and all(_same_group(*pair) for pair in zip(groups, found, strict=True))
    )


def _same_group(expected: dict[str, Any], actual: dict[str, Any]) -> bool:
    keys = expected.get("join_keys", actual["join_keys"])
    return bool(expected["events"] == actual["events"] and keys == actual["join_keys"])


def _same_value(expected: object, actual: object) -> bool:
    if isinstance(expected, bool) or isinstance(actual, bool) or expected is None or actual is None:
        return expected is actual
    if isinstance(expected, (int, float)) and isinstance(actual, (int, float)):
        return math.isclose(expected, actual, rel_tol=0, abs_tol=1e-9)
    return expected == actual

"""What a pack can use at all: it may be told too widely, never too narrowly."""

from dataclasses import replace
from datetime import timedelta

import pytest

from besra import api
from besra.engine.pack import Entry, RulePack
from besra.engine.wanted import wanted_by
from besra.events.wanted import Wanted
from besra.language.eql.lower import QueryFields
from besra.language.plan import NewTerms
from besra.schema.catalogue import bundled_catalogue

CATALOGUE = bundled_catalogue()


def pack_of(*queries: str, timestamp: str = "@timestamp") -> RulePack:
    fields = QueryFields("event.category", timestamp)
    return RulePack(tuple(Entry(api.plan_query(query, CATALOGUE, fields=fields)) for query in queries))


@pytest.mark.parametrize(
    ("queries", "categories"),
    [
        (["process where true"], {"process"}),
        (["process where process.pid == 1", "file where true"], {"process", "file"}),
        (["sequence [process where true] [network where true]"], {"process", "network"}),
        (
            ["sequence [process where true] [file where true] until [network where true]"],
            {"process", "file", "network"},
        ),
        (
            ["sequence with maxspan=1s [process where true] ![dns where true] [file where true]"],
            {"process", "dns", "file"},
        ),
        (["sample by host.id [process where true] [file where true]"], {"process", "file"}),
        (['any where event.category == "file"'], {"file"}),
        (['any where event.category in ("file", "process") and process.pid == 1'], {"file", "process"}),
        (['any where event.category == "file" or event.category == "dns"'], {"file", "dns"}),
        (['any where event.category == "file" and event.category == "dns"'], 1),
        (["process where true", "any where true"], None),
        (['any where event.category : "FILE"'], None),
        (['any where event.category like "f*"'], None),
        (['any where event.category != "file"'], None),
        (['any where event.category == "file" or process.pid == 1'], None),
        (["sequence [process where true] [any where true]"], None),
        (["sequence [process where true] [file where true] until [any where true]"], None),
        ([], set()),
    ],
    ids=lambda value: str(sorted(value)) if isinstance(value, set) else str(value),
)
def test_categories(queries: list[str], categories: set[str] | int | None) -> None:
    found = wanted_by(pack_of(*queries)).categories
    if isinstance(categories, int):
        assert found is not None and len(found) == categories
    else:
        assert found == categories


def test_a_window_goes_by_the_timestamp_only() -> None:
    assert wanted_by(pack_of("any where true"), 1, 2) == Wanted(1, 2)
    assert wanted_by(pack_of("any where true", timestamp="event.ingested"), 1, 2) == Wanted()
    mixed = pack_of("any where true").entries + pack_of("file where true", timestamp="event.created").entries
    assert wanted_by(RulePack(mixed), 1, 2) == Wanted()


def test_history_lies_before_the_window() -> None:
    plan = api.plan_query("any where true", CATALOGUE)
    pack = RulePack((Entry(replace(plan, correlation=NewTerms(timedelta(microseconds=5)))), Entry(plan)))
    assert wanted_by(pack, 9_000, 12_000) == Wanted(4_000, 12_000)
    assert wanted_by(pack, None, 12_000) == Wanted(None, 12_000)

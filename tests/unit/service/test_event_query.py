"""Searching events: what is found is what the query means, page by page, and what was passed over is said."""

from typing import Any

import orjson
import pytest
from tests.unit.storage.test_event_store import NOW, SECOND

import besra
from besra.schema.timestamp import format_timestamp
from besra.service.answering import RequestError
from besra.service.event_query import EventSearch, EventsFound, search_events
from besra.storage.event_rows import EventReader
from besra.storage.event_store import EventStore, StoredEvent

DOCUMENTS = [
    {
        "@timestamp": format_timestamp(NOW + number // 2 * SECOND),
        "event": {"category": "process"},
        "process": {"name": f"p{number % 3}", "pid": number},
        "host": {"name": "ab"[number % 2]},
    }
    for number in range(20)
]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> EventReader:
    folder = tmp_path_factory.mktemp("store")
    events = [
        StoredEvent(
            1, number, ("logs-a-default",), str(number), orjson.dumps(document), NOW + number // 2 * SECOND, NOW
        )
        for number, document in enumerate(DOCUMENTS)
    ]
    EventStore(folder / "events").add(events, 1)
    return EventReader(folder / "events")


def searched(reader: EventReader, seconds: float = 60, **asked: Any) -> EventsFound:
    return search_events(reader, EventSearch(**asked), NOW + 10 * SECOND, seconds)


def ids(found: EventsFound) -> list[int]:
    return [int(event.id) for event in found.events]


def test_kql_page_by_page(reader: EventReader) -> None:
    expected = [number for number in reversed(range(20)) if number % 3 == 0]
    asked: dict[str, Any] = {"query": "process.name: p0", "size": 3}
    pages, after = [], None
    while True:
        found = searched(reader, **asked, after=after)
        assert (found.total, found.total_is_exact, found.is_whole) == (len(expected), True, True)
        pages.append(ids(found))
        after = found.next
        if after is None:
            break
    assert [len(page) for page in pages] == [3, 3, 1]
    assert sorted((n for page in pages for n in page), reverse=True) == expected
    assert ids(searched(reader, query="process.name: p0", sort="oldest", size=2)) == [0, 3]


def test_eql_is_what_a_search_of_the_documents_gives(reader: EventReader) -> None:
    single = searched(reader, language="eql", query='process where process.name == "p1"', sort="oldest")
    assert ids(single) == [1, 4, 7, 10, 13, 16, 19]
    assert ids(searched(reader, language="eql", query='process where process.name == "p1"', size=2)) == [19, 16]
    query = 'sequence by host.name [any where process.name == "p0"] [any where process.name == "p2"]'
    hits = [{"_id": str(n), "_source": document} for n, document in enumerate(DOCUMENTS)]
    expected = besra.search(query, hits).to_dict()["hits"]["sequences"]
    found = searched(reader, language="eql", query=query, sort="oldest")
    assert [list(group.join_keys) for group in found.groups] == [one["join_keys"] for one in expected]
    told = [[event.id for event in group.events] for group in found.groups]
    assert told == [[event["_id"] for event in one["events"]] for one in expected]
    assert found.total_is_exact and not searched(reader, language="eql", query=query, size=1).total_is_exact


def test_a_stretch_of_time_indices_and_fields(reader: EventReader) -> None:
    start, end = (format_timestamp(NOW + second * SECOND) for second in (3, 4))
    for language, query in (("kuery", ""), ("eql", "any where true")):
        asked: dict[str, Any] = {"language": language, "query": query, "sort": "oldest"}
        assert ids(searched(reader, **asked, start=start, end=end)) == [6, 7, 8, 9]
        assert ids(searched(reader, **asked, start="now-7s", end="now-6s")) == [6, 7, 8, 9]
        assert ids(searched(reader, **asked, index=("logs-b-*",))) == []
        shown = searched(reader, **asked, fields=("process.*", "@timestamp"), size=1).events[0]
        assert set(shown.source) == {"process", "@timestamp"}
        assert shown.index == "logs-a-default"


def test_what_can_never_hold_is_passed_over_and_said(reader: EventReader) -> None:
    found = searched(reader, query="process.pid: 3 or process.pid: abc")
    assert ids(found) == [3]
    assert found.passed_over == ("`abc` is not a value of type long, so this condition is never true",)


def test_no_time_to_look_at_all(reader: EventReader) -> None:
    found = searched(reader, -1, query="process.name: p0")
    assert (found.is_whole, found.total_is_exact) == (False, False)
    with pytest.raises(RequestError) as refused:
        searched(reader, -1, query="any where true", language="eql")
    assert refused.value.status == 408


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"query": "a: ("}, "kql-syntax"),
        ({"query": "any where", "language": "eql"}, "1:10"),
        ({"query": "", "language": "eql"}, "category is missing [eql-syntax]; start with"),
        ({"query": "_index: a"}, "name indices in `index`"),
        ({"query": 'any where _id == "1"', "language": "eql"}, "no field of events"),
        ({"start": "soon"}, "start: "),
        ({"start": "now", "end": "now-1s"}, "start is not after end"),
        ({"query": "any where true", "language": "eql", "after": (1, 1)}, "EQL has no pages"),
    ],
)
def test_what_cannot_be_searched_for_is_said(reader: EventReader, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(RequestError) as refused:
        searched(reader, **asked)
    assert refused.value.status == 400
    assert said in str(refused.value)

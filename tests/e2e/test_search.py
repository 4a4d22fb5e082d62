"""`besra search`: the answer's shapes, its options, queries that cannot be used."""

import json
from pathlib import Path

import pytest
from tests.e2e.command import inside

IMPLANT = 'process where process.name : "updsvc.exe" and event.type : "start" and host.os.type == "windows"'
SEQUENCE = f"sequence by process.entity_id with maxspan=1m [{IMPLANT}] [network where true]"


def test_json_is_the_response_of_elasticsearch(events: Path) -> None:
    body = json.loads(inside("search", IMPLANT, events, "--format", "json").out)
    assert {"is_partial": body["is_partial"], "is_running": body["is_running"], "timed_out": body["timed_out"]} == {
        "is_partial": False,
        "is_running": False,
        "timed_out": False,
    }
    assert body["hits"]["total"] == {"value": 1, "relation": "eq"}
    [event] = body["hits"]["events"]
    assert event["_index"] == "logs-endpoint.events.process-default"
    assert event["_source"]["process"]["name"] == "updsvc.exe"
    assert event["_id"]


def test_sequences_in_json_and_ndjson(events: Path) -> None:
    body = json.loads(inside("search", SEQUENCE, events, "--format", "json").out)
    [sequence] = body["hits"]["sequences"]
    assert [event["_source"]["event"]["category"] for event in sequence["events"]] == [["process"], ["network"]]
    assert sequence["join_keys"] == [sequence["events"][0]["_source"]["process"]["entity_id"]]
    done = inside("search", SEQUENCE, events)
    assert done.documents == [sequence]
    assert done.err == "1 result in 90 events\n"


def test_a_missing_event_is_a_row_of_its_own(events: Path) -> None:
    query = SEQUENCE.replace("[network", "![registry where true] [network")
    done = inside("search", query, events, "--format", "table")
    assert "(missing event)" in done.out
    assert [line.split()[0] for line in done.out.splitlines()] == ["#", "1", "1", "1"]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--size", "1"], ["c"]),
        (["--size", "1", "--result-position", "head"], ["a"]),
        (["--size", "2"], ["b", "c"]),
        (["--size", "0"], []),
        ([], ["a", "b", "c"]),
        (["--timestamp-field", "when"], ["c", "b", "a"]),
        (["--event-category-field", "kind"], ["b"]),
    ],
    ids=lambda value: " ".join(value) or "none",
)
def test_options(options: list[str], names: list[str], tmp_path: Path) -> None:
    rows = [("a", 3, "file"), ("b", 2, "process"), ("c", 1, "file")]
    documents = [
        {
            "@timestamp": f"2026-03-17T09:00:0{number}Z",
            "when": f"2026-03-17T09:00:0{second}Z",
            "event": {"category": "process"},
            "kind": kind,
            "name": name,
        }
        for number, (name, second, kind) in enumerate(rows)
    ]
    file = tmp_path / "events.ndjson"
    file.write_text("\n".join(map(json.dumps, documents)), "utf-8")
    done = inside("search", "process where true", file, *options)
    assert [event["_source"]["name"] for event in done.documents] == names


def test_field_types(tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_text('{"@timestamp": 0, "event": {"category": "x"}, "process": {"pid": 4}, "mine": "007"}', "utf-8")
    assert inside("search", 'any where mine == "007"', file).documents
    assert inside("search", "any where mine == 7", file, "--field-type", "mine=long").documents
    assert inside("search", 'any where process.pid : "4*"', file, "--field-type", "process.pid=keyword").documents
    for wrong in ("mine", "=long", "mine="):
        done = inside("search", "any where true", file, "--field-type", wrong)
        assert done.code == 3
        assert "hint: write process.pid=keyword" in done.err


def test_nothing_found_names_fields_no_schema_knows(events: Path) -> None:
    done = inside("search", 'process where procss.name : "x" and my.own.field == 1', events)
    assert (done.code, done.out) == (0, "")
    assert "the field procss.name is in no schema besra knows" in done.err
    assert "did you mean process.name?" in done.err
    assert "my.own.field" in done.err
    assert "no schema" not in inside("search", "process where my.own.field == null", events).err


QUERIES = [
    ('process where process.name == "a', 31, "this string is never closed"),
    ('process where process.name = "a"', 28, "hint: use == (exact) or :"),
    ("process where 1 < process.pid < 5", 31, "comparisons cannot be chained"),
    ("process where lenght(process.name) > 1", 15, "did you mean length"),
    ("process where length(1) > 1", 22, "expected a string"),
    ("sequence with maxspan=1m by host.id [any where true] [any where true]", 26, "`by` comes before `with`"),
    ("process where (true", 20, "expected `)`"),
    ("process where true | unique x", 22, "only `head` and `tail`"),
    ("", 1, "start with a category"),
    ("process where " + "(" * 5000 + "true" + ")" * 5000, None, "flatten it"),
]


@pytest.mark.parametrize(("query", "column", "words"), QUERIES, ids=[words for _, _, words in QUERIES])
def test_a_query_that_cannot_be_used(query: str, column: int | None, words: str, events: Path) -> None:
    done = inside("search", query, events)
    assert (done.code, done.out) == (2, "")
    lines = done.err.splitlines()
    assert lines[0].startswith("1:" if column is None else f"1:{column}: error: ")
    assert lines[2].lstrip(" ").startswith("^")
    assert words in done.err
    assert sum(" error: " in line for line in lines) == 1
    assert max(map(len, lines)) < 250


def test_a_query_of_ten_megabytes(events: Path) -> None:
    query = "process where " + " or ".join(f'process.name == "p{number}.exe"' for number in range(320_000))
    done = inside("search", query, events)
    assert done.code == 2
    assert "the limit is" in done.err
    assert len(done.err) < 1000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["process where true"], "Missing argument 'PATH...'"),
        (["process where true", ".", "--size", "-1"], "x>=0"),
        (["process where true", ".", "--format", "csv"], "'csv' is not one of"),
        (["process where true", ".", "--language", "sql"], "'sql' is not"),
        (["process where true", "no/such/file"], "no such file or folder"),
        (["process where true", ".", "--tiebreaker-field"], "requires an argument"),
    ],
    ids=lambda value: " ".join(value[1:]) if isinstance(value, list) else None,
)
def test_wrong_arguments(arguments: list[str], words: str) -> None:
    done = inside("search", *arguments)
    assert done.code == 3
    assert words in done.err
    assert sum("error: " in line.lower() for line in done.err.splitlines()) == 1


# --- KQL --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["kuery", "kql"])
def test_kql_finds_events(language: str, events: Path) -> None:
    done = inside("search", "--language", language, "process.name: updsvc.exe and event.type: start", events)
    assert {document["_source"]["process"]["name"] for document in done.documents} == {"updsvc.exe"}
    assert done.code == 0


@pytest.mark.parametrize(("now", "found"), [("2026-03-17T12:00:00Z", 5), ("2026-03-19", 0)])
def test_now_in_a_query_is_that_of_the_option(now: str, found: int, events: Path) -> None:
    query = "process.name: updsvc.exe and event.type: start and @timestamp >= now-1d"
    done = inside("search", "--language", "kuery", query, events, "--now", now)
    assert len(done.documents) == found


def test_what_can_never_be_true_is_said(events: Path) -> None:
    done = inside("search", "--language", "kuery", "process.pid: abc", events)
    assert (done.code, done.out) == (0, "")
    assert "kql-never" in done.err
    assert "1:14" in done.err


def test_kql_that_does_not_parse_is_shown_with_a_caret(events: Path) -> None:
    done = inside("search", "--language", "kuery", "process.name: (updsvc.exe or cmd.exe", events)
    assert done.code == 2
    assert "[kql-syntax]" in done.err
    assert "^" in done.err
    assert "hint: " in done.err

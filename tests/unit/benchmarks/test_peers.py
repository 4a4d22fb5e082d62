"""Other engines are asked the same as besra: their translations give what the reference evaluator gives."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from benchmarks.peers.columns import UntranslatableError, columns_of, sources_of
from benchmarks.peers.comparison import agreement, forked

from besra.api import plan_query
from besra.engine.reference import holds
from besra.events.document import Fields
from besra.language.expr import Predicate
from besra.schema.catalogue import bundled_catalogue

DOCUMENTS: list[dict[str, Any]] = [
    {"process": {"name": "Cmd.exe", "args": ["a%b", "X_y", "/c"], "pid": 4}, "event": {"category": "process"}},
    {"process": {"name": "sh", "args": "it's", "pid": 700}, "event": {"category": ["process", "file"]}},
    {"process.name": "POWERSHELL.EXE", "source": {"ip": "10.1.2.3"}, "event": {"category": "network"}},
    {"process": {"name": "two\nlines", "args": [], "pid": None}, "source": {"ip": ["fe80::1", "192.168.0.9"]}},
    {"file": {"path": "C:\\Temp\\a.dll", "Ext": {"entropy": 7.5}}, "process": {"code_signature": {"trusted": False}}},
    {},
]
QUERIES = (
    'any where process.name == "sh"',
    'any where process.name : ("CMD.exe", "power*")',
    'any where process.args : "a%b" or process.args : "x_?"',
    'any where process.args == "it\'s"',
    'any where not process.args : "/c"',
    "any where process.name == null",
    "any where process.args != null and process.pid > 3 and process.pid <= 4",
    "any where process.pid in (700, 4)",
    'any where process.name regex~ "c[mn]d.exe"',
    'any where process.name regex "two.lines"',
    'any where process.name like "two*lines"',
    'any where cidrmatch(source.ip, "10.0.0.0/8", "fe80::/64")',
    'any where not cidrmatch(source.ip, "192.168.0.0/16")',
    "any where file.Ext.entropy >= 7.5 or process.code_signature.trusted == false",
    'process where true and file.path : "?:\\\\Temp\\\\*.dll"',
    'file where process.name != "cmd.exe"',
    'any where file.path : "*:\\\\t*p\\\\?.d?l"',
)


def predicate_of(query: str) -> Predicate:
    return plan_query(query, bundled_catalogue()).clauses[0].predicate


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("peers") / "events.ndjson"
    path.write_bytes(b"".join(orjson.dumps(document) + b"\n" for document in DOCUMENTS))
    return path


def expected(query: str) -> list[bool]:
    found = [holds(predicate_of(query), Fields(document)) for document in DOCUMENTS]
    assert any(found) or query.startswith("process")
    return found


@pytest.mark.parametrize("query", QUERIES)
def test_sql_says_what_the_reference_says(query: str, events: Path) -> None:
    pytest.importorskip("duckdb")
    from benchmarks.peers.duckdb import table  # noqa: PLC0415
    from benchmarks.peers.sql import sql_of  # noqa: PLC0415

    columns, refused = columns_of({*sources_of(predicate_of(query)), *sources_of(predicate_of(QUERIES[0]))}, events)
    assert not refused
    found = table(columns).execute(f"SELECT {sql_of(predicate_of(query), columns)} FROM events").fetchall()
    assert [held for (held,) in found] == expected(query)


@pytest.mark.parametrize("query", QUERIES)
def test_expressions_of_polars_say_what_the_reference_says(query: str, events: Path) -> None:
    pytest.importorskip("polars")
    from benchmarks.peers.frames import expression_of  # noqa: PLC0415
    from benchmarks.peers.polars import frame  # noqa: PLC0415

    columns, refused = columns_of(sources_of(predicate_of(query)), events)
    assert not refused
    found = frame(columns).select(held=expression_of(predicate_of(query), columns))
    assert found["held"].to_list() == expected(query)


def test_scripts_are_not_translated() -> None:
    with pytest.raises(UntranslatableError, match="function"):
        list(sources_of(predicate_of("any where length(process.name) > 3")))


def test_a_column_that_would_mix_types_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mixed.ndjson"
    path.write_bytes(b'{"odd":{"one":1}}\n{"odd":{"one":"a"}}\n')
    (source,) = sources_of(predicate_of("any where odd.one != null"))
    columns, refused = columns_of([source], path)
    assert not columns
    assert "odd.one" in refused[source]


def test_only_equal_counts_agree() -> None:
    found = agreement(["a", "b", "c", "d"], {"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 3})
    assert found.agreed == ("a", "d")
    assert found.differing == {"b": (2, 3), "c": (3, 0)}


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # other engines' threads live in this process
@pytest.mark.parametrize("processes", [1, 3])
def test_processes_share_the_events_and_add_their_counts(processes: int) -> None:
    assert forked(lambda part: {"even": sum(n % 2 == 0 for n in part)}, range(10), processes) == {"even": 5}


def test_python_eql_finds_what_it_can(events: Path) -> None:
    pytest.importorskip("eql")
    from benchmarks.peers.python_eql import joined  # noqa: PLC0415

    from besra.events.document import flatten  # noqa: PLC0415

    assert joined(flatten({"a": {"b": ["x", 1]}, "c.d": True})) == {"a": {"b": "x 1"}, "c": {"d": True}}

"""Records of sources become ECS however they are read; what nobody knows stays as it is and is counted."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra import api
from besra.engine.columnar import ColumnarEvaluator
from besra.engine.pack import Entry, RulePack
from besra.events.envelope import Document
from besra.events.event import Event, Origin
from besra.events.file_read import FileRead, ReadOptions
from besra.events.line_block import LineBlock
from besra.events.normalise.stream_fields import put_stream
from besra.events.reader import read_events
from besra.events.recognise import Intake, Recogniser, is_known_shape
from besra.events.table_part import TablePart
from besra.schema.catalogue import bundled_catalogue

ECS = {"@timestamp": "2025-03-01T10:00:00Z", "event": {"category": ["process"]}, "process": {"name": "a.exe"}}
FLAT = {"acme.kind": "proc", "acme.name": "b.exe", "at": "2025-03-01T10:00:01Z"}
NESTED = {"acme": {"kind": "proc", "name": "c.exe"}, "at": "2025-03-01T10:00:02Z"}
OTHER = {"acme": {"kind": "mail"}, "name": "d.exe"}
BARRED = {**FLAT, "done": True}
UNKNOWN = {"name": "e.exe", "at": "2025-03-01T10:00:04Z"}
RECORDS = [ECS, FLAT, UNKNOWN, NESTED, OTHER, BARRED]


@dataclass(frozen=True)
class Acme:
    """A made-up product's records: a source and its normaliser in one."""

    name: str = "acme"
    markers: tuple[str, ...] = ("acme.kind",)
    unless: tuple[str, ...] = ("done",)
    also: tuple[str, ...] = ("filebeat-besra",)

    @property
    def normaliser(self) -> "Acme":
        return self

    def recognises(self, record: Mapping[str, Any]) -> bool:
        return self._value(record, "kind") == "proc"

    def to_ecs(self, record: Mapping[str, Any]) -> dict[str, Any]:
        document = {
            "@timestamp": record["at"],
            "event": {"category": ["process"]},
            "process": {"name": self._value(record, "name")},
        }
        put_stream(document, "acme.log")
        return document

    def _value(self, record: Mapping[str, Any], name: str) -> Any:
        inner = record.get("acme")
        return inner.get(name) if isinstance(inner, Mapping) else record.get(f"acme.{name}")


INTAKE = Intake(recogniser=Recogniser([Acme()]))
OPTIONS = ReadOptions(recogniser=INTAKE.recogniser)
QUERY = 'process where process.name : "*.exe"'
PACK = RulePack((Entry(api.plan_query(QUERY, bundled_catalogue())),))


def event_of(record: Mapping[str, Any], index: str | None = None) -> Event:
    return INTAKE.event_of(Document(record, index), Origin("-"), 0)


@pytest.mark.parametrize("record", [FLAT, NESTED])
def test_a_record_becomes_ecs_whatever_its_arrangement(record: Mapping[str, Any]) -> None:
    event = event_of(record)
    assert event.index == ("logs-acme.log-default", "filebeat-besra")
    assert event.source["process"]["name"] in ("b.exe", "c.exe")


@pytest.mark.parametrize("record", [ECS, OTHER, BARRED, UNKNOWN])
def test_what_is_of_no_source_stays_as_it_is(record: Mapping[str, Any]) -> None:
    assert event_of(record).source == record


def test_the_index_of_an_export_is_its_home_and_the_stream_counts_too() -> None:
    assert event_of(FLAT, "mine-1").index == ("mine-1", "logs-acme.log-default", "filebeat-besra")


def test_shapes() -> None:
    assert [is_known_shape(record) for record in RECORDS] == [True, False, False, False, False, False]
    assert is_known_shape({"event.action": ["x"]})


def ndjson(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


def read_by_column(path: Path) -> Iterator[Event | FileRead]:
    with ColumnarEvaluator(PACK, kernels=True) as evaluator:
        evaluator.know_sources(INTAKE.recogniser)
        for item in read_events([path], replace(OPTIONS, decoder=evaluator)):
            match item:
                case LineBlock():
                    yield from map(item.event, item.rows.tolist())
                case TablePart():
                    yield from item.events(range(item.size))
                case Event() | FileRead():
                    yield item


def seen(items: list[Any]) -> tuple[Counter[tuple[str, tuple[str, ...]]], FileRead]:
    events = Counter((event.id, event.index) for event in items if isinstance(event, Event))
    return events, next(item for item in items if isinstance(item, FileRead))


@given(st.lists(st.sampled_from(RECORDS), max_size=12))
def test_lines_by_column_and_one_by_one_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]]
) -> None:
    path = ndjson(tmp_path_factory.mktemp("lines") / "a.ndjson", records)
    assert seen(list(read_by_column(path))) == seen(list(read_events([path], OPTIONS)))


def test_counts_by_home_and_of_unknown_shape(tmp_path: Path) -> None:
    path = ndjson(tmp_path / "a.ndjson", RECORDS)
    _, read = seen(list(read_by_column(path)))
    assert read.homes == {"logs-acme.log-default": 2, "besra-events": 4}
    assert (read.unknown, read.first_unknown) == (3, Origin(str(path), 3))


def test_tables_of_records(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_pylist([NESTED, {"acme": {"kind": "mail"}, "at": "x"}]), path)
    by_column, one_by_one = seen(list(read_by_column(path))), seen(list(read_events([path], OPTIONS)))
    assert by_column == one_by_one
    assert by_column[1].homes == {"logs-acme.log-default": 1, "besra-events": 1}


def test_tables_of_ecs_documents_are_read_by_column(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_pylist([ECS, UNKNOWN]), path)
    _, read = seen(list(read_by_column(path)))
    assert (read.homes, read.unknown, read.first_unknown) == ({"besra-events": 2}, 1, Origin(str(path), 2))

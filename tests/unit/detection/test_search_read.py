"""A search of files by the columnar engine: the answer of the judge, whatever is passed over."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from besra import api
from besra.demo import write_demo
from besra.detection.search import limited, search_events, search_read
from besra.events.event import Event
from besra.events.file_read import ReadOptions
from besra.events.line_block import LineBlock
from besra.events.reader import read_events
from besra.events.recognise import bundled_recogniser
from besra.events.table_part import TablePart
from besra.schema.catalogue import bundled_catalogue

QUERIES = (
    'process where process.name : "msiexec.exe"',
    "network where true | tail 7",
    "sequence by process.entity_id [process where true] [network where true]",
    "sample by host.id [process where true] [registry where true]",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("demo")
    write_demo(place)
    return place


@pytest.mark.parametrize("query", QUERIES)
def test_it_finds_what_the_judge_finds(folder: Path, query: str) -> None:
    plan = limited(api.plan_query(query, bundled_catalogue()), 20, "head")

    def read(decoder: Any) -> Iterable[Event | LineBlock | TablePart]:
        for item in read_events([folder], ReadOptions(decoder=decoder)):
            if isinstance(item, (Event, LineBlock, TablePart)):
                yield item

    expected = search_events(plan, read(None)).to_dict()
    assert expected["hits"]["total"]["value"] > 0
    assert search_read(plan, read, bundled_recogniser()).to_dict() == expected

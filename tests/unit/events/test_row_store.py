"""Rows kept until the end of a scan: the same events whether their bytes are in a file, in memory or on disk."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from besra.errors import InputError
from besra.events import row_store
from besra.events.columns import Projection, ValueTable, decode_lines
from besra.events.line_block import LineBlock, Outcome, no_rows
from besra.events.row_store import RowStore

LINES = [orjson.dumps({"@timestamp": "2025-01-01T00:00:00Z", "process.name": f"{number}.exe"}) for number in range(9)]
RAW = b"\n".join(LINES) + b"\n"
ROWS = np.array([1, 4, 8])


def block(path: Path | None = None) -> LineBlock:
    decoded = decode_lines(RAW, Projection(("process.name",)), ValueTable())
    outcome = Outcome(decoded, no_rows())
    return LineBlock(RAW, outcome, "a.ndjson", 11, path=path, offset=None if path is None else 7)


@pytest.fixture
def store() -> Iterator[RowStore]:
    store = RowStore(memory_limit=50)  # less than two lines: the spool moves to disk
    yield store
    store.close()


def test_rows_come_back_from_the_spool(store: RowStore) -> None:
    lines = block()
    numbers = [*store.keep(lines, ROWS).tolist(), *store.keep(lines, np.array([0])).tolist()]
    store.seal()
    assert numbers == [0, 1, 2, 3]
    assert [store.event(number) for number in numbers] == [lines.event(row) for row in (1, 4, 8, 0)]
    assert [store.event(number).origin.line for number in numbers] == [12, 15, 19, 11]


def test_rows_come_back_from_their_file(store: RowStore, tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_bytes(b"{}     " + RAW)
    numbers = store.keep(block(path), ROWS).tolist()
    store.seal()
    assert [store.event(n).source for n in numbers] == [orjson.loads(LINES[row]) for row in ROWS.tolist()]


@pytest.mark.parametrize("content", [None, b"", b"x" * 2000])
def test_a_file_that_changed_is_named(store: RowStore, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.ndjson"
    path.write_bytes(b"{}     " + RAW)
    store.keep(block(path), ROWS)
    store.seal()
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.ndjson: error: the file changed"):
        store.event(0)


def test_events_and_rows_share_numbers(store: RowStore) -> None:
    lines = block()
    event = replace(lines.event(2), id="held")
    assert store.keep_events([event]).tolist() == [0]
    assert store.keep(lines, ROWS[:1]).tolist() == [1]
    store.seal()
    assert store.event(0) is event
    assert store.event(1) == lines.event(1)


def test_an_empty_store_can_be_sealed(store: RowStore) -> None:
    assert store.keep_events([]).tolist() == []
    store.seal()


def test_more_files_than_may_be_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: RowStore) -> None:
    monkeypatch.setattr(row_store, "MAX_OPEN", 2)
    numbers = []
    for name in "abcde":
        path = tmp_path / name
        path.write_bytes(b"{}     " + RAW)
        numbers += store.keep(block(path), ROWS).tolist()
    store.seal()
    sources = [store.event(number).source for number in [*numbers[::3], *numbers[1::3], *numbers[2::3]]]
    assert sources == [orjson.loads(LINES[row]) for row in ROWS.tolist() for _ in "abcde"]
    assert len(store._open) == 2


def test_the_first_events_are_held_and_the_others_written_down(
    monkeypatch: pytest.MonkeyPatch, store: RowStore
) -> None:
    monkeypatch.setattr(row_store, "MAX_HELD", 2)
    lines = block()
    sources: list[dict[str, Any]] = [{"a": [1, 2.5, {"b": 2**70}]}, {"a": "\ud800"}, {"when": date(2025, 1, 1)}]
    events = [replace(lines.event(row), id=f"e{row}") for row in range(4)]
    events += [replace(events[0], id=str(n), source=s, position=n) for n, s in enumerate(sources)]
    numbers = store.keep_events(events[:3]).tolist() + store.keep_events(events[3:]).tolist()
    store.seal()
    assert [store.event(number) for number in numbers] == events
    # What only Python can hold stays held.
    assert sorted(store._held) == [0, 1, 6]


def test_few_read_events_are_remembered(monkeypatch: pytest.MonkeyPatch, store: RowStore) -> None:
    monkeypatch.setattr(row_store, "MAX_LOADED", 2)
    numbers = store.keep(block(), ROWS).tolist()
    store.seal()
    first = store.event(numbers[0])
    assert store.event(numbers[0]) is first
    for number in numbers:
        store.event(number)
    assert list(store._loaded) == numbers[1:]


def test_identities_are_those_of_the_events(store: RowStore) -> None:
    lines = block()
    same, other = lines.event(4), replace(lines.event(4), id="other")
    elsewhere = replace(same, index=("elsewhere",))
    numbers = [*store.keep_events([same, other]), *store.keep(lines, ROWS), *store.keep_events([elsewhere, same])]
    store.seal()
    found = store.identities(np.array(numbers[::-1]))[::-1].tolist()
    distinct = list(map(tuple, found))
    assert distinct[0] == distinct[3] == distinct[6]
    assert len(set(distinct)) == 5
    assert store.came_alone(np.array(numbers)).tolist() == [True, True, False, False, False, True, True]
    assert store.shared_ids(np.array(numbers)).tolist() == [True, False, False, False, False, False, True]
    assert store.positions(np.array(numbers[1:4])).tolist() == [e.position for e in (other, *map(lines.event, (1, 4)))]
    assert store.origin(numbers[3]) == store.origin(numbers[6]) == ("a.ndjson", 15, same.position)


def test_closing_leaves_rows_readable(store: RowStore, tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_bytes(b"{}     " + RAW)
    numbers = [*store.keep(block(path), ROWS).tolist(), *store.keep(block(), ROWS).tolist()]
    store.seal()
    store.close()
    assert [store.event(n).source for n in numbers] == 2 * [orjson.loads(LINES[row]) for row in ROWS.tolist()]

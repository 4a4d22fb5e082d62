"""Blocks of lines: where they are cut, and that no line is lost or read twice."""

import gzip
from collections.abc import Iterable
from pathlib import Path

import pytest

from besra import api
from besra.engine import columnar, worker_pool
from besra.engine.columnar import ColumnarEvaluator
from besra.engine.pack import Entry, RulePack
from besra.events.event import Event
from besra.events.file_read import FileRead, ReadOptions
from besra.events.line_block import LineBlock
from besra.events.reader import Item, read_events
from besra.events.readers import json_blocks
from besra.events.readers.json_blocks import MOST_BLANK, _cut
from besra.problems import Problem
from besra.schema.catalogue import bundled_catalogue

pytest.importorskip("numba")

SUFFIXES = pytest.mark.parametrize("suffix", ["", ".gz"])
"""A plain file is read where it stands, another as a stream."""

PACK = RulePack.of([Entry(api.plan_query("any where a > 0", bundled_catalogue()))])


def told(items: Iterable[Item]) -> list[object]:
    """Events by place and id, problems and counts; in the order of lines, as blocks come before their odd lines."""
    events: list[tuple[int | None, str]] = []
    others: list[object] = []
    for item in items:
        if isinstance(item, LineBlock):
            events += [(event.origin.line, event.id) for event in map(item.event, item.rows.tolist())]
        elif isinstance(item, Event):
            events.append((item.origin.line, item.id))
        else:
            others.append(item)
    return [*sorted(events), *others]


def written(path: Path, text: bytes) -> Path:
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def in_blocks(path: Path, size: int, patch: pytest.MonkeyPatch) -> list[object]:
    for module in (json_blocks, columnar):
        patch.setattr(module, "BLOCK", size)
    with ColumnarEvaluator(PACK, kernels=True) as evaluator:
        return told(read_events([path], ReadOptions(decoder=evaluator)))


@pytest.mark.parametrize("blank", [0, 1, 5, 99, 100, 101, 300])
@pytest.mark.parametrize("size", [32, 64, 150, 4000])
@SUFFIXES
def test_blank_lines_between_an_action_and_its_document(
    suffix: str, blank: int, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = b'{"index":{"_id":"%d"}}\n' + b"\n" * blank + b'{"a":%d}\n'
    path = written(tmp_path / f"bulk.ndjson{suffix}", b"".join(pair % (number, number) for number in range(9)))
    expected = told(read_events([path]))
    assert in_blocks(path, size, monkeypatch) == expected
    assert [id_ for _, id_ in expected[:9]] == list("012345678")  # type: ignore[misc]  # pairs come first


@pytest.mark.parametrize(
    "text", [b"", b"\n", b" ", b"\n" * 1000, b" \r\n" * 100, b"{}", b"\r", b'{"a":1}\n' + b"\n" * 500]
)
@pytest.mark.parametrize("size", [16, 4000])
@SUFFIXES
def test_files_with_nothing_or_next_to_nothing(
    suffix: str, text: bytes, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / f"bare.ndjson{suffix}", text)
    assert in_blocks(path, size, monkeypatch) == told(read_events([path]))


@pytest.mark.parametrize("length", [10, 15, 16, 17, 31, 32, 33, 64, 65, 500])
@SUFFIXES
def test_lines_longer_than_is_read(suffix: str, length: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = b'{"a":"' + b"x" * (length - 8) + b'"}\n'
    path = written(tmp_path / f"long.ndjson{suffix}", b'{"a":1}\n' + line + b'{"a":2}\n' + line[:-1])
    options = ReadOptions(document_limit=32)
    for module in (json_blocks, columnar):
        monkeypatch.setattr(module, "BLOCK", 16)
    with ColumnarEvaluator(PACK, kernels=True) as evaluator:
        mine = told(read_events([path], ReadOptions(decoder=evaluator, document_limit=32)))
    theirs = told(read_events([path], options))
    # How long a line may be is kept to within a buffer, of which there may be two.
    if length <= 32 or length > 2 * 64:
        assert mine == theirs
    assert isinstance(mine[-1], FileRead)


def test_how_far_a_cut_looks_behind() -> None:
    action = b'{"index":{}}\n'
    assert _cut(bytearray(b'{"a":1}\n' + action + b"\n" * 9 + b'{"a"')) == 8
    assert _cut(bytearray(b'{"a":1}\n' + action)) == 8
    assert _cut(bytearray(b'{"a":1}\n{"a":2}\n{"a"')) == 16
    assert _cut(bytearray(b'{"a":1')) == 0
    assert _cut(bytearray(b"\n" * 5)) == 5
    far = bytearray(action + b"\n" * (MOST_BLANK + 1))
    assert _cut(far) == len(far)


LINES = [b'{"@timestamp":%d,"a":1}\n' % (1_700_000_000_000 + number) for number in range(1000)]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_that_becomes_shorter_is_used_as_far_as_it_was_read(
    workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cut.ndjson"
    path.write_bytes(b"".join(LINES))
    for module in (json_blocks, columnar, worker_pool):
        monkeypatch.setattr(module, "BLOCK", 512)
    blocks, others = [], []
    with ColumnarEvaluator(PACK, workers=workers, kernels=True) as evaluator:
        for item in read_events([path], ReadOptions(decoder=evaluator)):
            (blocks if isinstance(item, LineBlock) else others).append(item)
            path.write_bytes(LINES[0])
    problem, read = others
    assert isinstance(problem, Problem) and isinstance(read, FileRead)
    assert problem.code == "input-truncated"
    assert 1 <= len(blocks) <= 6  # those evaluated ahead
    assert read.events == sum(len(block.rows) for block in blocks)
    assert f"after line {read.events}" in problem.message


def test_what_a_file_grows_by_behind_half_a_line_is_left(tmp_path: Path) -> None:
    path = tmp_path / "grows.ndjson"
    path.write_bytes(LINES[0] + LINES[1][:4])
    with ColumnarEvaluator(PACK, kernels=True) as evaluator:
        found = []
        for item in read_events([path], ReadOptions(decoder=evaluator)):
            found.append(item)
            with path.open("ab") as file:
                file.write(LINES[1][4:] + LINES[2])
    assert [type(item) for item in found] == [LineBlock, Problem, FileRead]

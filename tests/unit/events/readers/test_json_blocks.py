"""Blocks of lines: where they are cut, and that no line is lost or read twice."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from besra import api
from besra.engine import columnar
from besra.engine.columnar import ColumnarEvaluator
from besra.engine.pack import Entry, RulePack
from besra.events.event import Event
from besra.events.file_read import FileRead, ReadOptions
from besra.events.line_block import LineBlock
from besra.events.reader import Item, read_events
from besra.events.readers import json_blocks
from besra.events.readers.json_blocks import MOST_BLANK, _cut
from besra.schema.catalogue import bundled_catalogue

pytest.importorskip("numba")

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


def in_blocks(path: Path, size: int, patch: pytest.MonkeyPatch) -> list[object]:
    for module in (json_blocks, columnar):
        patch.setattr(module, "BLOCK", size)
    with ColumnarEvaluator(PACK, kernels=True) as evaluator:
        return told(read_events([path], ReadOptions(decoder=evaluator)))


@pytest.mark.parametrize("blank", [0, 1, 5, 99, 100, 101, 300])
@pytest.mark.parametrize("size", [32, 64, 150, 4000])
def test_blank_lines_between_an_action_and_its_document(
    blank: int, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bulk.ndjson"
    pair = b'{"index":{"_id":"%d"}}\n' + b"\n" * blank + b'{"a":%d}\n'
    path.write_bytes(b"".join(pair % (number, number) for number in range(9)))
    expected = told(read_events([path]))
    assert in_blocks(path, size, monkeypatch) == expected
    assert [id_ for _, id_ in expected[:9]] == list("012345678")  # type: ignore[misc]  # pairs come first


@pytest.mark.parametrize(
    "text", [b"", b"\n", b" ", b"\n" * 1000, b" \r\n" * 100, b"{}", b"\r", b'{"a":1}\n' + b"\n" * 500]
)
@pytest.mark.parametrize("size", [16, 4000])
def test_files_with_nothing_or_next_to_nothing(
    text: bytes, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bare.ndjson"
    path.write_bytes(text)
    assert in_blocks(path, size, monkeypatch) == told(read_events([path]))


@pytest.mark.parametrize("length", [10, 15, 16, 17, 31, 32, 33, 64, 65, 500])
def test_lines_longer_than_is_read(length: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "long.ndjson"
    line = b'{"a":"' + b"x" * (length - 8) + b'"}\n'
    path.write_bytes(b'{"a":1}\n' + line + b'{"a":2}\n' + line[:-1])
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

"""Files read in blocks by any number of workers give the hits and the counts of the plain reader and the judge.

However small the blocks, however soon values are forgotten, wherever a file is cut.
"""

import gzip
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from besra import api
from besra.detection.batches import in_batches
from besra.engine import columnar, worker_pool
from besra.engine.columnar import ColumnarEvaluator
from besra.engine.hits import Hit
from besra.engine.pack import Entry, RulePack
from besra.engine.reference import evaluate as judge
from besra.events.event import Event
from besra.events.file_read import FileRead, ReadOptions
from besra.events.line_block import LineBlock
from besra.events.reader import read_events
from besra.events.readers import json_blocks
from besra.problems import Problem
from besra.schema.catalogue import bundled_catalogue

pytest.importorskip("numba")

QUERIES = (
    'process where process.name : ("*a*a*b", "é*", "😀?", "ı", "i") and not process.name == "aab"',
    'any where process.name regex~ "[a-zſ]+k?|.*😀.*" or process.pid > 0.1',
    'any where process.name in~ ("K", "ß", "Σ", "4", "true") or process.pid in (-0, 9007199254740993)',
    "any where not length(process.name) > 3 and process.args != null",
    "sequence by user.name with maxspan=10s [any where process.pid >= 1] [any where true]",
)
PACK = RulePack.of([Entry(api.plan_query(query, bundled_catalogue())) for query in QUERIES])

WORDS = st.one_of(
    st.sampled_from(
        ["aab", "aaab", "a" * 40 + "b", "é", "😀x", "ı", "İ", "i", "K", "ſk", "ß", "ς", "Σ", "", "\0", "\n"]
    ),
    st.text(max_size=5),
)
SCALARS = st.one_of(
    WORDS,
    st.sampled_from([0.1, 0.10000000000000002, -0.0, 0, 1, 4, 4.0, True, False, None, 2**53 + 1, 2**64, -(2**63)]),
    st.floats(allow_nan=False, allow_infinity=False),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS | st.lists(SCALARS, max_size=2), max_size=3), st.just({}), st.just([]))
DOCUMENTS = st.fixed_dictionaries(
    {
        "@timestamp": st.integers(0, 20).map(lambda second: f"2025-03-01T00:00:{second:02d}Z")
        | WORDS
        | st.integers(0, 2**31)
    },
    optional={
        "event": st.sampled_from([{"category": "process"}, {"category": ["file", "process"]}, {}, "process", None]),
        "process": st.fixed_dictionaries({}, optional={"name": VALUES, "pid": VALUES, "args": VALUES}),
        "process.name": VALUES,
        "user.name": VALUES,
        "other": VALUES,
    },
)
ODD = st.sampled_from(
    [
        *(b"", b" ", b"\r", b"not json", b"[]", b"{", b'{"a":1}}', b'"x"', b"{}"),
        b'{"delete":{"_id":"two"}}',
        b'{"process":{"name":"bad \xff"}}',
        b'{"process":{"name":"lone \\ud800"}}',
        b'{"process.pid":1e400,"process":{"pid":-1e400}}',
        b'{"process.pid":123456789012345678901234567890}',
        b'{"_source":{"process":{"pid":4}},"_index":"i","_id":"3"}',
        b'{"process":{"name":"\\u0061\\u0061b","pid":0.1000000000000000055511151231257827}}',
        b'{"process":{"name":"' + b"\\ud83d\\ude00" * 30 + b'"}}\r',
    ]
)
LINES = st.lists(DOCUMENTS.map(lambda document: json.dumps(document, ensure_ascii=False).encode()) | ODD, max_size=12)


def small_blocks(size: int, patch: pytest.MonkeyPatch) -> None:
    for module in (json_blocks, columnar, worker_pool):
        patch.setattr(module, "BLOCK", size)


def shown(hits: Iterable[Hit]) -> list[tuple[Any, ...]]:
    return [(hit.clause, hit.event.id, hit.ordinal, hit.keys, hit.event.origin) for hit in hits]


def columnar_hits(
    path: Path, pack: RulePack, workers: int = 1, most: int = 1 << 18
) -> tuple[list[list[tuple[Any, ...]]], list[Problem | FileRead]]:
    """The hits of every entry, and what else was said of the file."""
    told: list[Problem | FileRead] = []
    with ColumnarEvaluator(pack, workers=workers, max_values=most, kernels=True) as evaluator:
        for batch in in_batches(separated(read_events([path], ReadOptions(decoder=evaluator)), told)):
            evaluator.add(batch)
        return [shown(hits) for hits in evaluator.hits().by_entry], told


def judged(path: Path, pack: RulePack) -> tuple[list[list[tuple[Any, ...]]], list[Problem | FileRead]]:
    told: list[Problem | FileRead] = []
    events = [event for event in separated(read_events([path]), told) if isinstance(event, Event)]
    return [shown(hits) for hits in judge(pack, events).by_entry], told


def separated(items: Iterable[Any], told: list[Problem | FileRead]) -> Iterable[Event | LineBlock]:
    for item in items:
        if isinstance(item, (Event, LineBlock)):
            yield item
        else:
            told.append(item)


def assert_agrees(path: Path, pack: RulePack, workers: int = 1, most: int = 1 << 18) -> None:
    (mine, told), (theirs, also_told) = columnar_hits(path, pack, workers, most), judged(path, pack)
    assert told == also_told
    for entry, found, wanted in zip(pack.entries, mine, theirs, strict=True):
        if len(entry.plan.clauses) == 1:
            assert sorted(found, key=str) == sorted(wanted, key=str)
        else:  # rows of sequences that no other stage can join are dropped early
            assert {str(hit) for hit in found} <= {str(hit) for hit in wanted}


def check(lines: list[bytes], end: bytes, workers: int, block: int, most: int, folder: Path) -> None:
    plain, packed = folder / "events.ndjson", folder / "events.ndjson.gz"
    plain.write_bytes(b"\n".join(lines) + end)
    packed.write_bytes(gzip.compress(plain.read_bytes(), 1))
    with pytest.MonkeyPatch.context() as patch:
        small_blocks(block, patch)
        patch.setattr(json_blocks, "LOOKED_AT", 8)
        # The one is read where it stands, the other as a stream.
        assert_agrees(plain, PACK, workers, most)
        assert_agrees(packed, PACK, workers, most)


ENDS = st.sampled_from([b"", b"\n", b"\r\n", b"\n\n \n"])
MOST = st.sampled_from([1, 5, 1 << 18])
FUNCTION = [HealthCheck.function_scoped_fixture]


@given(LINES, ENDS, st.sampled_from([16, 100, 400, 5000]), MOST)
@example([b'{"process":{"pid":1}}'] * 3, b"", 22, 1)
@settings(max_examples=250, deadline=None, suppress_health_check=FUNCTION)
def test_one_process(tmp_path: Path, lines: list[bytes], end: bytes, block: int, most: int) -> None:
    check(lines, end, 1, block, most, tmp_path)


@given(LINES, ENDS, st.sampled_from([2, 3]), st.sampled_from([100, 400]), MOST)
@settings(max_examples=25, deadline=None, suppress_health_check=FUNCTION)
def test_several_processes(tmp_path: Path, lines: list[bytes], end: bytes, workers: int, block: int, most: int) -> None:
    check(lines, end, workers, block, most, tmp_path)


SOME = RulePack.of([Entry(api.plan_query(QUERIES[index], bundled_catalogue())) for index in (0, 3)])
STORY = b"\n".join(
    [
        b'{"@timestamp":"2025-03-01T00:00:00Z","event":{"category":"process"},"process":{"name":"\xc3\xa9a","args":[1]}}',
        b'{"create":{"_id":"x"}}',
        b'{"process":{"name":"\xf0\x9f\x98\x80\\n","args":"a"},"event.category":"process"}\r',
        b"",
        b'{"process":{"name":"aa\\u0061b"},"event":{"category":["process",null]},"x":[{"y":[[1,2.50],{}]}]}',
        b'{"process":{"args":[true,1e5,-0.0,"\\ud83d\\ude00"]}}',
        b"",
    ]
)


def test_a_file_cut_at_every_place(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    with pytest.MonkeyPatch.context() as patch:
        small_blocks(150, patch)
        for cut in range(len(STORY) + 1):
            path.write_bytes(STORY[:cut])
            assert_agrees(path, SOME)


def every_size(path: Path, write: Callable[[int], bytes], sizes: Iterable[int]) -> None:
    for size in sizes:
        path.write_bytes(write(size))
        assert_agrees(path, SOME)


@pytest.mark.parametrize("block", [64, 150])
def test_lines_as_long_as_a_block_give_or_take_a_byte(tmp_path: Path, block: int) -> None:
    def lines(size: int) -> bytes:
        bare = b'{"process":{"args":"%b"}}\n'
        return b"".join(bare % (b"x" * max(0, size + more - len(bare) + 2)) for more in (0, -30, 1))

    with pytest.MonkeyPatch.context() as patch:
        small_blocks(block, patch)
        every_size(tmp_path / "events.ndjson", lines, [block + more for more in range(-4, 5)] + [3 * block, 10 * block])


def test_an_action_and_its_document_with_a_damaged_line_between(tmp_path: Path) -> None:
    lines = [b'{"index":{"_id":"one"}}', b"not json", b'{"event":{"category":"process"},"process":{"name":"aab"}}']
    check(lines, b"", 1, 400, 1, tmp_path)


def test_a_time_beyond_64_bits(tmp_path: Path) -> None:
    check([b'{"@timestamp":9223372037}'], b"", 1, 400, 1, tmp_path)


@pytest.mark.parametrize(("workers", "times"), [(1, 0), (2, 1), (20, 0)])
def test_what_can_be_done_while_workers_are_busy_is_done_once(tmp_path: Path, workers: int, times: int) -> None:
    path, done = tmp_path / "events.ndjson", list[str]()
    path.write_bytes(b'{"event":{"category":"process"}}\n' * 20)
    with pytest.MonkeyPatch.context() as patch:
        small_blocks(100, patch)
        with ColumnarEvaluator(SOME, workers=workers, kernels=True) as evaluator:
            evaluator.while_waiting(lambda: done.append("once"))
            for batch in in_batches(separated(read_events([path], ReadOptions(decoder=evaluator)), [])):
                evaluator.add(batch)
    assert len(done) == times

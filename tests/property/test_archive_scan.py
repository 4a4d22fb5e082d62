"""A scan of files finds the same in them wherever they are packed: in a folder, an archive, or archives in archives."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.archives import ARCHIVE, COMPRESS
from tests.property.test_kept_hits import PACKS, documents
from tests.unit.events.parquet.parquet_files import write_events
from tests.unit.events.readers.evtx_file import event, evtx_file

from besra.detection.batches import in_batches, unparsed
from besra.detection.correlate import correlate
from besra.detection.match import Match
from besra.detection.window import EVERYTHING
from besra.engine.columnar import ColumnarEvaluator
from besra.engine.pack import RulePack
from besra.engine.reference import evaluate
from besra.events.event import Event
from besra.events.file_read import FileRead, ReadOptions
from besra.events.line_block import LineBlock
from besra.events.reader import read_events
from besra.events.table_part import TablePart

Files = dict[str, bytes]
Scanned = tuple[list[Any], dict[str, tuple[int, ...]]]

PACK = PACKS["event.sequence"]
LOG = evtx_file([event(1), event(2, 5)])
NAMES = st.sampled_from(["a.json", "b", "x/a.json", "x/y/log", "z.csv"])
LINES = st.lists(documents().map(lambda document: json.dumps(document).encode()) | st.just(b"oops"), max_size=6)
CONTENTS = LINES.map(lambda lines: b"".join(line + b"\n" for line in lines)) | st.sampled_from([LOG, bytes(100), b""])


def in_folder(folder: Path, files: Files) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@st.composite
def packings(draw: st.DrawFn) -> Callable[[Files], bytes]:
    """A way to pack files: an archive, in which some may be in an archive of their own, compressed or not."""
    outer, inner = draw(st.sampled_from(list(ARCHIVE))), draw(st.sampled_from(list(ARCHIVE)))
    compress = COMPRESS[draw(st.sampled_from(list(COMPRESS)))] if draw(st.booleans()) else bytes
    turned, apart = draw(st.booleans()), draw(st.sampled_from(["", "x/"]))

    def pack(files: Files) -> bytes:
        inside = [(name.removeprefix("x/"), content) for name, content in files.items() if name.startswith("x/")]
        rest = list(files.items())
        if apart and inside:
            rest = [(name, content) for name, content in rest if not name.startswith("x/")]
            rest.append(("x", compress(ARCHIVE[inner](inside))))
        return compress(ARCHIVE[outer](rest[::-1] if turned else rest))

    return pack


def shown(matches: Iterable[Match]) -> list[Any]:
    return [
        (tuple(hit and (hit.clause, hit.event.id, hit.event.index, hit.ordinal) for hit in match.hits), match.key)
        for match in matches
    ]


def name_below(path: str, top: Path) -> str:
    """A file's name below the folder or archive named."""
    return path.removeprefix(str(top)).lstrip("/")


def scanned(pack: RulePack, top: Path, workers: int, *, kernels: bool) -> Scanned:
    counts: dict[str, tuple[int, ...]] = {}
    with ColumnarEvaluator(pack, workers=workers, max_values=30, kernels=kernels) as evaluator:
        for batch in in_batches(unparsed(events_in(top, ReadOptions(decoder=evaluator), counts))):
            evaluator.add(batch)
        return matched(pack, evaluator.hits().by_entry), counts


def judged(pack: RulePack, top: Path) -> Scanned:
    counts: dict[str, tuple[int, ...]] = {}
    events = [item for item in events_in(top, ReadOptions(), counts) if isinstance(item, Event)]
    return matched(pack, evaluate(pack, events).by_entry), counts


def events_in(
    top: Path, options: ReadOptions, counts: dict[str, tuple[int, ...]]
) -> Iterator[Event | LineBlock | TablePart]:
    for item in read_events([top], options):
        if isinstance(item, FileRead):
            note(item, top, counts)
        elif isinstance(item, Event | LineBlock | TablePart):
            yield item


def matched(pack: RulePack, hits: Iterable[Any]) -> list[Any]:
    return [shown(correlate(entry.plan, found, EVERYTHING)) for entry, found in zip(pack.entries, hits, strict=True)]


def note(read: FileRead, top: Path, counts: dict[str, tuple[int, ...]]) -> None:
    if read.members is None:
        told = (read.events, read.skipped, read.without_time, read.problems, read.unknown)
        counts[name_below(read.path, top)] = told


@given(files=st.dictionaries(NAMES, CONTENTS, min_size=1, max_size=4), pack=packings(), kernels=st.booleans())
@settings(max_examples=50, deadline=None)
def test_matches_and_counts_are_those_of_the_folder(
    files: Files, pack: Callable[[Files], bytes], kernels: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = in_folder(tmp_path_factory.mktemp("files"), files)
    archive = tmp_path_factory.mktemp("packed") / "evidence"
    archive.write_bytes(pack(files))
    expected = judged(PACK, folder)
    assert judged(PACK, archive) == expected
    assert scanned(PACK, archive, 1, kernels=kernels) == expected


@given(files=st.dictionaries(NAMES, CONTENTS, min_size=1, max_size=4), pack=packings())
@settings(max_examples=8, deadline=None)
def test_with_several_workers(
    files: Files, pack: Callable[[Files], bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    pytest.importorskip("numba")
    folder = in_folder(tmp_path_factory.mktemp("files"), files)
    archive = tmp_path_factory.mktemp("packed") / "evidence"
    archive.write_bytes(pack(files))
    assert scanned(PACK, archive, 2, kernels=True) == scanned(PACK, folder, 1, kernels=True) == judged(PACK, folder)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_parquet_in_an_archive(tmp_path: Path, kind: str) -> None:
    (tmp_path / "in").mkdir()
    lines = b'{"@timestamp":"2025-03-01T00:00:00Z","stage":"A","k":"x"}\n{"@timestamp":1,"stage":"B","k":"x"}\n'
    in_folder(tmp_path / "in", {"a": lines})
    events = [item for item in read_events([tmp_path / "in"]) if isinstance(item, Event)]
    path = write_events(tmp_path / "in" / "a", events)
    archive = tmp_path / "evidence"
    archive.write_bytes(ARCHIVE[kind]([("a", path.read_bytes())]))
    expected = judged(PACK, tmp_path / "in")
    assert expected[1]["a"][0] == 2
    assert judged(PACK, archive) == scanned(PACK, archive, 1, kernels=False) == expected

"""Archives to events, through the same door as files."""

import gzip
import io
import random
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.archives import ARCHIVE, COMPRESS, encrypted, overlapping_zip, tar_of, zip_of
from tests.unit.events.readers.evtx_file import event, evtx_file

from besra.events.compression import Compression
from besra.events.event import Event
from besra.events.expansion import ExpansionLimits
from besra.events.file_read import FileRead, ReadOptions
from besra.events.format import Format
from besra.events.reader import read_events
from besra.problems import Problem, Severity

Read = tuple[list[Event], list[Problem], list[FileRead]]


def line(number: int) -> bytes:
    return orjson.dumps({"@timestamp": "2025-01-01T00:00:00Z", "n": number}) + b"\n"


def read(path: Path | str, limits: ExpansionLimits | None = None, stdin: bytes = b"") -> Read:
    options = ReadOptions(expansion=limits or ExpansionLimits(), problem_limit=3)
    items = list(read_events([path], options, stdin=io.BytesIO(stdin)))
    problems = [item for item in items if isinstance(item, Problem)]
    assert all(problem.place.path and problem.render() for problem in problems)
    events = [item for item in items if isinstance(item, Event)]
    return events, problems, [item for item in items if isinstance(item, FileRead)]


def write(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize("kind", ARCHIVE)
def test_each_member_has_its_own_counts(tmp_path: Path, kind: str) -> None:
    content = ARCHIVE[kind](
        [("a.log", line(1) + b"[]\n"), ("b/c.log", line(2) * 2), ("b/", b"")][: 2 + ("zip" in kind)]
    )
    path = write(tmp_path, "x", content)
    events, problems, (first, second, archive) = read(path)
    assert [str(event.origin) for event in events] == [f"{path}/a.log:1", f"{path}/b/c.log:1", f"{path}/b/c.log:2"]
    assert [str(problem.place) for problem in problems] == [f"{path}/a.log:2"]
    assert [(mark.path, mark.events, mark.skipped, mark.within) for mark in (first, second)] == [
        (f"{path}/a.log", 1, 1, 1),
        (f"{path}/b/c.log", 2, 0, 1),
    ]
    found = Format.ZIP if "zip" in kind else Format.TAR
    assert archive == FileRead(str(path), found, bytes=len(content), members=2)
    assert first.bytes + second.bytes < archive.bytes


@pytest.mark.parametrize("outer", ARCHIVE)
@pytest.mark.parametrize("inner", ARCHIVE)
@pytest.mark.parametrize("packing", [None, "gz"])
def test_any_nesting_holds_the_same_events(tmp_path: Path, outer: str, inner: str, packing: str | None) -> None:
    nested = ARCHIVE[inner]([("in.json", line(1)), ("log.evtx", evtx_file([event(1)]))])
    nested = COMPRESS[packing](nested) if packing else nested
    content = ARCHIVE[outer]([("nested", nested), ("out.json", COMPRESS[packing](line(2)) if packing else line(2))])
    path = write(tmp_path, "x", COMPRESS[packing](content) if packing else content)
    events, problems, marks = read(path)
    assert [str(event.origin) for event in events] == [
        f"{path}/nested/in.json:1",
        f"{path}/nested/log.evtx#1",
        f"{path}/out.json:1",
    ]
    assert problems == []
    assert [(mark.within, mark.members) for mark in marks] == [(2, None), (2, None), (1, 2), (1, None), (0, 2)]
    by_pipe, _, (*_, archive) = read("-", stdin=path.read_bytes())
    assert [event.id for event in by_pipe] == [event.id for event in events]
    assert (archive.path, archive.bytes) == ("-", path.stat().st_size)


def test_compression_in_layers(tmp_path: Path) -> None:
    content = line(1)
    for kind in COMPRESS.values():
        content = kind(content)
    events, problems, (mark,) = read(write(tmp_path, "x", content))
    assert (len(events), problems, mark.compression) == (1, [], Compression.LZMA)


def test_nothing_is_written_under_the_name_of_a_member(tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    names = ["../outside.json", str(outside), "..\\outside.json", "a/../../outside.json", "x\0y", "\x1b[31mred"]
    for number, content in enumerate(
        (tar_of([(name, line(1)) for name in names]), zip_of([(n, line(1)) for n in names]))
    ):
        events, _, _ = read(write(tmp_path, f"{number}.bin", content))
        assert len(events) == len(names)
        assert all(event.origin.path.isprintable() and "/../" not in event.origin.path for event in events)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.bin", "1.bin"]


def test_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    events, _, _ = read(write(tmp_path, "x", tar_of([("a", line(1)), ("./a", line(2)), ("a", line(3))])))
    assert [event.origin.path.rpartition("/")[2] for event in events] == ["a", "a (2)", "a (3)"]


def test_hidden_and_odd_files_are_treated_as_in_a_folder(tmp_path: Path) -> None:
    files = [
        ("__MACOSX/._a", b"\0\5\26\7"),
        ("a.json", line(1)),
        ("logo.png", b"\x89PNG" + bytes(9)),
        ("words", b"a\nb\n"),
    ]
    events, problems, marks = read(write(tmp_path, "x.zip", zip_of(files)))
    assert len(events) == 1
    assert {problem.code for problem in problems} == {"input-hidden", "input-unknown-format", "input-no-events"}
    assert {problem.severity for problem in problems} == {Severity.WARNING}
    assert [mark.is_unused for mark in marks] == [False, True, True, False]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (zip_of([]), "archive-no-events"),
        (zip_of([("logo", bytes(500))]), "archive-no-events"),
        (zip_of([("x.zip", zip_of([]))]), "archive-no-events"),
        (encrypted(zip_of([("a", line(1))])), "archive-encrypted"),
        (zip_of([("a", line(1))])[:20], "archive-damaged"),
        (b"PK\x03\x04abc", "archive-damaged"),
    ],
)
def test_archive_without_events_is_an_error_if_it_was_named(tmp_path: Path, content: bytes, code: str) -> None:
    path = write(tmp_path, "x.zip", content)
    events, problems, (*_, archive) = read(path)
    assert events == []
    assert code in {problem.code for problem in problems}
    assert (problems[-1].code, problems[-1].severity) == ("archive-no-events", Severity.ERROR)
    assert archive.is_unused
    _, problems, _ = read(tmp_path)
    assert problems[-1].severity is Severity.WARNING


def test_problems_of_thousands_of_files_are_summed_up(tmp_path: Path) -> None:
    files = [(f"{number}.bin", bytes(9)) for number in range(20)] + [("a.json", line(1) + b"oops\n" * 3)]
    nested = zip_of([("more.zip", zip_of(files)), *files])
    _, problems, marks = read(write(tmp_path, "x.zip", nested))
    binary = [problem for problem in problems if problem.code == "input-unknown-format"]
    assert len(binary) == 4 and binary[-1].message.startswith("37 more")
    assert len([problem for problem in problems if problem.code == "record-not-json"]) == 6
    assert len(marks) == 44


def test_damage_costs_its_member_only(tmp_path: Path) -> None:
    content = bytearray(zip_of([("a.json", line(1) * 500), ("b.json", line(2))]))
    content[50:54] = b"\xff\xff\xff\xff"
    events, problems, _ = read(write(tmp_path, "x.zip", bytes(content)))
    assert [problem.code for problem in problems] == ["input-truncated"]
    assert str(events[-1].origin).endswith("b.json:1")


def test_cut_off_tar_is_used_to_the_cut(tmp_path: Path) -> None:
    whole = gzip.compress(tar_of([(f"{n}.json", b"".join(map(line, range(n, 300 * n, n)))) for n in range(1, 9)]))
    events, problems, _ = read(write(tmp_path, "x.tgz", whole[: len(whole) // 2]))
    assert len(events) > 300
    assert {problem.code for problem in problems} == {"input-truncated", "archive-damaged"}
    assert all("the gzip stream is truncated" in problem.message for problem in problems)


def nested_zip(depth: int, content: bytes) -> bytes:
    for _ in range(depth):
        content = zip_of([("x", content)])
    return content


def test_depth_is_limited_for_archives_and_compressions(tmp_path: Path) -> None:
    limits = ExpansionLimits(depth=3)
    assert len(read(write(tmp_path, "3", nested_zip(3, line(1))), limits)[0]) == 1
    assert len(read(write(tmp_path, "c3", nested_zip(2, gzip.compress(line(1)))), limits)[0]) == 1
    for content in (
        nested_zip(4, line(1)),
        nested_zip(3, gzip.compress(line(1))),
        gzip.compress(nested_zip(3, line(1))),
    ):
        events, problems, _ = read(write(tmp_path, "4", content), limits)
        assert events == []
        assert problems[0].code == "input-limit" and "in 3 archives" in problems[0].message and problems[0].hint


def test_ratio_is_limited_beyond_what_is_free(tmp_path: Path) -> None:
    path = write(tmp_path, "x.gz", gzip.compress(line(1) * 5_000))
    ratio = len(line(1)) * 5_000 // path.stat().st_size
    assert ratio > 100
    for limits in (ExpansionLimits(ratio=ratio + 1, free=0), ExpansionLimits(ratio=10)):
        assert len(read(path, limits)[0]) == 5_000
    limits = ExpansionLimits(ratio=10, free=64)
    for events, problems, _ in (read(path, limits), read("-", limits, stdin=path.read_bytes())):
        assert len(events) < 5_000
        assert [(problem.code, problem.severity) for problem in problems] == [("input-limit", Severity.ERROR)]


def test_size_of_a_piped_archive_is_known_when_it_has_been_read() -> None:
    content = zip_of([("noise", random.Random(1).randbytes(3 * 2**20)), ("x.json", line(1) + b" " * 2**21)])
    events, problems, _ = read("-", ExpansionLimits(ratio=1, free=0), stdin=content)
    assert (len(events), [problem.code for problem in problems]) == (1, ["input-unknown-format"])


def test_all_that_comes_out_of_a_file_counts_and_then_nothing_more_is_read(tmp_path: Path) -> None:
    inner = zip_of([(f"{number}.json", line(number) * 1000) for number in range(5)])
    path = write(tmp_path, "x.zip", zip_of([(f"{number}.zip", inner) for number in range(5)]))
    events, problems, marks = read(path, ExpansionLimits(expanded=100_000))
    assert 2000 < len(events) < 4000
    assert problems[-1].code == "input-limit" and "the rest is not read" in problems[-1].message
    assert problems[-1].place.path == str(path)
    assert len(marks) < 8


def test_what_is_only_looked_at_counts_as_well(tmp_path: Path) -> None:
    files = [(f"{number}.bin", bytes(2**16)) for number in range(50)]
    _, problems, marks = read(write(tmp_path, "x.zip", zip_of(files)), ExpansionLimits(free=2**20, ratio=1))
    assert len(marks) < 20
    assert "input-limit" in {problem.code for problem in problems}


def test_temporary_files_are_limited(tmp_path: Path) -> None:
    log = evtx_file([event(1)])
    content = zip_of([("a.evtx", log), ("b.json", line(1))])
    events, problems, _ = read(write(tmp_path, "x", content), ExpansionLimits(spooled=len(log) - 1))
    assert "input-limit" in {problem.code for problem in problems}
    assert str(events[-1].origin).endswith("b.json:1")
    # What is gone does not count.
    content = zip_of([(f"{number}.evtx", log) for number in range(3)])
    assert read(write(tmp_path, "x", content), ExpansionLimits(spooled=len(log)))[1] == []


def test_temporary_file_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, data: object, /) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", Full)
    content = zip_of([("a.evtx", evtx_file([event(1)])), ("b.json", line(1))])
    events, problems, _ = read(write(tmp_path, "x", content))
    (told,) = (problem for problem in problems if problem.code == "input-limit")
    assert "No space left" in told.message and "TMPDIR" in (told.hint or "")
    assert len(events) == 1


def test_overlapping_members_are_a_bomb(tmp_path: Path) -> None:
    events, problems, _ = read(write(tmp_path, "x.zip", overlapping_zip(line(1), 300)))
    assert len(events) == 1
    assert [problem.code for problem in problems] == ["archive-overlap"] * 4
    assert problems[-1].message.startswith("296 more")


def test_tree_of_archives_ends(tmp_path: Path) -> None:
    content = zip_of([("0.json", line(1))])
    for _ in range(5):
        content = zip_of([(f"{number}.zip", content) for number in range(16)])
    events, problems, _ = read(write(tmp_path, "42.zip", content), ExpansionLimits(members=500))
    assert 0 < len(events) < 500
    assert "input-limit" in {problem.code for problem in problems}


PIECES = st.sampled_from(
    [line(1), b"\xff\xfe{\0", bytes(600), evtx_file([event(1)])[:5000], b"a,b,c\n1,2,3\n", b"<Event>", b""]
)

WRAPPED = st.recursive(
    PIECES,
    lambda inner: st.one_of(
        st.builds(
            lambda kind, files: ARCHIVE[kind](files),
            st.sampled_from(["zip", "tar", "lzma zip", "gnu tar"]),
            st.lists(st.tuples(st.text("ab/.\\\x1bé", max_size=8), inner), max_size=3),
        ),
        st.builds(lambda kind, content: COMPRESS[kind](content), st.sampled_from(list(COMPRESS)), inner),
    ),
    max_leaves=6,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(WRAPPED, st.data())
def test_any_archive_mutated_ends_without_an_exception(content: bytes, data: st.DataObject) -> None:
    changed = bytearray(content)
    for _ in range(data.draw(st.integers(0, 3))):
        where = data.draw(st.integers(0, max(0, len(changed) - 1)))
        changed[where : where + data.draw(st.integers(0, 6))] = data.draw(st.binary(max_size=6))
    limits = ExpansionLimits(depth=4, free=2**16, members=50)
    _, problems, marks = read("-", limits, stdin=bytes(changed))
    assert marks[-1].path == "-"
    assert all("\x1b" not in problem.render() for problem in problems)

"""The files behind paths."""

import os
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from besra.events.files import InputFile, find_files
from besra.problems import Problem, Severity


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.json", "a/z.json", "a/y.json", "c.json"):
        file = tmp_path / "evidence" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{}")
    return tmp_path / "evidence"


def names(*paths: str | Path) -> list[str]:
    return [file.name for file in find_files(paths) if isinstance(file, InputFile)]


def problems(*paths: str | Path) -> list[Problem]:
    return [item for item in find_files(paths) if isinstance(item, Problem)]


def test_folder_is_searched_in_the_order_of_names(folder: Path) -> None:
    expected = [f"{folder}/{name}" for name in ("a/y.json", "a/z.json", "b.json", "c.json")]
    assert names(folder) == expected
    assert problems(folder) == []


def test_order_of_arguments_does_not_count(folder: Path) -> None:
    one, two = folder / "c.json", folder / "a"
    assert list(find_files([one, two, "-"])) == list(find_files(["-", two, one]))


def test_file_named_twice_is_read_once_and_counts_as_named(folder: Path) -> None:
    (folder / "link.json").symlink_to(folder / "b.json")
    link = str(folder / "link.json")
    found = [file for file in find_files([folder, link, f"{folder}/../evidence/c.json"]) if isinstance(file, InputFile)]
    assert len(found) == 4
    assert {file.name for file in found if file.named} == {link, f"{folder}/../evidence/c.json"}
    assert names("-", "-") == ["-"]


def test_links_in_a_circle_end(folder: Path) -> None:
    (folder / "a" / "up").symlink_to(folder)
    (folder / "a" / "self").symlink_to(folder / "a" / "self")
    assert len(names(folder)) == 4
    (problem,) = problems(folder)
    assert problem.place.path == f"{folder}/a/self"


def test_missing_path_is_a_problem_and_the_rest_is_read(folder: Path) -> None:
    assert names(folder / "none", folder / "b.json", "") == [f"{folder}/b.json"]
    found = problems(folder / "none", f"{folder}/*.evtx", "", "a\0b")
    assert {problem.code for problem in found} == {"input-missing", "input-unreadable"}
    assert [problem.hint for problem in found if str(problem.place).endswith("*.evtx")] == [
        "no file matches this pattern"
    ]


def test_hidden_files_are_passed_over_with_a_count_unless_named(folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "x.json").write_text("{}")
    (folder / "a" / ".b.json").write_text("{}")
    assert len(names(folder)) == 4
    (problem,) = problems(folder)
    assert (problem.severity, problem.message.split()[0]) == (Severity.WARNING, "2")
    assert names(folder / ".git", folder / "a" / ".b.json") == [f"{folder}/.git/x.json", f"{folder}/a/.b.json"]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_folder_without_permission_is_a_problem(folder: Path) -> None:
    (folder / "a").chmod(0)
    try:
        (problem,) = problems(folder)
        assert problem.hint == "check its permissions"
        assert len(names(folder)) == 2
    finally:
        (folder / "a").chmod(0o755)


def test_what_is_no_ordinary_file_is_read_only_if_named(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    assert len(names(folder)) == 4
    (problem,) = problems(folder)
    assert problem.code == "input-not-a-file"
    assert names(folder / "pipe") == [f"{folder}/pipe"]


def test_name_that_is_no_text_can_be_shown(folder: Path) -> None:
    raw = os.fsencode(folder) + b"/\xff.json"
    Path(os.fsdecode(raw)).write_text("{}")
    assert f"{folder}/�.json" in names(folder)


# --- Delta Lake tables ------------------------------------------------------------------------------------------------


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table two files of which were made one, in a folder of other things."""
    deltalake = pytest.importorskip("deltalake")
    place = tmp_path / "data" / "lake"
    for number in range(2):
        rows = pa.table({"day": ["a b", "c%"], "n": [number, number]})
        deltalake.write_deltalake(str(place), rows, mode="append", partition_by=["day"])
    deltalake.DeltaTable(str(place)).optimize.compact()
    (tmp_path / "data" / "x.json").write_text("{}")
    assert len(list(place.rglob("*.parquet"))) == 6
    return place


def test_files_of_a_table_are_those_of_its_log(table: Path) -> None:
    found = names(table.parent)
    assert (len(found), found[-1]) == (3, f"{table.parent}/x.json")
    assert [name.split("/")[-2] for name in found[:2]] == ["day=a%20b", "day=c%25"]
    assert problems(table.parent) == []
    assert names(table) == found[:2]
    assert names(table / "day=c%25") == [found[1]]
    assert all(Path(name).is_file() for name in found)


def test_a_table_that_was_emptied(table: Path) -> None:
    deltalake = pytest.importorskip("deltalake")
    deltalake.DeltaTable(str(table)).delete()
    assert (names(table), problems(table)) == ([], [])


def test_a_table_without_the_package(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "deltalake", None)
    assert len(names(table)) == 6
    assert [problem.code for problem in problems(table)] == ["delta-not-installed"]


def test_a_table_whose_log_is_damaged(table: Path) -> None:
    for entry in (table / "_delta_log").iterdir():
        if entry.is_file():
            entry.write_bytes(b"{nonsense")
    assert len(names(table)) == 6
    assert [problem.code for problem in problems(table)] == ["delta-unreadable"]


def test_a_table_with_rows_that_are_deleted_elsewhere(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Protocol:
        reader_features = ("deletionVectors", "v2Checkpoint")

    monkeypatch.setattr("deltalake.DeltaTable.protocol", lambda _: Protocol)
    (problem,) = problems(table)
    assert (problem.code, "uses deletionVectors:" in problem.message) == ("delta-features", True)
    assert len(names(table)) == 2


def test_a_table_whose_log_leads_elsewhere(table: Path) -> None:
    entry = table / "_delta_log" / f"{2:020}.json"
    entry.write_bytes(entry.read_bytes().replace(b"day=a%2520b/", b"../../etc/"))
    assert len(names(table)) == 3  # two that would be replaced, and the one of the other day
    assert [problem.code for problem in problems(table)] == ["delta-outside"]


def test_the_folder_of_a_service(table: Path) -> None:
    table.rename(table.parent / "events")
    for name in ("journal.sqlite", "journal.sqlite-wal", "alerts.sqlite"):
        (table.parent / name).write_bytes(b"SQLite format 3\0")
    for folder in (table.parent, table.parent.parent):
        assert [name.split("/")[-3] for name in names(folder)] == ["events", "events"]
        assert problems(folder) == []

"""Patterns, where no shell has expanded them."""

import os
from pathlib import Path

import pytest

from besra.events.files import InputFile, find_files
from besra.events.path_pattern import paths_matching
from besra.problems import Problem


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("a.evtx", "a.json", "x/b.evtx", "x/y/c.evtx", ".hidden/d.evtx", "x/.e.evtx", "[1].json"):
        (tmp_path / "logs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "logs" / name).write_text("{}")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "logs"


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("logs/**/*.evtx", ["logs/a.evtx", "logs/x/b.evtx", "logs/x/y/c.evtx"]),
        ("logs/*.evtx", ["logs/a.evtx"]),
        ("logs/*", ["logs/[1].json", "logs/a.evtx", "logs/a.json", "logs/x"]),
        ("logs/x/**", ["logs/x/"]),
        ("**/y/*", ["logs/x/y/c.evtx"]),
        ("*/x/?.evtx", ["logs/x/b.evtx"]),
        ("logs/[ab].*", ["logs/a.evtx", "logs/a.json"]),
        ("logs/.h*/*", ["logs/.hidden/d.evtx"]),
        ("logs/*/b.evtx", ["logs/x/b.evtx"]),
        ("logs/a.json/*", []),
        ("none/*", []),
    ],
)
def test_what_a_pattern_leads_to(folder: Path, pattern: str, found: list[str]) -> None:
    assert list(paths_matching(pattern, pytest.fail)) == found
    absolute = [f"{folder.parent}/{path}" for path in found]
    assert list(paths_matching(f"{folder.parent}/{pattern}", pytest.fail)) == absolute


def test_links_in_a_circle_end(folder: Path) -> None:
    (folder / "x" / "up").symlink_to(folder)
    (folder / "self").symlink_to(folder / "self")
    assert len(list(paths_matching("logs/**/*.evtx", pytest.fail))) == 3


def test_pattern_is_as_if_its_files_were_named(folder: Path) -> None:
    assert list(find_files(["logs/**/*.evtx"])) == list(find_files(["logs/a.evtx", "logs/x/b.evtx", "logs/x/y/c.evtx"]))
    names = [file.name for file in find_files(["logs/x*"]) if isinstance(file, InputFile)]
    assert names == ["logs/x/b.evtx", "logs/x/y/c.evtx"]


def test_file_of_that_very_name_wins(folder: Path) -> None:
    (folder / "1.json").write_text("{}")
    (file,) = find_files(["logs/[1].json"])
    assert isinstance(file, InputFile) and file.name == "logs/[1].json"


def test_pattern_that_leads_nowhere_is_a_problem(folder: Path) -> None:
    assert list(paths_matching("a\0*", pytest.fail)) == []
    (problem,) = find_files(["logs/*.parquet"])
    assert isinstance(problem, Problem)
    assert (problem.code, problem.hint) == ("input-missing", "no file matches this pattern")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_folder_without_permission_is_a_problem(folder: Path) -> None:
    (folder / "x").chmod(0)
    try:
        problems = [item for item in find_files(["logs/**/*.evtx"]) if isinstance(item, Problem)]
        assert [problem.code for problem in problems] == ["input-unreadable"]
    finally:
        (folder / "x").chmod(0o755)

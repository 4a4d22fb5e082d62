"""Finding rule files: the same as the slow and plain way finds, each once."""

import os
from pathlib import Path

import pytest

from besra.errors import RuleFileError
from besra.rules.rule_file import SUFFIXES, RuleFile, read_files, rule_files
from besra.rules.shipped import packs_in

TREE = (
    "a.toml",
    "b.json",
    "windows/c.ndjson",
    "windows/deep/er/d.toml",
    "windows/e.TOML",
    "windows/f.txt",
    "windows/toml",
    ".hidden.toml",
    ".git/g.toml",
    "x/.y/h.toml",
    "_deprecated/i.toml",
    "x/_deprecated/j/k.toml",
    "é/ü.toml",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "rules"
    for name in TREE:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name, "utf-8")
    (root / "folder.toml").mkdir()
    return root


def plainly(root: Path) -> list[RuleFile]:
    """As `Path.rglob` finds them."""
    found = []
    for file in root.rglob("*"):
        inner = file.relative_to(root).parts
        if file.suffix in SUFFIXES and file.is_file() and not any(part.startswith(".") for part in inner):
            found.append(RuleFile(str(file), is_named=False, is_deprecated="_deprecated" in inner))
    return sorted(found, key=lambda file: file.path)


def test_a_tree(tree: Path) -> None:
    found = rule_files(tree)
    assert found == plainly(tree)
    assert [Path(file.path).name for file in found if file.is_deprecated] == ["i.toml", "k.toml"]
    assert len(found) == 7


@pytest.mark.parametrize("shown", [".", "./", "windows", "./windows", "windows/", "windows//deep", "../rules"])
def test_paths_are_shown_as_pathlib_writes_them(tree: Path, monkeypatch: pytest.MonkeyPatch, shown: str) -> None:
    monkeypatch.chdir(tree)
    assert rule_files(shown) == plainly(Path(shown))


def test_links(tree: Path) -> None:
    (tree / "link.toml").symlink_to(tree / "a.toml")
    (tree / "alone.toml").symlink_to(tree / "windows" / "f.txt")
    (tree / "broken.toml").symlink_to(tree / "nowhere")
    (tree / "again").symlink_to(tree / "windows", target_is_directory=True)
    (tree / "circle").symlink_to(tree, target_is_directory=True)
    names = [Path(file.path).name for file in rule_files(tree)]
    assert "alone.toml" in names
    assert not {"link.toml", "broken.toml"} & set(names)
    assert len(names) == len(set(names)) == 8


def test_a_file_is_found_once_whatever_leads_to_it(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "other").symlink_to(tree, target_is_directory=True)
    assert rule_files(tree, tree / "windows", tmp_path / "other") == sorted(
        rule_files(tmp_path / "other"), key=lambda file: file.path
    )
    named = rule_files(tree, tree / "a.toml")
    assert [file.is_named for file in named if file.path.endswith("a.toml")] == [True]
    assert len(named) == 7


def test_a_path_that_does_not_exist() -> None:
    with pytest.raises(RuleFileError):
        rule_files("nowhere at all")


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_passed_over(tree: Path) -> None:
    (tree / "windows").chmod(0)
    try:
        assert [Path(file.path).name for file in rule_files(tree)] == ["i.toml", "a.toml", "b.json", "k.toml", "ü.toml"]
    finally:
        (tree / "windows").chmod(0o700)


def test_contents(tmp_path: Path) -> None:
    sizes = [0, 1, 65_535, 65_536, 65_537, 300_000]
    for size in sizes:
        (tmp_path / f"{size}.toml").write_bytes(os.urandom(size))
    gone = RuleFile(str(tmp_path / "gone.toml"), is_named=False)
    contents = dict(read_files([*rule_files(tmp_path), gone]))
    assert isinstance(contents.pop(gone), FileNotFoundError)
    assert {file.path: content for file, content in contents.items()} == {
        str(path): path.read_bytes() for path in tmp_path.iterdir()
    }
    (folder,) = read_files([RuleFile(str(tmp_path), is_named=False)])
    assert isinstance(folder[1], OSError)


def test_when_the_bundled_rules_are_meant() -> None:
    assert packs_in(()) == ("bundled",)
    assert packs_in(("a", "bundled")) == ("bundled",)
    assert packs_in(("examples", "bundled")) == ("bundled", "examples")
    assert packs_in((Path("a"),)) == ()

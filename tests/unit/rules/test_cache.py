"""Rules remembered on disk: the same as those loaded, never stale, and no harm where the memory is."""

import os
import stat
from pathlib import Path

import pytest

from besra.errors import RuleFileError
from besra.rules import cache, memory_file, ruleset
from besra.rules.ruleset import RuleSet, load_rules

RULE = """
[rule]
rule_id = "5d1b7c0e-0000-4000-8000-000000000001"
name = "A"
description = "d"
type = "eql"
language = "eql"
query = 'process where process.name == "{name}"'
risk_score = 21
severity = "low"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one rule; memories go beside it."""
    monkeypatch.setenv(memory_file.VARIABLE, str(tmp_path / "memory"))
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.toml").write_text(RULE.format(name="a.exe"), "utf-8")
    return tmp_path / "rules"


def memories(folder: Path) -> list[Path]:
    return sorted((folder.parent / "memory").glob("*"))


def shown(rules: RuleSet) -> list[object]:
    return [(rule.rule, rule.plan, rule.status, rule.problems) for rule in rules]


def test_what_is_remembered_is_what_is_loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = cache.load_remembered(folder)
    (memory,) = memories(folder)
    assert stat.S_IMODE(memory.stat().st_mode) == 0o600
    expected = load_rules(folder)
    monkeypatch.setattr(ruleset, "load_files", None)  # a second load would fail
    assert shown(cache.load_remembered(folder)) == shown(first) == shown(expected)


def test_a_changed_file_is_read_again(folder: Path) -> None:
    cache.load_remembered(folder)
    (folder / "a.toml").write_text(RULE.format(name="b.exe"), "utf-8")
    (rule,) = cache.load_remembered(folder)
    assert rule.rule is not None and rule.rule.query is not None
    assert "b.exe" in rule.rule.query.text
    assert len(memories(folder)) == 2


def test_a_new_file_is_seen(folder: Path) -> None:
    cache.load_remembered(folder)
    (folder / "b.toml").write_text(RULE.format(name="c").replace("0001", "0002"), "utf-8")
    assert len(cache.load_remembered(folder)) == 2


def test_what_is_remembered_is_what_the_fingerprint_is_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*args: object) -> list[object]:
        found = read_files(*args)  # type: ignore[arg-type]
        (folder / "a.toml").write_text(RULE.format(name="changed meanwhile"), "utf-8")
        return found  # type: ignore[return-value]

    read_files = cache.read_files
    before = (folder / "a.toml").read_text("utf-8")
    monkeypatch.setattr(cache, "read_files", read)
    cache.load_remembered(folder)
    monkeypatch.undo()
    monkeypatch.setenv(memory_file.VARIABLE, str(folder.parent / "memory"))
    (folder / "a.toml").write_text(before, "utf-8")
    (rule,) = cache.load_remembered(folder)
    assert rule.rule is not None and rule.rule.query is not None
    assert "a.exe" in rule.rule.query.text
    assert len(memories(folder)) == 1


def test_another_version_of_besra_does_not_read_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.load_remembered(folder)
    monkeypatch.setattr(cache, "__version__", "another")
    cache.load_remembered(folder)
    assert len(memories(folder)) == 2


def test_nor_does_other_code(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.py").write_text("1")
    (tmp_path / "inner" / "a.pyc").write_text("1")
    before = list(memory_file._marks(str(tmp_path)))
    (tmp_path / "inner" / "a.pyc").write_text("12")
    assert list(memory_file._marks(str(tmp_path))) == before
    (tmp_path / "inner" / "a.py").write_text("12")
    assert list(memory_file._marks(str(tmp_path))) != before
    assert len(list(memory_file._marks(str(tmp_path / "inner" / "a.py")))) == 1
    assert list(memory_file._marks(str(tmp_path / "nothing"))) == []


def test_a_file_that_is_moved_is_another(folder: Path) -> None:
    cache.load_remembered(folder)
    (folder / "a.toml").rename(folder / "b.toml")
    (rule,) = cache.load_remembered(folder)
    assert rule.path == str(folder / "b.toml")


@pytest.mark.parametrize("damage", [b"", b"\x80\x05 not a pickle", b"\x80\x05K\x01."])
def test_a_damaged_memory_is_made_anew(folder: Path, damage: bytes) -> None:
    expected = shown(cache.load_remembered(folder))
    (memory,) = memories(folder)
    memory.write_bytes(damage)
    assert shown(cache.load_remembered(folder)) == expected
    assert memory.stat().st_size > len(damage)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="owners and modes are those of POSIX")
def test_a_memory_others_may_write_is_not_read(folder: Path) -> None:
    cache.load_remembered(folder)
    (memory,) = memories(folder)
    memory.write_bytes(b"\x80\x05 not a pickle")
    memory.chmod(0o666)
    assert len(cache.load_remembered(folder)) == 1


def test_rules_load_where_nothing_can_be_remembered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(memory_file.VARIABLE, str(folder / "a.toml" / "below a file"))
    assert len(cache.load_remembered(folder)) == 1


def test_an_empty_variable_remembers_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(memory_file.VARIABLE, "")
    assert len(cache.load_remembered(folder)) == 1
    assert memories(folder) == []


def test_old_memories_go(folder: Path) -> None:
    for number in range(memory_file.KEPT + 3):
        (folder / "a.toml").write_text(RULE.format(name=number), "utf-8")
        cache.load_remembered(folder)
    assert len(memories(folder)) == memory_file.KEPT


def test_a_missing_path_is_refused_as_ever(folder: Path) -> None:
    with pytest.raises(RuleFileError):
        cache.load_remembered(folder / "nothing")


def test_without_the_variable_memories_are_the_user_s(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(memory_file.VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.cache_folder() == tmp_path / "besra"

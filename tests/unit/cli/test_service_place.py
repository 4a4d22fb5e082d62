"""Where commands look for what a service keeps."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from besra.cli.command_line import besra
from besra.cli.service_place import serves_at
from besra.service.stores import Places, stores_at


def run(*arguments: str) -> Result:
    """A command that goes well, or not."""
    return CliRunner().invoke(besra, arguments, catch_exceptions=False)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder a service of the settings here has."""
    monkeypatch.chdir(tmp_path)
    with stores_at(Places(tmp_path / "kept")):
        pass
    (tmp_path / "besra.toml").write_text('[serve]\ndata = "kept"\n')
    return tmp_path / "kept"


def test_what_is_given_counts_before_settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert serves_at(None, None) == ("kept", None)
    assert serves_at("other", None) == ("other", None)
    assert serves_at(None, "postgresql://h/d") == (None, "postgresql://h/d")
    monkeypatch.setenv("BESRA_SERVE__ALERTS", "postgresql://h/e")
    assert serves_at(None, None) == ("kept", "postgresql://h/e")
    (folder.parent / "besra.toml").unlink()
    monkeypatch.delenv("BESRA_SERVE__ALERTS")
    assert serves_at(None, None) == (None, None)


def test_a_backup_is_of_the_service_of_the_settings(folder: Path) -> None:
    done = run("backup", "copy")
    assert (folder.parent / "copy" / "backup.json").is_file()
    assert "settings: besra.toml" in done.stderr
    (folder.parent / "besra.toml").rename(folder.parent / "mine.toml")
    run("backup", "again", "--config", "mine.toml")
    assert (folder.parent / "again" / "backup.json").is_file()


def _checks(*arguments: str) -> tuple[int, dict[str, Any]]:
    done = run("doctor", "--format", "json", *arguments)
    return done.exit_code, {check["name"]: check for check in json.loads(done.stdout)["checks"]}


def test_the_doctor_looks_at_the_service_of_the_settings(folder: Path) -> None:
    _, checks = _checks()
    assert checks["folder"]["detail"] == "kept"
    code, checks = _checks("--data", "mistyped")
    assert (code, checks["folder"]["state"]) == (4, "bad")
    assert "mistyped is not there" in checks["folder"]["detail"]
    (folder.parent / "besra.toml").unlink()
    assert "folder" not in _checks()[1]

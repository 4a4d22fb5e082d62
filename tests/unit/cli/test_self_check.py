"""The self-check finds what is wrong with an installation, whatever is broken."""

from pathlib import Path

import pytest
from tests.e2e.command import inside

from besra.cli import self_check
from besra.cli.self_check import State, check_library, check_memory_folder, run_checks
from besra.rules.memory_file import VARIABLE


def test_this_installation_is_well() -> None:
    checks = list(run_checks())
    assert [check.name for check in checks if check.state is State.BAD] == []
    assert {*self_check.MODULES, *self_check.CHECKS, "python"} == {check.name for check in checks}
    assert all(check.detail for check in checks)


def test_a_library_that_does_not_load_is_bad_and_the_rest_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(self_check.MODULES, "evtx", "no_such_module")
    found = {check.name: check for check in run_checks()}
    assert found["evtx"].state is State.BAD
    assert "no_such_module" in found["evtx"].detail
    assert "pip install" in (found["evtx"].hint or "")
    assert found["terminal"].state is State.GOOD
    done = inside("doctor", "--format", "table")
    assert done.code == 4
    assert "bad   evtx" in done.out


def test_every_library_has_a_version() -> None:
    for name in self_check.MODULES:
        assert check_library(name).detail[0].isdigit()


def test_a_cache_that_cannot_be_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "made" / "later"))
    assert check_memory_folder("cache").state is State.GOOD
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file" / "below"))
    assert check_memory_folder("cache").state is State.NOTE
    monkeypatch.setenv(VARIABLE, "")
    assert check_memory_folder("cache").state is State.NOTE


def test_kernels_that_are_not_there_are_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from besra.events.kernels import times  # noqa: PLC0415  numba takes long to import

    class Kernel:
        """A kernel as numba makes them, kept in some folder."""

        def __init__(self, folder: Path | None) -> None:
            self.stats = type("Stats", (), {"cache_path": folder})

    monkeypatch.setattr(times, "read_times", Kernel(tmp_path))
    assert "not compiled yet" in self_check.check_kernels("kernels").detail
    (tmp_path / "a.nbc").write_text("")
    assert self_check.check_kernels("kernels").state is State.GOOD
    monkeypatch.setattr(times, "read_times", Kernel(None))
    assert "NUMBA_CACHE_DIR" in (self_check.check_kernels("kernels").hint or "")

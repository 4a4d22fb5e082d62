"""`besra scan --profile`: it says what things cost and changes nothing else."""

from pathlib import Path

import pytest
from tests.e2e.command import besra, inside

NOW = ("--now", "2026-03-18T12:00:00Z")
TABLES = ("PHASE", "RULE", "FIELD", "LEAF")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_alerts_are_the_same_byte_for_byte(workers: str, demo: Path) -> None:
    plain = besra("scan", demo, *NOW, "--workers", "1")
    profiled = besra("scan", demo, *NOW, "--workers", workers, "--profile")
    assert profiled.code == plain.code == 0
    assert profiled.out == plain.out
    assert plain.out
    summary, mark, tables = profiled.err.partition("profile: CPU seconds")
    assert mark
    assert summary.strip().splitlines()[-1] == plain.err.strip().splitlines()[-1]
    assert all(heading in tables for heading in TABLES)
    assert "MsiExec Service Child Process With Network Connection" in tables
    assert "of 3 clauses" in tables


def test_quietly_there_are_tables_alone(events: Path) -> None:
    done = inside("scan", events, *NOW, "-q", "--profile", "--workers", "1")
    assert done.err.lstrip("\n").startswith("profile: CPU seconds;")
    assert done.out == inside("scan", events, *NOW, "-q").out


def test_nothing_found_is_no_error(tmp_path: Path) -> None:
    empty = tmp_path / "empty.ndjson"
    empty.write_text("", "utf-8")
    done = inside("scan", empty, "--profile", "--workers", "1")
    assert done.code == 0
    assert "costliest of 2 rules" in done.err


def test_the_reference_engine_has_no_profile(events: Path) -> None:
    done = inside("scan", events, "--engine", "reference", "--profile")
    assert done.code == 3
    assert "--profile is about --engine columnar" in done.err

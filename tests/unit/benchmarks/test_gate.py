"""The benchmark of the gate runs, and tells of all kinds of credentials."""

import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("argon2")

from benchmarks import gate


def test_it_measures_every_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "told.json"
    monkeypatch.setattr(sys, "argv", ["gate", "--rounds", "1", "--json", str(told)])
    gate.main()
    figures = json.loads(told.read_text())
    assert list(figures) == ["everybody", "key", "token", "password"]
    assert all(micros > 0 for micros in figures.values())

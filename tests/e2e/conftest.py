"""Inputs the tests of the command share."""

from pathlib import Path

import pytest
from tests.e2e.command import SHAPING

from besra.demo import write_demo


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the variables that change how output looks."""
    for name in SHAPING:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo's three sources, with little background noise."""
    folder = tmp_path_factory.mktemp("demo")
    write_demo(folder, minutes=0)
    return folder


@pytest.fixture(scope="session")
def events(demo: Path) -> Path:
    """The demo as Elastic Defend saw it."""
    return demo / "defend" / "defend.ndjson"

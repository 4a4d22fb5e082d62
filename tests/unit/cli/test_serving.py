"""Rules of a service, and what is said of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.simulation import rule_text
from tests.stores import spaces_of

from besra.cli.serving import ServedRules, paths_by_space
from besra.cli.terminal import Terminal
from besra.rules.exception_loading import NO_FILES
from besra.storage.alert_store import AlertStore


@dataclass(frozen=True)
class Heard(Terminal):
    """A terminal that keeps what is said."""

    said: list[str] = field(default_factory=list)

    def say(self, text: str = "") -> None:
        self.said.append(text)


@pytest.fixture
def alerts(tmp_path: Path) -> Iterator[AlertStore]:
    with AlertStore(tmp_path / "alerts.sqlite") as opened:
        yield opened


def test_what_is_said_of_rules_is_said_when_it_changes(tmp_path: Path, alerts: AlertStore) -> None:
    rules, heard = tmp_path / "rules", Heard()
    rules.mkdir()
    served = ServedRules(paths_by_space([str(rules)], ()), NO_FILES, True, heard, spaces_of(alerts))
    for number in (1, 2):
        (rules / f"{number}.toml").write_text(rule_text(f"rule {number}", "any where true", enabled="false"), "utf-8")
        served.load()
        served.load()
    assert heard.said == ["1 rule switched off (enabled: false)", "2 rules switched off (enabled: false)"]

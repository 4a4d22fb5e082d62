"""The rules of files as prepackaged ones: counted, and read when somebody says so."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.applications import Starlette
from tests.asked import asked
from tests.rules_api import Api, api, rule
from tests.simulation import rule_text

import besra
from besra.service import prepackaged
from besra.service.prepackaged import PATH, prepackaged_routes
from besra.service.routing import routes_of
from besra.service.rule_routes import RULES


@dataclass
class Served:
    api: Api
    app: Starlette
    folder: Path

    def write(self, name: str, query: str) -> None:
        (self.folder / f"{name}.toml").write_text(rule_text(name, query), "utf-8")

    def counts(self) -> tuple[int, int, int, int]:
        """Custom rules, those of files, those not read yet, those that are other by now."""
        status, told = asked(self.app, "GET", f"{PATH}/_status")
        assert status == 200
        return tuple(
            told[f"rules_{name}"] for name in ("custom_installed", "installed", "not_installed", "not_updated")
        )

    def install(self) -> tuple[int, int]:
        status, told = asked(self.app, "PUT", PATH, headers={"kbn-xsrf": "x"})
        assert status == 200, told
        assert (told["timelines_installed"], told["timelines_updated"]) == (0, 0)
        return told["rules_installed"], told["rules_updated"]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "one.toml").write_text(rule_text("one", "any where true"), "utf-8")
    with api(tmp_path / "alerts.sqlite", folder) as running:
        routes = prepackaged_routes(lambda _: running.book, lambda _: besra.load_rules(folder))
        yield Served(running, Starlette(routes=routes_of(routes)), folder)


def test_what_is_there_is_counted(served: Served) -> None:
    served.api.ask("POST", RULES, rule("a"))
    assert served.counts() == (1, 1, 0, 0)
    served.write("one", "any where false")
    served.write("two", "any where true")
    (served.folder / "bad.toml").write_text("[rule", "utf-8")
    assert served.counts() == (1, 1, 1, 1)


def test_files_are_read_when_that_is_said(served: Served) -> None:
    assert served.install() == (0, 0)
    served.write("one", "any where false")
    served.write("two", "any where true")

    def watch() -> None:
        served.api.book.changed.wait(30)
        served.api.book.merged(besra.load_rules(served.folder))

    thread = threading.Thread(target=watch)
    thread.start()
    assert served.install() == (1, 1)
    thread.join()
    assert (served.install(), served.counts()) == ((0, 0), (0, 2, 0, 0))


def test_files_that_nobody_reads_are_told(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepackaged, "LONGEST", 0.0)
    served.write("two", "any where true")
    status, told = asked(served.app, "PUT", PATH, headers={"kbn-xsrf": "x"})
    assert (status, "were not read" in told["message"]) == (503, True)
    served.folder.rename(served.folder.with_name("away"))
    status, told = asked(served.app, "GET", f"{PATH}/_status")
    assert (status, "cannot be read" in told["message"]) == (503, True)

"""The routes a shipper knows, as the page of the service has them."""

from pathlib import Path

from tests.documents import ROOT, text_of

from besra.rules.exception_loading import NO_FILES
from besra.rules.loaded import RuleSet
from besra.service import cluster, elasticsearch, set_up
from besra.service.exception_book import ExceptionBook
from besra.service.ingest import Ingest
from besra.service.manager_routes import manager_routes
from besra.service.preview import Previews
from besra.service.preview_routes import Surroundings
from besra.service.preview_search import PREFIX as PREVIEWS
from besra.service.rule_book import RuleBook
from besra.service.rule_routes import rule_routes
from besra.service.searching import Searching
from besra.service.status_routes import status_routes
from besra.service.value_list_book import ValueListBook
from besra.storage.alert_store import AlertStore
from besra.storage.event_rows import EventReader
from besra.storage.event_store import EventStore
from besra.storage.journal import Journal

SERVE, API, MANAGERS = (ROOT / "docs" / f"{name}.md" for name in ("serve", "api", "rule-managers"))


def test_every_route_is_described(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    try:
        ingest = Ingest(journal, tmp_path, lambda: 0)
        routes = [*cluster.routes(), *elasticsearch.routes(ingest), *set_up.routes(EventReader(tmp_path))]
    finally:
        journal.close()
    text = text_of(SERVE)
    assert [route.path for route in routes if f"`{route.path}`" not in text] == []


def test_every_route_of_rule_managers_is_described(tmp_path: Path) -> None:
    text = text_of(API)
    with AlertStore(tmp_path / "alerts.sqlite") as store:
        routes = [*status_routes(), *rule_routes(RuleBook(), ExceptionBook(), store, lambda: 0)]
    assert [route.path for route in routes if f"`{route.path}`" not in text] == []


def test_every_other_route_of_rule_managers_is_on_their_page(tmp_path: Path) -> None:
    previews = Previews(tmp_path, EventStore(tmp_path / "events"), lambda: 0)
    among = Surroundings(lambda _: RuleBook(), lambda _: ExceptionBook(), ValueListBook(), NO_FILES, True)
    searching = Searching(EventReader(tmp_path))
    routes = manager_routes(among, lambda _: RuleSet(), previews, searching, lambda: 0)
    text = text_of(MANAGERS)
    assert [route.path for route in routes if f"`{route.path}`" not in text and PREVIEWS not in route.path] == []
    assert ".preview.alerts-security.alerts-default/_search" in text

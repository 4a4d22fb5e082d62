"""The routes a shipper knows, as the page of the service has them."""

from pathlib import Path

from tests.documents import ROOT, text_of

from besra.service import cluster, elasticsearch, set_up
from besra.service.exception_book import ExceptionBook
from besra.service.ingest import Ingest
from besra.service.rule_book import RuleBook
from besra.service.rule_routes import rule_routes
from besra.service.status_routes import status_routes
from besra.storage.event_rows import EventReader
from besra.storage.journal import Journal

SERVE, API = (ROOT / "docs" / f"{name}.md" for name in ("serve", "api"))


def test_every_route_is_described(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    try:
        ingest = Ingest(journal, tmp_path, lambda: 0)
        routes = [*cluster.routes(), *elasticsearch.routes(ingest), *set_up.routes(EventReader(tmp_path))]
    finally:
        journal.close()
    text = text_of(SERVE)
    assert [route.path for route in routes if f"`{route.path}`" not in text] == []


def test_every_route_of_rule_managers_is_described() -> None:
    text = text_of(API)
    routes = [*status_routes(), *rule_routes(RuleBook(), ExceptionBook(), lambda: 0)]
    assert [route.path for route in routes if f"`{route.path}`" not in text] == []

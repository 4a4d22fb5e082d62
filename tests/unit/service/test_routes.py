"""The routes a shipper knows, as the page of the service has them."""

from pathlib import Path
from typing import Any

from tests.documents import ROOT, text_of

from besra.detection.detect import Job
from besra.service import cluster, elasticsearch, set_up
from besra.service.ingest import Ingest
from besra.service.manager_routes import manager_routes
from besra.service.preview import Previews
from besra.service.preview_search import PREFIX as PREVIEWS
from besra.service.rule_routes import rule_routes
from besra.service.rule_watch import Source
from besra.service.searching import Searching
from besra.service.space_routes import space_routes
from besra.service.spaces import Spaces
from besra.service.status_routes import status_routes
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


def test_every_route_of_rule_managers_is_described() -> None:
    text = text_of(API)
    nothing: Any = None
    routes = [*status_routes(), *space_routes(Spaces()), *rule_routes(Spaces(), nothing, lambda: 0)]
    assert [route.path for route in routes if f"`{route.path}`" not in text] == []


def test_every_other_route_of_rule_managers_is_on_their_page(tmp_path: Path) -> None:
    previews = Previews(tmp_path, EventStore(tmp_path / "events"), lambda: 0)
    source = Source([], [], lambda: Job(()))
    searching = Searching(EventReader(tmp_path))
    routes = manager_routes(source.spaces, source, previews, searching, lambda: 0)
    text = text_of(MANAGERS)
    assert [route.path for route in routes if f"`{route.path}`" not in text and PREVIEWS not in route.path] == []
    assert ".preview.alerts-security.alerts-default/_search" in text

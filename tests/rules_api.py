"""The rules API over rules of files and a store, without a server."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from besra.notify.sealing import Sealing
from besra.rules.cache import load_remembered
from besra.rules.loaded import RuleSet
from besra.rules.space import DEFAULT
from besra.service.connector_book import ConnectorBook
from besra.service.exception_book import ExceptionBook
from besra.service.gate import Open
from besra.service.plain_paths import PlainPaths
from besra.service.routing import routes_of
from besra.service.rule_book import RuleBook
from besra.service.rule_routes import RULES, rule_routes
from besra.service.space_routes import space_routes
from besra.service.spaces import Spaces
from besra.service.status_routes import status_routes
from besra.storage.alert_store import AlertStore
from tests.stores import spaces_of

XSRF = {"kbn-xsrf": "true"}


@dataclass
class Api:
    """What a rule manager talks to."""

    client: TestClient
    book: RuleBook
    store: AlertStore
    files: RuleSet
    spaces: Spaces
    now: list[int] = field(default_factory=list)

    @property
    def exceptions(self) -> ExceptionBook:
        """Those of the default space."""
        return self.spaces.exceptions(DEFAULT)

    def ask(self, method: str, path: str, body: Any = None, status: int = 200, **more: Any) -> Any:
        """The JSON answer to a request, which has to have a status."""
        headers = {**XSRF, **more.pop("headers", {})}
        content = None if body is None else json.dumps(body)
        answer = self.client.request(method, path, content=content, headers=headers, **more)
        assert answer.status_code == status, answer.text
        return answer.json()

    def rules(self, **asked: str) -> list[Any]:
        """All rules that a search finds."""
        return list(self.ask("GET", f"{RULES}/_find", params={"per_page": "10000", **asked})["data"])

    def send(self, text: str | bytes, status: int = 200, path: str = f"{RULES}/_import", **asked: str) -> Any:
        """Import an export."""
        files = {"file": ("rules.ndjson", text, "application/x-ndjson")}
        answer = self.client.post(path, files=files, params=asked, headers=XSRF)
        assert answer.status_code == status, answer.text
        return answer.json()

    def exported(self, ids: Sequence[str] | None = None, **asked: str) -> str:
        """An export of some rules, or of all."""
        body = None if ids is None else {"objects": [{"rule_id": rule_id} for rule_id in ids]}
        answer = self.client.post(f"{RULES}/_export", json=body, params=asked, headers=XSRF)
        assert answer.status_code == 200, answer.text
        return answer.text


@contextmanager
def api(place: Path | str, rules: Path | None = None) -> Iterator[Api]:
    """The API over the store at a place, and the rules of a folder."""
    # Twice: the second time from memory, as most services have them.
    files = [load_remembered(rules) for _ in range(2)][1] if rules else RuleSet()
    now = [1_700_000_000_000_000_000]

    def clock() -> int:
        now[0] += 1_000_000_000
        return now[0]

    with AlertStore(place) as store:
        spaces = spaces_of(store)
        book = spaces.rules(DEFAULT)
        book.merged(files)
        connectors = ConnectorBook((), store.connectors, Sealing(Path("no folder")))
        told = [*status_routes(), *space_routes(spaces), *rule_routes(spaces, connectors, clock)]
        app = Starlette(
            routes=routes_of(told, Open(spaces.has)),
            middleware=[Middleware(PlainPaths)],
        )
        with TestClient(app) as client:
            yield Api(client, book, store, files, spaces, now)


def rule(rule_id: str | None = "r1", **fields: Any) -> dict[str, Any]:
    """A rule as a manager sends it."""
    named: Mapping[str, Any] = {} if rule_id is None else {"rule_id": rule_id}
    return {
        **named,
        "name": f"rule {rule_id}",
        "description": "made for a test",
        "type": "eql",
        "language": "eql",
        "query": 'process where process.name == "a"',
        "severity": "low",
        "risk_score": 21,
        "index": ["logs-*"],
        **fields,
    }

"""Exception lists as wholes, the endpoint's list, and exceptions for one rule."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient
from tests.exceptions import item
from tests.rules_api import Api, api, rule
from tests.simulation import rule_text

from besra.service.endpoint_list_routes import endpoint_list_routes
from besra.service.exception_copies import TAG
from besra.service.exception_routes import exception_routes
from besra.service.plain_paths import PlainPaths
from besra.service.routing import routes_of
from besra.service.rule_exception_routes import rule_exception_routes
from besra.service.rule_routes import RULES
from besra.service.shared_list_routes import shared_list_routes

LISTS, ENDPOINT = "/api/exception_lists", "/api/endpoint_list"
ENTRY = {"type": "match", "field": "process.name", "value": "cmd.exe"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Api]:
    folder = tmp_path / "rules"
    folder.mkdir()
    own = '[{id = "x", list_id = "own-of-file", type = "rule_default", namespace_type = "single"}]'
    (folder / "file.toml").write_text(rule_text("of-a-file", "any where true"), "utf-8")
    (folder / "own.toml").write_text(rule_text("with-own", "any where true", exceptions_list=own), "utf-8")
    with api(tmp_path / "alerts.sqlite", folder) as running:
        book, clock = running.exceptions, lambda: running.now[0]
        told = [
            *shared_list_routes(lambda _: book, clock),
            *endpoint_list_routes(lambda _: book, clock),
            *rule_exception_routes(lambda _: running.book, lambda _: book, clock),
            *exception_routes(running.spaces, clock),
        ]
        app = Starlette(routes=[*routes_of(told), *running.client.app.routes], middleware=[Middleware(PlainPaths)])  # type: ignore[attr-defined]
        with TestClient(app) as client:
            running.client = client
            yield running


def items_of(served: Api, list_id: str, namespace: str = "single") -> list[Any]:
    address = f"{LISTS}/items/_find?list_id={list_id}&namespace_type={namespace}"
    return list(served.ask("GET", address)["data"])


def test_a_shared_list_is_made_of_its_name(served: Api) -> None:
    made = served.ask("POST", "/api/exceptions/shared", {"name": "Lab", "description": "Of the lab", "type": "x"})
    assert (made["type"], made["name"], bool(made["list_id"])) == ("detection", "Lab", True)
    assert served.ask("GET", f"{LISTS}?list_id={made['list_id']}") == made
    assert "description" in served.ask("POST", "/api/exceptions/shared", {"name": "Lab"}, 400)["message"]


def test_a_copy_has_items_of_its_own_and_a_summary_counts_them(served: Api) -> None:
    served.ask("POST", LISTS, {"list_id": "a", "name": "A", "description": "d", "type": "detection"})
    for name, more in (("one", {"os_types": ["linux", "macos"]}), ("two", {"expire_time": "2020-01-01T00:00:00Z"})):
        served.ask("POST", f"{LISTS}/items", item(ENTRY, list_id="a", item_id=name, **more))
    copy = served.ask("POST", f"{LISTS}/_duplicate?list_id=a&namespace_type=single&include_expired_exceptions=true")
    assert (copy["name"], copy["list_id"] != "a", copy["version"]) == ("A [Duplicate]", True, 1)
    assert [(one["entries"], one["item_id"] in ("one", "two")) for one in items_of(served, copy["list_id"])] == [
        ([{**ENTRY, "operator": "included"}], False)
    ] * 2
    lasting = served.ask("POST", f"{LISTS}/_duplicate?list_id=a&include_expired_exceptions=false")["list_id"]
    assert served.ask("GET", f"{LISTS}/summary?list_id={lasting}") == {"windows": 0, "linux": 1, "macos": 1, "total": 1}
    assert served.ask("GET", f"{LISTS}/summary?id={copy['id']}")["total"] == 2
    served.ask("POST", f"{LISTS}/_duplicate?list_id=none", status=404)
    served.ask("GET", f"{LISTS}/summary?list_id=none", status=404)
    served.ask("GET", f"{LISTS}/summary?list_id=a&filter=x:1", status=400)


def test_the_list_of_the_endpoint(served: Api) -> None:
    made = served.ask("POST", ENDPOINT)
    assert (made["list_id"], made["type"], made["namespace_type"]) == ("endpoint_list", "endpoint", "agnostic")
    assert served.ask("POST", ENDPOINT) == {}
    given = {"name": "n", "description": "d", "type": "simple", "entries": [{**ENTRY, "operator": "included"}]}
    one = served.ask("POST", f"{ENDPOINT}/items", {**given, "item_id": "one", "os_types": ["windows"]})
    assert (one["list_id"], one["namespace_type"]) == ("endpoint_list", "agnostic")
    assert served.ask("GET", f"{ENDPOINT}/items?item_id=one") == one
    assert served.ask("GET", f"{ENDPOINT}/items/_find?per_page=5")["data"] == [one]
    changed = served.ask("PUT", f"{ENDPOINT}/items", {**given, "id": one["id"], "name": "other", "_version": "1"})
    assert (changed["name"], changed["list_id"]) == ("other", "endpoint_list")
    served.ask("PUT", f"{ENDPOINT}/items", {**given, "id": one["id"], "_version": "1"}, 409)
    assert served.ask("DELETE", f"{ENDPOINT}/items?id={one['id']}") == changed
    served.ask("POST", LISTS, {"list_id": "b", "namespace_type": "agnostic", "type": "detection"})
    served.ask("POST", f"{LISTS}/items", item(ENTRY, list_id="b", item_id="theirs", namespace_type="agnostic"))
    served.ask("DELETE", f"{ENDPOINT}/items?item_id=theirs", status=404)


def test_exceptions_of_one_rule_go_into_its_own_list(served: Api) -> None:
    made = served.ask("POST", RULES, rule("a"))
    path = f"{RULES}/{made['id']}/exceptions"
    given = {"name": "n", "description": "d", "type": "simple", "entries": [{**ENTRY, "operator": "included"}]}
    (first,) = served.ask("POST", path, {"items": [given]})
    (reference,) = served.ask("GET", f"{RULES}?rule_id=a")["exceptions_list"]
    assert (reference["type"], reference["list_id"]) == ("rule_default", first["list_id"])
    assert served.ask("GET", f"{LISTS}?list_id={first['list_id']}")["tags"] == [TAG]
    second, third = served.ask("POST", path, {"items": [given, given]})
    assert {one["list_id"] for one in (second, third)} == {first["list_id"]}
    assert len(served.ask("GET", f"{RULES}?rule_id=a")["exceptions_list"]) == 1
    served.ask("POST", path, {"items": []}, 400)
    served.ask("POST", path, {"items": [given, {**given, "entries": []}]}, 400)
    assert len(items_of(served, first["list_id"])) == 3
    served.ask("POST", f"{RULES}/none/exceptions", {"items": [given]}, 404)


def test_a_rule_of_a_file_has_a_list_of_its_own_if_its_file_says_so(served: Api) -> None:
    given = {"name": "n", "description": "d", "type": "simple", "entries": [{**ENTRY, "operator": "included"}]}
    by_name = {one["rule_id"]: one["id"] for one in served.rules()}
    refused = served.ask("POST", f"{RULES}/{by_name['of-a-file']}/exceptions", {"items": [given]}, 403)
    assert "file.toml" in refused["message"]
    (made,) = served.ask("POST", f"{RULES}/{by_name['with-own']}/exceptions", {"items": [given]})
    assert made["list_id"] == "own-of-file"

"""Value lists and their values over HTTP: made, read, changed, found, removed; files taken in and given back."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient
from tests.exceptions import item

from besra.service import value_list_import
from besra.service.exception_book import ExceptionBook, Wanted
from besra.service.plain_paths import PlainPaths
from besra.service.routing import routes_of
from besra.service.value_list_book import ValueListBook
from besra.service.value_list_routes import value_list_routes
from besra.storage import value_list_store
from besra.storage.alert_store import AlertStore
from besra.storage.exception_store import Kind
from besra.storage.workflow import Author

LISTS, ITEMS = "/api/lists", "/api/lists/items"
NOW = 1_773_800_000 * 10**9
DEEP: list[Any] = []
for _ in range(300):
    DEEP = [DEEP]
OFFICE = {"id": "office", "name": "Office", "description": "Ours.", "type": "ip_range"}


class Api:
    """Somebody who asks."""

    def __init__(self, client: TestClient, book: ValueListBook, exceptions: ExceptionBook) -> None:
        self.client, self.book, self.exceptions = client, book, exceptions

    def ask(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = self.client.request(method, path, json=body, headers={"kbn-xsrf": "x", "x-besra-user": "ann"})
        assert answer.status_code == status, answer.text
        told = answer.json()
        assert status == 200 or told["status_code"] == status
        return told

    def send(self, data: bytes | str, name: str = "values.txt", status: int = 200, **asked: str) -> Any:
        files = {"file": (name, data, "text/plain")}
        answer = self.client.post(f"{ITEMS}/_import", files=files, params=asked, headers={"kbn-xsrf": "x"})
        assert answer.status_code == status, answer.text
        return answer.json()

    def values(self, list_id: str, **asked: str) -> list[str]:
        params = {"list_id": list_id, "per_page": "1000", **asked}
        return [one["value"] for one in self.client.get(f"{ITEMS}/_find", params=params).json()["data"]]

    def exported(self, list_id: str) -> str:
        answer = self.client.post(f"{ITEMS}/_export?list_id={list_id}", headers={"kbn-xsrf": "x"})
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    file = tmp_path / "vpn.txt"
    file.write_text("10.1.0.0/16\n\n10.2.0.0/16\n10.1.0.0/16\n")
    with AlertStore(tmp_path / "alerts.sqlite") as store:
        exceptions, book = ExceptionBook(), ValueListBook(files=[("vpn", str(file)), ("vpn", "other"), ("gone", "no")])
        exceptions.open(store.exceptions)
        book.open(store.value_lists)
        routes = routes_of(value_list_routes(book, exceptions.in_space, lambda: NOW))
        with TestClient(Starlette(routes=routes, middleware=[Middleware(PlainPaths)])) as client:
            yield Api(client, book, exceptions)


def test_a_list_is_made_read_changed_and_removed(api: Api) -> None:
    made = api.ask("POST", LISTS, {**OFFICE, "meta": {"team": 1.5}})
    assert {**OFFICE, "meta": {"team": 1.5}, "version": 1, "_version": "1", "created_by": "ann"}.items() <= made.items()
    assert made["besra"] == {"source": "api"}
    assert api.ask("GET", f"{LISTS}?id=office") == api.ask("GET", f"/s/default{LISTS}?id=office") == made
    patched = api.ask("PATCH", LISTS, {"id": "office", "name": "All offices", "_version": "1"})
    assert (patched["name"], patched["description"], patched["version"], patched["_version"]) == (
        "All offices",
        "Ours.",
        2,
        "2",
    )
    api.ask("PUT", LISTS, {**OFFICE, "_version": "1"}, 409)
    put = api.ask("PUT", LISTS, {**OFFICE, "version": 7})
    assert (put["version"], put["tie_breaker_id"], "meta" in put) == (7, made["tie_breaker_id"], False)
    again = ValueListBook()
    again.open(api.book.store)
    assert again.document("default", "office") == put
    assert api.ask("DELETE", f"{LISTS}?id=office") == put
    api.ask("GET", f"{LISTS}?id=office", status=404)
    assert api.ask("POST", LISTS, {**OFFICE, "id": None})["id"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"type": "geo_point"}, "not supported"),
        ({"type": None}, "not supported"),
        ({"name": ""}, "`name`"),
        ({"id": 7}, "`id`"),
        ({"id": "x" * 257}, "`id`"),
        ({"version": 0}, "`version`"),
        ({"meta": []}, "`meta`"),
        ({"meta": {"n": DEEP}}, "`meta`"),
        ({"serializer": "(?<value>.*),"}, "`serializer`"),
    ],
)
def test_a_list_that_is_refused(api: Api, body: dict[str, Any], said: str) -> None:
    assert said in api.ask("POST", LISTS, {**OFFICE, **body}, 400)["message"]


def test_ids_are_taken_once(api: Api) -> None:
    api.ask("POST", LISTS, OFFICE)
    api.ask("POST", LISTS, OFFICE, 409)
    api.ask("POST", LISTS, {**OFFICE, "id": "vpn"}, 409)
    assert "the type of a list" in api.ask("PATCH", LISTS, {"id": "office", "type": "ip"}, 400)["message"]
    api.ask("PATCH", LISTS, {"id": "none", "name": "x"}, 404)


def test_lists_of_files_are_beside_the_others_and_changed_in_their_files(api: Api) -> None:
    api.ask("POST", LISTS, OFFICE)
    api.book.files.note([("vpn", "ip_range")], "lab")
    api.book.files.note([], "default")
    page = api.ask("GET", f"{LISTS}/_find")
    assert [(one["id"], one["besra"]["source"], one["immutable"]) for one in page["data"]] == [
        ("gone", "file", True),
        ("vpn", "file", True),
        ("office", "api", False),
    ]
    vpn = api.ask("GET", f"{LISTS}?id=vpn")
    assert (vpn["type"], Path(vpn["besra"]["path"]).name) == ("ip_range", "vpn.txt")
    assert api.values("vpn") == ["10.1.0.0/16", "10.2.0.0/16"]
    assert api.values("vpn", sort_field="value", sort_order="desc", page="2", per_page="1") == ["10.1.0.0/16"]
    assert api.exported("vpn") == "10.1.0.0/16\n10.2.0.0/16\n"
    assert api.ask("GET", f"{ITEMS}?list_id=vpn&value=10.2.0.0/16")[0]["besra"]["source"] == "file"
    api.ask("GET", f"{ITEMS}?list_id=vpn&value=10.3.0.0/16", status=404)
    for method, path, body in (
        ("PATCH", LISTS, {"id": "vpn", "name": "x"}),
        ("DELETE", f"{LISTS}?id=vpn", None),
        ("POST", ITEMS, {"list_id": "vpn", "value": "10.0.0.1"}),
    ):
        assert "vpn.txt" in api.ask(method, path, body, 403)["message"]
    assert api.send("10.0.0.0/8\n", list_id="vpn", status=403)["status_code"] == 403
    assert "cannot be read" in api.ask("GET", f"{ITEMS}/_find?list_id=gone", status=503)["message"]


def test_a_file_counts_where_it_comes_to_have_the_id_of_another(api: Api, tmp_path: Path) -> None:
    api.ask("POST", LISTS, OFFICE)
    later = ValueListBook(files=[("office", "office.txt")])
    later.open(api.book.store)
    assert [one["besra"] for one in later.documents("default")] == [
        {"source": "file", "path": "office.txt"},
        {"source": "api", "replaced_by": "office.txt"},
    ]


def test_a_value_is_put_in_read_changed_and_taken_out(api: Api) -> None:
    api.ask("POST", LISTS, OFFICE)
    made = api.ask("POST", ITEMS, {"list_id": "office", "value": " 10.0.0.0/8 ", "id": "mine", "meta": {"a": 1}})
    assert (made["id"], made["value"], made["type"], made["meta"], made["created_by"]) == (
        "mine",
        "10.0.0.0/8",
        "ip_range",
        {"a": 1},
        "ann",
    )
    assert api.ask("POST", ITEMS, {"list_id": "office", "value": "10.0.0.0/8"}) == made
    other = api.ask("POST", ITEMS, {"list_id": "office", "value": "192.0.2.1-192.0.2.9"})
    api.ask("POST", ITEMS, {"list_id": "office", "value": "192.0.2.1", "id": "mine"}, 409)
    assert api.ask("GET", f"{ITEMS}?id=mine") == made
    assert api.ask("GET", f"{ITEMS}?list_id=office&value=10.0.0.0/8") == [made]
    changed = api.ask("PUT", ITEMS, {"id": "mine", "value": "10.0.0.0/9", "_version": "1"})
    assert (changed["id"], changed["value"], changed["_version"], "meta" in changed) == (
        "mine",
        "10.0.0.0/9",
        "2",
        False,
    )
    api.ask("PATCH", ITEMS, {"id": "mine", "value": "10.0.0.0/10", "_version": "1"}, 409)
    api.ask("PATCH", ITEMS, {"id": "mine", "value": other["value"]}, 409)
    assert api.ask("PATCH", ITEMS, {"id": "mine", "meta": {"b": 2}})["value"] == "10.0.0.0/9"
    assert api.values("office") == ["10.0.0.0/9", "192.0.2.1-192.0.2.9"]
    assert api.ask("DELETE", f"{ITEMS}?id={other['id']}") == other
    assert [one["id"] for one in api.ask("DELETE", f"{ITEMS}?list_id=office&value=10.0.0.0/9")] == ["mine"]
    api.ask("GET", f"{ITEMS}?id=mine", status=404)
    assert api.values("office") == []


@pytest.mark.parametrize("value", ["", " ", "x", "10.0.0.9-10.0.0.1", "a\0b", 7, None])
def test_a_value_that_is_none(api: Api, value: Any) -> None:
    api.ask("POST", LISTS, OFFICE)
    api.ask("POST", ITEMS, {"list_id": "office", "value": value}, 400)
    api.ask("POST", ITEMS, {"list_id": "none", "value": "10.0.0.1"}, 404)


def test_values_of_another_space_are_not_there(api: Api) -> None:
    one = api.book.create("lab", OFFICE, Author("ann", NOW))
    api.book.store.add(one.number, [value_list_store.NewValue("10.0.0.1", (1, 1), "theirs")], Author("ann", NOW))
    api.ask("GET", f"{ITEMS}?id=theirs", status=404)
    api.ask("DELETE", f"{ITEMS}?id=theirs", status=404)
    api.ask("GET", f"{LISTS}?id=office", status=404)


def test_pages_cursors_orders_and_filters(api: Api) -> None:
    api.send("b\nc\na\nab\n", type="keyword")
    first = api.ask("GET", f"{ITEMS}/_find?list_id=values.txt&per_page=3&sort_field=value")
    assert ([one["value"] for one in first["data"]], first["total"]) == (["a", "ab", "b"], 4)
    assert api.values("values.txt", per_page="3", sort_field="value", cursor=first["cursor"]) == ["c"]
    assert api.values("values.txt", page="2", per_page="3") == ["ab"]
    assert api.values("values.txt", filter="value: a*", sort_field="value", sort_order="desc") == ["ab", "a"]
    assert api.ask("GET", f"{ITEMS}/_find?list_id=values.txt&filter=value:a*&per_page=1")["total"] == 2
    found = api.ask("GET", f"{LISTS}/_find?filter=type:keyword&sort_field=name&sort_order=desc")["data"]
    assert [one["id"] for one in found] == ["vpn", "values.txt", "gone"]
    for asked in ("per_page=0", "page=x", "sort_field=meta", "sort_order=up", "cursor=%C3%A4", "filter=(", "list_id="):
        api.ask("GET", f"{ITEMS}/_find?list_id=values.txt&{asked}", status=400)


def test_a_file_makes_a_list_of_its_name_and_the_same_again_changes_nothing(api: Api) -> None:
    text = "\ufeff2001:DB8::1\r\n192.0.2.1\r\n\r\n2001:db8:0::1\r\nnothing\r\n"
    made = api.send(text, name="C:\\lists\\bad hosts.csv", type="ip")
    assert (made["id"], made["type"], made["besra"]["lines"]) == (
        "bad hosts.csv",
        "ip",
        {"used": 3, "blank": 1, "bad": 1},
    )
    (problem,) = made["besra"]["problems"]
    assert (problem["code"], problem["line"]) == ("value-list-bad-line", 5)
    before = api.ask("GET", f"{ITEMS}/_find?list_id=bad hosts.csv")
    assert [one["value"] for one in before["data"]] == ["2001:db8::1", "192.0.2.1"]
    api.send(text, name="bad hosts.csv", type="ip")
    api.send("192.0.2.1\n", list_id="bad hosts.csv")
    assert api.ask("GET", f"{ITEMS}/_find?list_id=bad hosts.csv") == before
    assert api.exported("bad hosts.csv") == "2001:db8::1\n192.0.2.1\n"
    api.send(text, name="bad hosts.csv", type="keyword", status=409)
    api.send(text, list_id="bad hosts.csv", type="keyword", status=400)
    api.send(text, status=400)
    api.send(text, list_id="none", status=404)
    api.send(text, name="", type="ip", status=400)


def test_an_import_that_is_cut_off_is_done_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(value_list_import, "AT_ONCE", 2)
    add = api.book.store.add
    left = [2]

    def failing(*given: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError("away")
        add(*given)

    with monkeypatch.context() as patch:
        patch.setattr(api.book.store, "add", failing)
        with pytest.raises(OSError, match="away"):
            api.send("a\nb\nc\nd\ne\n", type="keyword")
    assert api.values("values.txt") == ["a", "b", "c", "d"]
    api.send("a\nb\nc\nd\ne\n", type="keyword")
    assert api.values("values.txt") == ["a", "b", "c", "d", "e"]


def test_a_long_import_lets_others_write(api: Api) -> None:
    data = "\n".join(f"host-{number}" for number in range(60_000))
    api.send("a\n", name="long", type="keyword")
    done = threading.Event()

    def sent() -> None:
        api.send(data, list_id="long")
        done.set()

    thread = threading.Thread(target=sent)
    thread.start()
    api.ask("POST", LISTS, OFFICE)
    slowest = 0.0
    while not done.is_set():
        started = time.perf_counter()
        api.ask("POST", ITEMS, {"list_id": "office", "value": "10.0.0.1"})
        slowest = max(slowest, time.perf_counter() - started)
    thread.join()
    assert api.ask("GET", f"{ITEMS}/_find?list_id=long&per_page=1")["total"] == 60_001
    assert slowest < 3


def test_a_list_that_exceptions_name_is_not_removed_unseen(api: Api) -> None:
    api.ask("POST", LISTS, OFFICE)
    me = Author("ann", NOW)
    api.exceptions.create(Kind.LIST, {"list_id": "known-tools"}, me)
    entry = {"type": "list", "field": "source.ip", "operator": "included", "list": {"id": "office", "type": "ip_range"}}
    other = {"type": "exists", "field": "host.name", "operator": "included"}
    for name, entries in (("one", [entry]), ("two", [entry, other])):
        api.exceptions.create(Kind.ITEM, item(*entries, item_id=name, list_id="known-tools"), me)
    assert "one, two" in api.ask("DELETE", f"{LISTS}?id=office", status=409)["message"]
    api.ask("DELETE", f"{LISTS}/index", status=409)
    api.ask("DELETE", f"{LISTS}?id=office&ignoreReferences=true")
    assert len(api.exceptions.all(Kind.ITEM)) == 2
    api.ask("POST", LISTS, OFFICE)
    api.ask("DELETE", f"{LISTS}?id=office&deleteReferences=true")
    assert api.exceptions.find(Wanted(Kind.ITEM, None, "two"))["entries"] == [other]
    assert [one["item_id"] for one in api.exceptions.all(Kind.ITEM)] == ["two"]


def test_where_lists_are_kept_is_there_and_can_be_emptied(api: Api) -> None:
    assert api.ask("GET", f"{LISTS}/index") == {"list_index": True, "list_item_index": True}
    assert api.ask("POST", f"{LISTS}/index") == {"acknowledged": True}
    number = api.book.create("default", OFFICE, Author("ann", NOW)).number
    api.ask("POST", ITEMS, {"list_id": "office", "value": "10.0.0.1"})
    theirs = api.book.create("lab", OFFICE, Author("ann", NOW))
    assert api.ask("DELETE", f"{LISTS}/index") == {"acknowledged": True}
    assert [one["id"] for one in api.ask("GET", f"{LISTS}/_find")["data"]] == ["gone", "vpn"]
    assert (api.book.own("lab"), api.book.store.count(number)) == ([theirs], 0)

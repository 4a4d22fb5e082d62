"""Exception lists and items over HTTP: made, read, changed, removed, exported; at work in the rules that name them."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.types import Message
from tests.asked import asked
from tests.exceptions import item, rule, rule_set
from tests.simulation import World, rule_text, rules_of
from tests.stores import spaces_of
from tests.unit.storage.samples import NOW, SECOND

from besra.api import runnable
from besra.detection.detect import Job
from besra.rules.exception_loading import load_exceptions
from besra.rules.ndjson import parse_ndjson
from besra.service import rule_watch
from besra.service.answering import RequestError
from besra.service.exception_book import ExceptionBook, Wanted
from besra.service.exception_routes import exception_routes
from besra.service.routing import routes_of
from besra.service.rule_watch import RuleWatch, Source
from besra.service.spaces import Spaces
from besra.storage.alert_store import AlertStore
from besra.storage.exception_store import Kind
from besra.storage.workflow import Author

LISTS, ITEMS = "/api/exception_lists", "/api/exception_lists/items"
TOOLS = {"list_id": "known-tools", "name": "Known tools", "description": "Ours.", "type": "detection"}
CMD = item({"type": "match", "field": "process.name", "value": "cmd.exe"}, item_id="cmd")
ME = Author("ann", NOW)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AlertStore]:
    with AlertStore(tmp_path / "alerts.sqlite") as opened:
        yield opened


@pytest.fixture
def spaces(store: AlertStore) -> Spaces:
    return spaces_of(store)


@pytest.fixture
def book(spaces: Spaces) -> ExceptionBook:
    return spaces.exceptions("default")


@pytest.fixture
def app(spaces: Spaces) -> Starlette:
    return Starlette(routes=routes_of(exception_routes(spaces, lambda: NOW)))


def done(app: Starlette, method: str, path: str, body: object = None) -> Any:
    """The answer to a request that is right."""
    status, answer = asked(app, method, path, body, {"x-besra-user": "ann"})
    assert status == 200, answer
    return answer


def refused(app: Starlette, method: str, path: str, body: object = None) -> tuple[int, str]:
    """The status of one that is not, and why."""
    status, answer = asked(app, method, path, body, {"kbn-xsrf": "x"})
    assert status == answer["status_code"]
    return status, answer["message"]


def test_lists_and_items_are_made_read_changed_and_removed(app: Starlette, store: AlertStore) -> None:
    made = done(app, "POST", LISTS, TOOLS)
    assert TOOLS.items() <= made.items()
    assert (made["namespace_type"], made["created_by"], made["_version"]) == ("single", "ann", "1")
    assert (
        done(app, "GET", f"{LISTS}?list_id=known-tools")
        == done(app, "GET", f"/s/default{LISTS}?id={made['id']}")
        == made
    )
    first = done(app, "POST", ITEMS, {**CMD, "comments": [{"comment": "asked for"}], "id": "mine", "expire_time": None})
    assert first["entries"] == CMD["entries"]
    assert (first["comments"][0]["created_by"], first["id"] != "mine") == ("ann", True)
    unnamed = done(app, "POST", ITEMS, {**CMD, "item_id": None, "comments": []})
    assert unnamed["item_id"]
    entries = [{"type": "exists", "field": "user.name", "operator": "included"}]
    changed = done(app, "PUT", ITEMS, {"item_id": "cmd", "entries": entries, "name": "other", "_version": "1"})
    assert (changed["entries"], changed["_version"], changed["id"]) == (entries, "2", first["id"])
    assert refused(app, "PUT", ITEMS, {"item_id": "cmd", "entries": entries, "_version": "1"})[0] == 409
    page = done(app, "GET", f"{ITEMS}/_find?list_id=known-tools&per_page=1&page=2")
    assert (page["total"], [one["item_id"] for one in page["data"]]) == (2, [unnamed["item_id"]])
    assert [one["list_id"] for one in done(app, "GET", f"{LISTS}/_find")["data"]] == ["known-tools"]
    again = ExceptionBook()
    again.open(store.exceptions)
    assert again.all(Kind.LIST) == [made]
    assert again.all(Kind.ITEM) == [changed, unnamed]
    assert done(app, "DELETE", f"{ITEMS}?item_id=cmd") == changed
    assert done(app, "DELETE", f"{LISTS}?list_id=known-tools") == made
    assert store.exceptions.all() == {}
    assert refused(app, "GET", f"{ITEMS}?id={unnamed['id']}")[0] == 404


def test_lists_of_both_namespaces_may_have_one_id(app: Starlette) -> None:
    done(app, "POST", LISTS, TOOLS)
    done(app, "POST", LISTS, {**TOOLS, "namespace_type": "agnostic"})
    done(app, "POST", ITEMS, {**CMD, "namespace_type": "agnostic"})
    assert done(app, "GET", f"{LISTS}/_find?namespace_type=single,agnostic")["total"] == 2
    assert done(app, "GET", f"{ITEMS}/_find?list_id=known-tools")["total"] == 0
    assert done(app, "GET", f"{ITEMS}/_find?list_id=known-tools&namespace_type=agnostic")["total"] == 1
    done(app, "DELETE", f"{LISTS}?list_id=known-tools")
    assert done(app, "GET", f"{ITEMS}?item_id=cmd&namespace_type=agnostic")


def test_an_export(app: Starlette, book: ExceptionBook) -> None:
    book.create(Kind.LIST, TOOLS, ME)
    book.create(Kind.ITEM, CMD, ME)
    book.create(Kind.ITEM, {**CMD, "item_id": "old", "expire_time": "2001-01-01T00:00:00Z"}, ME)
    for query, number in (("", 2), ("&include_expired_exceptions=false", 1)):
        lines = exported(app, f"{LISTS}/_export?list_id=known-tools{query}")
        assert lines[0] == book.find(Wanted(Kind.LIST, None, "known-tools"))
        assert [line["list_id"] for line in lines[1:-1]] == ["known-tools"] * number
        assert lines[-1]["exported_exception_list_item_count"] == number
        assert rule_set(rule(), exceptions=lines[:-1]).exceptions.problems == ()
        assert parse_ndjson("".join(f"{json.dumps(line)}\n" for line in lines)).unknown == ()
    assert refused(app, "POST", f"{LISTS}/_export?list_id=none")[0] == 404


def exported(app: Starlette, address: str) -> list[Any]:
    """The lines of an export."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    path, _, query = address.partition("?")
    scope = {"type": "http", "method": "POST", "path": path, "query_string": query.encode(), "headers": []}
    asyncio.run(app(scope, receive, send))
    return [json.loads(line) for line in sent[1]["body"].splitlines()]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", LISTS, b"{", 400),
        ("POST", LISTS, TOOLS, 409),
        ("POST", LISTS, {**TOOLS, "list_id": 1}, 400),
        ("POST", LISTS, {**TOOLS, "list_id": ""}, 400),
        ("POST", LISTS, {**TOOLS, "list_id": "x" * 1000}, 400),
        ("POST", LISTS, {**TOOLS, "list_id": "new", "namespace_type": "both"}, 400),
        ("POST", LISTS, {**TOOLS, "list_id": "new", "namespace_type": ["single"]}, 400),
        ("POST", LISTS, {**TOOLS, "list_id": "new", "entries": []}, 400),
        ("POST", LISTS, {**TOOLS, "list_id": "new", "tags": "x"}, 400),
        ("POST", LISTS, b'{"list_id": "deep", "meta": ' + b'{"a":' * 400 + b"1" + b"}" * 401, 400),
        ("POST", ITEMS, CMD, 409),
        ("POST", ITEMS, {**CMD, "item_id": "new", "list_id": "none"}, 404),
        ("POST", ITEMS, {**CMD, "item_id": "new", "entries": []}, 400),
        ("POST", ITEMS, {**CMD, "item_id": "new", "entries": [{"type": "match", "field": "a"}]}, 400),
        ("POST", ITEMS, {**CMD, "item_id": "new", "comments": [1]}, 400),
        ("POST", ITEMS, {"list_id": "known-tools", "item_id": "new"}, 400),
        ("PUT", ITEMS, {"entries": CMD["entries"]}, 400),
        ("PUT", ITEMS, {**CMD, "item_id": "none"}, 404),
        ("PUT", ITEMS, {**CMD, "list_id": "other"}, 400),
        ("PUT", ITEMS, {**CMD, "item_id": ["cmd"]}, 400),
        ("GET", LISTS, None, 400),
        ("GET", f"{LISTS}?list_id=none", None, 404),
        ("GET", f"{LISTS}?list_id=x&namespace_type=all", None, 400),
        ("DELETE", f"{LISTS}?id=none", None, 404),
        ("GET", f"{LISTS}/_find?page=0", None, 400),
        ("GET", f"{LISTS}/_find?per_page=x", None, 400),
        ("GET", f"{LISTS}/_find?search=a", None, 400),
        ("GET", f"{ITEMS}/_find", None, 400),
        ("GET", f"{ITEMS}/_find?list_id=none", None, 404),
        ("GET", f"{ITEMS}/_find?list_id=a,b,c&namespace_type=single,agnostic", None, 400),
    ],
)
def test_what_is_refused(
    app: Starlette, book: ExceptionBook, method: str, path: str, body: object, status: int
) -> None:
    book.create(Kind.LIST, TOOLS, ME)
    book.create(Kind.ITEM, CMD, ME)
    before = (book.all(Kind.LIST), book.all(Kind.ITEM))
    code, said = refused(app, method, path, body)
    assert (code, bool(said)) == (status, True)
    assert (book.all(Kind.LIST), book.all(Kind.ITEM)) == before


class Memory:
    """A store that keeps nothing."""

    def write(self, *_: object) -> None:
        pass

    def all(self) -> dict[Any, Any]:
        return {}


PIECES = [
    b"--b",
    b"--b--",
    b"\r\n",
    b"\n",
    b'Content-Disposition: form-data; name="file"',
    b"; filename=x",
    b"\r\n\r\n",
]
PIECES += [json.dumps(document).encode() for document in (TOOLS, CMD)]


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=12).map(b"".join))
def test_whatever_is_uploaded_is_answered(body: bytes) -> None:
    spaces = Spaces()
    spaces.exceptions("default").open(Memory())  # type: ignore[arg-type]
    app = Starlette(routes=routes_of(exception_routes(spaces, lambda: NOW)))
    headers = {"content-type": "multipart/form-data; boundary=b", "kbn-xsrf": "x"}
    status, answer = asked(app, "POST", f"{LISTS}/_import", body, headers)
    assert status in (200, 400)
    assert ("errors" if status == 200 else "message") in answer


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=4)
    | st.sampled_from(["match", "included", "agnostic"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "field", "value", "entries"]), inner)
    ),
    max_leaves=8,
)
FIELDS = [*CMD, "namespace_type", "comments", "tags", "os_types", "expire_time", "meta", "besra"]


@given(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=5), st.sampled_from(Kind))
def test_whatever_is_given_is_taken_whole_or_refused(changes: dict[str, Any], kind: Kind) -> None:
    book = ExceptionBook()
    book.open(Memory())  # type: ignore[arg-type]
    book.create(Kind.LIST, TOOLS, ME)
    try:
        made = book.create(kind, {**(CMD if kind is Kind.ITEM else {}), **changes}, ME)
    except RequestError as error:
        assert str(error)
    else:
        assert book.find(Wanted(kind, made["id"], None)) == made
        assert load_exceptions(book.merged(rule_set(rule())), now=NOW).rules


def imported(app: Starlette, content: bytes, query: str = "", kind: str = "multipart/form-data; boundary=b") -> Any:
    """The status and the answer to an import of a file."""
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.ndjson"\r\n\r\n'
    headers = {"content-type": kind, "kbn-xsrf": "x"}
    return asked(app, "POST", f"{LISTS}/_import{query}", head + content + b"\r\n--b--\r\n", headers)


def lines_of(*documents: Any) -> bytes:
    return b"".join(json.dumps(document).encode() + b"\n" for document in documents)


def test_an_export_is_imported_again(app: Starlette, book: ExceptionBook) -> None:
    book.create(Kind.LIST, TOOLS, ME)
    book.create(Kind.ITEM, CMD, ME)
    lines = exported(app, f"{LISTS}/_export?list_id=known-tools")
    book.delete(Wanted(Kind.LIST, None, "known-tools"))
    status, told = imported(app, lines_of(*lines))
    assert (status, told["success"], told["success_count"], told["errors"]) == (200, True, 2, [])
    again = exported(app, f"{LISTS}/_export?list_id=known-tools")
    own = [{name: line[name] for name in (*TOOLS, "entries", "item_id") if name in line} for line in again[:-1]]
    assert own == [{name: line[name] for name in (*TOOLS, "entries", "item_id") if name in line} for line in lines[:-1]]
    refused_ones = imported(app, lines_of(*lines))[1]
    assert [error["error"]["status_code"] for error in refused_ones["errors"]] == [409, 409]
    changed = {**CMD, "name": "changed"}
    told = imported(app, lines_of(changed, TOOLS), "?overwrite=true")[1]
    assert (told["success_count_exception_lists"], told["success_count_exception_list_items"]) == (1, 1)
    assert book.find(Wanted(Kind.ITEM, None, "cmd"))["name"] == "changed"


def test_lists_and_items_are_found_and_sorted(app: Starlette, book: ExceptionBook) -> None:
    for name, more in (("b", {"tags": ["lab"]}), ("a", {"description": "of the lab"})):
        book.create(Kind.LIST, {**TOOLS, "list_id": name, "name": f"List {name}", **more}, ME)
    book.create(Kind.LIST, {**TOOLS, "list_id": "all", "namespace_type": "agnostic"}, ME)
    for name in ("x", "y"):
        book.create(Kind.ITEM, {**CMD, "list_id": "b", "item_id": name}, ME)

    def found(path: str, **asked: str) -> list[str]:
        address = f"{path}/_find?{urlencode(asked)}"
        return [one.get("item_id", one["list_id"]) for one in done(app, "GET", address)["data"]]

    root, other = "exception-list.attributes", "exception-list-agnostic.attributes"
    assert found(LISTS, sort_field="name") == ["a", "b"]
    assert found(LISTS, sort_field=f"{root}.list_id", sort_order="desc") == ["b", "a"]
    assert found(LISTS, filter=f"{root}.tags: lab or {root}.description: lab") == ["b", "a"]
    both = f"{root}.list_id: a or {other}.list_id: all"
    assert found(LISTS, namespace_type="single,agnostic", filter=both) == ["a", "all"]
    assert found(ITEMS, list_id="b", filter=f"{root}.entries.field: process.name and {root}.item_id: y") == ["y"]
    for asked_for in ("filter=(", "sort_field=meta", "sort_order=up"):
        assert refused(app, "GET", f"{LISTS}/_find?{asked_for}")[0] == 400


def test_a_list_may_come_as_a_new_one(app: Starlette, book: ExceptionBook) -> None:
    book.create(Kind.LIST, TOOLS, ME)
    book.create(Kind.ITEM, CMD, ME)
    for _ in range(2):
        told = imported(app, lines_of(TOOLS, CMD), "?as_new_list=true")[1]
        assert (told["success"], told["success_count"]) == (True, 2)
    lists = [one["list_id"] for one in book.all(Kind.LIST)]
    assert (len({*lists}), lists[0]) == (3, "known-tools")
    assert [one["list_id"] for one in book.all(Kind.ITEM)] == lists
    assert len({one["item_id"] for one in book.all(Kind.ITEM)}) == 3


def test_one_that_is_wrong_does_not_stop_an_import(app: Starlette, book: ExceptionBook) -> None:
    wrong = [{**CMD, "item_id": "a", "entries": []}, {**CMD, "item_id": "b", "list_id": "none"}, {"odd": 1}]
    status, told = imported(app, lines_of(TOOLS, *wrong, CMD) + b"{no json\n")
    assert (status, told["success"], told["success_count"]) == (200, False, 2)
    assert sorted(error["error"]["status_code"] for error in told["errors"]) == [400, 400, 400, 404]
    assert [one["item_id"] for one in book.all(Kind.ITEM)] == ["cmd"]


@pytest.mark.parametrize(
    ("content", "query", "kind", "status"),
    [
        (b"", "", "multipart/form-data; boundary=b", 400),
        (b"x", "", "multipart/form-data", 400),
        (b"x", "", "multipart/form-data; boundary=c", 400),
        (b"\xff", "", "multipart/form-data; boundary=b", 400),
        (b"x", "", "application/x-ndjson", 415),
        (b"x", "?as_new_list=1", "multipart/form-data; boundary=b", 400),
        (b"x", "?overwrite=perhaps", "multipart/form-data; boundary=b", 400),
        (b"x", "?merge=true", "multipart/form-data; boundary=b", 400),
    ],
)
def test_imports_that_are_refused(app: Starlette, content: bytes, query: str, kind: str, status: int) -> None:
    code, answer = imported(app, content, query, kind)
    assert (code, answer["status_code"]) == (status, status)


# --- at work ----------------------------------------------------------------------------------------------------------


def test_they_silence_the_rules_that_name_them_and_no_others(book: ExceptionBook) -> None:
    rules = rule_set(rule(1), rule(2, lists=()))
    assert book.merged(rules) is rules
    book.create(Kind.LIST, TOOLS, ME)
    book.create(Kind.ITEM, CMD, ME)
    before, after = rules, load_exceptions(book.merged(rules), now=NOW)
    assert (after.items, after.silenced) == (1, 1)
    changed = [old.plan != new.plan for old, new in zip(before, after.rules, strict=True)]
    assert changed == [True, False]


def test_what_a_file_says_counts(book: ExceptionBook) -> None:
    book.create(Kind.LIST, TOOLS, ME)
    book.create(Kind.ITEM, CMD, ME)
    own = {**CMD, "entries": [{"type": "exists", "field": "user.name", "operator": "included"}]}
    merged = book.merged(rule_set(rule(), exceptions=[TOOLS, own])).exceptions
    assert [found.document["entries"] for found in merged.items] == [own["entries"]]
    assert "exception-duplicate" in {problem.code for problem in merged.problems}


def test_they_take_effect_at_once(tmp_path: Path, spaces: Spaces, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_watch, "EVERY", 3600.0)
    book = spaces.exceptions("default")
    folder = tmp_path / "rules"
    world = World(tmp_path / "data", rules_of(folder, rule_text("a", "any where true")), is_live=True)
    rules = rule_set(rule())

    def load() -> Job:
        return Job(runnable(load_exceptions(book.merged(rules), now=NOW).rules), now=world.now)

    with world.up() as process:
        source = Source([str(folder)], [], load, spaces=spaces)
        watch = RuleWatch(source, process.duty, lambda: NOW + SECOND, lambda _: None)
        stop = threading.Event()
        thread = threading.Thread(target=watch.run, args=(stop,))
        thread.start()
        try:
            plans = []
            for change in (
                lambda: book.create(Kind.LIST, TOOLS, ME),
                lambda: book.create(Kind.ITEM, CMD, ME),
                lambda: book.delete(Wanted(Kind.ITEM, None, "cmd")),
            ):
                change()
                expected = load().rules
                until = time.monotonic() + 30
                while process.duty.job.rules != expected and time.monotonic() < until:
                    time.sleep(0.01)
                plans.append(process.duty.job.rules[0][1])
            assert plans[0] == plans[2] != plans[1]
        finally:
            stop.set()
            watch.wake()
            thread.join(30)
        assert not thread.is_alive()

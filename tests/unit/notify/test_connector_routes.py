"""Connectors over HTTP: in Kibana's shape, by space, and never with a secret."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient
from tests.documents import ROOT
from tests.sinks import Reply, web_sink
from tests.unit.storage.samples import alert, run

from besra.notify.connector import Connector
from besra.notify.connector_types import TYPES
from besra.notify.connectors_file import NotifySettings
from besra.notify.outgoing import Outgoing, outgoing_of
from besra.notify.sealing import FILE
from besra.service.connector_book import exported
from besra.service.connector_routes import connector_routes
from besra.service.gate import Open
from besra.service.notification_routes import notification_routes
from besra.service.notifying import Notifying, notifying
from besra.service.plain_paths import PlainPaths
from besra.service.routing import routes_of
from besra.storage.alert_store import AlertStore
from besra.storage.outcome import Outcome
from besra.storage.workflow import Author

XSRF = {"kbn-xsrf": "true"}
SECRET = "s3cr3t-of-this-test"
HOOK = {
    "name": "Hook",
    "connector_type_id": ".webhook",
    "config": {"url": "https://hooks.example.com/in", "hasAuth": True},
    "secrets": {"user": "besra", "password": SECRET, "signingKey": SECRET},
}
OF_FILE = Connector("chat", ".slack", "Chat", secrets={"webhookUrl": f"https://chat/{SECRET}"}, is_of_file=True)
CONNECTOR, OWN = "/api/actions/connector", "/api/v1/connectors"


@dataclass
class Api:
    """What a client talks to."""

    client: TestClient
    notifying: Notifying
    store: AlertStore
    folder: Path

    def ask(self, method: str, path: str, body: Any = None, status: int = 200, headers: Any = XSRF) -> Any:
        content = None if body is None else json.dumps(body)
        answer = self.client.request(method, path, content=content, headers=headers)
        assert answer.status_code == status, answer.text
        assert SECRET not in answer.text
        return answer.json() if answer.content else None


def api_over(store: AlertStore, folder: Path) -> Iterator[Api]:
    local = Outgoing(outgoing_of(["127.0.0.1"]).networks, frozenset(), None)
    told = notifying(NotifySettings((OF_FILE,), outgoing=local), store, folder, lambda: 10**18, print)
    answered = [
        *connector_routes(told.book, told.sender, lambda: 10**18),
        *notification_routes(told.pages, lambda: 10**18),
    ]
    routes = routes_of(answered, Open(lambda space: space in ("default", "red")))
    with TestClient(Starlette(routes=routes, middleware=[Middleware(PlainPaths)])) as client:
        yield Api(client, told, store, folder)


@pytest.fixture
def quiet(tmp_path: Path) -> Iterator[Api]:
    """One over a file, with a connector `log` that reaches nobody."""
    with AlertStore(tmp_path / "alerts.sqlite") as store:
        for made in api_over(store, tmp_path):
            made.ask("POST", f"{CONNECTOR}/log", {"name": "Log", "connector_type_id": ".server-log"})
            yield made


@pytest.fixture
def api(store: AlertStore, tmp_path: Path) -> Iterator[Api]:
    yield from api_over(store, tmp_path)


def test_a_connector_is_made_read_changed_and_removed(api: Api) -> None:
    made = api.ask("POST", CONNECTOR, HOOK)
    assert made == {
        "id": made["id"],
        "name": "Hook",
        "connector_type_id": ".webhook",
        "config": HOOK["config"],
        "is_preconfigured": False,
        "is_deprecated": False,
        "is_system_action": False,
        "is_missing_secrets": False,
    }
    path = f"{CONNECTOR}/{made['id']}"
    assert api.ask("GET", path) == made
    changed = api.ask("PUT", path, {"name": "Other", "config": {"url": "https://hooks.example.com/b"}, "secrets": {}})
    assert (changed["name"], changed["config"]) == ("Other", {"url": "https://hooks.example.com/b"})
    api.ask("DELETE", path, status=204)
    api.ask("GET", path, status=404)
    api.ask("DELETE", path, status=404)


def test_an_id_may_be_given_and_is_given_once(api: Api) -> None:
    assert api.ask("POST", f"{CONNECTOR}/mine", HOOK)["id"] == "mine"
    api.ask("POST", f"{CONNECTOR}/mine", HOOK, 409)
    api.ask("POST", f"{CONNECTOR}/chat", HOOK, 409)
    api.ask("POST", f"{CONNECTOR}/a%2Fb", HOOK, 400)


def test_spaces_have_connectors_of_their_own(api: Api) -> None:
    api.ask("POST", f"/s/red{CONNECTOR}/mine", {**HOOK, "name": "Red"})
    api.ask("POST", f"{CONNECTOR}/mine", HOOK)
    assert api.ask("GET", f"/s/red{CONNECTOR}/mine")["name"] == "Red"
    assert [one["id"] for one in api.ask("GET", "/s/red/api/actions/connectors")] == ["mine"]
    assert [one["id"] for one in api.ask("GET", "/api/actions/connectors")] == ["chat", "mine"]
    api.ask("DELETE", f"/s/red{CONNECTOR}/mine", status=204)
    api.ask("GET", f"{CONNECTOR}/mine")


def test_those_of_the_file_are_there_and_stay_as_they_are(api: Api) -> None:
    assert api.ask("GET", f"{CONNECTOR}/chat")["is_preconfigured"] is True
    api.ask("PUT", f"{CONNECTOR}/chat", {"name": "x"}, 400)
    api.ask("DELETE", f"{CONNECTOR}/chat", status=400)


def test_the_types_are_told(api: Api) -> None:
    told = api.ask("GET", "/api/actions/connector_types")
    assert {one["id"] for one in told} == {*TYPES}
    assert all(one["enabled"] for one in told)


@pytest.mark.parametrize(
    "changed",
    [
        {"connector_type_id": ".fax"},
        {"connector_type_id": None},
        {"name": ""},
        {"name": "a\nb"},
        {"name": 5},
        {"config": {}},
        {"config": []},
        {"config": {"url": "ftp://example.com"}},
        {"config": {"url": "https://a:b@example.com"}},
        {"config": {"url": "https://example.com:99999"}},
        {"config": {"url": "https://exa mple.com\r\nX: y"}},
        {"config": {"url": "https://example.com", "headers": {"X\r\nY": "a"}}},
        {"config": {"url": "https://example.com", "headers": {"X": "a\r\nY: b"}}},
        {"config": {"url": "https://example.com", "headers": {"Authorization": "Bearer x"}}},
        {"config": {"url": "https://example.com", "method": "delete"}},
        {"config": {"url": "https://example.com", "maxPerMinute": 0}},
        {"config": {"url": "https://example.com", "maxPerMinute": True}},
        {"config": {"url": "https://example.com", "nothing": 1}},
        {"config": {"url": "https://example.com", "ca": "no certificate"}},
        {"config": {"url": "https://example.com", "hasAuth": True}, "secrets": {"user": "u"}},
        {"secrets": {"nothing": "x"}},
        {"secrets": {"password": 5}},
        {"secrets": {"secretHeaders": "x"}},
        {"other": 1},
    ],
)
def test_what_is_no_connector_is_refused(api: Api, changed: dict[str, Any]) -> None:
    told = api.ask("POST", CONNECTOR, {**HOOK, **changed}, 400)
    assert told["message"]


def test_a_change_needs_its_header(api: Api) -> None:
    api.ask("POST", CONNECTOR, HOOK, 400, headers={})


def test_secrets_are_sealed_and_their_key_is_nobody_elses(api: Api) -> None:
    api.ask("POST", f"{CONNECTOR}/mine", HOOK)
    with api.store.database.reading() as connection:
        rows = repr(connection.exec_driver_sql("SELECT * FROM connector").all())
    assert "hooks.example.com" in rows
    assert SECRET not in rows
    key = api.folder / FILE
    assert key.stat().st_mode & 0o777 == 0o600
    again = notifying(NotifySettings(), api.store, api.folder, lambda: 0, print)
    found = again.book.get("default", "mine")
    assert found is not None
    assert found.secrets["password"] == SECRET


def test_without_the_key_secrets_are_missing_and_can_be_given_again(api: Api, tmp_path: Path) -> None:
    api.ask("POST", f"{CONNECTOR}/mine", HOOK)
    (tmp_path / FILE).unlink()
    for other in api_over(api.store, tmp_path):
        assert other.ask("GET", f"{CONNECTOR}/mine")["is_missing_secrets"] is True
        assert other.ask("POST", f"{OWN}/mine/_test", {})["code"] == "connector-secrets"
        given = {"name": "Hook", "config": HOOK["config"], "secrets": HOOK["secrets"]}
        assert other.ask("PUT", f"{CONNECTOR}/mine", given)["is_missing_secrets"] is False


def test_what_an_export_brings_lacks_its_secrets(api: Api) -> None:
    api.ask("POST", f"{CONNECTOR}/mine", HOOK)
    book, author = api.notifying.book, Author("me", 0)
    line = exported(book.named("default", "mine"))
    assert SECRET not in json.dumps(line)
    fax = {"id": "b", "attributes": {"actionTypeId": ".fax", "name": "B"}}
    assert list(book.take("red", [line, fax], author, overwrite=True).wrong) == ["b"]
    assert api.ask("GET", f"/s/red{CONNECTOR}/mine")["is_missing_secrets"] is True
    assert book.take("default", [line], author, overwrite=True).wrong == {}
    assert api.ask("GET", f"{CONNECTOR}/mine")["is_missing_secrets"] is False
    assert book.named("default", "mine").secrets["password"] == SECRET


@pytest.mark.parametrize(
    ("changed", "is_kept"),
    [
        ({}, True),
        ({"maxPerMinute": 5}, True),
        ({"url": "https://attacker.example/x"}, False),
        ({"verificationMode": "none"}, False),
        ({"headers": {"X": "y"}}, False),
        ({"hasAuth": None}, False),
    ],
)
def test_secrets_stay_only_where_they_were_given_for(api: Api, changed: dict[str, Any], is_kept: bool) -> None:
    api.ask("POST", f"{CONNECTOR}/mine", HOOK)
    book = api.notifying.book
    line = exported(book.named("default", "mine"))
    line["attributes"]["config"] = {**line["attributes"]["config"], **changed}
    assert book.take("default", [line], Author("me", 0), overwrite=True).wrong == {}
    again = notifying(NotifySettings(), api.store, api.folder, lambda: 0, print).book
    for one in (book, again):
        assert bool(one.named("default", "mine").secrets) == is_kept
    if not is_kept and "hasAuth" not in changed:
        assert api.ask("GET", f"{CONNECTOR}/mine")["is_missing_secrets"] is True
        assert api.ask("POST", f"{OWN}/mine/_test", {})["code"] == "connector-secrets"


def test_a_test_says_what_the_other_side_answered(api: Api) -> None:
    with web_sink(lambda number, got: Reply(418, {}, b"short and stout " + SECRET.encode())) as sink:
        hook = {**HOOK, "config": {"url": sink.url, "hasAuth": True}}
        api.ask("POST", f"{CONNECTOR}/mine", hook)
        told = api.ask("POST", f"{OWN}/mine/_test", {"params": {"body": "x"}})
        assert (told["sent"], told["status"], told["reason"]) == (False, 418, "I'm a Teapot")
        assert told["body"] == "short and stout ***"
        assert (told["code"], told["retried"], told["address"]) == ("connector-answer", False, "127.0.0.1")
        run = api.ask("POST", f"{CONNECTOR}/mine/_execute", {"params": {"body": "x"}})
        assert (run["status"], run["retry"], run["connector_id"]) == ("error", False, "mine")
        sink.reply = lambda number, got: Reply()
        assert api.ask("POST", f"{CONNECTOR}/mine/_execute", {"params": {"body": "y"}})["status"] == "ok"
        broken = api.ask("POST", f"{OWN}/mine/_test", {"params": {"body": "{{#a}}"}})
        assert broken["problems"] == ["params.body cannot be rendered: the section 'a' is not closed"]
        sink.got.pop()
    assert [got.body for got in sink.got] == [b"x", b"x", b"y"]
    assert len({got.headers["idempotency-key"] for got in sink.got}) == 3
    assert {got.headers["x-besra-kind"] for got in sink.got} == {"test"}


def test_a_test_needs_parameters_there_are(api: Api) -> None:
    api.ask("POST", f"{CONNECTOR}/mine", HOOK)
    api.ask("POST", f"{CONNECTOR}/mine/_execute", {}, 400)
    api.ask("POST", f"{CONNECTOR}/mine/_execute", {"params": []}, 400)
    api.ask("POST", f"{CONNECTOR}/mine/_execute", {"params": {"nothing": 1}}, 400)
    api.ask("POST", f"{CONNECTOR}/nobody/_execute", {"params": {}}, 404)
    api.ask("POST", f"{OWN}/nobody/_test", {}, 404)


def test_notifications_are_listed_tried_again_and_dropped(api: Api) -> None:
    action = {"id": "nobody", "uuid": "u", "params": {}, "frequency": {"summary": False}}
    documents = [alert(number, **{"kibana.alert.rule.actions": [action]}) for number in range(3)]
    api.store.commit(Outcome(run(), documents))
    deliverer = api.notifying.deliverer
    while deliverer.step(deliverer.serve):
        pass
    path = "/api/v1/notifications"
    page = api.ask("GET", f"{path}?status=dead&size=2")
    assert [one["alert"] for one in page["notifications"]] == ["a2", "a1"]
    rest = api.ask("GET", f"{path}?status=dead&size=2&before={page['next']}")
    assert [one["alert"] for one in rest["notifications"]] == ["a0"]
    first = rest["notifications"][0]
    assert first["answer"]["code"] == "connector-missing"
    assert api.ask("GET", f"{path}/{first['id']}")["alert"] == "a0"
    assert api.ask("DELETE", f"{path}/{first['id']}") == {"dropped": 1}
    api.ask("DELETE", f"{path}/{first['id']}", status=409)
    second = page["notifications"][0]["id"]
    assert api.ask("POST", f"{path}/{second}/_retry") == {"retried": 1}
    assert api.ask("POST", f"{path}/_retry", {"connector": "nobody"}) == {"retried": 1}
    assert api.ask("GET", f"{path}?status=waiting&alert=a2")["notifications"][0]["id"] == second
    for method, wrong, status in (
        ("GET", "/nothing", 404),
        ("POST", "/nothing/_retry", 404),
        ("DELETE", "/nothing", 404),
        ("GET", "?size=x", 400),
        ("GET", "?size=0", 400),
        ("GET", "?status=gone", 400),
    ):
        api.ask(method, f"{path}{wrong}", status=status)
    assert api.ask("GET", f"/s/red{path}")["notifications"] == []


def test_the_page_has_every_route_type_and_parameter() -> None:
    text = (ROOT / "docs" / "notifications.md").read_text("utf-8")
    for kind in TYPES.values():
        for name in (kind.id, *kind.config, *kind.secrets, *kind.params):
            assert f"`{name}`" in text, f"{kind.id}: {name}"
    book: Any = None
    for endpoint in (*connector_routes(book, book, lambda: 0), *notification_routes(book, lambda: 0)):
        assert f"`{endpoint.path}`" in text, endpoint.path


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = sorted({name for kind in TYPES.values() for name in (*kind.config, *kind.secrets)} | {"maxPerMinute"})


@given(
    st.fixed_dictionaries(
        {"connector_type_id": st.sampled_from([*TYPES]) | ANY, "name": st.text(max_size=10) | ANY},
        optional={
            "config": st.dictionaries(st.sampled_from(MEMBERS), ANY | st.just("https://example.com"), max_size=4) | ANY,
            "secrets": st.dictionaries(st.sampled_from(MEMBERS), ANY, max_size=3) | ANY,
            "other": ANY,
        },
    ),
    st.dictionaries(st.sampled_from(["message", "level", "x"]), ANY, max_size=2) | ANY,
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_sent_is_taken_or_refused(quiet: Api, body: Any, params: Any) -> None:
    made = quiet.client.post(CONNECTOR, content=json.dumps(body), headers=XSRF)
    assert made.status_code in (200, 400), made.text
    if made.status_code == 200:
        assert quiet.client.get(f"{CONNECTOR}/{made.json()['id']}").json() == made.json()
    sent = quiet.client.post(f"{CONNECTOR}/log/_execute", content=json.dumps({"params": params}), headers=XSRF)
    assert sent.status_code in (200, 400), sent.text

"""Users, keys and log-ins of a service: made, used, changed, ended."""

import asyncio
import base64
import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.guarded import PASSWORD, Guarded, asked, basic, guarded, key
from tests.served import PATIENCE
from tests.unit.storage.samples import alert, run

from besra.cli.command_line import besra
from besra.errors import InputError
from besra.service import access, passwords
from besra.service.credential import Basic
from besra.service.gate import Bounds
from besra.service.security import Policy
from besra.service.set_up_token import FILE
from besra.storage.database import AlertStoreError
from besra.storage.outcome import Outcome

OTHER = "another one of mine"


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Guarded]:
    with guarded(tmp_path) as opened:
        yield opened


def make(at: Guarded, admin: dict[str, str], name: str, *roles: str, space: str = "*") -> dict[str, str]:
    """Make a user; the header of the password."""
    body = {"name": name, "password": PASSWORD, "roles": {space: list(roles)}}
    answer = at.ask("POST", "/api/v1/users", body, headers=admin)
    assert answer.status == 201, answer.body
    return basic(name)


def make_key(at: Guarded, owner: dict[str, str], status: int = 201, **body: Any) -> Any:
    answer = at.ask("POST", "/api/v1/keys", {"name": "k", **body}, headers=owner)
    assert answer.status == status, answer.body
    return answer.json


# --- the first user ---------------------------------------------------------------------------------------------------


def test_the_first_user_is_made_with_the_token(at: Guarded, tmp_path: Path) -> None:
    file = tmp_path / "data" / FILE
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text() == f"{at.security.token.text}\n"
    for headers in ({}, basic("ann")):
        refused = at.ask("GET", "/", headers=headers)
        assert (refused.status, "/api/v1/setup" in refused.json["error"]["reason"]) == (401, True)
    body = {"token": at.security.token.text, "name": "ann", "password": PASSWORD}
    assert at.ask("POST", "/api/v1/setup", {**body, "token": "guessed"}).status == 401
    assert at.ask("POST", "/api/v1/setup", {**body, "password": "short"}).status == 400
    assert at.ask("POST", "/api/v1/setup", {**body, "name": "a:b"}).status == 400
    assert at.ask("POST", "/api/v1/setup", body).status == 201
    assert not file.exists()
    assert at.ask("POST", "/api/v1/setup", {**body, "name": "eve"}).status == 409
    assert at.ask("GET", "/api/v1/me", headers=basic("ann")).json["roles"] == {"*": ["admin"]}


def test_nothing_is_read_of_whom_nobody_has_vouched_for(at: Guarded) -> None:
    """A body that becomes large, whose sender is let in nowhere."""
    large = gzip.compress(b'{"token": "' + b" " * (1 << 20) + b'"}')
    packed = {"content-encoding": "gzip"}
    assert at.ask("POST", "/api/v1/setup", large, headers=packed).status == 413
    for _ in range(5):
        at.ask("POST", "/api/v1/setup", {"token": "guessed", "name": "eve", "password": PASSWORD})
    assert at.ask("POST", "/api/v1/setup", large, headers=packed).status == 429
    admin = at.set_up(client="127.0.0.1")
    assert at.ask("POST", "/api/v1/setup", large, headers=packed, client="192.0.2.5").status == 409
    for method, path in (
        ("POST", "/api/v1/session"),
        ("PUT", "/api/v1/me/password"),
        ("POST", "/api/v1/users"),
        ("PUT", "/api/v1/users/ann"),
        ("POST", "/api/v1/keys"),
    ):
        assert at.ask(method, path, large, headers={**admin, **packed}, client="127.0.0.1").status == 413, path


def test_the_token_is_not_guessed(at: Guarded) -> None:
    body = {"token": "guessed", "name": "eve", "password": PASSWORD}
    statuses = [at.ask("POST", "/api/v1/setup", body).status for _ in range(10)]
    assert statuses == [401] * 5 + [429] * 5
    assert at.ask("POST", "/api/v1/setup", {**body, "token": at.security.token.text}, client="127.0.0.1").status == 201


# --- passwords --------------------------------------------------------------------------------------------------------


def test_a_password_costs_argon2_once(at: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    admin, looked = at.set_up(), []

    class Hasher:
        def verify(self, of: str, raw: bytes) -> bool:
            looked.append(of)
            return before.verify(of, raw)

    before = passwords._HASHER
    monkeypatch.setattr(passwords, "_HASHER", Hasher())
    for _ in range(3):
        assert at.ask("GET", "/", headers=admin).status == 200
    assert len(looked) == 1
    assert at.ask("GET", "/", headers=basic("ann", "wrong")).status == 401
    assert at.ask("GET", "/", headers=basic("nobody")).status == 401
    # A name nobody has takes as long as a wrong password.
    assert len(looked) == 3


def test_changes_count_at_once(at: Guarded) -> None:
    admin = at.set_up()
    bob = make(at, admin, "bob", "analyst")
    token = at.ask("POST", "/api/v1/session", {"name": "bob", "password": PASSWORD}).json["token"]
    session = {"authorization": f"Bearer {token}"}
    own = key(make_key(at, bob)["encoded"])
    every = (bob, session, own)
    assert [at.ask("GET", "/api/v1/gaps", headers=one).status for one in every] == [200] * 3
    assert at.ask("PUT", "/api/v1/me/password", {"old": "wrong", "new": OTHER}, headers=bob).status == 401
    assert at.ask("PUT", "/api/v1/me/password", {"old": PASSWORD, "new": OTHER}, headers=bob).status == 204
    assert [at.ask("GET", "/api/v1/gaps", headers=one).status for one in every] == [401, 401, 200]
    bob = basic("bob", OTHER)
    assert at.ask("GET", "/api/v1/gaps", headers=bob).status == 200
    at.ask("PUT", "/api/v1/users/bob", {"roles": {"*": ["ingest"]}}, headers=admin)
    assert [at.ask("GET", "/api/v1/gaps", headers=one).status for one in (bob, own)] == [403, 403]
    at.ask("PUT", "/api/v1/users/bob", {"disabled": True}, headers=admin)
    assert [at.ask("GET", "/api/v1/me", headers=one).status for one in (bob, own)] == [401, 401]
    at.ask("PUT", "/api/v1/users/bob", {"disabled": False}, headers=admin)
    assert at.ask("GET", "/api/v1/me", headers=own).status == 200
    assert at.ask("DELETE", "/api/v1/users/bob", headers=admin).status == 204
    assert [at.ask("GET", "/api/v1/me", headers=one).status for one in (bob, own)] == [401, 401]


def test_a_log_in_ends(at: Guarded) -> None:
    at.set_up()
    assert at.ask("POST", "/api/v1/session", {"name": "ann", "password": "wrong"}).status == 401
    answer = at.ask("POST", "/api/v1/session", {"name": "ann", "password": PASSWORD})
    assert (answer.status, answer.headers["cache-control"]) == (201, "no-store")
    session = {"authorization": f"Bearer {answer.json['token']}"}
    assert at.ask("GET", "/api/v1/me", headers=session).json["name"] == "ann"
    assert at.ask("DELETE", "/api/v1/session", headers=session).status == 204
    assert at.ask("GET", "/api/v1/me", headers=session).status == 401


class Follower:
    """Follows new alerts with a credential; `sent` is what it was sent."""

    def __init__(self, at: Guarded, credential: dict[str, str]) -> None:
        self.sent: list[Any] = []
        headers = [(name.encode(), value.encode()) for name, value in credential.items()]
        scope = {"type": "http", "method": "GET", "path": "/api/v1/alerts/stream", "query_string": b""}
        scope |= {"headers": headers, "client": ("192.0.2.1", 1), "app": at.app}
        self.task = asyncio.create_task(at.app(scope, self._receive, self._send))

    async def _send(self, message: Any) -> None:
        self.sent.append(message)

    async def _receive(self) -> Any:
        await asyncio.sleep(PATIENCE)

    async def status(self) -> int:
        while len(self.sent) < 2:
            await asyncio.sleep(0.01)
        return int(self.sent[0]["status"])


@pytest.mark.parametrize("change", [{"disabled": True}, {"password": OTHER}])
def test_who_is_disabled_or_has_an_old_password_follows_no_alerts_any_more(at: Guarded, change: Any) -> None:
    admin = at.set_up()
    bob = make(at, admin, "bob", "viewer")
    sent: list[Any] = []

    async def follow() -> None:
        follower = Follower(at, bob)
        assert await follower.status() == 200
        sent.extend(follower.sent)
        await asyncio.to_thread(at.ask, "PUT", "/api/v1/users/bob", change, headers=admin)
        await asyncio.to_thread(at.service.stores.alerts.commit, Outcome(run(), [alert(1)]))
        await asyncio.wait_for(follower.task, PATIENCE)
        assert b"data:" not in b"".join(message.get("body", b"") for message in follower.sent)

    asyncio.run(follow())


def test_a_password_that_is_changed_while_it_is_looked_at_is_not_right(
    at: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, before = at.set_up(), access.is_password

    def changed(*given: Any) -> bool:
        is_right = before(*given)
        monkeypatch.setattr(access, "is_password", before)
        assert at.ask("PUT", "/api/v1/users/ann", {"password": OTHER}, headers=admin).status == 200
        return is_right

    at.ask("GET", "/", headers=admin)
    monkeypatch.setattr(access, "is_password", changed)
    assert at.guard.access.slow(Basic("ann", PASSWORD)) is None
    assert at.guard.access.slow(Basic("ann", OTHER)) is not None


def test_a_user_follows_alerts_five_times_whatever_the_credentials(at: Guarded) -> None:
    admin = at.set_up()
    bob = make(at, admin, "bob", "viewer")
    own = key(make_key(at, bob)["encoded"])

    async def follow() -> None:
        followers = [Follower(at, credential) for credential in (bob, own, bob, own, bob)]
        assert [await one.status() for one in followers] == [200] * 5
        assert await Follower(at, own).status() == 429
        other = Follower(at, admin)
        assert await other.status() == 200
        followers[0].task.cancel()
        await asyncio.wait([followers[0].task])
        again = Follower(at, own)
        assert await again.status() == 200
        for one in (*followers, other, again):
            one.task.cancel()
        await asyncio.wait([one.task for one in (*followers, other, again)])

    asyncio.run(follow())


def test_wrong_passwords_pause_who_gives_them_and_nobody_else(at: Guarded) -> None:
    admin = at.set_up()
    assert at.ask("GET", "/", headers=admin, client="192.0.2.9").status == 200
    answers = [at.ask("GET", "/", headers=basic("ann", f"guess {n}"), client="192.0.2.66") for n in range(8)]
    assert [answer.status for answer in answers] == [401] * 5 + [429] * 3
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert at.ask("GET", "/", headers=basic("ann", "again"), client="192.0.2.67").status == 429
    at.guard.access._right.clear()
    assert at.ask("GET", "/", headers=admin, client="192.0.2.9").status == 200
    at.guard.access._right.clear()
    assert at.ask("GET", "/", headers=admin, client="127.0.0.1").status == 200


def test_the_last_admin_stays(at: Guarded) -> None:
    admin = at.set_up()
    for method, body in (
        ("DELETE", None),
        ("PUT", {"disabled": True}),
        ("PUT", {"roles": {"*": ["viewer"]}}),
        ("PUT", {"roles": {"default": ["admin"]}}),
    ):
        assert at.ask(method, "/api/v1/users/ann", body, headers=admin).status == 409
    make(at, admin, "bob", "admin")
    assert at.ask("DELETE", "/api/v1/users/ann", headers=admin).status == 204


@pytest.mark.parametrize(
    "name", ["", "a:b", "a/b", "a\nb", "a\r\nSet-Cookie: x", " a", "a\x00", "x" * 101, "\ud800", 7, None]
)
def test_names_nobody_can_have(at: Guarded, name: object) -> None:
    admin = at.set_up()
    raw = json.dumps({"name": name, "password": PASSWORD, "roles": {"*": ["viewer"]}}).encode()
    answer = at.ask("POST", "/api/v1/users", raw, headers=admin)
    assert answer.status == 400
    assert "\n" not in "".join(answer.headers.values())


@pytest.mark.parametrize(
    "roles",
    [None, {}, [], {"*": []}, {"*": "viewer"}, {"*": ["root"]}, {"": ["viewer"]}, {"a/b": ["viewer"]}, {"*": [1]}],
)
def test_roles_there_are_none_of(at: Guarded, roles: object) -> None:
    admin = at.set_up()
    body = {"name": "bob", "password": PASSWORD, "roles": roles}
    assert at.ask("POST", "/api/v1/users", body, headers=admin).status == 400


# --- keys -------------------------------------------------------------------------------------------------------------


def test_keys_as_elasticsearch_has_them(at: Guarded) -> None:
    admin = at.set_up()
    body = {"name": "ship", "expiration": "1d", "role_descriptors": {"ingest": {}}, "metadata": {"a": 1}}
    made = at.ask("POST", "/_security/api_key", body, headers=admin).json
    assert base64.b64decode(made["encoded"]).decode() == f"{made['id']}:{made['api_key']}"
    assert made["expiration"] == pytest.approx(time.time() * 1000 + 86_400_000, abs=60_000)
    own = key(made["encoded"])
    told = at.ask("GET", "/_security/_authenticate", headers=own).json
    assert (told["username"], told["roles"], told["authentication_type"]) == ("ann", ["ingest"], "api_key")
    event = b'{"create":{"_index":"logs-x-default"}}\n{"a":1}\n'
    assert at.ask("POST", "/_bulk", event, headers=own).json["errors"] is False
    assert at.ask("GET", "/_search", headers=own).status == 403
    (listed,) = at.ask("GET", f"/_security/api_key?id={made['id']}", headers=admin).json["api_keys"]
    assert (listed["name"], listed["invalidated"]) == ("ship", False)
    assert made["api_key"] not in json.dumps(listed)
    ended = at.ask("DELETE", "/_security/api_key", {"ids": [made["id"], "other"]}, headers=admin).json
    assert ended["invalidated_api_keys"] == [made["id"]]
    assert at.ask("GET", "/", headers=own).status == 401
    assert at.ask("DELETE", "/_security/api_key", {}, headers=admin).status == 400


def test_a_key_is_no_more_than_its_owner(at: Guarded) -> None:
    bob = make(at, at.set_up(), "bob", "analyst", space="lab")
    assert make_key(at, bob, 403, roles={"lab": ["engineer"]})
    assert make_key(at, bob, 403, roles={"default": ["viewer"]})
    assert make_key(at, bob, 403, roles={"*": ["viewer"]})
    viewer = key(make_key(at, bob, roles={"lab": ["viewer"]})["encoded"])
    assert at.ask("GET", "/s/lab/api/v1/gaps", headers=viewer).status == 200
    assert at.ask("POST", "/s/lab/api/detection_engine/signals/tags", {}, headers=viewer).status == 403


def test_a_key_is_over_once_it_is_revoked(at: Guarded) -> None:
    """It makes no keys that would be left, and ends none but itself."""
    bob = make(at, at.set_up(), "bob", "analyst")
    other, leaked = make_key(at, bob), make_key(at, bob)
    with_it = key(leaked["encoded"])
    assert make_key(at, with_it, 403)
    assert at.ask("POST", "/_security/api_key", {"name": "heir"}, headers=with_it).status == 403
    assert [one["id"] for one in at.ask("GET", "/api/v1/keys", headers=with_it).json["keys"]] == [leaked["id"]]
    assert at.ask("DELETE", f"/api/v1/keys/{other['id']}", headers=with_it).status == 404
    assert at.ask("DELETE", f"/api/v1/keys/{leaked['id']}", headers=with_it).status == 204
    assert at.ask("GET", "/api/v1/me", headers=with_it).status == 401
    assert at.ask("GET", "/api/v1/me", headers=key(other["encoded"])).status == 200


def test_keys_of_others_are_nobodys_business(at: Guarded) -> None:
    admin = at.set_up()
    bob, eve = make(at, admin, "bob", "viewer"), make(at, admin, "eve", "engineer")
    made = make_key(at, bob)
    assert at.ask("GET", "/api/v1/keys", headers=eve).json == {"keys": []}
    assert at.ask("DELETE", f"/api/v1/keys/{made['id']}", headers=eve).status == 404
    ended = at.ask("DELETE", "/_security/api_key", {"ids": [made["id"]]}, headers=eve)
    assert ended.json["invalidated_api_keys"] == []
    assert len(at.ask("GET", "/api/v1/keys", headers=admin).json["keys"]) == 1
    assert at.ask("DELETE", f"/api/v1/keys/{made['id']}", headers=admin).status == 204


@pytest.mark.parametrize(
    "body", [{"name": ""}, {"name": "a\r\nb"}, {"name": 1}, {"name": "k", "expiration": "soon"}, {"name": "k", "x": 1}]
)
def test_keys_that_cannot_be(at: Guarded, body: object) -> None:
    assert at.ask("POST", "/api/v1/keys", body, headers=at.set_up()).status == 400


# --- limits, records, other processes ---------------------------------------------------------------------------------


def test_too_many_requests_are_told_when_to_come_again(tmp_path: Path) -> None:
    with guarded(tmp_path, Policy(bounds=Bounds(per_second=1, at_once=3))) as at:
        admin = at.set_up()
        answers = [at.ask("GET", "/", headers=admin) for _ in range(5)]
        assert [answer.status for answer in answers] == [200] * 3 + [429] * 2
        assert answers[-1].headers["retry-after"] == "1"
        assert answers[-1].json["error"]["type"] == "es_rejected_execution_exception"


def test_what_is_asked_has_its_size(at: Guarded) -> None:
    admin = at.set_up()
    for path, most in (("/api/v1/events/search", 1 << 20), ("/api/v1/explain", 4 << 20)):
        body = b'{"events": []}' if path.endswith("explain") else b"{}"
        for size, status in ((most, 400 if path.endswith("explain") else 200), (most + 1, 413)):
            assert at.ask("POST", path, body + b" " * (size - len(body)), headers=admin).status == status, path
    for path, language in (("/api/v1/events/search", {"language": "eql"}), ("/logs-*/_eql/search", {})):
        long = {"query": "any where x == 1" + " " * (1 << 16), **language}
        assert at.ask("POST", path, long, headers=admin).status == 400


def test_what_is_done_is_written_down_without_secrets(at: Guarded) -> None:
    admin = at.set_up()
    token = at.security.token.text
    bob = make(at, admin, "bob", "viewer")
    made = make_key(at, bob)
    session = at.ask("POST", "/api/v1/session", {"name": "bob", "password": PASSWORD}, client="192.0.2.8").json["token"]
    at.ask("GET", "/", headers=basic("bob", "my other password"))
    at.ask("DELETE", "/api/detection_engine/rules?id=nothing", headers=key(made["encoded"]))
    at.ask("POST", "/api/detection_engine/rules/_export", headers=bob)
    at.ask("POST", "/api/exception_lists", {"list_id": "tools", "name": "t", "description": "t"}, headers=admin)
    at.ask("GET", "/api/v1/gaps", headers=admin)
    told = at.ask("GET", "/api/v1/audit?size=50", headers=admin)
    entries = [(one["who"], one["what"], one["status"]) for one in reversed(told.json["entries"])]
    assert entries == [
        ("ann", "POST /api/v1/setup", 201),
        ("ann", "POST /api/v1/users", 201),
        ("bob", "POST /api/v1/keys", 201),
        ("bob", "POST /api/v1/session", 201),
        ("bob", "GET /", 401),
        ("bob", "DELETE /api/detection_engine/rules", 403),
        ("bob", "POST /api/detection_engine/rules/_export", 200),
        ("ann", "POST /api/exception_lists", 200),
    ]
    assert told.json["entries"][4]["address"] == "192.0.2.8"
    assert told.json["entries"][2]["about"] == "id=nothing"
    assert told.json["entries"][2]["credential"] == f"key {made['id']}"
    page = at.ask("GET", "/api/v1/audit?who=bob&what=keys&size=1", headers=admin).json
    assert [one["what"] for one in page["entries"]] == ["POST /api/v1/keys"]
    assert at.ask("GET", "/api/v1/audit?nix=1", headers=admin).status == 400
    everything = told.body.decode() + "".join(at.said) + at.ask("GET", "/api/v1/users", headers=admin).body.decode()
    everything += repr(at.guard.access.known) + at.ask("GET", "/api/v1/keys", headers=admin).body.decode()
    for secret in (PASSWORD, "my other password", made["api_key"], made["encoded"], session, "$argon2", str(token)):
        assert secret not in everything


def test_what_was_done_cannot_be_hidden_from_the_audit_log(at: Guarded) -> None:
    admin = at.set_up()

    def about(method: str, path: str, body: object = None, **headers: str) -> tuple[str, str]:
        at.ask(method, path, body, headers={**admin, **headers})
        entry = at.ask("GET", "/api/v1/audit?size=1", headers=admin).json["entries"][0]
        return entry["what"], entry["about"]

    rules = "/api/detection_engine/rules"
    _, told = about("DELETE", f"{rules}?name={'x' * 300}&rule_id={'y' * 300}&id=victim")
    assert told == f"id=victim rule_id={'y' * 63}… name={'x' * 63}…"
    # The path is the one that routes know; that of the URL is put together with the header Host, and escaped.
    assert about("DELETE", "/api/v1/users/a%3Fb")[0] == "DELETE /api/v1/users/a?b"
    assert about("DELETE", f"{rules}?id=victim", host="a/healthz?")[0] == f"DELETE {rules}"
    assert about("POST", f"{rules}/_bulk_action", {"action": "delete", "ids": ["a", "b", "c", "d"]})[1] == (
        "delete: 4 by id: a b c …"
    )
    assert about("POST", f"{rules}/_bulk_action", {"action": "disable", "query": "alert.attributes.name: x"})[1] == (
        "disable: those of alert.attributes.name: x"
    )
    assert about("POST", f"{rules}/_bulk_action", {"action": "disable"})[1] == "disable: all"
    rule = {"rule_id": "r", "name": "n", "description": "d", "type": "query", "query": "*", "language": "kuery"}
    rule |= {"severity": "low", "risk_score": 1, "enabled": False}
    id_ = at.ask("POST", rules, rule, headers=admin).json["id"]
    assert about("PATCH", rules, {"rule_id": "r", "name": "m"})[1] == f"rule {id_}"
    assert about("PUT", rules, rule)[1] == f"rule {id_}"
    signals = "/api/detection_engine/signals"
    assert about("POST", f"{signals}/status", {"signal_ids": ["a"], "status": "closed"})[1] == "closed: 1 by id: a"
    assert about("POST", f"{signals}/status", {"query": "*", "status": "closed"})[1] == "closed: those of *"
    tags = {"ids": ["a", "b"], "tags": {"tags_to_add": ["t"], "tags_to_remove": []}}
    assert about("POST", f"{signals}/tags", tags)[1] == "tags: 2 by id: a b"
    names = {"ids": ["a"], "assignees": {"add": ["t"], "remove": []}}
    assert about("POST", f"{signals}/assignees", names)[1] == "assignees: 1 by id: a"


def test_no_route_changes_the_audit_log(at: Guarded) -> None:
    audit = [endpoint for endpoint in at.endpoints if "audit" in endpoint.path]
    assert [(endpoint.method, endpoint.path) for endpoint in audit] == [("GET", "/api/v1/audit")]


def test_the_author_is_who_asks(at: Guarded) -> None:
    admin = {**at.set_up(), "x-besra-user": "somebody else"}
    body = {"list_id": "tools", "name": "Tools", "description": "ours", "type": "detection"}
    assert at.ask("POST", "/api/exception_lists", body, headers=admin).json["created_by"] == "ann"


def test_the_command_line_changes_a_running_service(at: Guarded, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    place = ["--data", str(tmp_path / "data")]

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(besra, [*arguments, *place], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    run("user", "add", "ann", "--role", "admin", "--password-file", str(tmp_path / "password"))
    made = json.loads(run("key", "create", "ship", "--user", "ann", "--role", "ingest", "--expiration", "90d"))
    assert not (tmp_path / "data" / FILE).exists()
    at.guard.access._looked = float("-inf")  # a second later
    assert at.ask("GET", "/api/v1/me", headers=key(made["encoded"])).json["roles"] == {"*": ["ingest"]}
    run("user", "add", "bob", "--role", "viewer@lab", "--password-file", str(tmp_path / "password"))
    assert "viewer@lab" in run("user", "list", "--format", "table")
    run("user", "roles", "bob", "--role", "analyst")
    run("user", "password", "bob", "--password-file", str(tmp_path / "password"))
    run("user", "remove", "bob")
    run("key", "revoke", made["id"])
    at.guard.access._looked = float("-inf")
    assert at.ask("GET", "/api/v1/me", headers=key(made["encoded"])).status == 401
    assert made["api_key"] not in run("key", "list", "--format", "json")
    # Seven commands, and the key that was not good any more.
    assert "8 entries" in run("audit", "verify")


def test_while_the_database_is_away_who_was_known_still_is(at: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = at.set_up()
    own = key(make_key(at, admin)["encoded"])

    def away() -> int:
        raise AlertStoreError.of("database-failed", "nobody answers")

    monkeypatch.setattr(at.guard.access.store, "number", away)
    at.guard.access._looked = float("-inf")
    assert at.ask("GET", "/", headers=own).status == 200


def test_without_users_only_names_of_this_machine_are_answered(tmp_path: Path) -> None:
    with guarded(tmp_path, Policy(is_open=True)) as at:
        assert at.security.token.text is None
        for host, status in (("localhost:9200", 200), ("[::1]", 200), ("evil.example", 403), ("", 403)):
            assert asked(at.app, "GET", "/", None, {"host": host}).status == status
        for headers, status in (
            ({"origin": "http://evil.example"}, 403),
            ({"origin": "http://127.0.0.1.evil.example:9200"}, 403),
            ({"origin": "null"}, 403),
            ({"sec-fetch-site": "cross-site"}, 403),
            ({"sec-fetch-site": "same-origin"}, 200),
            ({"origin": "http://localhost:5601", "sec-fetch-site": "cross-site"}, 200),
            ({"origin": "http://[::1]:9200"}, 200),
        ):
            event = b'{"create":{"_index":"logs-x-default"}}\n{"a":1}\n'
            sent = {"host": "127.0.0.1:9200", "content-type": "text/plain", **headers}
            assert asked(at.app, "POST", "/_bulk", event, sent).status == status, headers
        body = {"list_id": "tools", "name": "Tools", "description": "ours", "type": "detection"}
        headers = {"host": "localhost", "x-besra-user": "ann"}
        assert at.ask("POST", "/api/exception_lists", body, headers=headers).json["created_by"] == "ann"
        entry = at.ask("GET", "/api/v1/audit", headers=headers).json["entries"][0]
        assert (entry["who"], entry["credential"]) == ("ann", "none")


def test_a_role_in_a_space_that_is_not_there_is_told(at: Guarded, tmp_path: Path) -> None:
    admin = at.set_up()
    body = {"name": "bob", "password": PASSWORD, "roles": {"nospace": ["viewer"]}}
    answer = at.ask("POST", "/api/v1/users", body, headers=admin)
    assert (answer.status, "'nospace'" in answer.json["message"]) == (400, True)
    bob = make(at, admin, "bob", "viewer", space="default")
    assert at.ask("PUT", "/api/v1/users/bob", {"roles": {"nospace": ["viewer"]}}, headers=admin).status == 400
    make_key(at, admin, 400, roles={"nospace": ["viewer"]})
    # Whoever may not look into spaces learns of none.
    told = [make_key(at, bob, 403, roles={space: ["viewer"]}) for space in ("lab", "nospace")]
    assert told[0]["message"].replace("lab", "nospace") == told[1]["message"]
    (tmp_path / "password").write_text(PASSWORD)
    options = ["--password-file", str(tmp_path / "password"), "--data", str(tmp_path / "data")]
    roles = ["--role", "viewer@nospace", "--role", "viewer@lab", "--role", "viewer@default"]
    done = CliRunner().invoke(besra, ["user", "add", "eve", *roles, *options], catch_exceptions=False)
    assert done.exit_code == 0
    assert done.stderr.count("[user-no-space]") == 1
    assert "'nospace'" in done.stderr
    assert f"made user eve in {tmp_path / 'data' / 'alerts.sqlite'}\n" in done.stderr


def test_a_key_that_may_not_is_named(at: Guarded) -> None:
    made = make_key(at, at.set_up(), roles={"*": ["ingest"]})
    reason = at.ask("GET", "/api/v1/gaps", headers=key(made["encoded"])).json["message"]
    assert reason.startswith(f"the key {made['id']} of 'ann' has not the right to read")


def test_no_database_before_there_is_a_password(tmp_path: Path) -> None:
    place = ["--data", str(tmp_path / "data")]
    done = CliRunner().invoke(besra, ["user", "add", "ann", "--role", "admin", *place])
    assert isinstance(done.exception, InputError)
    assert done.exception.problem.code == "user-no-password"
    assert not (tmp_path / "data").exists()
    (tmp_path / "password").write_text(PASSWORD)
    secret = ["--password-file", str(tmp_path / "password")]
    done = CliRunner().invoke(besra, ["user", "add", "ann", "--role", "admin", *place, *secret], catch_exceptions=False)
    assert [path.stat().st_mode & 0o077 for path in (tmp_path / "data", tmp_path / "data" / "alerts.sqlite")] == [0, 0]

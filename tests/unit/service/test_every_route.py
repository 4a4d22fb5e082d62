"""Every route × role × credential: who is let through, and what the others are told."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import update
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tests.documents import ROOT, text_of
from tests.guarded import PASSWORD, XSRF, Answer, Guarded, asked, basic, guarded, key

from besra.service.endpoint import IN_SPACES, Endpoint, Face, Right
from besra.service.gate import Bounds
from besra.service.otlp_request import Encoding
from besra.service.plain_paths import PlainPaths
from besra.service.roles import RIGHTS, Role
from besra.service.routing import routes_of
from besra.service.security import Policy
from besra.storage.access_tables import API_KEY

PAST = 1


@dataclass
class Desk:
    """The routes of a service with nothing behind them, and credentials of all kinds."""

    endpoints: list[Endpoint]
    app: Starlette
    good: dict[str, dict[str, str]]
    """By role, or by role and `@lab`."""
    bad: dict[str, dict[str, str]]

    def ask(self, endpoint: Endpoint, headers: dict[str, str], prefix: str = "") -> Answer:
        """The answer to a request of an endpoint."""
        return asked(self.app, endpoint.method, f"{prefix}{path_of(endpoint)}", None, {**XSRF, **headers})


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    # So many wrong credentials would be paused.
    patient = Policy(bounds=Bounds(1e9, 1e9, 1e9, 1e9))
    with guarded(tmp_path_factory.mktemp("every"), patient) as at:
        yield desk_of(at)


def desk_of(at: Guarded) -> Desk:
    admin = at.set_up()

    async def done(_: Request) -> Response:
        return Response(status_code=204)

    stubs = [replace(endpoint, handler=done) for endpoint in at.endpoints]
    app = Starlette(routes=routes_of(stubs, at.guard), middleware=[Middleware(PlainPaths)])

    def made(name: str, roles: dict[str, list[str]], **more: str) -> tuple[str, dict[str, str]]:
        body = {"name": name, "roles": roles, **more}
        answer = at.ask("POST", "/api/v1/keys", body, headers=admin)
        assert answer.status == 201, answer.body
        return answer.json["id"], key(answer.json["encoded"])

    good = {str(role): made(role, {"*": [role]})[1] for role in Role}
    good |= {f"{role}@lab": made(f"{role}@lab", {"lab": [role]})[1] for role in Role}
    gone, revoked = made("gone", {"*": ["admin"]})
    at.ask("DELETE", f"/api/v1/keys/{gone}", headers=admin)
    late, expired = made("late", {"*": ["admin"]})
    ended = update(API_KEY).where(API_KEY.c.id == late).values(expires=PAST)
    at.guard.access.store._change(lambda connection: connection.execute(ended))
    body = {"name": "off", "password": PASSWORD, "roles": {"*": ["admin"]}}
    assert at.ask("POST", "/api/v1/users", body, headers=admin).status == 201
    assert at.ask("GET", "/api/v1/me", headers=basic("off")).status == 200
    session = at.ask("POST", "/api/v1/session", {"name": "off", "password": PASSWORD}).json["token"]
    assert at.ask("PUT", "/api/v1/users/off", {"disabled": True}, headers=admin).status == 200
    at.guard.access.refresh()
    bad = {
        "none": {},
        "wrong key": key("eDp5"),
        "wrong password": basic("off", "no"),
        "revoked key": revoked,
        "expired key": expired,
        "disabled user": basic("off"),
        "session of a disabled user": {"authorization": f"Bearer {session}"},
        "wrong token": {"authorization": "Bearer nothing"},
        "no kind": {"authorization": "Digest x"},
        "no Base64": {"authorization": "Basic ***"},
    }
    return Desk(at.endpoints, app, good, bad)


def test_every_route_of_the_service_is_an_endpoint(tmp_path: Path) -> None:
    with guarded(tmp_path) as at:
        paths = {route.path for route in at.app.routes if isinstance(route, Route)}
        assert len(paths) == len({route.path for route in routes_of(at.endpoints)})
        assert len(at.app.routes) == len(routes_of(at.endpoints))


def test_who_is_not_known_gets_nowhere(desk: Desk) -> None:
    # A wrong password takes argon2's time, so that one is tried at few.
    quick = {name: headers for name, headers in desk.bad.items() if name not in ("wrong password", "disabled user")}
    for endpoint in desk.endpoints:
        for name, headers in quick.items():
            answer = desk.ask(endpoint, headers)
            wanted = 204 if endpoint.right is Right.ANYBODY else 401
            assert answer.status == wanted, (endpoint, name, answer)
            if wanted == 401:
                assert "ApiKey" in answer.headers["www-authenticate"]
                has_shape(endpoint, answer)


@pytest.mark.parametrize("name", ["wrong password", "disabled user"])
def test_passwords_that_are_not_right(desk: Desk, name: str) -> None:
    for face in Face:
        endpoint = next(one for one in desk.endpoints if one.face is face and one.right is not Right.ANYBODY)
        answer = desk.ask(endpoint, desk.bad[name])
        assert answer.status in (401, 429)
        has_shape(endpoint, answer)


@pytest.mark.parametrize("role", Role)
def test_each_role_may_what_it_may(desk: Desk, role: Role) -> None:
    for endpoint, prefix in itertools.product(desk.endpoints, ("", "/s/default", "/s/lab")):
        if prefix and endpoint.face not in IN_SPACES:
            continue
        answer = desk.ask(endpoint, desk.good[role], prefix)
        may = endpoint.right in (Right.ANYBODY, Right.KNOWN) or endpoint.right in RIGHTS[role]
        assert answer.status == (204 if may else 403), (endpoint, answer)
        if not may:
            has_shape(endpoint, answer)
            assert str(endpoint.right) in answer.body.decode()


@pytest.mark.parametrize("role", Role)
def test_a_role_in_another_space_is_good_for_that_one_only(desk: Desk, role: Role) -> None:
    for endpoint in desk.endpoints:
        of_all = endpoint.right in (Right.ANYBODY, Right.KNOWN)
        assert desk.ask(endpoint, desk.good[f"{role}@lab"]).status == (204 if of_all else 403), endpoint
        if endpoint.face not in IN_SPACES:
            continue
        may = of_all or (endpoint.right in RIGHTS[role] and endpoint.right is not Right.ADMINISTER)
        assert desk.ask(endpoint, desk.good[f"{role}@lab"], "/s/lab").status == (204 if may else 403), endpoint
        # One that is not there, for anybody, and one that is not for this one: nobody can tell them apart.
        if endpoint.right is not Right.ANYBODY:
            assert desk.ask(endpoint, desk.good[role], "/s/nix").status == 404


def test_every_change_needs_its_header(desk: Desk) -> None:
    for endpoint in desk.endpoints:
        if endpoint.face in IN_SPACES and endpoint.is_change:
            headers = {name: value for name, value in desk.good["admin"].items() if name not in XSRF}
            answer = asked(desk.app, endpoint.method, path_of(endpoint), None, headers)
            assert (answer.status, "kbn-xsrf" in answer.json["message"]) == (400, True), endpoint


def test_the_routes_of_users_are_described(tmp_path: Path) -> None:
    text = text_of(ROOT / "docs" / "security.md")
    with guarded(tmp_path) as at:
        paths = {endpoint.path for endpoint in at.security.endpoints}
    assert {path for path in paths if f"`{path}`" not in text} == set()


def path_of(endpoint: Endpoint) -> str:
    """An address of an endpoint."""
    return re.sub(r"{(\w+)(:int)?}", lambda found: "1" if found[2] else "x", endpoint.path)


def has_shape(endpoint: Endpoint, answer: Answer) -> None:
    """The error has the shape of its API."""
    match endpoint.face:
        case Face.ELASTICSEARCH:
            if endpoint.method != "HEAD":
                assert answer.json["status"] == answer.status
                assert answer.json["error"]["type"] in ("security_exception", "es_rejected_execution_exception")
            assert answer.headers["x-elastic-product"] == "Elasticsearch"
        case Face.KIBANA | Face.OWN:
            assert answer.json["status_code"] == answer.status
            assert answer.json["message"]
        case Face.OTLP:
            assert answer.headers["content-type"] in tuple(Encoding)
            assert len(answer.body) > 2
        case Face.PLAIN:
            assert answer.headers["content-type"].startswith("text/plain")

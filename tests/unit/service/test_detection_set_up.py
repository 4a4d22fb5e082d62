"""What clients set up before they begin is there, and what they may do is told as Elasticsearch tells it."""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send
from tests.asked import asked

from besra.service.access import Who
from besra.service.author import WHO
from besra.service.detection_set_up import detection_set_up
from besra.service.roles import Grants, Role
from besra.service.routing import routes_of

PREFIX = "/api/detection_engine"


def privileges(path: str, roles: dict[str, list[Role]] | None) -> Any:
    """What is told somebody with roles by space; without users if there are none."""
    inner = Starlette(routes=routes_of(detection_set_up()))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        named = {space: [str(role) for role in some] for space, some in (roles or {}).items()}
        who = {} if roles is None else {WHO: Who("ann", "", (Grants.of(named),), named)}
        await inner({**scope, **who, "app": inner}, receive, send)

    status, told = asked(app, "GET", path, headers={"x-besra-user": "bea"})
    assert status == 200
    return told


@pytest.mark.parametrize(
    ("roles", "read", "write", "manage"),
    [
        (None, True, True, True),
        ({"default": [Role.VIEWER]}, True, False, False),
        ({"default": [Role.ANALYST]}, True, True, False),
        ({"*": [Role.ADMIN]}, True, True, True),
        ({"lab": [Role.ENGINEER]}, False, False, False),
    ],
)
def test_rights_over_alerts(roles: Any, read: bool, write: bool, manage: bool) -> None:
    told = privileges(f"{PREFIX}/privileges", roles)
    own = told["index"][".alerts-security.alerts-default"]
    assert (own["read"], own["write"], own["maintenance"], own["manage"]) == (read, write, write, manage)
    assert (told["has_all_requested"], told["cluster"]["manage"]) == (manage, manage)
    assert told["username"] == ("bea" if roles is None else "ann")
    assert (told["is_authenticated"], told["has_encryption_key"]) == (True, True)


def test_lists_are_written_by_those_who_write_rules() -> None:
    for role, may in ((Role.ANALYST, False), (Role.ENGINEER, True)):
        told = privileges("/api/lists/privileges", {"default": [role]})
        assert told["lists"]["index"][".lists-default"]["write"] is may
        assert told["listItems"]["index"][".items-default"]["write"] is may


def test_the_index_of_alerts_is_there_and_stays() -> None:
    app = Starlette(routes=routes_of(detection_set_up()))
    headers = {"kbn-xsrf": "x"}
    found = {"name": ".alerts-security.alerts-default", "index_mapping_outdated": False}
    assert asked(app, "GET", f"{PREFIX}/index") == (200, found)
    assert asked(app, "POST", f"{PREFIX}/index", headers=headers) == (200, {"acknowledged": True})
    status, told = asked(app, "DELETE", f"{PREFIX}/index", headers=headers)
    assert (status, "keep-alerts" in told["message"]) == (404, True)

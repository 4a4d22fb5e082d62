"""What somebody sees of spaces who asks in none: those of its roles, and the alerts of those it may read."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.guarded import Guarded, guarded, key
from tests.unit.storage.samples import alert, run

from besra.service.space_routes import SPACES
from besra.storage.outcome import Outcome

ALERTS = ".alerts-security.alerts-"


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Guarded]:
    """A service with an alert in each of two spaces."""
    with guarded(tmp_path) as opened:
        lab = {"kibana.space_ids": ["lab"]}
        opened.service.stores.alerts.commit(Outcome(run(1), [alert(1), alert(2, **lab)]))
        yield opened


@pytest.mark.parametrize(
    ("roles", "seen", "read"),
    [
        ({"*": ["admin"]}, ["default", "lab"], {"a1", "a2"}),
        ({"*": ["viewer"]}, ["default", "lab"], {"a1", "a2"}),
        ({"default": ["viewer"]}, ["default"], {"a1"}),
        ({"default": ["viewer"], "lab": ["analyst"]}, ["default", "lab"], {"a1", "a2"}),
        ({"default": ["viewer"], "lab": ["ingest"]}, ["default", "lab"], {"a1"}),
        ({"lab": ["viewer"]}, ["lab"], None),
    ],
)
def test_who_sees_what(at: Guarded, roles: dict[str, list[str]], seen: list[str], read: set[str] | None) -> None:
    made = at.ask("POST", "/api/v1/keys", {"name": "k", "roles": roles}, headers=at.set_up())
    headers = key(made.json["encoded"])
    assert [space["id"] for space in at.ask("GET", SPACES, headers=headers).json] == seen
    for space in ("default", "lab"):
        answer = at.ask("GET", f"{SPACES}/{space}", headers=headers)
        assert answer.status == (200 if space in seen else 404)
        if space not in seen:
            nobody = at.ask("GET", f"{SPACES}/nix", headers=headers)
            assert answer.body == nobody.body.replace(b"nix", space.encode())
    if read is None:  # clients of Elasticsearch are in the space `default`
        assert at.ask("GET", f"/{ALERTS}lab/_search", headers=headers).status == 403
        return
    found = at.ask("GET", f"/{ALERTS}*/_search", headers=headers).json["hits"]["hits"]
    assert {hit["_id"] for hit in found} == read
    may = "a2" in read
    for method, path, good in (
        ("GET", "_search", 200),
        ("GET", "_count", 200),
        ("GET", "_doc/a2", 200),
        ("HEAD", "", 200),
    ):
        address = f"/{ALERTS}lab/{path}".rstrip("/")
        assert at.ask(method, address, headers=headers).status == (good if may else 404), address


def test_only_who_administers_all_spaces_changes_them(at: Guarded) -> None:
    admin = at.set_up()
    made = at.ask("POST", "/api/v1/keys", {"name": "k", "roles": {"lab": ["admin"]}}, headers=admin)
    headers = key(made.json["encoded"])
    for prefix in ("", "/s/lab"):
        for method, path in (("POST", SPACES), ("PUT", f"{SPACES}/lab"), ("DELETE", f"{SPACES}/lab")):
            assert at.ask(method, f"{prefix}{path}", {"id": "x", "name": "x"}, headers=headers).status == 403
    assert at.ask("POST", SPACES, {"id": "x", "name": "x"}, headers=admin).status == 200
    assert at.ask("GET", "/s/x/api/detection_engine/rules/_find", headers=admin).status == 200

"""Spaces over the API: made, changed and removed as in Kibana, and what keeps one from being removed."""

from pathlib import Path
from typing import Any

import pytest
from tests.asked import asked
from tests.rules_api import Api, api, rule
from tests.stores import spaces_of
from tests.unit.storage.samples import NOW, alert, run

from besra.service.answering import RequestError
from besra.service.rule_routes import RULES
from besra.service.space_routes import SPACES
from besra.service.spaces import Spaces
from besra.storage.alert_store import AlertStore
from besra.storage.exception_store import Kind
from besra.storage.outcome import Outcome
from besra.storage.space_alerts import SpaceAlerts
from besra.storage.workflow import Author, Status

ME = Author("me", NOW)
SOC = {"id": "soc", "name": "SOC", "description": "Ours", "color": "#aabbcc", "initials": "SO", "disabledFeatures": []}


@pytest.fixture
def served(tmp_path: Path) -> Any:
    with api(tmp_path / "alerts.sqlite") as opened:
        yield opened


def test_spaces_are_made_changed_and_removed(served: Api) -> None:
    (default,) = served.ask("GET", SPACES)
    assert (default["id"], default["_reserved"]) == ("default", True)
    assert served.ask("POST", SPACES, SOC) == SOC == served.ask("GET", f"{SPACES}/soc")
    assert [space["id"] for space in served.ask("GET", SPACES)] == ["default", "soc"]
    assert served.ask("POST", SPACES, SOC, 409)["message"].startswith("there is a space 'soc' already")
    changed = served.ask("PUT", f"{SPACES}/soc", {"id": "soc", "name": "Other"})
    assert changed == {"id": "soc", "name": "Other", "disabledFeatures": []}
    again = spaces_of(served.store)
    assert (again.ids, again.find("soc")) == (("default", "soc"), changed)
    served.ask("PUT", f"{SPACES}/default", {"name": "Main"})
    assert served.ask("GET", f"{SPACES}/default")["name"] == "Main"
    assert served.client.delete(f"{SPACES}/soc", headers={"kbn-xsrf": "x"}).status_code == 204
    for method in ("GET", "PUT", "DELETE"):
        served.ask(method, f"{SPACES}/soc", {"name": "x"} if method == "PUT" else None, 404)
    served.ask("DELETE", f"{SPACES}/default", status=400)
    assert spaces_of(served.store).ids == ("default",)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"id": "Soc"}, "`id` is lower case"),
        ({"id": ""}, "`id` is lower case"),
        ({"id": "*"}, "`id` is lower case"),
        ({"id": "a/b"}, "`id` is lower case"),
        ({"id": "a\n"}, "`id` is lower case"),
        ({"id": "a" * 101}, "100 characters at most"),
        ({"id": 7}, "`id` is lower case"),
        ({"name": " "}, "`name` is a text that is not empty"),
        ({"name": None}, "`name` is a text that is not empty"),
        ({"description": 1}, "`description` is a text"),
        ({"initials": "abc"}, "`initials` is a text of two characters at most"),
        ({"color": "red"}, "`color` is a colour such as #aabbcc"),
        ({"imageUrl": "https://example/x.png"}, "`imageUrl` is an image as a data URL"),
        ({"disabledFeatures": "all"}, "`disabledFeatures` is a list of texts"),
        ({"solution": "x"}, "`solution` is one of security"),
        ({"colour": "#aabbcc"}, "unknown member [colour]"),
    ],
)
def test_what_is_no_space(served: Api, given: dict[str, Any], said: str) -> None:
    assert said in served.ask("POST", SPACES, {**SOC, **given}, 400)["message"]
    assert len(served.ask("GET", SPACES)) == 1


def test_a_space_in_which_something_is_stays(served: Api) -> None:
    served.ask("POST", SPACES, SOC)
    made = served.ask("POST", f"/s/soc{RULES}", rule("r"))
    spaces = spaces_of(served.store)
    spaces.exceptions("soc").create(Kind.LIST, {"list_id": "l", "name": "l", "description": "l"}, ME)
    own = {"kibana.space_ids": ["soc"]}
    served.store.commit(Outcome(run(1, space="soc"), [alert(1, **own), alert(2, **own)]), Outcome(run(2), [alert(3)]))
    with pytest.raises(RequestError, match="1 rules, 1 exceptions, 2 alerts not closed: delete or close them"):
        spaces.remove("soc")
    spaces.exceptions("soc").create(Kind.LIST, {"list_id": "a", "name": "a", "namespace_type": "agnostic"}, ME)
    with pytest.raises(RequestError, match="1 rules, 1 exceptions"):
        spaces.remove("soc")
    spaces.holders.append(lambda space: "3 connectors" if space == "soc" else "")
    with pytest.raises(RequestError, match="has 3 connectors: delete"):
        spaces.remove("soc")
    spaces.holders.clear()
    served.ask("DELETE", f"/s/soc{RULES}?id={made['id']}")
    SpaceAlerts(served.store, "soc").set_status(["a1", "a2", "a3"], ME, Status.CLOSED)
    with pytest.raises(RequestError, match="has 1 exceptions:"):
        spaces.remove("soc")
    for key, document in served.store.exceptions.all().items():
        if key.space == "soc":
            served.store.exceptions.write({}, {}, [key])
            assert document["list_id"] == "l"
    spaces.remove("soc")
    served.store.commit(Outcome(run(4, space="soc"), [alert(4, **own)]))  # a run that ends late
    spaces.create(SOC)
    of_soc = spaces.alerts("soc")
    assert (of_soc.count(), of_soc.runs(), spaces.rules("soc").store.history("r")) == (0, (), [])
    assert list(served.store.alerts(["a1", "a3", "a4"])) == ["a3"]
    assert len(spaces.exceptions("default").all(Kind.LIST)) == 1, "what is known in all spaces stays"


def test_nothing_is_made_in_a_space_that_has_just_been_removed(tmp_path: Path) -> None:
    with AlertStore(tmp_path / "alerts.sqlite") as store:
        spaces = spaces_of(store)
        spaces.create(SOC)
        rules, exceptions = spaces.rules("soc"), spaces.exceptions("soc")
        spaces.remove("soc")
        for change in (
            lambda: rules.store,
            lambda: exceptions.create(Kind.LIST, {"list_id": "l", "name": "l"}, ME),
            lambda: spaces.rules("soc"),
        ):
            with pytest.raises(RequestError) as caught:
                change()
            assert caught.value.status == 404
        assert store.exceptions.all() == {}


def test_a_space_that_settings_name_is_there_and_stays(tmp_path: Path) -> None:
    with AlertStore(tmp_path / "alerts.sqlite") as store:
        spaces = Spaces(["default", "lab"])
        spaces.open(store)
        assert (spaces.ids, spaces.find("lab")["name"]) == (("default", "lab"), "lab")
        with pytest.raises(RequestError, match="the settings of the service name the space 'lab'"):
            spaces.remove("lab")
        later = spaces_of(store)
        assert later.ids == ("default", "lab"), "what was made in it is still there"
        later.remove("lab")


def test_the_rules_of_one_id_are_changed_by_themselves(served: Api) -> None:
    served.ask("POST", SPACES, SOC)
    ours = served.ask("POST", RULES, rule("r", name="ours"))
    theirs = served.ask("POST", f"/s/soc{RULES}", rule("r", name="theirs"))
    assert ours["id"] != theirs["id"]
    served.ask("POST", f"/s/soc{RULES}", rule("r"), 409)
    served.ask("PATCH", f"/s/soc{RULES}", {"rule_id": "r", "name": "changed"})
    served.ask("GET", f"{RULES}?id={theirs['id']}", status=404)
    assert [one["name"] for one in served.rules()] == ["ours"]
    (found,) = served.ask("GET", f"/s/soc{RULES}/_find")["data"]
    assert (found["name"], found["revision"], served.rules()[0]["revision"]) == ("changed", 1, 0)
    served.send(served.exported().replace("ours", "imported"), overwrite="true", path=f"/s/soc{RULES}/_import")
    assert [one["name"] for one in served.ask("GET", f"/s/soc{RULES}/_find")["data"]] == ["imported"]
    assert "imported" not in served.exported()
    served.ask("DELETE", f"/s/soc{RULES}?rule_id=r")
    assert [one["name"] for one in served.rules()] == ["ours"]
    again = spaces_of(served.store)
    assert [len(again.rules(space).entries) for space in again.ids] == [1, 0]


def test_agnostic_exceptions_are_known_in_all_spaces(tmp_path: Path) -> None:
    with AlertStore(tmp_path / "alerts.sqlite") as store:
        spaces = spaces_of(store)
        spaces.create(SOC)
        ours, theirs = spaces.exceptions("default"), spaces.exceptions("soc")
        single = {"list_id": "l", "name": "single", "description": "x"}
        mine = ours.create(Kind.LIST, single, ME)
        other = theirs.create(Kind.LIST, {**single, "name": "theirs"}, ME)
        everywhere = theirs.create(Kind.LIST, {**single, "name": "all", "namespace_type": "agnostic"}, ME)
        assert mine["id"] != other["id"]
        assert [one["name"] for one in ours.all(Kind.LIST)] == ["single", "all"]
        assert [one["name"] for one in theirs.all(Kind.LIST)] == ["theirs", "all"]
        with pytest.raises(RequestError, match="already"):
            ours.create(Kind.LIST, {**single, "namespace_type": "agnostic"}, ME)
        again = spaces_of(store)
        assert again.exceptions("soc").all(Kind.LIST) == [other, everywhere]


def test_an_unknown_space_is_told_whatever_is_asked(served: Api) -> None:
    for space in ("soc", "DEFAULT", "%2e%2e", "*"):
        status, answer = asked(served.client.app, "GET", f"/s/{space}{RULES}/_find")
        assert (status, answer["status_code"]) == (404, 404)

"""Rules tried on stored events: the alerts of scheduled runs, and of none of them."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from tests.asked import asked
from tests.exceptions import item, reference
from tests.rules_api import rule
from tests.simulation import MINUTE, SECOND, START, Process, World, document, rule_text, rules_of
from tests.stores import spaces_of

from besra.rules.exception_loading import NO_FILES
from besra.schema.timestamp import format_timestamp
from besra.service import preview
from besra.service.listed_values import ListedValues
from besra.service.preview import Previews
from besra.service.preview_routes import PATH, Surroundings, preview_routes
from besra.service.preview_search import preview_search_routes
from besra.service.routing import routes_of
from besra.service.search_routes import search_routes
from besra.service.searching import Searching
from besra.storage.event_rows import EventReader
from besra.storage.exception_store import Kind
from besra.storage.workflow import Author

INDEX = "/.preview.alerts-security.alerts-default"
EVERY_MINUTE = {"interval": "1m", "from": "now-1m", "query": 'process where process.name == "a"'}


class Trying:
    """Somebody who tries rules on the events of a service."""

    def __init__(self, process: Process, folder: Path) -> None:
        self.process, self.now = process, process.world.now
        spaces = spaces_of(process.stores.alerts)
        self.spaces = spaces
        self.exceptions, self.lists, self.rules = spaces.exceptions("default"), spaces.lists, spaces.rules("default")
        self.previews = Previews(folder, process.stores.events, lambda: self.now)
        among = Surroundings(spaces, NO_FILES, True)
        searching = Searching(EventReader(folder / "events", folder))
        told = [
            *preview_routes(self.previews, among, lambda: self.now),
            *preview_search_routes(self.previews, spaces, searching, lambda: self.now),
            *search_routes(searching, spaces, lambda: self.now),
        ]
        self.app = Starlette(routes=routes_of(told))

    def ask(self, fields: dict[str, Any], count: Any = 3, status: int = 200, **more: Any) -> Any:
        body = {**rule(None, **fields), "invocationCount": count, "timeframeEnd": format_timestamp(self.now), **more}
        code, told = asked(self.app, "POST", PATH, body, {"x-besra-user": "ann"})
        assert code == status, told
        return told

    def found(self, id_: str | None = None, path: str = INDEX) -> list[Any]:
        body: dict[str, Any] = {"size": 1000, "sort": [{"kibana.alert.original_time": "asc"}]}
        if id_:
            body["query"] = {"term": {"kibana.alert.rule.uuid": id_}}
        code, told = asked(self.app, "POST", f"{path}/_search", body)
        assert code == 200, told
        return list(told["hits"]["hits"])


@pytest.fixture
def trying(tmp_path: Path) -> Iterator[Trying]:
    """Three minutes in each of which something happened."""
    world = World(tmp_path / "data", rules_of(tmp_path / "rules", rule_text("real", "process where true")))
    with world.up() as process:
        events = [
            (START + at * SECOND, document(START + at * SECOND, **{"process.name": name, "host.name": "h"}))
            for at, name in ((30, "a"), (90, "b"), (100, "a"), (150, "a"))
        ]
        process.passes(3 * MINUTE, arriving=events)
        yield Trying(process, world.folder)


def test_a_rule_is_run_as_its_schedule_would_have_run_it(trying: Trying) -> None:
    told = trying.ask(EVERY_MINUTE)
    assert (told["isAborted"], [log["errors"] + log["warnings"] for log in told["logs"]]) == (False, [[], [], []])
    starts = [format_timestamp(trying.now - back * MINUTE) for back in (2, 1, 0)]
    assert [log["startedAt"] for log in told["logs"]] == starts
    hits = trying.found(told["previewId"])
    assert [hit["_index"] for hit in hits] == [INDEX[1:]] * 3
    alerts = [hit["_source"] for hit in hits]
    assert [alert["kibana.alert.rule.execution.type"] for alert in alerts] == ["scheduled"] * 3
    # Each is of the run whose window its event lies in.
    assert [alert["@timestamp"] for alert in alerts] == starts
    assert {alert["kibana.alert.rule.uuid"] for alert in alerts} == {told["previewId"]}


def test_real_alerts_and_those_of_trials_do_not_mix(trying: Trying) -> None:
    real = {hit["_id"] for hit in trying.found(path="/.alerts-security.alerts-default")}
    assert len(real) == 4
    first, second = trying.ask(EVERY_MINUTE)["previewId"], trying.ask(EVERY_MINUTE, count=1)["previewId"]
    assert {hit["_id"] for hit in trying.found(path="/.alerts-security.alerts-default")} == real
    assert (len(trying.found(first)), len(trying.found(second)), len(trying.found())) == (3, 1, 4)
    assert len(trying.found(path="/.preview.alerts-*")) == 4
    assert asked(trying.app, "GET", f"{INDEX}/_count")[1]["count"] == 4
    assert trying.process.stores.alerts.runs("real")
    assert not trying.process.stores.alerts.runs(first)
    code, told = asked(trying.app, "POST", f"{INDEX},logs-*/_search", {})
    assert (code, "previews and something else" in told["error"]["reason"]) == (400, True)


def test_suppression_goes_on_from_run_to_run(trying: Trying) -> None:
    suppression = {"group_by": ["host.name"], "duration": {"value": 1, "unit": "h"}}
    told = trying.ask({**EVERY_MINUTE, "alert_suppression": suppression})
    (hit,) = trying.found(told["previewId"])
    assert hit["_source"]["kibana.alert.suppression.docs_count"] == 2


def test_exceptions_and_value_lists_count(trying: Trying) -> None:
    me = Author("me", START)
    trying.lists.create("default", {"id": "tools", "name": "n", "description": "d", "type": "keyword"}, me)
    entry = {"type": "list", "field": "process.name", "list": {"id": "tools", "type": "keyword"}}
    trying.exceptions.create(Kind.LIST, {"list_id": "known-tools"}, me)
    trying.exceptions.create(Kind.ITEM, item(entry), me)
    named = {**EVERY_MINUTE, "exceptions_list": [reference("known-tools")]}
    assert len(trying.found(trying.ask(named)["previewId"])) == 3
    ListedValues(trying.lists, "default").add({"list_id": "tools", "value": "a"}, me)
    assert trying.found(trying.ask(named)["previewId"]) == []


def test_what_is_found_is_kept_for_a_while(trying: Trying, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "MOST_KEPT", 2)
    ids = [trying.ask(EVERY_MINUTE)["previewId"] for _ in range(3)]
    assert [len(trying.found(id_)) for id_ in ids] == [0, 3, 3]
    trying.now += 61 * MINUTE
    assert trying.found() == []
    trying.previews.close()
    assert not list(trying.process.world.folder.glob("previews*"))


def test_a_trial_ends_when_its_time_is_over_or_it_finds_too_much(
    trying: Trying, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(preview, "SECONDS", -1.0)
        told = trying.ask(EVERY_MINUTE)
    assert (told["isAborted"], "longer than" in told["logs"][-1]["errors"][0]) == (True, True)
    with monkeypatch.context() as patch:
        patch.setattr(preview, "MOST_ALERTS", 1)
        told = trying.ask(EVERY_MINUTE)
    assert (told["isAborted"], "more than 1 alerts" in told["logs"][-1]["errors"][0]) == (True, True)
    assert len(trying.found(told["previewId"])) == 2


def test_one_asker_has_one_trial_at_a_time(trying: Trying, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, go_on = threading.Event(), threading.Event()
    read = trying.process.stores.events.read

    def slow(*given: Any, **more: Any) -> Any:
        inside.set()
        assert go_on.wait(30)
        return read(*given, **more)

    monkeypatch.setattr(trying.process.stores.events, "read", slow)
    thread = threading.Thread(target=trying.ask, args=(EVERY_MINUTE,))
    thread.start()
    assert inside.wait(30)
    assert "a preview of yours" in trying.ask(EVERY_MINUTE, status=429)["message"]
    go_on.set()
    thread.join()
    trying.ask(EVERY_MINUTE)


@pytest.mark.parametrize(
    ("fields", "count", "more", "said"),
    [
        (EVERY_MINUTE, 0, {}, "invocationCount"),
        (EVERY_MINUTE, 1001, {}, "invocationCount"),
        (EVERY_MINUTE, True, {}, "invocationCount"),
        (EVERY_MINUTE, 1, {"timeframeEnd": "soon"}, "timeframeEnd"),
        (EVERY_MINUTE, 1, {"timeframeEnd": "2999-01-01T00:00:00Z"}, "timeframeEnd"),
        ({"query": "process where"}, 1, {}, "line 1"),
    ],
)
def test_what_is_refused(trying: Trying, fields: Any, count: Any, more: Any, said: str) -> None:
    assert said in trying.ask(fields, count, 400, **more)["message"]


def test_a_rule_besra_cannot_run_says_why(trying: Trying) -> None:
    fields = {"type": "machine_learning", "anomaly_threshold": 50, "machine_learning_job_id": "x"}
    body = {key: value for key, value in rule(None, **fields).items() if key not in ("query", "language", "index")}
    code, told = asked(trying.app, "POST", PATH, {**body, "invocationCount": 1}, {"x-besra-user": "ann"})
    assert (code, bool(told["logs"][0]["errors"]), told["isAborted"]) == (200, True, False)


def test_alerts_are_not_looked_through_and_that_is_said(trying: Trying) -> None:
    assert "in alerts" in trying.ask({**EVERY_MINUTE, "index": [".alerts-security.*"]})["besra"]["note"]


def test_windows_are_those_of_the_schedule(trying: Trying) -> None:
    """A run sees what lies in its window: with a look-back of two minutes each event is seen twice, and told once."""
    told = trying.ask({**EVERY_MINUTE, "from": "now-2m"})
    assert len(trying.found(told["previewId"])) == 3

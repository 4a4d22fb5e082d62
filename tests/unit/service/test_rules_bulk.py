"""One action on many rules: done where it can be, and told where not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.exceptions import item
from tests.rules_api import XSRF, Api, api, rule
from tests.simulation import rule_text

from besra.service.exception_copies import reference_to
from besra.service.rule_routes import RULES
from besra.storage.exception_store import Kind
from besra.storage.gap_log import GapKind
from besra.storage.workflow import Author

BULK = f"{RULES}/_bulk_action"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Api]:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "file.toml").write_text(rule_text("of-a-file", 'any where event.action == "x"'), "utf-8")
    with api(tmp_path / "alerts.sqlite", folder) as running:
        running.ask("POST", RULES, rule("a", tags=["lab"]))
        running.ask("POST", RULES, rule("b", enabled=False))
        yield running


def ids(served: Api, *rule_ids: str) -> list[str]:
    return [one["id"] for one in served.rules() if one["rule_id"] in rule_ids]


def summary(told: Any) -> tuple[int, int, int]:
    found = told["attributes"]["summary"]
    assert found["total"] == found["succeeded"] + found["skipped"] + found["failed"]
    return found["succeeded"], found["skipped"], found["failed"]


def test_all_are_switched_off_and_on_with_those_of_files(served: Api) -> None:
    told = served.ask("POST", BULK, {"action": "disable", "query": ""})
    assert (told["success"], told["rules_count"], summary(told)) == (True, 3, (2, 1, 0))
    assert told["attributes"]["results"]["skipped"][0]["skip_reason"] == "RULE_NOT_MODIFIED"
    assert [one["enabled"] for one in served.rules()] == [False] * 3
    told = served.ask("POST", BULK, {"action": "enable", "query": "not alert.attributes.tags: lab"})
    assert [one["rule_id"] for one in told["attributes"]["results"]["updated"]] == ["of-a-file", "b"]
    assert [one["enabled"] for one in served.rules()] == [True, False, True]
    served.book.open(served.store.rules())
    served.book.merged(served.files)
    assert [one["enabled"] for one in served.rules()] == [True, False, True]


def test_what_cannot_be_deleted_is_told_and_the_rest_is(served: Api) -> None:
    chosen = [*ids(served, "a", "of-a-file"), "nobody"]
    dry = served.ask("POST", BULK, {"action": "delete", "ids": chosen}, 500, params={"dry_run": "true"})
    assert (summary(dry), len(served.rules())) == ((1, 0, 2), 3)
    told = served.ask("POST", BULK, {"action": "delete", "ids": chosen}, 500)
    assert (told["message"], told["status_code"], summary(told)) == ("Bulk edit partially failed", 500, (1, 0, 2))
    assert [one["status_code"] for one in told["attributes"]["errors"]] == [403, 404]
    assert "file.toml" in told["attributes"]["errors"][0]["message"]
    assert [one["rule_id"] for one in told["attributes"]["results"]["deleted"]] == ["a"]
    assert [one["rule_id"] for one in served.rules()] == ["of-a-file", "b"]


def test_copies_may_be_changed_also_those_of_rules_of_files(served: Api) -> None:
    told = served.ask("POST", BULK, {"action": "duplicate", "ids": ids(served, "of-a-file", "a")})
    made = told["attributes"]["results"]["created"]
    assert [one["name"] for one in made] == ["of-a-file [Duplicate]", "rule a [Duplicate]"]
    assert {one["besra"]["source"] for one in made} == {"api"}
    assert [(one["enabled"], one["immutable"]) for one in made] == [(False, False)] * 2
    assert served.ask("PATCH", RULES, {"id": made[0]["id"], "name": "mine"})["name"] == "mine"


def test_tags_and_index_patterns_are_edited(served: Api) -> None:
    edits = [
        {"type": "add_tags", "value": ["lab", "new"]},
        {"type": "delete_index_patterns", "value": ["none"]},
        {"type": "add_index_patterns", "value": ["metrics-*"]},
    ]
    chosen = ids(served, "a", "b", "of-a-file")
    dry = served.ask("POST", BULK, {"action": "edit", "ids": chosen, "edit": edits}, 500, params={"dry_run": "true"})
    assert (summary(dry), served.rules()[1]["tags"]) == ((2, 0, 1), ["lab"])
    served.ask("POST", BULK, {"action": "edit", "ids": chosen, "edit": edits}, 500)
    assert [(one["tags"], one["index"], one["revision"]) for one in served.rules()[1:]] == [
        (["lab", "new"], ["logs-*", "metrics-*"], 1),
        (["lab", "new"], ["logs-*", "metrics-*"], 1),
    ]
    again = served.ask("POST", BULK, {"action": "edit", "ids": ids(served, "a", "b"), "edit": edits})
    assert summary(again) == (0, 2, 0)
    set_ = [{"type": "set_tags", "value": ["x"]}, {"type": "delete_index_patterns", "value": ["logs-*", "metrics-*"]}]
    told = served.ask("POST", BULK, {"action": "edit", "ids": ids(served, "a"), "edit": set_}, 500)
    assert "would read everything" in told["attributes"]["errors"][0]["message"]


def edited(served: Api, rule_id: str, kind: str, value: Any = None, status: int = 200, **more: Any) -> Any:
    """The rule after an edit, or else the first error."""
    edit = [{"type": kind, "value": value, **more}]
    told = served.ask("POST", BULK, {"action": "edit", "ids": ids(served, rule_id), "edit": edit}, status)["attributes"]
    assert len(told["results"]["skipped"]) + len(told["results"]["updated"]) == (status == 200)
    return told["results"]["updated"][0] if told["results"]["updated"] else told.get("errors")


def test_schedules_and_timelines_are_edited(served: Api) -> None:
    served.ask("PATCH", RULES, {"rule_id": "a", "meta": {"from": "1m", "team": "x"}, "to": "now"})
    told = edited(served, "a", "set_schedule", {"interval": "2m", "lookback": "90s"})
    assert (told["interval"], told["from"], told["to"], told["meta"]) == (
        "2m",
        "now-210s",
        "now",
        {"from": "90s", "team": "x"},
    )
    told = edited(served, "b", "set_schedule", {"interval": "1h", "lookback": "5m"})
    assert (told["from"], "meta" in told) == ("now-3900s", False)
    assert edited(served, "b", "set_schedule", {"interval": "1h", "lookback": "5m"}) is None
    both = {"timeline_id": "t", "timeline_title": "T"}
    assert both.items() <= edited(served, "a", "set_timeline", both).items()
    assert edited(served, "a", "set_timeline", both) is None
    assert "timeline_id" not in edited(served, "a", "set_timeline", {"timeline_id": "", "timeline_title": ""})


def test_fields_to_look_at_are_edited(served: Api) -> None:
    kind = "investigation_fields"
    both = {"field_names": ["host.name", "user.name"]}
    assert edited(served, "a", f"set_{kind}", both)[kind] == both
    assert edited(served, "a", f"add_{kind}", {"field_names": ["user.name"]}) is None
    assert edited(served, "a", f"delete_{kind}", {"field_names": ["user.name", "x"]})[kind]["field_names"] == [
        "host.name"
    ]
    assert kind not in edited(served, "a", f"delete_{kind}", both)
    assert edited(served, "a", f"delete_{kind}", both) is None


def test_actions_are_edited(served: Api) -> None:
    hook = {"id": "hook", "action_type_id": ".webhook", "params": {"body": "{}"}}
    told = edited(served, "a", "add_rule_actions", {"actions": [hook], "throttle": "1h"})
    assert (told["actions"], told["throttle"]) == ([{"group": "default", **hook}], "1h")
    assert edited(served, "a", "add_rule_actions", {"actions": [hook]}) is None
    other = {**hook, "id": "other"}
    assert [one["id"] for one in edited(served, "a", "add_rule_actions", {"actions": [other]})["actions"]] == [
        "hook",
        "other",
    ]
    assert edited(served, "a", "set_rule_actions", {"actions": []})["actions"] == []


def test_suppression_is_edited_by_the_type_of_the_rule(served: Api) -> None:
    threshold = {"type": "threshold", "language": "kuery", "query": "x: 1", "threshold": {"field": [], "value": 2}}
    served.ask("POST", RULES, rule("t", **threshold))
    by_host, time = {"group_by": ["host.name"]}, {"duration": {"value": 5, "unit": "m"}}
    told = edited(served, "a", "set_alert_suppression", by_host)
    assert told["alert_suppression"] == {**by_host, "missing_fields_strategy": "suppress"}
    assert edited(served, "t", "set_alert_suppression_for_threshold", time)["alert_suppression"] == time
    assert "not for rules" in edited(served, "t", "set_alert_suppression", by_host, 500)[0]["message"]
    assert "not for rules" in edited(served, "a", "set_alert_suppression_for_threshold", time, 500)[0]["message"]
    assert "group_by" in edited(served, "a", "set_alert_suppression", {"group_by": []}, 500)[0]["message"]
    assert "alert_suppression" not in edited(served, "a", "delete_alert_suppression")
    assert edited(served, "a", "delete_alert_suppression") is None


def test_a_data_view_gives_way_to_patterns_only_where_that_is_said(served: Api) -> None:
    served.ask("POST", RULES, {key: value for key, value in rule("v", data_view_id="dv").items() if key != "index"})
    assert edited(served, "v", "add_index_patterns", ["logs-*"]) is None
    told = edited(served, "v", "add_index_patterns", ["logs-*"], overwrite_data_views=True)
    assert (told["index"], "data_view_id" in told) == (["logs-*"], False)


def test_copies_have_exceptions_of_their_own_where_the_rule_has(served: Api) -> None:
    me = Author("me", 0)
    own = served.exceptions.create(Kind.LIST, {"list_id": "own", "name": "Own", "type": "rule_default"}, me)
    shared = served.exceptions.create(Kind.LIST, {"list_id": "shared"}, me)
    for name, more in (("lasting", {}), ("over", {"expire_time": "2020-01-01T00:00:00Z"})):
        entry = {"type": "exists", "field": "x"}
        served.exceptions.create(Kind.ITEM, item(entry, item_id=name, list_id="own", **more), me)
    served.ask("PATCH", RULES, {"rule_id": "a", "exceptions_list": [reference_to(own), reference_to(shared)]})

    def copy(**how: bool) -> list[tuple[str, list[str]]]:
        """The lists of a copy, with the ids of their items."""
        body = {"action": "duplicate", "ids": ids(served, "a"), **({"duplicate": how} if how else {})}
        (made,) = served.ask("POST", BULK, body)["attributes"]["results"]["created"]
        lists = [one["list_id"] for one in made["exceptions_list"]]
        return [(name, [one["item_id"] for one in served.exceptions.all(Kind.ITEM, list_id=name)]) for name in lists]

    (mine, items), other = copy()
    assert (mine != "own", len(items), "over" in items, other) == (True, 2, False, ("shared", []))
    (_, items), _ = copy(include_exceptions=True, include_expired_exceptions=False)
    assert len(items) == 1
    assert copy(include_exceptions=False) == []


def test_runs_over_the_past_are_asked_for(served: Api) -> None:
    time = {"start_date": "now-2h", "end_date": "now-1h"}
    body = {"action": "run", "ids": ids(served, "a", "b"), "run": time}
    dry = served.ask("POST", BULK, body, 500, params={"dry_run": "true"})
    assert (summary(dry), served.store.gaps()) == ((1, 0, 1), ())
    told = served.ask("POST", BULK, body, 500)
    assert (summary(told), "switched off" in told["attributes"]["errors"][0]["message"]) == ((1, 0, 1), True)
    (gap,) = served.store.gaps()
    assert (gap.rule_uuid, gap.time.length, gap.kind) == (ids(served, "a")[0], 3600 * 10**9, GapKind.ASKED)
    for _ in range(9):
        served.ask("POST", BULK, {**body, "ids": ids(served, "a")})
    many = served.ask("POST", BULK, {**body, "ids": ids(served, "a")}, 500)
    assert "wait for the rule already" in many["attributes"]["errors"][0]["message"]


def test_chosen_rules_are_exported(served: Api) -> None:
    answer = served.client.post(BULK, json={"action": "export", "ids": ids(served, "a")}, headers=XSRF)
    assert answer.headers["content-type"].startswith("application/ndjson")
    first, last = answer.text.splitlines()
    assert '"rule_id":"a"' in first
    assert '"exported_rules_count":1' in last


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"action": "fill"}, "action is one of"),
        ({"action": "run"}, "start_date is a date"),
        ({"action": "run", "run": {"start_date": "now-91d"}}, "90 days"),
        ({"action": "run", "run": {"start_date": "now-1d", "end_date": "now+1h"}}, "not in the future"),
        ({"action": "run", "run": {"start_date": "now-x"}}, "start_date"),
        ({"action": "duplicate", "duplicate": {"include_exceptions": 1}}, "include_exceptions"),
        ({"action": "enable", "ids": [], "query": ""}, "Both query and ids"),
        ({"action": "enable", "ids": "x"}, "ids is a list"),
        ({"action": "enable", "query": 1}, "query is a text"),
        ({"action": "enable", "query": "a: ("}, "filter: "),
        ({"action": "edit", "ids": []}, "edit is a list"),
        ({"action": "edit", "ids": [], "edit": [{"type": "set_title", "value": {}}]}, "no edit of the type"),
        ({"action": "edit", "ids": [], "edit": [{"type": "set_timeline", "value": {}}]}, "timeline_id"),
        ({"action": "edit", "ids": [], "edit": [{"type": "set_schedule", "value": {"interval": "5m"}}]}, "lookback"),
        ({"action": "edit", "ids": [], "edit": [{"type": "set_schedule", "value": 5}]}, "lookback"),
        (
            {"action": "edit", "ids": [], "edit": [{"type": "add_rule_actions", "value": {"actions": [{}]}}]},
            "the id of",
        ),
        ({"action": "edit", "ids": [], "edit": [{"type": "set_alert_suppression", "value": []}]}, "group_by"),
        ({"action": "edit", "ids": [], "edit": [{"type": "add_investigation_fields", "value": ["x"]}]}, "field_names"),
        ({"action": "edit", "ids": [], "edit": [{"type": "set_tags", "value": "x"}]}, "a list of texts"),
    ],
)
def test_what_cannot_be_done_is_said(served: Api, body: Any, said: str) -> None:
    assert said in served.ask("POST", BULK, body, 400)["message"]

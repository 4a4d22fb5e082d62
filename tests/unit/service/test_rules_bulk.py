"""One action on many rules: done where it can be, and told where not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.rules_api import XSRF, Api, api, rule
from tests.simulation import rule_text

from besra.service.rule_routes import RULES

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


def test_chosen_rules_are_exported(served: Api) -> None:
    answer = served.client.post(BULK, json={"action": "export", "ids": ids(served, "a")}, headers=XSRF)
    assert answer.headers["content-type"].startswith("application/ndjson")
    first, last = answer.text.splitlines()
    assert '"rule_id":"a"' in first
    assert '"exported_rules_count":1' in last


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"action": "run"}, "action is one of"),
        ({"action": "enable", "ids": [], "query": ""}, "Both query and ids"),
        ({"action": "enable", "ids": "x"}, "ids is a list"),
        ({"action": "enable", "query": 1}, "query is a text"),
        ({"action": "enable", "query": "a: ("}, "filter: "),
        ({"action": "edit", "ids": []}, "edit is a list"),
        ({"action": "edit", "ids": [], "edit": [{"type": "set_timeline", "value": {}}]}, "no edit of the type"),
        ({"action": "edit", "ids": [], "edit": [{"type": "set_tags", "value": "x"}]}, "a list of texts"),
    ],
)
def test_what_cannot_be_done_is_said(served: Api, body: Any, said: str) -> None:
    assert said in served.ask("POST", BULK, body, 400)["message"]

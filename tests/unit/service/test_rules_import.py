"""Rules imported and exported over the API come back as they went in."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from tests.property.test_rule_round_trip import FIELDS, TYPE_NAMES, canonical
from tests.rules_api import XSRF, Api, api, rule
from tests.shared import SHARED, needs_shared
from tests.simulation import rule_text
from tests.unit.rules.exception_samples import CONTAINER, ITEM
from tests.unit.rules.samples import TYPES, rule_of

from besra.rules.cache import load_remembered
from besra.rules.ndjson import parse_ndjson, rule_to_json, rules_to_ndjson
from besra.rules.toml import parse_toml, rule_to_toml
from besra.service.rule_routes import RULES
from besra.storage.exception_store import Kind

CONNECTOR = {"id": "c", "type": "action", "attributes": {"actionTypeId": ".slack", "name": "chat"}}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Api]:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "file.toml").write_text(rule_text("of-a-file", 'any where event.action == "x"'), "utf-8")
    with api(tmp_path / "alerts.sqlite", folder) as running:
        yield running


def lines(*values: Any) -> str:
    return "".join(f"{json.dumps(value)}\n" for value in values)


def rules_of(text: str) -> list[Any]:
    """The rules of an export."""
    return [value for value in map(json.loads, text.rstrip("\n").split("\n")) if "rule_id" in value]


def test_what_is_imported_is_exported(served: Api) -> None:
    rules = [rule("a", unknown={"x": 1.0}), rule("b", enabled=True), rule("c", enabled=False, meta={"k": [None]})]
    told = served.send(lines(*rules, {"exported_count": 3}))
    assert (told["success"], told["success_count"], told["rules_count"], told["errors"]) == (True, 3, 3, [])
    text = served.exported(["c", "a", "b", "none"])
    assert rules_of(text) == [rules[2], rules[0], rules[1]]
    summary = json.loads(text.splitlines()[-1])
    assert (summary["exported_rules_count"], summary["missing_rules"]) == (3, [{"rule_id": "none"}])
    assert len(served.exported(exclude_export_details="true").splitlines()) == 4
    answer = served.client.post(f"/s/default{RULES}/_export?file_name=x.ndjson", headers=XSRF)
    assert answer.headers["content-disposition"] == 'attachment; filename="x.ndjson"'


def test_the_same_import_again_changes_nothing(served: Api) -> None:
    text = lines(rule("a"), rule("b"))
    served.send(text)
    before = served.rules()
    assert served.send(text, overwrite="true")["success_count"] == 2
    assert served.rules() == before
    told = served.send(text)
    assert (told["success"], told["success_count"]) == (False, 0)
    assert told["errors"][0] == {
        "rule_id": "a",
        "error": {"status_code": 409, "message": 'rule_id: "a" already exists'},
    }
    served.send(lines(rule("a", name="other", enabled=False)), overwrite="true")
    (changed,) = [one for one in served.rules() if one["rule_id"] == "a"]
    assert (changed["name"], changed["revision"], changed["enabled"]) == ("other", 1, False)
    assert changed["id"] == next(one["id"] for one in before if one["rule_id"] == "a")


def test_false_in_the_place_of_zero_is_a_change(served: Api) -> None:
    for value in (0, 0.0, False):
        served.send(lines(rule("a", own=value)), overwrite="true")
        (found,) = rules_of(served.exported(["a"]))
        assert canonical(found["own"]) == canonical(value)
    assert served.ask("GET", RULES, params={"rule_id": "a"})["revision"] == 2


def test_bad_lines_stop_no_other(served: Api) -> None:
    text = lines(rule("a"), rule("b", severity="x"), {"what": 1}, rule("of-a-file")) + "{broken\n" + lines(rule("z"))
    told = served.send(text, overwrite="true")
    assert (told["success"], told["success_count"], told["rules_count"]) == (False, 2, 6)
    errors = {one["rule_id"]: one["error"] for one in told["errors"]}
    assert errors["b"]["status_code"] == 400
    assert "line 2" in errors["b"]["message"]
    assert errors["of-a-file"]["status_code"] == 403
    assert [one["error"]["status_code"] for one in told["errors"]] == [400, 400, 400, 403]
    assert [one["rule_id"] for one in served.rules()] == ["of-a-file", "a", "z"]


def test_of_two_rules_of_one_id_the_first_counts_or_the_last(served: Api) -> None:
    text = lines(rule("a", name="first"), rule("a", name="last"))
    told = served.send(text)
    assert [one["error"]["message"] for one in told["errors"]] == ['rule_id: "a" is in the file twice']
    assert served.ask("GET", RULES, params={"rule_id": "a"})["name"] == "first"
    assert served.send(text, overwrite="true")["success"]
    assert served.ask("GET", RULES, params={"rule_id": "a"})["name"] == "last"


def test_exceptions_go_along_with_the_rules_that_name_them(served: Api) -> None:
    names = [
        {"id": "x", "list_id": name, "type": "detection", "namespace_type": "single"} for name in ("known", "none")
    ]
    other = {**CONTAINER, "list_id": "known"}
    mine = [{**ITEM, "list_id": "known", "item_id": name, "comments": [{"comment": "asked for"}]} for name in "ab"]
    told = served.send(lines(rule("a", exceptions_list=names), rule("b"), CONTAINER, ITEM, other, *mine))
    assert (told["success"], told["exceptions_success_count"]) == (True, 5)
    assert len(served.exported(["b"]).splitlines()) == 2
    exported = [json.loads(line) for line in served.exported(["a"]).splitlines()]
    assert [one.get("item_id", one.get("list_id", one.get("rule_id"))) for one in exported[:-1]] == [
        "a",
        "known",
        "a",
        "b",
    ]
    summary = exported[-1]
    assert (summary["exported_count"], summary["exported_exception_list_count"]) == (4, 1)
    assert summary["exported_exception_list_item_count"] == 2
    assert summary["missing_exception_lists"] == [{"list_id": "none", "namespace_type": "single"}]
    # What is exported is imported, and changes nothing: neither rules nor exceptions get another version.
    text, before = served.exported(["a", "b"]), served.exceptions.all(Kind.ITEM)
    again = served.send(text, overwrite="true", overwrite_exceptions="true", overwrite_action_connectors="true")
    assert (again["success"], again["exceptions_success"], again["exceptions_success_count"]) == (True, True, 3)
    assert (served.exported(["a", "b"]), served.exceptions.all(Kind.ITEM)) == (text, before)
    changed = [{**one, "name": "other"} for one in mine]
    served.send(lines(*changed), overwrite_exceptions="true")
    assert [one["name"] for one in served.exceptions.all(Kind.ITEM, list_id="known")] == ["other", "other"]


def test_exceptions_are_taken_and_connectors_told_of(served: Api) -> None:
    told = served.send(lines(rule("a"), CONTAINER, ITEM, CONNECTOR))
    assert (told["success"], told["success_count"], told["errors"]) == (True, 1, [])
    assert (told["exceptions_success"], told["exceptions_success_count"]) == (True, 2)
    again = served.send(lines(CONTAINER, ITEM))
    assert (again["success"], again["exceptions_success"], again["exceptions_success_count"]) == (True, False, 0)
    assert [one["list_id"] for one in again["exceptions_errors"]] == [CONTAINER["list_id"], ITEM["list_id"]]
    assert served.send(lines(CONTAINER, ITEM), overwrite_exceptions="true")["exceptions_success_count"] == 2
    assert (told["action_connectors_success"], told["action_connectors_success_count"]) == (True, 1)
    assert [one["type"] for one in told["action_connectors_warnings"]] == ["action_required"]


def test_connectors_go_along_with_the_rules_that_name_them(served: Api) -> None:
    action = {"id": CONNECTOR["id"], "action_type_id": ".slack", "group": "default", "params": {"message": "m"}}
    others = [{**action, "id": "nobody"}]
    served.send(lines(rule("a", actions=[action, action]), rule("b", actions=others), rule("c"), CONNECTOR))
    exported = [json.loads(line) for line in served.exported().splitlines()]
    (line,) = (one for one in exported if one.get("type") == "action")
    assert (line["id"], line["attributes"]["isMissingSecrets"]) == (CONNECTOR["id"], True)
    assert line["attributes"]["name"] == CONNECTOR["attributes"]["name"]
    summary = exported[-1]
    assert summary["exported_action_connector_count"] == 1
    assert summary["exported_count"] == len(exported) - 1
    assert summary["missing_action_connections"] == [{"id": "nobody", "type": "action"}]
    again = served.send(served.exported(["a", "b"]), overwrite="true", overwrite_action_connectors="true")
    assert (again["success"], again["action_connectors_success_count"]) == (True, 1)
    wrong = {**CONNECTOR, "id": "x", "attributes": {"actionTypeId": ".fax", "name": "Fax"}}
    assert served.send(lines(wrong))["action_connectors_errors"][0]["id"] == "x"


def test_what_is_no_form_with_a_file_is_refused(served: Api) -> None:
    path = f"{RULES}/_import"
    for content, kind, status in (
        (b"{}", "application/json", 415),
        (b"x", "multipart/form-data", 400),
        (b"x", "multipart/form-data; boundary=b", 400),
        (b"--b\r\nbroken\r\n", "multipart/form-data; boundary=b", 400),
        (
            b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\na\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
            400,
        ),
    ):
        answer = served.client.post(path, content=content, headers={**XSRF, "Content-Type": kind})
        assert (answer.status_code, answer.json()["status_code"]) == (status, status)
    assert "UTF-8" in served.send(b"\xff", 400)["message"]
    assert "overwrite is true or false" in served.send("{}", 400, overwrite="yes")["message"]
    assert "objects" in served.ask("POST", f"{RULES}/_export", {"objects": ["a"]}, 400)["message"]


@pytest.mark.parametrize("space", ["", "/s/default"])
def test_the_requests_of_elastics_own_client(served: Api, space: str) -> None:
    """See `components.md` 3: it looks at the status, imports a form it writes itself, and exports what had no error."""
    assert served.ask("GET", f"{space}/api/status")["version"]["number"]
    assert "default" in [one["id"] for one in served.ask("GET", f"{space}/api/spaces/space")]
    rules = [rule("a", note="\x85 \u2028"), rule("b", severity="none")]
    data = "\n".join(json.dumps(one) for one in rules) + "\n"
    head = '------b\r\nContent-Disposition: form-data; name="file"; filename="import.ndjson"\r\n'
    body = f"{head}Content-Type: application/x-ndjson\r\n\r\n{data}\r\n------b--\r\n".encode()
    kind = {"content-type": "multipart/form-data; boundary=----b", **XSRF}
    params = {"overwrite": "true", "overwrite_exceptions": "false", "overwrite_action_connectors": "false"}
    answer = served.client.post(f"{space}{RULES}/_import", content=body, headers=kind, params=params)
    assert (answer.status_code, [one["rule_id"] for one in answer.json()["errors"]]) == (200, ["b"])
    asked = {"objects": [{"rule_id": "a"}]}
    headers = {**XSRF, "content-type": "application/json"}
    params = {"exclude_export_details": "true"}
    found = served.client.post(f"{space}{RULES}/_export", json=asked, params=params, headers=headers)
    assert [json.loads(line) for line in found.text.splitlines()] == [rules[0]]
    assert found.headers["content-type"].endswith("charset=utf-8")
    page = served.ask("GET", f"{space}{RULES}/_find", params={"sort_field": "_id", "sort_order": "asc", "page": "1"})
    assert page["total"] == 2
    bulk: dict[str, Any] = {"query": None, "ids": [page["data"][0]["id"]], "action": "edit", "duplicate": None}
    bulk["edit"] = {"type": "add_tags", "value": ["x"]}
    told = served.ask("POST", f"{space}{RULES}/_bulk_action", bulk, params={"dry_run": "false"})
    assert [one["rule_id"] for one in told["attributes"]["results"]["updated"]] == ["a"]


def test_a_rule_survives_the_api(served: Api) -> None:
    @settings(max_examples=40)
    @given(TYPE_NAMES, FIELDS)
    def survives(type_name: str, fields: dict[str, Any]) -> None:
        written = rule_of(type_name, **{**fields, **TYPES[type_name], "rule_id": "it"})
        told = served.send(lines(written), overwrite="true")
        assert told["errors"] == []
        (found,) = rules_of(served.exported(["it"]))
        assert canonical(found) == canonical(written)

    survives()


@needs_shared
def test_public_rules_survive_toml_api_ndjson_and_toml(tmp_path: Path) -> None:
    loaded = load_remembered(SHARED / "data" / "rules")
    ready = [found.rule for found in loaded.ready if found.rule]
    text = rules_to_ndjson(ready, include_metadata=True)
    with api(tmp_path / "a.sqlite") as served:
        told = served.send(text)
        assert (told["success_count"], told["errors"]) == (len(ready), [])
        exported = served.exported([one.rule_id for one in ready])
    assert rules_of(exported) == rules_of(text)
    for one in rules_of(exported)[::20]:
        (again,) = parse_ndjson(lines(one)).rules
        assert again.rule
        toml = parse_toml(rule_to_toml(again.rule)).rule
        assert toml
        assert canonical(rule_to_json(toml, include_metadata=True)) == canonical(one)

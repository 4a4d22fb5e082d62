"""Rules made, read, changed and deleted over the API, beside those of files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.rules_api import Api, api, rule
from tests.simulation import rule_text

from besra.service.rule_routes import RULES

BAD = 'process where process.name = "a"'


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Api]:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "file.toml").write_text(rule_text("of-a-file", 'any where event.action == "x"'), "utf-8")
    with api(tmp_path / "alerts.sqlite", folder) as running:
        yield running


def test_a_rule_is_made_read_changed_and_deleted(served: Api) -> None:
    made = served.ask("POST", RULES, rule(its_own={"a": [1.0, None]}))
    assert (made["rule_id"], made["revision"], made["version"], made["enabled"]) == ("r1", 0, 1, True)
    assert made["its_own"] == {"a": [1.0, None]}
    assert (made["immutable"], made["rule_source"], made["besra"]["source"]) == (False, {"type": "internal"}, "api")
    assert (made["interval"], made["max_signals"], made["actions"]) == ("5m", 100, [])
    assert served.ask("GET", RULES, params={"id": made["id"]}) == made
    assert served.ask("GET", f"/s/default{RULES}", params={"rule_id": "r1"}) == made

    put = served.ask("PUT", RULES, {**made, "name": "another"})
    assert (put["id"], put["name"], put["revision"]) == (made["id"], "another", 1)
    assert put["created_at"] == made["created_at"] < put["updated_at"]
    assert served.ask("PUT", RULES, put) == put

    patched = served.ask("PATCH", RULES, {"rule_id": "r1", "tags": ["lab"]})
    assert (patched["tags"], patched["name"], patched["revision"]) == (["lab"], "another", 2)
    assert served.ask("GET", "/api/detection_engine/tags") == ["lab"]

    assert served.ask("DELETE", RULES, params={"rule_id": "r1"}) == patched
    assert served.ask("GET", RULES, params={"rule_id": "r1"}, status=404)["message"] == 'rule_id: "r1" not found'
    changes = served.ask("GET", "/api/v1/rules/r1/history")["changes"]
    assert [(one["action"], one["revision"]) for one in changes] == [
        ("deleted", 2),
        ("updated", 2),
        ("updated", 1),
        ("created", 0),
    ]
    assert changes[-1]["rule"] == rule(its_own={"a": [1.0, None]})


def test_who_changes_a_rule_is_told(served: Api) -> None:
    made = served.ask("POST", RULES, rule(), headers={"x-besra-user": "ann"})
    put = served.ask("PATCH", RULES, {"rule_id": "r1", "name": "x"})
    assert (made["created_by"], put["created_by"], put["updated_by"]) == ("ann", "ann", "unknown")
    assert [one["user"] for one in served.ask("GET", "/api/v1/rules/r1/history")["changes"]] == ["unknown", "ann"]
    told = served.ask("POST", RULES, rule("r2"), 400, headers={"authorization": "Basic !"})
    assert "Basic authentication" in told["message"]


def test_a_rule_gets_an_id_of_its_own_where_it_has_none(served: Api) -> None:
    one, other = (served.ask("POST", RULES, rule(None)) for _ in range(2))
    assert one["rule_id"] != other["rule_id"]


def test_what_is_changed_survives_a_restart(tmp_path: Path) -> None:
    with api(tmp_path / "a.sqlite") as served:
        served.ask("POST", RULES, rule(big=1 << 70, half="\ud800", nul="\x00"))
        served.ask("POST", RULES, rule("r2", enabled=False))
        rules = served.rules()
    with api(tmp_path / "a.sqlite") as served:
        assert served.rules() == rules
        assert rules[0]["big"] == 1 << 70


def test_being_on_or_off_is_no_new_revision(served: Api) -> None:
    served.ask("POST", RULES, rule())
    off = served.ask("PATCH", RULES, {"rule_id": "r1", "enabled": False})
    assert (off["enabled"], off["revision"]) == (False, 0)
    assert served.ask("PUT", RULES, rule(enabled=True))["enabled"] is True
    assert served.ask("PUT", RULES, rule(name="x"))["revision"] == 1


def test_a_change_that_rests_on_an_older_revision_is_refused(served: Api) -> None:
    served.ask("POST", RULES, rule())
    answer = served.client.get(RULES, params={"rule_id": "r1"})
    tag = {"If-Match": answer.headers["ETag"]}
    served.ask("PATCH", RULES, {"rule_id": "r1", "name": "one"}, headers=tag)
    told = served.ask("PATCH", RULES, {"rule_id": "r1", "name": "two"}, 412, headers=tag)
    assert told["message"] == "the rule is at revision 1, not 0"
    assert served.ask("PUT", RULES, rule(), 400, headers={"If-Match": "x"})["status_code"] == 400


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (rule(severity="bad"), "severity must be"),
        (rule(query=BAD), "`=` is not an operator"),
        ({"rule_id": "x"}, "name is missing"),
        (rule("x" * 300), "rule_id has 1 to 256 characters"),
        (rule("a\0b"), "rule_id has 1 to 256 characters"),
        ([], "no JSON object"),
    ],
)
def test_a_rule_that_is_not_valid_is_refused_with_its_problems(served: Api, body: Any, said: str) -> None:
    told = served.ask("POST", RULES, body, 400)
    assert told["status_code"] == 400
    assert said in told["message"]
    assert len(served.rules()) == 1


def test_a_problem_is_located_in_the_body(served: Api) -> None:
    text = '{\n "rule_id": "r", "name": "n", "description": "d", "type": "eql", "language": "eql",\n "risk_score": 1,'
    text += ' "severity": "low",\n "query": "any where a =="\n}'
    answer = served.client.post(RULES, content=text, headers={"kbn-xsrf": "1"})
    (problem,) = [one for one in answer.json()["problems"] if one["severity"] == "error"]
    assert (answer.status_code, problem["line"], problem["code"]) == (400, 4, "eql-syntax")
    broken = served.client.post(RULES, content=b'{"a": ', headers={"kbn-xsrf": "1"})
    assert (broken.status_code, broken.json()["problems"][0]["code"]) == (400, "json-syntax")


def test_what_besra_cannot_run_is_kept_and_told(served: Api) -> None:
    made = served.ask("POST", RULES, {**rule(type="esql", language="esql", query="from x"), "index": None})
    assert made["besra"]["status"] == "unsupported"
    assert "unsupported-rule-type" in {problem["code"] for problem in made["besra"]["problems"]}


def test_rules_of_files_are_beside_them_and_changed_in_their_files(served: Api) -> None:
    served.ask("POST", RULES, rule())
    own = served.ask("GET", RULES, params={"rule_id": "of-a-file"})
    assert (own["immutable"], own["rule_source"]["type"], own["besra"]["source"]) == (True, "external", "file")
    assert own["besra"]["path"].endswith("file.toml")
    assert [one["rule_id"] for one in served.rules()] == ["of-a-file", "r1"]
    for method, body, asked in (
        ("PUT", own, None),
        ("PATCH", {"rule_id": "of-a-file", "name": "x"}, None),
        ("DELETE", None, {"id": own["id"]}),
    ):
        told = served.ask(method, RULES, body, 403, params=asked)
        assert "file.toml" in told["message"]
    assert "file.toml" in served.ask("POST", RULES, rule("of-a-file"), 409)["message"]
    assert served.ask("POST", RULES, rule(), 409)["message"] == 'rule_id: "r1" already exists'


def test_rules_of_files_are_switched_over_the_api(served: Api) -> None:
    assert [loaded.rule.enabled for loaded in served.book.merged(served.files) if loaded.rule] == [True]
    off = served.ask("PATCH", RULES, {"rule_id": "of-a-file", "enabled": False})
    assert (off["enabled"], off["besra"]["source"]) == (False, "file")
    assert [loaded.rule.enabled for loaded in served.book.merged(served.files) if loaded.rule] == [False]
    served.book.open(served.store.rules())
    served.book.merged(served.files)
    assert served.rules()[0]["enabled"] is False
    assert served.ask("PATCH", RULES, {"rule_id": "of-a-file", "enabled": True})["enabled"] is True
    assert served.store.rules().switches() == {}
    changes = served.ask("GET", "/api/v1/rules/of-a-file/history")["changes"]
    assert [one["action"] for one in changes] == ["enabled", "disabled"]


def test_a_file_counts_where_both_have_a_rule(tmp_path: Path) -> None:
    with api(tmp_path / "a.sqlite") as served:
        made = served.ask("POST", RULES, rule("both"))
        folder = tmp_path / "rules"
        folder.mkdir()
        (folder / "file.toml").write_text(rule_text("both", "any where true"), "utf-8")
    with api(tmp_path / "a.sqlite", folder) as served:
        assert served.ask("GET", RULES, params={"rule_id": "both"})["besra"]["source"] == "file"
        over = served.ask("GET", RULES, params={"id": made["id"]})
        assert [problem["code"] for problem in over["besra"]["problems"]] == ["rule-duplicate"]
        merged = served.book.merged(served.files)
        assert [loaded.path for loaded in merged] == [str(folder / "file.toml")]
        assert "rule-duplicate" in {problem.code for problem in merged.file_problems}


def test_a_change_is_told_to_whoever_runs_the_rules(served: Api) -> None:
    assert not served.book.changed.is_set()
    marks = [served.book.merged(served.files).fingerprint]
    served.ask("POST", RULES, rule())
    assert served.book.changed.is_set()
    merged = served.book.merged(served.files)
    loaded = merged.get("r1")
    assert loaded
    assert loaded.rule
    assert loaded.rule.parameters["id"] == served.ask("GET", RULES, params={"rule_id": "r1"})["id"]
    assert len(merged.ready) == 2
    assert merged.fingerprint not in marks


def test_other_spaces_and_requests_without_their_header_are_refused(served: Api) -> None:
    assert "no space 'x'" in served.ask("GET", f"/s/x{RULES}/_find", status=404)["message"]
    answer = served.client.post(RULES, json=rule())
    assert (answer.status_code, "kbn-xsrf" in answer.json()["message"]) == (400, True)
    assert served.ask("GET", RULES, status=400)["message"] == 'either "id" or "rule_id" must be set'


# --- finding ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(tmp_path: Path) -> Iterator[Api]:
    with api(tmp_path / "alerts.sqlite") as running:
        threat = {"framework": "MITRE ATT&CK", "tactic": {"id": "TA0003", "name": "Persistence", "reference": "r"}}
        running.ask("POST", RULES, rule("a", name="Brute force", tags=["lab", "two words"], severity="high"))
        running.ask("POST", RULES, rule("b", name="alpha", enabled=False, risk_score=73, threat=[threat]))
        running.ask("POST", RULES, rule("c", name="Charlie", severity="medium", interval="1h"))
        yield running


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["a", "b", "c"]),
        ("alert.attributes.enabled: true", ["a", "c"]),
        ("alert.attributes.name: brute", ["a"]),
        ('alert.attributes.name: "brute FORCE"', ["a"]),
        ("alert.attributes.name.keyword: Brute*", ["a"]),
        ('alert.attributes.tags: ("lab" or "none")', ["a"]),
        ('alert.attributes.tags: "two words"', ["a"]),
        ("not alert.attributes.tags: lab", ["b", "c"]),
        ("alert.attributes.params.riskScore >= 50", ["b"]),
        ("alert.attributes.params.severity: (high or medium)", ["a", "c"]),
        ("alert.attributes.params.immutable: true", []),
        ("alert.attributes.params.ruleSource.type: internal", ["a", "b", "c"]),
        ("alert.attributes.params.ruleId: b", ["b"]),
        ("alert.attributes.params.rule_id: b", ["b"]),
        ("alert.attributes.params.threat.tactic.id: TA0003", ["b"]),
        ("alert.attributes.schedule.interval: 1h", ["c"]),
        ('alert.attributes.createdAt >= "2023-11-14T22:13:22Z"', ["b", "c"]),
        ("alert.attributes.other: x", []),
    ],
)
def test_filters(many: Api, query: str, found: list[str]) -> None:
    assert [one["rule_id"] for one in many.rules(filter=query)] == found


def test_pages_and_orders(many: Api) -> None:
    def asked(**given: str) -> tuple[int, list[str]]:
        answer = many.ask("GET", f"{RULES}/_find", params=given)
        return answer["total"], [one["rule_id"] for one in answer["data"]]

    assert asked(sort_field="name") == (3, ["b", "a", "c"])
    assert asked(sort_field="severity", sort_order="desc") == (3, ["a", "c", "b"])
    assert asked(sort_field="risk_score", sort_order="desc", per_page="1") == (3, ["b"])
    assert asked(sort_field="createdAt", sort_order="desc", per_page="2", page="2") == (3, ["a"])
    assert asked(per_page="0") == (3, [])
    first = many.ask("GET", f"{RULES}/_find", params={"fields": ["name", "tags"], "per_page": "1"})
    assert first["data"][0].keys() == {"id", "name", "tags"}
    assert (first["page"], first["perPage"]) == (1, 1)


@pytest.mark.parametrize(
    "given",
    [
        {"filter": "a: ("},
        {"page": "0"},
        {"per_page": "x"},
        {"sort_field": "no"},
        {"sort_field": "name", "sort_order": "up"},
    ],
)
def test_what_cannot_be_found_is_said(many: Api, given: dict[str, str]) -> None:
    assert many.ask("GET", f"{RULES}/_find", status=400, params=given)["status_code"] == 400

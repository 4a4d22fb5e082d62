"""Rule managers against a running service: the scripts of the page, and the requests of Elastic's own client."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.documents import ROOT
from tests.page_scripts import needs_curl, run_page, serving_users
from tests.property.test_rule_round_trip import canonical
from tests.served import Served, serving
from tests.shared import SHARED, needs_shared
from tests.simulation import rule_text

from besra.demo.stream import demo_documents
from besra.rules.cache import load_remembered
from besra.rules.ndjson import parse_ndjson, rule_to_json, rules_to_ndjson
from besra.rules.toml import parse_toml, rule_to_toml

PAGE = ROOT / "docs" / "rule-managers.md"
RULES = "/api/detection_engine/rules"
NAMES = ("a", "b", "c")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A checkout of rules, which do not say where they are from, and a folder of rules of the service."""
    for folder, names, tags in (("detection-rules/rules", NAMES, '["lab"]'), ("own", ("own",), '["repository"]')):
        (tmp_path / folder).mkdir(parents=True)
        for name in names:
            text = rule_text(name, f'process where process.name == "{name}"', tags=tags)
            (tmp_path / folder / f"{name}.toml").write_text(text, "utf-8")
    return tmp_path


@needs_curl
def test_the_scripts_of_the_page_do_what_it_says(desk: Path) -> None:
    with serving_users(desk / "data", "--any-index", "--rules", str(desk / "own")) as served:
        served.send(list(demo_documents(minutes=1)))
        printed = run_page(PAGE, desk, served, "engineer")
    imported, deleted, installed, exported, bulk, tried, excepted, listed = printed
    assert json.loads(imported) == {"rules_count": 3, "success_count": 3, "errors": []}
    assert deleted == ""
    counts, status = installed.replace("}{", "}\n{").splitlines()
    assert json.loads(counts)["rules_installed"] == 0
    assert json.loads(status)["rules_custom_installed"] == 3
    assert json.loads(status)["rules_installed"] == 1
    assert json.loads(exported)["exported_rules_count"] == 4
    assert sorted(path.suffix for path in (desk / "exported").rglob("*.toml")) == [".toml"] * 4
    dry, enabled, edited, asked = (json.loads(line) for line in bulk.splitlines())
    assert dry == enabled == {"failed": 0, "skipped": 4, "succeeded": 0, "total": 4}
    assert edited == {"failed": 0, "skipped": 0, "succeeded": 3, "total": 3}
    assert asked == {"failed": 0, "skipped": 0, "succeeded": 3, "total": 3}
    answer, number = tried.rsplit("}\n", 1)
    assert json.loads(answer + "}") == {"isAborted": False, "runs": 12, "errors": []}
    assert int(number) >= 0
    lines = excepted.splitlines()
    assert ("detection" in lines[1], lines[2]) == (True, "1")
    told = listed.splitlines()
    assert json.loads(told[0]) == {
        "id": "scanners.txt",
        "type": "ip",
        "lines": {"used": 3, "blank": 0, "bad": 0},
    }
    assert json.loads(told[2])[0] == 4
    assert told[3:5] == ["192.0.2.9", "1"]
    assert told[5:] == ["192.0.2.7", "192.0.2.9", "198.51.100.0", "2001:db8::7"]


# --- Elastic's own client ---------------------------------------------------------------------------------------------


class Manager:
    """What the Kibana library of Elastic's detection-rules asks, in a space (components.md 3)."""

    def __init__(self, served: Served, space: str) -> None:
        self.served = served
        self.prefix = "" if space == "default" else f"/s/{space}"

    def ask(self, path: str, body: Any = None, **params: str) -> Any:
        """It retries once on anything but 200, so that the first answer has to be right."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "kbn-xsrf": "0b6d"}
        query = f"?{urlencode(params)}" if params else ""
        return json.loads(self.served.plain(f"{self.prefix}{path}{query}", data, **headers))

    def imports(self, rules: Sequence[Any], *, overwrite: bool) -> Any:
        """Rules sent as a form it writes itself."""
        lines = "\n".join(json.dumps(one) for one in rules) + "\n"
        head = '------b\r\nContent-Disposition: form-data; name="file"; filename="import.ndjson"\r\n'
        body = f"{head}Content-Type: application/x-ndjson\r\n\r\n{lines}\r\n------b--\r\n".encode()
        params = {"overwrite": str(overwrite).lower(), "overwrite_exceptions": "false"}
        query = urlencode({**params, "overwrite_action_connectors": "false"})
        headers = {"Content-Type": "multipart/form-data; boundary=----b", "kbn-xsrf": "0b6d"}
        return json.loads(self.served.plain(f"{self.prefix}{RULES}/_import?{query}", body, **headers))

    def exports(self, rule_ids: Sequence[str]) -> list[Any]:
        """Rules as it reads them: every line is one."""
        body = json.dumps({"objects": [{"rule_id": one} for one in rule_ids]}).encode()
        headers = {"Content-Type": "application/json", "kbn-xsrf": "0b6d"}
        path = f"{self.prefix}{RULES}/_export?exclude_export_details=true"
        return [json.loads(line) for line in self.served.plain(path, body, **headers).splitlines()]


@needs_shared
@pytest.mark.parametrize("space", ["default", "lab"])
def test_public_rules_come_back_from_elastics_own_client_as_they_went(tmp_path: Path, space: str) -> None:
    loaded = load_remembered(SHARED / "data" / "rules")
    ready = [found.rule for found in loaded.ready if found.rule]
    rules = [json.loads(line) for line in rules_to_ndjson(ready, include_metadata=True).splitlines()]
    rules = [one for one in rules if "rule_id" in one]
    (tmp_path / "none").mkdir()
    with serving(tmp_path / "data", "--rules", str(tmp_path / "none")) as served:
        if space != "default":
            Manager(served, "default").ask("/api/spaces/space", {"id": space, "name": space})
        manager = Manager(served, space)
        assert manager.ask("/api/status")["version"]["number"]
        assert space in [one["id"] for one in manager.ask("/api/spaces/space")]
        told = manager.imports(rules, overwrite=False)
        assert (told["success"], told["success_count"], told["errors"]) == (True, len(rules), [])
        ids = [one["rule_id"] for one in rules]
        assert manager.exports(ids) == rules
        again = manager.imports(rules, overwrite=True)
        assert (again["success"], manager.exports(ids)) == (True, rules)
        found = manager.ask(f"{RULES}/_find", per_page="500", page="1", sort_field="_id", sort_order="asc")
        assert (found["total"], len(found["data"]), {one["revision"] for one in found["data"]}) == (
            len(rules),
            500,
            {0},
        )
        bulk = {"query": None, "ids": [found["data"][0]["id"]], "action": "disable", "edit": None, "duplicate": None}
        assert manager.ask(f"{RULES}/_bulk_action", bulk, dry_run="false")["attributes"]["summary"]["total"] == 1
    for one in rules if space == "default" else ():
        (read,) = parse_ndjson(json.dumps(one)).rules
        assert read.rule
        toml = parse_toml(rule_to_toml(read.rule)).rule
        assert toml
        assert canonical(rule_to_json(toml, include_metadata=True)) == canonical(one)

"""Whatever is sent to the rules API is answered, and never as an error of besra's own."""

import json
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz.mutation import confused, damaged
from tests.property.test_rule_round_trip import JSON
from tests.rules_api import XSRF, api, rule

from besra.service.rule_routes import RULES

SEEDS = 150
FORM = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.ndjson"\r\n\r\n%s\r\n--b--\r\n'
RULE: dict[str, Any] = rule(
    threat=[{"framework": "MITRE ATT&CK", "tactic": {"id": "TA0003", "name": "n", "reference": "r"}}],
    exceptions_list=[{"id": "u", "list_id": "l", "type": "detection", "namespace_type": "single"}],
    alert_suppression={"group_by": ["host.name"]},
    filters=[{"query": {"match": {"a": "b"}}}],
    tags=["a"],
)
LINES = b"".join(json.dumps(one).encode() + b"\n" for one in (RULE, {**RULE, "rule_id": "b"}, {"exported_count": 2}))


def test_bodies_of_all_kinds(tmp_path: Path) -> None:
    with api(tmp_path / "a.sqlite") as served:
        for seed in range(SEEDS):
            random = Random(seed)
            kind = {**XSRF, "content-type": "multipart/form-data; boundary=b"}
            form = damaged(FORM % LINES, random, [LINES])
            told = served.client.post(f"{RULES}/_import?overwrite=true", content=form, headers=kind)
            assert told.status_code in (200, 400), told.text
            for method in ("POST", "PUT", "PATCH"):
                body = (
                    json.dumps(confused(RULE, random)).encode() if seed % 2 else damaged(LINES[:900], random, [LINES])
                )
                told = served.client.request(method, RULES, content=body, headers=XSRF)
                assert told.status_code in (200, 400, 404, 409), told.text
            assert served.exported().endswith("}\n")
            assert served.rules() is not None


def test_filters_and_actions_of_all_kinds(tmp_path: Path) -> None:
    with api(tmp_path / "a.sqlite") as served:
        served.ask("POST", RULES, RULE)

        @settings(max_examples=100)
        @given(st.text(max_size=20), JSON)
        def answered(text: str, value: Any) -> None:
            query = f"alert.attributes.name: {text}"
            found = served.client.get(f"{RULES}/_find", params={"filter": query, "sort_field": text or "name"})
            assert found.status_code in (200, 400)
            body = {"action": "edit", "ids": value, "query": None, "edit": value}
            for action in ({"action": value}, body, {**body, "ids": None, "query": query}, {"objects": value}):
                for path in ("_bulk_action", "_export"):
                    content = json.dumps(action)
                    told = served.client.post(f"{RULES}/{path}?dry_run=true", content=content, headers=XSRF)
                    assert told.status_code in (200, 400), told.text

        answered()

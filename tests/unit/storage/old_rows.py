"""Rows as each version of the tables took them, and the sign by which they are found once a database is brought up.

Written down as they were, and never made by the program: tables of later versions are other tables.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from tests.unit.storage.samples import NOW, SECOND

from besra.language.simplify import TRUE
from besra.storage.alert_counts import CountBy
from besra.storage.alert_fields import alert_condition
from besra.storage.alert_store import AlertStore
from besra.storage.database import Database
from besra.storage.exception_store import Kind
from besra.storage.versions import bring_up

Rows = Mapping[str, list[dict[str, Any]]]

DOCUMENT = {
    "@timestamp": "2025-06-15T15:06:41.000Z",
    "host": {"name": "web-1"},
    "user.name": ["ana", 'o"neil\n'],
    "process": {"name": "cmd.exe", "pid": 4624},
    "event": {"code": 4624, "action": "logon"},
    "kibana.alert.uuid": "a1",
    "kibana.alert.severity": "high",
    "kibana.alert.rule.name": "Rule One",
}
ALERT = {
    "rule_uuid": "r1",
    "rule_id": "rule-1",
    "rule_name": "Rule One",
    "rule_copy": "c1",
    "severity": "high",
    "risk_score": 73.0,
    "status": "acknowledged",
    "status_by": "ben",
    "status_at": NOW,
    "building_block": False,
}
RUN = {"rule_uuid": "r1", "rule_id": "rule-1", "rule_name": "Rule One", "kind": "scheduled", "duration": SECOND}
RUN |= {"status": "succeeded", "message": "", "new_alerts": 1, "known_alerts": 0, "metrics": {}, "problems": []}
RULE = {"id": "r1", "rule_id": "rule-1", "enabled": True, "revision": 2}

ROWS: Mapping[str, Rows] = {
    "0001": {
        "rule_copy": [{"id": "c1", "fields": {"kibana.alert.rule.uuid": "r1", "kibana.alert.rule.tags": ["T"]}}],
        "alert": [
            {**ALERT, "id": "a1", "created": NOW, "original_time": NOW, "document": DOCUMENT},
            {**ALERT, "id": "a2", "created": NOW + SECOND, "document": {**DOCUMENT, "kibana.alert.uuid": "a2"}},
        ],
        "alert_entity": [{"alert": "a1", "field": "host.name", "name": "web-1"}],
        "alert_tag": [{"alert": "a1", "name": "phish"}],
        "alert_assignee": [{"alert": "a1", "name": "ben"}],
        "alert_note": [{"alert": "a1", "at": NOW, "by": "ben", "text": "looked"}],
        "alert_change": [{"alert": "a1", "at": NOW, "by": "ben", "what": "note", "new": {"text": "looked"}}],
    },
    "0002": {
        "execution": [{**RUN, "id": "x1", "started": NOW}],
        "rule_progress": [{"rule_uuid": "r1", "started": NOW, "batch": 7, "enabled": True, "state": {}}],
        "journal_position": [{"reader": "alerts", "batch": 7}],
        "gap": [
            {"rule_uuid": "r1", "start": 0, "end": 5, "status": "unfilled", "filled": [], "message": "", "found": NOW}
        ],
        "suppression_group": [{"instance_id": "g1", "rule_uuid": "r1", "terms": [], "docs_count": 3, "alert": "a1"}],
    },
    "0003": {
        "gap": [
            {
                "rule_uuid": "r1",
                "start": 6,
                "end": 9,
                "status": "unfilled",
                "filled": [],
                "message": "",
                "found": NOW,
                "kind": "manual",
            }
        ]
    },
    "0004": {
        "rule": [{**RULE, "created": 1, "created_by": "ben", "updated": 2, "updated_by": "ana", "document": "{}"}],
        "rule_switch": [{"rule_id": "rule-2", "enabled": False}],
        "rule_change": [
            {
                "rule": "r1",
                "rule_id": "rule-1",
                "at": 1,
                "by": "ben",
                "what": "created",
                "revision": 1,
                "document": "{}",
            }
        ],
    },
    "0005": {},  # alerts that are there get a place in the order by themselves
    "0006": {"exception": [{"kind": "list", "namespace": "single", "name": "l1", "document": '{"list_id": "l1"}'}]},
    "0007": {
        "account": [
            {"name": "ana", "password": "x", "roles": {"*": ["admin"]}, "disabled": False, "created": 1, "updated": 1}
        ],
        "audit": [
            {
                "number": 1,
                "at": 1,
                "who": "ana",
                "credential": "c",
                "address": "::1",
                "space": "default",
                "what": "w",
                "about": "a",
                "status": 200,
                "hash": "h",
            }
        ],
    },
    "0008": {
        "value_list": [
            {
                "number": 1,
                "space": "default",
                "name": "l",
                "type": "keyword",
                "revision": 1,
                "document": "{}",
                "created": 1,
                "created_by": "ana",
                "updated": 1,
                "updated_by": "ana",
            }
        ]
    },
    "0009": {
        "connector": [
            {
                "space": "default",
                "id": "c",
                "type": ".webhook",
                "name": "C",
                "config": {},
                "secrets": "s",
                "created": 1,
                "updated": 1,
                "updated_by": "ana",
            }
        ],
        "notify_action": [{"id": "n", "document": {}}],
        "notification": [
            {
                "number": 1,
                "key": "k",
                "space": "default",
                "connector": "c",
                "action": "n",
                "kind": "alert",
                "alerts": 1,
                "created": 1,
                "due": 1,
                "status": "sent",
                "attempts": 1,
                "changed": 1,
            }
        ],
    },
    "0010": {"space": [{"id": "soc", "document": "{}"}]},
    "0011": {},  # documents go into a table of their own, names into columns
}
"""What is written when a database has come to a version."""


def _alerts(store: AlertStore) -> None:
    found = store.alerts(["a1", "a2"])
    assert found["a1"]["process"] == DOCUMENT["process"]
    assert found["a1"]["kibana.alert.rule.tags"] == ["T"]
    assert found["a1"]["kibana.alert.workflow_tags"] == ["phish"]
    assert found["a1"]["kibana.alert.workflow_assignee_ids"] == ["ben"]
    assert found["a2"]["kibana.alert.workflow_status"] == "acknowledged"
    assert [note.text for note in store.notes("a1")] == ["looked"]
    assert [change.what for change in store.history("a1")] == ["note"]
    assert [alert["kibana.alert.uuid"] for _, alert in store.arrived(0, 9).alerts] == ["a1", "a2"]
    for by, told in ((CountBy.HOST, "web-1"), (CountBy.PROCESS, "cmd.exe"), (CountBy.EVENT_CODE, "4624")):
        assert store.counts(by) == {told: 2}
    assert store.counts(CountBy.USER) == {"ana": 2, 'o"neil\n': 2}
    assert store.count(alert_condition("user.name: ana and host.name: web-1", NOW).predicate) == 2
    assert store.count(TRUE) == 2


def _runs(store: AlertStore) -> None:
    assert [(run.id, run.new_alerts) for run in store.runs()] == [("x1", 1)]
    assert (store.position, store.progress()["r1"].batch) == (7, 7)
    assert (0, 5) in [(gap.time.start, gap.time.end) for gap in store.gaps()]
    assert store.groups("r1")


def _asked(store: AlertStore) -> None:
    assert [str(gap.kind) for gap in store.gaps()] == ["gap", "manual"]


def _rules(store: AlertStore) -> None:
    assert [(rule.rule_id, rule.revision) for rule in store.rules().all()] == [("rule-1", 2)]
    assert store.rules().switches() == {"rule-2": False}
    assert [change.revision for change in store.rules().history("rule-1")] == [1]


def _exceptions(store: AlertStore) -> None:
    assert {(key.kind, key.name): told for key, told in store.exceptions.all().items()} == {
        (Kind.LIST, "l1"): {"list_id": "l1"}
    }


@dataclass(frozen=True)
class Sign:
    """What is found of the rows of a version."""

    version: str
    look: Callable[[AlertStore], None]


SIGNS = (
    Sign("0001", _alerts),
    Sign("0002", _runs),
    Sign("0003", _asked),
    Sign("0004", _rules),
    Sign("0006", _exceptions),
)


def build(database: Database, version: str, steps: list[str]) -> None:
    """A database as a besra of that version has left it, with rows of every version on the way."""
    for step in steps[: steps.index(version) + 1]:
        bring_up(database, step)
        with database.writing() as connection:
            for table, rows in ROWS[step].items():
                for row in rows:
                    names = ", ".join(f'"{name}"' for name in row)
                    values = ", ".join(f":{name}" for name in row)
                    statement = text(f'INSERT INTO "{table}" ({names}) VALUES ({values})')
                    connection.execute(statement, dict(_stored(row)))


def _stored(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        yield name, json.dumps(value) if isinstance(value, dict | list) else value


def check(store: AlertStore, version: str) -> None:
    """See that all rows `build` wrote are there."""
    for sign in SIGNS:
        if sign.version <= version:
            sign.look(store)

"""Alerts on terms that had not been seen (detection-engine.md 5.3)."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.unit.detection.conftest import MakeRules
from tests.unit.rules.samples import rule_of

from besra import api
from besra.detection.conclude import conclude
from besra.detection.detect import Engine, Job, gather
from besra.detection.execution import Execution
from besra.detection.run import RunInfo
from besra.detection.window import EVERYTHING, Window
from besra.rules.rule import RuleStatus
from besra.rules.ruleset import RuleSet, load_rules
from besra.schema.timestamp import parse_timestamp

Json = dict[str, Any]
INDEX = "logs-system.auth-default"


def logon(day: float, identity: str = "", **fields: Any) -> Json:
    """A logon so many days after the first of March."""
    hour = round(day * 24)
    at = f"2026-03-{1 + hour // 24:02}T{hour % 24:02}:00:00Z"
    source = {"@timestamp": at, "event.outcome": "success", **fields}
    return {"_id": identity or f"{day} {fields}", "_index": INDEX, "_source": source}


def new_terms(*fields: str, history: str = "now-7d", **more: Any) -> Json:
    changes = {"new_terms_fields": list(fields or ["user.name"]), "history_window_start": history, "from": "now-1h"}
    return {"type": "new_terms", "language": "kuery", "query": "event.outcome : *", **changes, **more}


def execution_of(
    rules: RuleSet, documents: Sequence[Json], window: Window = EVERYTHING, engine: Engine = Engine.COLUMNAR
) -> Execution:
    job = Job(api.runnable(rules), window=window, engine=engine)
    gathered = gather(job, lambda _: api.positional_events(documents))
    return next(conclude(job, gathered, RunInfo(0, seen_from=gathered.oldest)))


def told(alerts: Sequence[Json]) -> list[tuple[str, list[str]]]:
    return [(alert["kibana.alert.original_time"][8:13], alert["kibana.alert.new_terms"]) for alert in alerts]


def test_fields_of_the_alert(make_rules: MakeRules) -> None:
    fields = {"user.name": ["jd", "sue"], "source.port": 443, "host.name": "ws-17"}
    documents = [logon(0, **{"user.name": "jd"}), logon(10, "first", **fields)]
    first, second = api.detect(make_rules(new_terms("user.name", "source.port")), documents)
    assert first["kibana.alert.new_terms"] == ["jd", "443"]
    assert second["kibana.alert.new_terms"] == ["sue", "443"]
    assert first["kibana.alert.uuid"] != second["kibana.alert.uuid"]
    expected = {
        "user.name": ["jd", "sue"],
        "kibana.alert.original_time": "2026-03-11T00:00:00.000Z",
        "kibana.alert.ancestors": [{"id": "first", "type": "event", "index": INDEX, "depth": 0}],
        "kibana.alert.reason": "event by jd, sue on ws-17 created medium alert Notepad starts a shell.",
        "kibana.alert.rule.type": "new_terms",
        "kibana.alert.rule.rule_type_id": "siem.newTermsRule",
    }
    assert {name: first.get(name) for name in expected} == expected
    assert first["besra"]["events"][0]["id"] == "first"
    assert first["besra"]["total_matches"] == 2


@pytest.mark.parametrize("engine", Engine)
def test_the_history_is_closed_at_its_far_end(engine: Engine, make_rules: MakeRules) -> None:
    rules = make_rules(new_terms(history="now-169h"))  # 168 hours before a window that begins an hour ago
    known, again = logon(0, **{"user.name": "jd"}), logon(7, **{"user.name": "jd"})
    assert told(execution_of(rules, [again, known], engine=engine).alerts) == [("01T00", ["jd"])]
    later = logon(7 + 1 / 24, **{"user.name": "jd"})
    found = execution_of(rules, [known, later], engine=engine).alerts
    assert told(found) == [("01T00", ["jd"]), ("08T01", ["jd"])]


@pytest.mark.parametrize("engine", Engine)
def test_of_one_time_the_first_event_has_the_term(engine: Engine, make_rules: MakeRules) -> None:
    documents = [logon(3, f"e{n}", **{"user.name": "jd", "event.sequence": 9 - n}) for n in range(3)]
    [alert] = execution_of(make_rules(new_terms()), documents, engine=engine).alerts
    assert alert["besra"]["events"][0]["id"] == "e2"


def test_an_event_read_twice_is_one(make_rules: MakeRules) -> None:
    documents = [logon(3, "one", **{"user.name": "jd"})] * 2
    assert len(api.detect(make_rules(new_terms()), documents)) == 1


def test_only_events_of_the_query_are_history(make_rules: MakeRules) -> None:
    rules = make_rules(new_terms(query="event.outcome : success"))
    documents = [logon(0, **{"user.name": "jd", "event.outcome": "failure"}), logon(1, **{"user.name": "jd"})]
    assert told(api.detect(rules, documents)) == [("02T00", ["jd"])]


def test_events_without_one_of_the_fields_are_passed_over(make_rules: MakeRules) -> None:
    documents = [logon(1, **{"user.name": "jd"}), logon(2, **{"user.name": "jd", "host.name": "a"})]
    assert told(api.detect(make_rules(new_terms("user.name", "host.name")), documents)) == [("03T00", ["jd", "a"])]


def test_the_history_before_a_window_is_read(make_rules: MakeRules) -> None:
    rules = make_rules(new_terms(history="now-49h"))
    start, end = (parse_timestamp(f"2026-03-{day}T00:00:00Z") for day in ("05", "09"))
    documents = [logon(day, **{"user.name": name}) for day, name in [(1, "old"), (3, "jd"), (4, "jd"), (5, "old")]]
    execution = execution_of(rules, [*documents, logon(9, **{"user.name": "late"})], Window(start, end))
    assert told(execution.alerts) == [("06T00", ["old"])]
    assert execution.warnings == ()


def test_a_hundred_combinations_of_a_document_are_looked_at(make_rules: MakeRules) -> None:
    rules = make_rules(new_terms("user.name", "process.args", max_signals=1000))
    values = {"user.name": [f"u{n}" for n in range(11)], "process.args": [str(n) for n in range(11)]}
    for more in (0, 200):  # the columnar engine from a hundred events on
        filler = [logon(2, f"f{n}", **{"user.name": "u0", "process.args": "0"}) for n in range(more)]
        alerts = api.detect(rules, [logon(1, **values), *filler])
        terms = [tuple(alert["kibana.alert.new_terms"]) for alert in alerts]
        assert terms == [(f"u{n // 11}", str(n % 11)) for n in range(100)]


# --- how much is known ------------------------------------------------------------------------------------------------


def test_a_history_the_events_do_not_cover_is_said(make_rules: MakeRules) -> None:
    rules = make_rules(new_terms(history="now-169h"))
    other = logon(0, **{"host.name": "of no user"})
    seen = [logon(6, **{"user.name": "jd"}), logon(7, **{"user.name": "sue"}), logon(20, **{"user.name": "jd"})]
    execution = execution_of(rules, [other, *seen])
    assert [alert["besra"]["history"] for alert in execution.alerts] == [
        {"from": "2026-02-28T00:00:00.000Z", "seen_from": "2026-03-01T00:00:00.000Z"},
        {"from": "2026-03-01T00:00:00.000Z", "seen_from": "2026-03-01T00:00:00.000Z"},
        {
            "from": "2026-03-14T00:00:00.000Z",
            "seen_from": "2026-03-14T00:00:00.000Z",
            "last_seen": "2026-03-07T00:00:00.000Z",
        },
    ]
    [warning] = execution.warnings
    assert warning.code == "new-terms-short-history"
    assert "not seen for 7d" in warning.message
    assert "begin at 2026-03-01T00:00:00.000Z: 1 of its 3 alerts" in warning.message


@pytest.mark.parametrize(("history", "days"), [("now-1M", 30), ("now-1y", 364), ("now-2w", 13)])
def test_months_and_years(history: str, days: int, make_rules: MakeRules) -> None:
    rules = make_rules(new_terms(history=history, **{"from": "now-1d"}))
    [(_, plan)] = api.runnable(rules)
    assert plan.correlation.history.days == days  # type: ignore[union-attr]


@pytest.mark.parametrize("changes", [{"history_window_start": "2025-02-01"}, {"from": "2025-01-31||+1d"}])
def test_a_history_that_begins_at_a_date_is_unsupported(changes: Json, tmp_path: Path) -> None:
    path = tmp_path / "rule.ndjson"
    path.write_text(json.dumps(rule_of("new_terms", **{"history_window_start": "2025-01-01", **changes})), "utf-8")
    [loaded] = load_rules(path)
    assert loaded.status is RuleStatus.UNSUPPORTED
    assert [problem.code for problem in loaded.problems] == ["unsupported-history-window"]


# --- ids --------------------------------------------------------------------------------------------------------------


def test_what_an_id_stands_on(make_rules: MakeRules) -> None:
    def one(document: Json, *before: Json, **changes: Any) -> str:
        return str(api.detect(make_rules({**new_terms(), **changes}), [*before, document])[-1]["kibana.alert.uuid"])

    event = logon(9, "e", **{"user.name": "jd"})
    known = one(event)
    assert one(event, logon(8, **{"user.name": "sue"}), version=9, query="*") == known
    assert one(event, id="the rule in another place") != known
    assert one(logon(9, "f", **{"user.name": "jd"})) != known
    assert one(event | {"_index": "logs-other"}) != known
    assert one(logon(9, "e", **{"user.name": "jd", "host.name": "a"}), new_terms_fields=["host.name"]) != known

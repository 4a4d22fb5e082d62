"""Indicator match rules: indicators that match and that do not, for each thing a mapping can say."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.detection.conftest import MakeRules
from tests.unit.detection.indicators import IP, NAME, URL, entry, event, indicator

from besra import api
from besra.detection.correlate import correlate
from besra.detection.detect import Engine, Job, gather
from besra.detection.indicators import missing_indicators
from besra.detection.window import Window
from besra.engine import covered_events
from besra.events.file_read import FileRead
from besra.events.index_name import INDICATORS
from besra.problems import Problem
from besra.rules.ruleset import RuleSet, load_rules
from besra.schema.timestamp import parse_timestamp

Json = dict[str, Any]


def found(alerts: list[Json]) -> list[tuple[str, list[str]]]:
    """The events that alerted, each with its indicators."""
    return [
        (alert["besra"]["events"][0]["id"], [told["id"] for told in alert["besra"]["indicators"]]) for alert in alerts
    ]


CASES: list[tuple[str, list[list[Json]], Json, Json, bool]] = [
    ("an address", [[IP]], {"source_ip": "10.0.0.1"}, {"ip": "10.0.0.1"}, True),
    ("another address", [[IP]], {"source_ip": "10.0.0.1"}, {"ip": "10.0.0.2"}, False),
    ("an address in another form", [[IP]], {"source_ip": "::ffff:10.0.0.1"}, {"ip": "10.0.0.1"}, True),
    ("an address that is none", [[IP]], {"source_ip": "here"}, {"ip": "here"}, False),
    ("a star in an address", [[IP]], {"source_ip": "10.0.0.1"}, {"ip": "10.0.0.*"}, False),
    ("a number", [[entry("source.port", "port")]], {"source_port": 443}, {"port": "443"}, True),
    ("a number with a fraction", [[entry("source.port", "port")]], {"source_port": "443.0"}, {"port": 443}, True),
    ("a text", [[NAME]], {"user_name": "mallory"}, {"name": "mallory"}, True),
    ("another case", [[NAME]], {"user_name": "Mallory"}, {"name": "mallory"}, False),
    ("a part of a text", [[NAME]], {"user_name": "mallory2"}, {"name": "mallory"}, False),
    ("a number as a text", [[NAME]], {"user_name": 4}, {"name": "4"}, True),
    ("a field in no mapping", [[entry("my.number", "name")]], {"my_number": 4}, {"name": "4"}, True),
    ("one in no mapping, by the other", [[entry("my.ip", "ip")]], {"my_ip": "0:0::1"}, {"ip": "::1"}, True),
    ("one value of several", [[NAME]], {"user_name": ["a", "b"]}, {"name": ["c", "b"]}, True),
    ("none of several", [[NAME]], {"user_name": ["a", "b"]}, {"name": ["c", "d"]}, False),
    ("a field the event lacks", [[NAME]], {"url_full": "x"}, {"name": "a"}, False),
    ("a star", [[URL]], {"url_full": "http://a.test/x?y"}, {"url_full": "http://*.test/*"}, True),
    ("a star for nothing", [[URL]], {"url_full": "http://a"}, {"url_full": "http://a*"}, True),
    ("a star and another case", [[URL]], {"url_full": "http://A.test"}, {"url_full": "http://a*"}, False),
    ("a question mark", [[URL]], {"url_full": "http://a/b"}, {"url_full": "http://a?b"}, False),
    ("a question mark as it stands", [[URL]], {"url_full": "http://a?b"}, {"url_full": "http://a?b"}, True),
    ("a star in the event", [[URL]], {"url_full": "http://*"}, {"url_full": "http://a"}, False),
    ("both entries", [[URL, NAME]], {"url_full": "u", "user_name": "n"}, {"url_full": "u", "name": "n"}, True),
    ("one entry of two", [[URL, NAME]], {"url_full": "u", "user_name": "n"}, {"url_full": "u", "name": "m"}, False),
    ("both, one by a star", [[URL, NAME]], {"url_full": "u", "user_name": "n"}, {"url_full": "u", "name": "*"}, True),
    ("the second group", [[URL], [NAME]], {"url_full": "u", "user_name": "n"}, {"name": "n"}, True),
    ("neither group", [[URL], [NAME]], {"url_full": "u", "user_name": "n"}, {"url_full": "n", "name": "u"}, False),
]
NOT_NAME = entry("user.name", "name", negate=True)
CASES += [
    ("a negated entry", [[URL, NOT_NAME]], {"url_full": "u", "user_name": "n"}, {"url_full": "u", "name": "m"}, True),
    (
        "one that is equal",
        [[URL, NOT_NAME]],
        {"url_full": "u", "user_name": "n"},
        {"url_full": "u", "name": "n"},
        False,
    ),
    ("one of a field the event lacks", [[URL, NOT_NAME]], {"url_full": "u"}, {"url_full": "u", "name": "n"}, True),
    (
        "one of a field the indicator lacks",
        [[URL, NOT_NAME]],
        {"url_full": "u", "user_name": "n"},
        {"url_full": "u"},
        True,
    ),
    (
        "one of several values",
        [[URL, NOT_NAME]],
        {"url_full": "u", "user_name": ["n", "o"]},
        {"url_full": "u", "name": ["m", "n"]},
        False,
    ),
    (
        "one that a star covers, of an equal page",
        [[URL, NOT_NAME]],
        {"url_full": "u", "user_name": "nora"},
        {"url_full": "u", "name": "n*"},
        False,
    ),
    (
        "one that is equal, of a page that a star covers",
        [[URL, NOT_NAME]],
        {"url_full": "u", "user_name": "n"},
        {"url_full": "u*", "name": "n"},
        False,
    ),
    (
        "one that a star covers",
        [[URL, NOT_NAME]],
        {"url_full": "u", "user_name": "nora"},
        {"url_full": "*", "name": "n*"},
        False,
    ),
]


@pytest.mark.parametrize("engine", list(Engine))
@pytest.mark.parametrize(
    ("groups", "mine", "theirs", "is_match"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_comparison(
    groups: list[list[Json]], mine: Json, theirs: Json, is_match: bool, engine: Engine, make_indicator_rule: MakeRules
) -> None:
    [(_, plan)] = rules = make_indicator_rule(*groups).runnable
    events = api._events([event(**mine)], None)
    known = api._events([indicator(**theirs)], INDICATORS)
    gathered = gather(Job(rules, engine=engine), lambda _: events, lambda _: known)
    assert len(list(correlate(plan, gathered.hits[0]))) == is_match


def test_an_event_is_one_alert_however_many_indicators_match_it(make_indicator_rule: MakeRules) -> None:
    events = [event("e1", source_ip="10.0.0.1", user_name="n"), event("e2", source_ip="10.0.0.9")]
    known = [indicator("i1", ip="10.0.0.1", name="n"), indicator("i2", ip="10.0.0.1"), indicator("i3", name="n")]
    assert found(api.detect(make_indicator_rule([IP], [NAME]), events, indicators=known)) == [
        ("e1", ["i1", "i2", "i3"])
    ]


# --- where indicators come from ---------------------------------------------------------------------------------------


def test_documents_of_the_threat_index_are_indicators(make_indicator_rule: MakeRules) -> None:
    known = [indicator("i1", "logs-ti_x", ip="10.0.0.1"), indicator("i2", "logs-other", ip="10.0.0.1")]
    events = [event(source_ip="10.0.0.1"), *known]
    for match_index in (True, False):
        assert found(api.detect(make_indicator_rule(), events, match_index=match_index)) == [("e", ["i1"])]


def test_documents_given_as_indicators_are_no_events(make_indicator_rule: MakeRules) -> None:
    rules = make_indicator_rule([entry("source.ip", "ip")])
    both = {
        "_id": "both",
        "_index": "logs-ti_x",
        "_source": {"source.ip": "10.0.0.1", "threat.indicator.ip": "10.0.0.1"},
    }
    assert found(api.detect(rules, [event(source_ip="10.0.0.1")], indicators=[both])) == [("e", ["both"])]
    assert found(api.detect(rules, [both], match_index=False)) == [("both", ["both"])]


@pytest.mark.parametrize(
    ("index", "fields", "is_read"),
    [
        (None, {}, True),
        (None, {"event.dataset": "made.up", "agent.type": "filebeat"}, True),
        (None, {"data_stream.dataset": "made.up"}, False),
        (None, {"data_stream.dataset": "feed.up"}, True),
        ("logs-other", {}, False),
        ("logs-feed.x", {}, True),
    ],
)
def test_indicators_that_name_no_index_are_read_by_every_rule(
    index: str | None, fields: Json, is_read: bool, make_indicator_rule: MakeRules
) -> None:
    known = indicator("i", index, ip="10.0.0.1")
    known["_source"] |= fields
    rules = make_indicator_rule(threat_index=["logs-feed.*", "-logs-ti_*"])
    assert len(api.detect(rules, [event(source_ip="10.0.0.1")], indicators=[known])) == is_read


def test_a_window_does_not_bound_indicators(make_indicator_rule: MakeRules) -> None:
    [(_, plan)] = rules = make_indicator_rule().runnable
    late = parse_timestamp("2026-03-17T09:00:01Z")
    events = [event("early", source_ip="10.0.0.1"), event("late", source_ip="10.0.0.1")]
    events[1]["_source"]["@timestamp"] = "2026-03-17T09:00:02Z"
    known = indicator(ip="10.0.0.1")
    known["_source"]["@timestamp"] = "2020-01-01T00:00:00Z"
    for engine in Engine:
        for one in (known, indicator(ip="10.0.0.1")):
            job = Job(rules, window=Window(late, None), engine=engine)
            hits = gather(job, lambda _: api._events(events, None), lambda _, one=one: api._events([one], INDICATORS))
            matches = correlate(plan, hits.hits[0], job.window)
            assert [match.present[0].event.id for match in matches] == ["late"]


@pytest.mark.parametrize("engine", list(Engine))
def test_wildcards_of_indicators_among_the_events(engine: Engine, make_indicator_rule: MakeRules) -> None:
    """Those given apart are known when events are evaluated, these are not."""
    [(_, plan)] = rules = make_indicator_rule([URL]).runnable
    events = [event("e1", url_full="http://a/1"), event("e2", url_full="http://b/2"), event("e3", url_full="http://c")]
    late = indicator("late", "logs-ti_x", url_full="http://b/*")
    early = indicator("early", url_full="http://a/*")
    for known in ([early], []):
        hits = gather(
            Job(rules, engine=engine),
            lambda _: api._events([*events, late], None),
            lambda _, known=known: api._events(known, INDICATORS),
        )
        matched = [match.present[0].event.id for match in correlate(plan, hits.hits[0])]
        assert matched == (["e1", "e2"] if known else ["e2"])


@pytest.mark.parametrize("most", [0, 1, 2, 20_000])
def test_more_patterns_than_are_made_a_condition(
    most: int, make_indicator_rule: MakeRules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(covered_events, "MOST_PATTERNS", most)
    monkeypatch.setattr(api, "FEW_EVENTS", 0)
    known = [indicator("i1", url_full=["http://a/*", "x*"]), indicator("i2", url_full="*2")]
    events = [event("e1", url_full="http://a/1"), event("e2", url_full="http://a/2"), event("e3", url_full="http://b")]
    alerts = api.detect(make_indicator_rule([URL]), events, indicators=known)
    assert found(alerts) == [("e1", ["i1"]), ("e2", ["i1", "i2"])]


def test_the_threat_query_chooses_indicators(make_indicator_rule: MakeRules) -> None:
    known = [indicator("i1", ip="10.0.0.1", type="ipv4"), indicator("i2", ip="10.0.0.1", type="other")]
    rules = make_indicator_rule(threat_query="threat.indicator.type : ipv4")
    assert found(api.detect(rules, [event(source_ip="10.0.0.1")], indicators=known)) == [("e", ["i1"])]


def test_the_first_of_several_documents_under_one_id_is_the_event(
    make_indicator_rule: MakeRules, tmp_path: Path
) -> None:
    """Also where another of them has what an indicator has and it has not."""
    for name, address in (("a", "10.0.0.9"), ("b", "10.0.0.1")):
        (tmp_path / f"{name}.ndjson").write_text(json.dumps(event("e", source_ip=address)) + "\n", "utf-8")
    (tmp_path / "known.ndjson").write_text(json.dumps(indicator("i", ip="10.0.0.1")) + "\n", "utf-8")
    rules, known = make_indicator_rule(), [tmp_path / "known.ndjson"]
    assert list(api.scan([tmp_path / "a.ndjson", tmp_path / "b.ndjson"], rules, indicators=known)) == []
    assert len(list(api.scan([tmp_path / "b.ndjson"], rules, indicators=known))) == 1


def test_the_first_of_several_indicators_under_one_id_is_the_indicator(
    make_indicator_rule: MakeRules, tmp_path: Path
) -> None:
    (tmp_path / "events.ndjson").write_text(json.dumps(event("e", source_ip="10.0.0.1")) + "\n", "utf-8")
    for name, address in (("a", "10.0.0.9"), ("b", "10.0.0.1")):
        known = indicator("i", "logs-ti_x", ip=address)
        (tmp_path / f"{name}.ndjson").write_text(json.dumps(known) + "\n", "utf-8")
    rules = make_indicator_rule()
    events = [tmp_path / "events.ndjson"]
    assert list(api.scan(events, rules, indicators=[tmp_path / "a.ndjson", tmp_path / "b.ndjson"])) == []
    assert len(list(api.scan(events, rules, indicators=[tmp_path / "b.ndjson"]))) == 1


# --- what is said of them ---------------------------------------------------------------------------------------------


def told_by_a_scan(folder: Path, rules: RuleSet, known: list[Json] | None) -> list[str]:
    """The codes of what a scan says; `known` are the indicators, if there are any."""
    (folder / "events.ndjson").write_text(json.dumps(event(source_ip="10.0.0.1")) + "\n", "utf-8")
    if known is not None:
        (folder / "known.ndjson").write_text("".join(json.dumps(one) + "\n" for one in known), "utf-8")
    told: list[Problem | FileRead] = []
    given = [] if known is None else [folder / "known.ndjson"]
    list(api.scan([folder / "events.ndjson"], rules, indicators=given, on_item=told.append))
    return [item.code for item in told if isinstance(item, Problem)]


def test_a_rule_without_indicators_is_told(make_indicator_rule: MakeRules, tmp_path: Path) -> None:
    rules = make_indicator_rule()
    assert told_by_a_scan(tmp_path, rules, None) == ["no-indicators"]
    assert told_by_a_scan(tmp_path, rules, [indicator(name="n")]) == ["no-indicators"]
    assert told_by_a_scan(tmp_path, rules, [indicator(ip="10.0.0.9")]) == []
    assert told_by_a_scan(tmp_path, rules, [indicator(ip="10.0.0.1")]) == []


def test_indicators_nobody_asks_for_are_not_read(tmp_path: Path) -> None:
    assert told_by_a_scan(tmp_path, load_rules(), [indicator(ip="10.0.0.1")]) == ["indicators-not-used"]


def test_several_rules_without_indicators_are_told_together(make_indicator_rule: MakeRules) -> None:
    [(rule, plan)] = make_indicator_rule().runnable
    job = Job(((rule, plan),) * 5)
    problem = missing_indicators(job, gather(job, lambda _: []).hits, given=False)
    assert problem is not None
    assert '5 indicator match rules ("Known to be bad", "Known to be bad", "Known to be bad", …)' in problem.message

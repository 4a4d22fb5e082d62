"""Alert suppression (detection-engine.md 5.1): which matches become alerts, and what the others are counted on."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.detection.conftest import MakeRules

import besra
from besra import api
from besra.detection import suppression as suppression_module
from besra.detection.conclude import conclude
from besra.detection.correlate import matches_in_time
from besra.detection.detect import Job, gather
from besra.detection.execution import Execution, Limits
from besra.detection.match import Match
from besra.detection.run import RunInfo
from besra.detection.suppression import MOST_GROUPS, Folded, Suppression, fold, suppression_of
from besra.detection.suppression_group import NO_GROUPS, Group, Groups
from besra.engine.hits import Hit
from besra.events.event import Event
from besra.language.expr import FieldRef
from besra.rules.plans.keys import field_ref
from besra.schema.catalogue import bundled_catalogue

SECOND = 10**9
NOW = RunInfo(0)
PLAN = api.plan_query("any where true", bundled_catalogue())
Json = dict[str, Any]


def refs(*names: str) -> tuple[FieldRef, ...]:
    return tuple(field_ref(name, bundled_catalogue()) for name in names)


def matched(number: int, second: int | None, **fields: Any) -> Match:
    """A match on one event; `host_name="a"` is the field host.name."""
    source = {name.replace("_", "."): value for name, value in fields.items()}
    event = Event(f"e{number}", ("logs",), source, position=number)
    ordinal = None if second is None else (second * SECOND, 1, 0, number, event.id)
    return Match((Hit(0, event, ordinal),))


def folded(
    *matches: Match,
    by: tuple[str, ...] = ("host.name",),
    limit: int | None = None,
    earlier: Groups = NO_GROUPS,
    **how: Any,
) -> Folded:
    return fold(matches, Suppression(PLAN, refs(*by), **how), limit, earlier)


def told(found: Folded) -> list[tuple[str, list[Any] | None, int]]:
    """Every alert: its event, the values of its group, and how many it counts."""
    return [
        (
            opening.match.present[0].event.id,
            [term.value for term in opening.group.terms] if opening.group else None,
            opening.group.docs_count if opening.group else 0,
        )
        for opening in found.openings
    ]


def numbers(found: Folded) -> tuple[int, int, int, int]:
    return found.total, found.suppressed, found.known, found.left_out


# --- groups -----------------------------------------------------------------------------------------------------------


def test_the_first_becomes_the_alert_and_the_others_count() -> None:
    found = folded(matched(1, 1, host_name="a"), matched(2, 2, host_name="b"), matched(3, 9000, host_name="a"))
    assert told(found) == [("e1", ["a"], 1), ("e2", ["b"], 0)]
    assert numbers(found) == (3, 1, 0, 0)
    group = found.openings[0].group
    assert group is not None
    assert (group.start, group.end) == (SECOND, 9000 * SECOND)


@pytest.mark.parametrize(("second", "expected"), [(70, [("e1", ["a"], 1)]), (71, [("e1", ["a"], 0), ("e2", ["a"], 0)])])
def test_a_group_lasts_from_its_first_event(second: int, expected: list[Any]) -> None:
    both = matched(1, 10, host_name="a"), matched(2, second, host_name="a")
    assert told(folded(*both, duration=timedelta(minutes=1))) == expected


def test_events_of_a_group_do_not_lengthen_it() -> None:
    events = [matched(number, second, host_name="a") for number, second in enumerate((0, 40, 80, 120))]
    found = folded(*events, duration=timedelta(minutes=1))
    assert told(found) == [("e0", ["a"], 1), ("e2", ["a"], 1)]


def test_several_fields_group_by_all_of_them() -> None:
    events = [
        matched(1, 1, host_name="a", user_name="x"),
        matched(2, 2, host_name="a", user_name="y"),
        matched(3, 3, host_name="a", user_name="x"),
    ]
    found = folded(*events, by=("host.name", "user.name"))
    assert told(found) == [("e1", ["a", "x"], 1), ("e2", ["a", "y"], 0)]


def test_a_missing_field_is_a_value_unless_the_rule_says_otherwise() -> None:
    events = matched(1, 1), matched(2, 2, host_name=[None]), matched(3, 3, host_name="null")
    assert told(folded(*events)) == [("e1", [None], 1), ("e3", ["null"], 0)]
    apart = folded(*events, fold_missing=False)
    assert told(apart) == [("e1", None, 0), ("e2", None, 0), ("e3", ["null"], 0)]
    assert numbers(apart) == (3, 0, 0, 0)


def test_one_missing_field_of_two_is_enough_to_stand_alone() -> None:
    events = matched(1, 1, host_name="a"), matched(2, 2, host_name="a", user_name="x")
    assert told(folded(*events, by=("host.name", "user.name"), fold_missing=False)) == [
        ("e1", None, 0),
        ("e2", ["a", "x"], 0),
    ]


def test_lists_are_one_value_whatever_their_order() -> None:
    events = matched(1, 1, host_name=["b", "a"]), matched(2, 2, host_name=["a", "b", "a"]), matched(3, 3, host_name="a")
    assert told(folded(*events)) == [("e1", [["a", "b"]], 1), ("e3", ["a"], 0)]


def test_by_value_an_event_is_in_a_group_for_each() -> None:
    events = matched(1, 1, host_name=["a", "b"]), matched(2, 2, host_name="b"), matched(3, 3, host_name=["b", "c"])
    found = folded(*events, by_value=True)
    assert told(found) == [("e1", ["a"], 0), ("e1", ["b"], 2), ("e3", ["c"], 0)]
    assert numbers(found) == (3, 1, 0, 0)


def test_two_alerts_on_one_event_have_two_ids() -> None:
    openings = folded(matched(1, 1, host_name=["a", "b"]), matched(2, 2, host_name="c"), by_value=True).openings
    ids = [opening.alert_id("id") for opening in openings]
    assert len(set(ids)) == 3
    assert ids[2] == "id"


def test_too_many_combinations_are_one_group_of_lists() -> None:
    few, many = ([str(number) for number in range(count)] for count in (MOST_GROUPS, MOST_GROUPS + 1))
    assert len(folded(matched(1, 1, host_name=few), by_value=True).openings) == MOST_GROUPS
    (opening,) = folded(matched(1, 1, host_name=many), by_value=True).openings
    assert opening.group is not None
    assert opening.group.terms[0].value == sorted(many)


@pytest.mark.parametrize(
    ("field", "first", "second", "shown"),
    [
        ("process.pid", 700, "700", 700),
        ("source.ip", "::ffff:10.0.0.1", "10.0.0.1", "10.0.0.1"),
        ("some.field", 4624, "4624", "4624"),
        ("file.created", "2026-03-17T09:00:00Z", "2026-03-17T10:00:00+01:00", "2026-03-17T09:00:00.000Z"),
        ("process.args_count", "no number", None, None),
    ],
)
def test_values_are_equal_as_their_field_has_them(field: str, first: Any, second: Any, shown: Any) -> None:
    events = [
        Match((Hit(0, Event(name, (), {field: value}), (0, 1, 0, 0, name)),))
        for name, value in (("e1", first), ("e2", second))
    ]
    assert told(folded(*events, by=(field,))) == [("e1", [shown], 1)]


def test_events_without_a_time_are_a_group_of_their_own_where_groups_end() -> None:
    events = matched(1, 1, host_name="a"), matched(2, None, host_name="a"), matched(3, None, host_name="a")
    assert told(folded(*events)) == [("e1", ["a"], 2)]
    found = folded(*events, duration=timedelta(hours=1))
    assert told(found) == [("e1", ["a"], 0), ("e2", ["a"], 1)]
    timeless = found.openings[1].group
    assert timeless is not None
    assert not {name for name in timeless.fields() if name.endswith((".start", ".end"))}


# --- limits and memory ------------------------------------------------------------------------------------------------


def test_only_what_becomes_an_alert_counts_towards_the_limit() -> None:
    events = [matched(number, number, host_name=host) for number, host in enumerate("aabaccb")]
    found = folded(*events, limit=2)
    assert told(found) == [("e0", ["a"], 2), ("e2", ["b"], 1)]
    assert numbers(found) == (7, 3, 0, 2)
    assert found.due == 3


def test_groups_that_are_over_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppression_module, "SWEEP", 8)
    folding = suppression_module._Folding(Suppression(PLAN, refs("host.name"), timedelta(seconds=3)), 5, NO_GROUPS)
    most = 0
    for number in range(500):
        folding.add(matched(number, number, host_name=f"h{number}"))
        most = max(most, len(folding._open))
    assert most <= 9
    assert folding.folded().due == 500
    assert len(folding.folded().openings) == 5


# --- runs after runs --------------------------------------------------------------------------------------------------


def handed_on(found: Folded, earlier: Groups = NO_GROUPS) -> Mapping[str, Group]:
    groups = [*found.continued, *(opening.group for opening in found.openings if opening.group)]
    return {**earlier, **{group.instance_id: group for group in groups}}


MINUTE = timedelta(minutes=1)


def test_an_earlier_group_goes_on_while_it_lasts() -> None:
    first = folded(matched(1, 0, host_name="a"), matched(2, 10, host_name="a"), duration=MINUTE)
    then = folded(
        matched(3, 50, host_name="a"), matched(4, 61, host_name="a"), duration=MINUTE, earlier=handed_on(first)
    )
    (grown,) = then.continued
    assert (grown.docs_count, grown.start, grown.end) == (2, 0, 50 * SECOND)
    assert told(then) == [("e4", ["a"], 0)]
    assert numbers(then) == (2, 1, 0, 0)


def test_what_an_earlier_run_has_seen_is_not_counted_again() -> None:
    events = [matched(number, number, host_name="a") for number in range(5)]
    first = folded(*events[:3], duration=MINUTE)
    again = folded(*events, duration=MINUTE, earlier=handed_on(first))
    assert told(again) == []
    assert numbers(again) == (5, 2, 3, 0)
    assert [group.docs_count for group in again.continued] == [4]
    assert handed_on(again) == handed_on(folded(*events, duration=MINUTE))


def test_without_a_duration_an_earlier_group_only_tells_what_was_seen() -> None:
    first = folded(matched(1, 0, host_name="a"), matched(2, 10, host_name="a"))
    then = folded(matched(2, 10, host_name="a"), matched(3, 20, host_name="a"), earlier=handed_on(first))
    assert told(then) == [("e3", ["a"], 0)]
    assert numbers(then) == (2, 0, 1, 0)
    assert then.continued == ()


def test_a_group_somebody_closed_is_not_handed_on_and_the_next_match_opens_another() -> None:
    then = folded(matched(3, 20, host_name="a"), duration=MINUTE, earlier={})
    assert told(then) == [("e3", ["a"], 0)]


def test_runs_tell_the_next_one_about_their_alerts(make_rules: MakeRules) -> None:
    rules = make_rules({"alert_suppression": {"group_by": ["host.name"], "duration": {"value": 1, "unit": "h"}}})
    first = execution(rules, [document(1, host="a"), document(2, host="a")])
    (group,) = first.groups
    assert group.alert_id == first.alerts[0]["kibana.alert.uuid"]
    run = RunInfo(0, groups={group.instance_id: group})
    then = execution(rules, [document(second, host="a") for second in (1, 2, 3)], run)
    assert then.alerts == ()
    assert (then.total_matches, then.suppressed, then.known) == (3, 1, 2)
    (grown,) = then.groups
    assert grown.alert_id == group.alert_id
    assert grown.fields()["kibana.alert.suppression.docs_count"] == 2


# --- rules ------------------------------------------------------------------------------------------------------------


def document(second: int, category: str = "process", host: Any = "h", name: Any = "cmd.exe", **fields: Any) -> Json:
    at = f"2026-03-17T09:{second // 60:02}:{second % 60:02}Z"
    found = {"@timestamp": at, "event.category": category, "host.name": host, "process.name": name, "_index": "logs-x"}
    return {**found, "_id": f"e{second}", **fields} | {"event.id": str(second)}


def execution(rules: besra.RuleSet, documents: list[Json], run: RunInfo = NOW) -> Execution:
    job = Job(rules.runnable, match_index=False)
    gathered = gather(job, lambda _: api._events(documents, "logs-x"))
    (done,) = conclude(job, gathered, run)
    return done


def suppressing(*fields: str, **more: Any) -> Json:
    return {"alert_suppression": {"group_by": list(fields), **more}}


def test_what_an_alert_says(make_rules: MakeRules) -> None:
    rules = make_rules(suppressing("host.name", "user.name"))
    alerts = besra.detect(rules, [document(1), document(2), document(3)], match_index=False)
    (alert,) = alerts
    assert alert["kibana.alert.suppression.terms"] == [
        {"field": "host.name", "value": "h"},
        {"field": "user.name", "value": None},
    ]
    assert alert["kibana.alert.suppression.docs_count"] == 2
    assert alert["kibana.alert.suppression.start"] == "2026-03-17T09:00:01.000Z"
    assert alert["kibana.alert.suppression.end"] == "2026-03-17T09:00:03.000Z"
    assert alert["kibana.alert.last_detected"] == alert["@timestamp"]
    assert alert["besra"]["total_matches"] == 3
    assert alert["besra"]["suppressed_matches"] == 2
    assert len(alert["kibana.alert.instance.id"]) == 64


def test_the_instance_id_is_that_of_values_rule_and_space(make_rules: MakeRules) -> None:
    def ids(*changes: Json, host: str = "h", space: str = "default") -> set[str]:
        rules = make_rules(*changes)
        moved = [replace(one, rule=replace(one.rule, space=space)) for one in rules if one.rule]
        done = execution(replace(rules, rules=tuple(moved)), [document(1, host=host)], RunInfo(0))
        return {alert["kibana.alert.instance.id"] for alert in done.alerts}

    usual = suppressing("host.name")
    assert ids(usual) == ids(usual | {"name": "another", "version": 7})
    others = [ids(usual, host="i"), ids(usual | {"id": "x"}), ids(suppressing("process.name")), ids(usual, space="s")]
    assert len({*ids(usual), *(found for other in others for found in other)}) == 5


def test_the_earliest_event_becomes_the_alert_whatever_the_order_of_reading(make_rules: MakeRules) -> None:
    rules = make_rules(suppressing("host.name"))
    (alert,) = besra.detect(rules, [document(3), document(1), document(2)], match_index=False)
    assert alert["besra"]["events"][0]["id"] == "e1"


def test_a_limit_is_told_with_what_it_leaves_out(make_rules: MakeRules) -> None:
    rules = make_rules(suppressing("host.name") | {"max_signals": 1})
    done = execution(rules, [document(second, host=host) for second, host in enumerate("aabcb")])
    assert len(done.alerts) == 1
    assert (done.total_matches, done.suppressed, done.due) == (5, 1, 3)
    (warning,) = done.warnings
    assert warning.code == "max-alerts-reached"
    assert "limited to the first 1 (its max_signals) of the 3 alerts that suppression leaves" in warning.message
    assert "3 matches are in none" in warning.message


SEQUENCE = "sequence by host.id [process where process.pid == 1] [process where process.pid == 2]"


def steps(start: int, host: str, first: str, second: str) -> list[Json]:
    ids = {"host.id": host}
    return [
        document(start, name=first, **{"process.pid": 1}, **ids),
        document(start + 1, name=second, **{"process.pid": 2}, **ids),
    ]


def test_sequences_group_by_the_fields_of_any_step(make_rules: MakeRules) -> None:
    rules = make_rules(suppressing("process.name") | {"query": SEQUENCE})
    documents = [*steps(1, "x", "a", "b"), *steps(3, "y", "b", "a"), *steps(5, "z", "a", "c")]
    alerts = besra.detect(rules, documents, match_index=False)
    shells = [alert for alert in alerts if "sequence" in alert["besra"]]
    assert len(alerts) == 6, "the blocks of the two that became alerts, and no others"
    assert [shell["kibana.alert.suppression.terms"][0]["value"] for shell in shells] == [["a", "b"], ["a", "c"]]
    assert [shell["kibana.alert.suppression.docs_count"] for shell in shells] == [1, 0]
    assert not any("kibana.alert.suppression.terms" in alert for alert in alerts if alert not in shells)
    first = shells[0]
    assert first["kibana.alert.suppression.start"] == "2026-03-17T09:00:02.000Z", "when the sequence was complete"


def test_samples_are_folded_in_order_of_time(make_rules: MakeRules) -> None:
    query = "sample by host.id [process where process.pid == 1] [process where process.pid == 2]"
    rules = make_rules(suppressing("host.name", duration={"value": 10, "unit": "s"}) | {"query": query})
    documents = [*steps(30, "a", "p", "q"), *steps(1, "c", "p", "q"), *steps(5, "b", "p", "q")]
    shells = [alert for alert in besra.detect(rules, documents, match_index=False) if "sequence" in alert["besra"]]
    assert [shell["besra"]["join_keys"]["host.id"] for shell in shells] == ["c", "a"]
    assert [shell["kibana.alert.suppression.docs_count"] for shell in shells] == [1, 0]


KUERY = {"type": "query", "language": "kuery", "query": "process.name : *"}


def test_query_rules_group_by_value_and_eql_rules_by_list(make_rules: MakeRules) -> None:
    documents = [document(1, host=["a", "b"]), document(2, host="b")]

    def values(changes: Json) -> list[Any]:
        alerts = besra.detect(make_rules(changes), documents, match_index=False)
        return [alert["kibana.alert.suppression.terms"][0]["value"] for alert in alerts]

    assert values(suppressing("host.name")) == [["a", "b"], "b"]
    assert values(suppressing("host.name") | KUERY) == ["a", "b"]
    new_terms = {"type": "new_terms", "new_terms_fields": ["event.id"], "history_window_start": "now-7d"}
    assert values(suppressing("host.name") | KUERY | new_terms) == [["a", "b"], "b"]


def test_the_group_of_a_threshold_rule_is_its_bucket(make_rules: MakeRules) -> None:
    threshold = {"type": "threshold", "threshold": {"field": ["host.name"], "value": 2}}
    hour = {"alert_suppression": {"duration": {"value": 1, "unit": "h"}}}
    rules = make_rules(KUERY | threshold | hour)
    documents = [document(1, host=["a", "b"]), document(2, host="b"), document(3, host="a")]
    done = execution(rules, documents)
    assert [group.terms[0].value for group in done.groups] == ["b", "a"]
    assert [alert["kibana.alert.suppression.docs_count"] for alert in done.alerts] == [0, 0]
    later = execution(
        rules,
        [document(second, host="b") for second in (9, 10)],
        RunInfo(0, groups={group.instance_id: group for group in done.groups}),
    )
    assert later.alerts == ()
    assert [(group.terms[0].value, group.docs_count) for group in later.groups] == [("b", 1)]


def test_a_bucket_that_has_grown_is_told_again_and_not_counted_again(make_rules: MakeRules) -> None:
    changes = {"type": "threshold", "threshold": {"field": ["host.name"], "value": 2}, "from": "now-10s"}
    rules = make_rules(KUERY | changes | {"alert_suppression": {"duration": {"value": 30, "unit": "s"}}})
    seconds = (1, 2, 8, 20, 21, 32, 33)
    documents = [document(second, host="a") for second in seconds]
    whole = execution(rules, documents)
    groups: dict[str, Group] = {}
    told = {}
    for count in range(2, len(seconds) + 1):
        done = execution(rules, documents[:count], RunInfo(0, groups=dict(groups)))
        groups |= {group.instance_id: group for group in done.groups}
        told |= {alert["kibana.alert.uuid"]: alert for alert in done.alerts}
    assert groups == {group.instance_id: group for group in whole.groups}
    assert [alert["kibana.alert.threshold_result"]["count"] for alert in told.values()] == [3, 2]
    assert told.keys() == {alert["kibana.alert.uuid"] for alert in whole.alerts}
    # The end of a group is when the last of its buckets began.
    assert {group.end for group in groups.values()} == {whole.groups[-1].start}


def test_a_threshold_without_fields_is_one_group(make_rules: MakeRules) -> None:
    threshold = {"type": "threshold", "threshold": {"field": [], "value": 2}}
    hour = {"alert_suppression": {"duration": {"value": 1, "unit": "h"}}}
    (alert,) = execution(make_rules(KUERY | threshold | hour), [document(1), document(2)]).alerts
    assert alert["kibana.alert.suppression.terms"] == []


def test_own_alerts_open_no_group(make_rules: MakeRules) -> None:
    rules = make_rules(suppressing("host.name"))
    (first,) = besra.detect(rules, [document(1)], match_index=False)
    own = {**document(1), **{name: value for name, value in first.items() if name.startswith("kibana.")}}
    done = execution(rules, [own | {"_id": "own"}, document(2)])
    assert [alert["besra"]["events"][0]["id"] for alert in done.alerts] == ["e2"]
    assert done.alerts[0]["kibana.alert.suppression.docs_count"] == 0


@pytest.mark.parametrize("value", [1, 10**17, 10**30])
def test_any_duration_can_be_used(value: int, make_rules: MakeRules) -> None:
    rules = make_rules(suppressing("host.name", duration={"value": value, "unit": "h"}))
    ((rule, plan),) = rules.runnable
    found = suppression_of(rule, plan)
    assert found is not None
    assert found.duration == timedelta(hours=min(value, timedelta.max // timedelta(hours=1)))
    assert len(besra.detect(rules, [document(1), document(2)], match_index=False)) == 1


def test_rules_that_suppress_are_told_how_many_they_may_make(make_rules: MakeRules) -> None:
    rules = make_rules(suppressing("event.id"))
    job = Job(rules.runnable, match_index=False, limits=Limits(2))
    gathered = gather(job, lambda _: api._events([document(second) for second in range(5)], "logs-x"))
    (done,) = conclude(job, gathered, RunInfo(0))
    assert len(done.alerts) == 2
    assert "the limit given" in done.warnings[0].message


def test_matches_come_in_time_where_their_correlation_has_another_order() -> None:
    query = 'sample by host.id [any where process.name == "a"] [any where process.name == "b"]'
    plan = api.plan_query(query, bundled_catalogue())
    keys = {"z": 1, "y": None, "x": 3}
    hits = []
    for host, second in keys.items():
        for clause, name in enumerate("ab"):
            event = Event(f"{host}{name}", (), {"host.id": host, "process.name": name})
            ordinal = None if second is None else (second * SECOND, 1, 0, 0, event.id)
            hits.append(Hit(clause, event, ordinal, ((host,),)))
    assert [match.key for match in matches_in_time(plan, hits)] == [("z",), ("x",), ("y",)]

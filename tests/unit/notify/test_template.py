"""Templates read what is told of alerts and nothing else, within bounds; what is wrong with one is said."""

import time
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.storage.samples import NOW, alert, alerts

from besra.notify.connector_types import TYPES
from besra.notify.context import MOST, Told, context_of, expanded
from besra.notify.payload import payload_of
from besra.notify.template import TemplateError, in_json, rendered

TOLD = Told(alerts(1, 2), 2, NOW, "default", "key", "digest")
CONTEXT = context_of(TOLD, "https://soc.example")


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{rule.name}} of {{rule.rule_id}}", "Rule One of rule-1"),
        ("{{context.rule.query}}", "process where true"),
        ("{{state.signals_count}} {{alerts.new.count}} {{alerts.all.count}} {{alerts.ongoing.count}}", "2 2 2 0"),
        ("{{#context.alerts}}{{kibana.alert.uuid}} {{host.name}};{{/context.alerts}}", "a1 h;a2 h;"),
        ("{{#alerts.new.data}}{{_id}},{{/alerts.new.data}}", "a1,a2,"),
        ("{{alert.id}} {{alert.actionGroup}} {{date}}", "a1 default 2025-06-15T15:06:40.000Z"),
        ("{{context.results_link}}", "https://soc.example/app/security/detections/rules/id/r1"),
        ("{{#context.alerts}}{{process.args}}{{/context.alerts}}", '["cmd.exe","/c"]' * 2),
        ("{{nothing}}{{rule.nothing.at.all}}|{{^nothing}}none{{/nothing}}", "|none"),
        ("{{kibanaBaseUrl}} {{spaceId}} {{kind}} {{key}}", "https://soc.example default digest key"),
        ("{{! a remark }}{{>/etc/passwd}}{{rule.__class__}}{{rule.name.upper}}{{rule.items}}", ""),
        (
            "{{! a remark\nof two lines }}a{{#nothing}}}}{{/nothing}}{{{ rule.rule_id }}}{{&rule.rule_id}}",
            "arule-1rule-1",
        ),
        ('{"a":{{alerts.new.count}}}', '{"a":2}'),
    ],
)
def test_what_templates_read(template: str, text: str) -> None:
    assert rendered(template, CONTEXT) == text


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{#a}}", "not closed"),
        ("{{/a}}", "Section end tag mismatch"),
        ("{{#a}}{{#b}}{{/a}}{{/b}}", "mismatch"),
        ("x" * (32 << 10) + "{{a}}", "more than 32,768 characters"),
        ("{{ not closed", "character 1 is not closed"),
        ("{{a}} {{" + "{{" * 10_000, "character 7 is not closed"),
        ("{{=<% %>=}}" + "<%" * 10_000, "marks"),
        ("{{{a}} and }", "by as many"),
        ("{{{a}}" * 5_000, "by as many"),
        ("{{}}", "no name"),
        ("{{#}}", "no name"),
        ("{{a\nb}}", "no name in one line"),
        ("{{{" + " " * 900 + "}}}", "no name"),
        ("{{a" + " " * 1000 + "}}", "1,000 characters"),
        ("{{a}}" + " \t" * 501, "1,000 blanks"),
        ("{{#x}}{{#x}}" + "z" * 32_000 + "{{/x}}{{/x}}", "262,144 characters"),
        ("{{#x}}{{#x}}" + "{{!a}}" * 5_000 + "{{/x}}{{/x}}", "times"),
        ("{{#x}}{{^none}}" + "{{>a}}" * 5_000 + "{{/none}}{{/x}}", "times"),
        ("{{#alerts.new.data}}" * 20 + "x" + "{{/alerts.new.data}}" * 20, "times"),
        ("{{#x}}{{y}}{{/x}}", "characters"),
    ],
)
def test_what_cannot_be_rendered_is_said(template: str, why: str) -> None:
    context = {**CONTEXT, "x": [1] * 1000, "y": "y" * 1000}
    with pytest.raises(TemplateError, match=why):
        rendered(template, context)


@pytest.mark.parametrize(
    "template",
    [
        "{{" * 16_000,
        "{{a}}" * 6_500,
        "{{a}}" + " " * 32_000,
        "{{a}}" + (" " * 1000 + ".") * 32,
        "{{!" + "{{" * 16_000 + "}}",
        ("{{a" + " " * 990 + "b}}") * 32,
        "{{#x}}" * 1_500 + "{{/x}}" * 1_500,
        "{{#x}}{{#x}}" + "{{a.b.c}}" * 3_000 + "z" * 4_000 + "{{/x}}{{/x}}",
    ],
)
def test_no_template_takes_long(template: str) -> None:
    started = time.process_time()
    with suppress(TemplateError):
        rendered(template, {**CONTEXT, "x": [1] * 1000})
    assert time.process_time() - started < 2


def test_all_texts_of_a_message_are_bounded_together() -> None:
    many = Told(alerts(*range(MOST)), MOST, NOW, "default", "key", "digest")
    inner = "{{#alerts.new.data}}{{/alerts.new.data}}"
    for template, why in (
        (f"{{{{#context.alerts}}}}{inner}{{{{/context.alerts}}}}", "times"),
        ("{{a}}" * 6_000, "have more"),
    ):
        payload, problems = payload_of(".pagerduty", {"links": [template] * 10}, many)
        assert len(payload["links"]) == 10
        assert 0 < len(problems) < 10
        assert why in problems[0]


@given(st.text(max_size=40))
def test_values_in_json_stay_values(value: str) -> None:
    text = rendered('{"a": "{{v}}"}', {"v": value}, in_json)
    assert orjson.loads(text)["a"] == value.encode("utf-8", "replace").decode()


ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("{}#/^&>=! abalert.idnew.data", max_size=60),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("type_", TYPES)
@given(value=ANY)
@settings(max_examples=40, deadline=None)
def test_any_parameters_come_to_something_that_can_be_sent(type_: str, value: Any) -> None:
    kind = TYPES[type_]
    payload, problems = payload_of(type_, {kind.text: value, "other": value}, TOLD)
    assert payload[kind.text] or problems or value in (0, False)
    orjson.dumps(payload)


def test_fields_of_events_and_of_alerts_stand_in_one_document() -> None:
    one = alert(1, **{"event": {"kind": "event", "action": "start"}, "event.kind": "signal"})
    assert expanded(one)["event"] == {"kind": "signal", "action": "start"}
    assert one["event"] == {"kind": "event", "action": "start"}
    assert expanded(one)["kibana"]["alert"]["rule"]["name"] == "Rule One"


def test_what_nobody_has_written_is_said_by_the_service() -> None:
    texts = {type_: payload_of(type_, {}, TOLD)[0] for type_ in TYPES}
    body = orjson.loads(texts[".webhook"]["body"])
    assert [one["kibana.alert.uuid"] for one in body["alerts"]] == ["a1", "a2"]
    assert body["count"] == 2
    assert texts[".slack"]["message"].startswith("2 alerts: Rule One")
    assert texts[".email"]["subject"] == "2 alerts: Rule One"
    assert texts[".pagerduty"]["severity"] == "info"


def test_a_digest_of_many_has_the_first_and_counts_all() -> None:
    many = Told(alerts(*range(MOST)), 5000, NOW, "default", "key", "digest")
    body = orjson.loads(payload_of(".webhook", {"body": "{{alert.id}}"}, many, is_crowded=True)[0]["body"])
    assert (len(body["alerts"]), body["count"]) == (MOST, 5000)
    assert "5,000 alerts" in payload_of(".slack", {}, many)[0]["message"]


def test_bodies_are_bounded() -> None:
    large = Told(alerts(*range(MOST), message="x" * 50_000), MOST, NOW, "default", "key", "digest")
    body = payload_of(".webhook", {}, large)[0]["body"]
    assert len(body) < 600_000
    assert orjson.loads(body)["count"] == MOST

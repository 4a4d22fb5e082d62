"""Chat and on-call services that take a JSON object at a URL of theirs: Slack, Microsoft Teams, PagerDuty.

None of them answers to a key for what is sent twice but PagerDuty, whose `dedup_key` it is.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from besra.notify.answer import Answer
from besra.notify.connector import Connector, Message
from besra.notify.exchange import Request, exchange
from besra.notify.outgoing import Outgoing
from besra.notify.webhook import KEY, USER_AGENT

PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"
ACTIONS = ("trigger", "resolve", "acknowledge")
SEVERITIES = ("critical", "error", "warning", "info")
LONGEST_SUMMARY, LONGEST_DEDUP_KEY = 1024, 255
LONGEST_TEXT = 30_000
"""Characters of a message: Slack takes 40,000, Teams some 28 KB."""


def send_slack(connector: Connector, message: Message, outgoing: Outgoing) -> Answer:
    """Send a text to an incoming webhook of Slack."""
    return _post(connector.secrets["webhookUrl"], {"text": _text(message)}, message.key, outgoing)


def send_teams(connector: Connector, message: Message, outgoing: Outgoing) -> Answer:
    """Send a text to an incoming webhook, or a workflow, of Microsoft Teams."""
    return _post(connector.secrets["webhookUrl"], {"text": _text(message)}, message.key, outgoing)


def send_pagerduty(connector: Connector, message: Message, outgoing: Outgoing) -> Answer:
    """Send an event of version 2 to PagerDuty."""
    params = message.params
    action = params.get("eventAction") if params.get("eventAction") in ACTIONS else "trigger"
    event: dict[str, Any] = {
        "routing_key": connector.secrets["routingKey"],
        "event_action": action,
        "dedup_key": str(params.get("dedupKey") or message.key)[:LONGEST_DEDUP_KEY],
    }
    if action == "trigger":
        told = {
            "summary": str(params.get("summary") or "")[:LONGEST_SUMMARY],
            "source": params.get("source") or "besra",
            "severity": params.get("severity") if params.get("severity") in SEVERITIES else "info",
            **{name: params.get(name) for name in ("timestamp", "component", "group", "class")},
            "custom_details": params.get("customDetails"),
        }
        event["payload"] = {name: value for name, value in told.items() if value}
        event |= {"links": params["links"]} if params.get("links") else {}
    answer = _post(connector.text("apiUrl") or PAGERDUTY, event, message.key, outgoing)
    # What it answers tells its key, which is no secret, and of what was sent only that it was taken.
    return replace(answer, details={**(answer.details or {}), "dedup_key": event["dedup_key"]})


def _text(message: Message) -> str:
    return str(message.params.get("message") or "")[:LONGEST_TEXT]


def _post(url: str, told: Mapping[str, Any], key: str, outgoing: Outgoing) -> Answer:
    headers = {"Content-Type": "application/json", "User-Agent": USER_AGENT, KEY: key}
    return exchange(Request(url, orjson.dumps(told), headers), outgoing)

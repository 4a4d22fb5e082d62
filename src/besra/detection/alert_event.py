"""Alerts as events: what rules over alerts read (detection-engine.md 2.5, 3)."""

from collections.abc import Collection, Iterable
from itertools import accumulate

from besra.detection.alert import Alert
from besra.detection.provenance import MADE_HERE
from besra.events.envelope import space_of_alert
from besra.events.event import Event
from besra.events.index_name import alert_index, names_of_index
from besra.language.plan import Plan
from besra.rules.rule import Rule
from besra.schema.indexpattern import matches

BEHIND_EVENTS = 1 << 62
"""Positions from here on sort alerts behind all events of their instant, the more the deeper they are."""


RULE = "kibana.alert.rule."
DESCENT = "kibana.alert.rule.uuid"


def event_of_alert(alert: Alert, read: Collection[str]) -> Event:
    """The event an alert is to other rules: itself, at the time of what it is about.

    All alerts of a run are created at one time, by which no sequence could order them. One on an event without a time
    has none. Of the copy of the rule, which is most of an alert and which no other alert takes over, it has what is
    `read`: the names of fields and of the objects they are in (`names_read`).
    """
    source = {
        name: value
        for name, value in alert.items()
        if name != "@timestamp" and (name in read or name == DESCENT or not name.startswith(RULE))
    }
    time = alert.get("kibana.alert.original_time")
    if time is not None:
        source["@timestamp"] = time
    position = BEHIND_EVENTS + alert["kibana.alert.depth"]
    return Event(alert["kibana.alert.uuid"], names_in(space_of_alert(alert)), source, MADE_HERE, position)


def names_in(space: str) -> tuple[str, ...]:
    """The index of the alerts of a space, and what else it is known as."""
    return names_of_index(alert_index(space))


def names_read(fields: Iterable[str]) -> frozenset[str]:
    """The names of some fields, and of all objects they are in."""
    return frozenset(
        name for field in fields for name in accumulate(field.split("."), lambda outer, inner: f"{outer}.{inner}")
    )


def reads_alerts(rule: Rule, plan: Plan) -> bool:
    """Whether one of the rule's clauses has index patterns that name the alerts of its space.

    Without patterns a rule reads all events, and no alerts; neither do patterns such as `*`, since names that begin
    with a dot are hidden.
    """
    patterns = (rule.index if clause.index is None else clause.index for clause in plan.clauses)
    names = names_in(rule.space)
    return any(given and matches(given, names) for given in patterns)

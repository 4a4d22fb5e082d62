"""What a rule wants told of its alerts, and how often (detection-engine.md 7.1).

besra's runs come whenever something arrives, so "each run" of Kibana is here "what comes within a while": alerts of a
summary wait for each other for that long, or for as long as `throttle` says.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import Any

from besra.detection.alert import Alert
from besra.notify.alert_filter import AlertFilter, filter_of
from besra.schema.datemath import parse_duration
from besra.schema.timestamp import NANOS
from besra.storage.stored_json import to_json

SEVERITIES = ("low", "medium", "high", "critical")
ON_ALERT, ON_THROTTLE, ON_CHANGE = "onActiveAlert", "onThrottleInterval", "onActionGroupChange"
LONGEST_WAIT = 7 * 86_400 * NANOS


@dataclass(frozen=True)
class Action:
    """What is told to whom: `uuid` tells it from others, `params` are templates.

    `waits` is for how long alerts wait to go together, in nanoseconds; None if each goes by itself. `least` is the
    lowest severity it is about. `problems` say what of it could not be read and was passed over.
    """

    uuid: str
    connector: str
    params: Mapping[str, Any] = field(default_factory=dict)
    waits: int | None = None
    least: str = SEVERITIES[0]
    condition: AlertFilter = field(default_factory=AlertFilter)
    only_without_actions: bool = False
    space: str | None = None
    """The space whose alerts it is about, None for every one."""
    problems: tuple[str, ...] = ()

    @cached_property
    def document(self) -> dict[str, Any]:
        """What sending needs to know of it later."""
        return {"uuid": self.uuid, "params": self.params, **({"problems": [*self.problems]} if self.problems else {})}

    @cached_property
    def id(self) -> str:
        """What follows from all that sending needs to know."""
        return _hashed(self.document)

    def is_about(self, alert: Alert, now: int) -> bool:
        """Whether an alert is to be told of. Raises nothing on purpose."""
        severity = str(alert.get("kibana.alert.severity"))
        if severity in SEVERITIES and SEVERITIES.index(severity) < SEVERITIES.index(self.least):
            return False
        return self.condition.holds(alert, now)


def actions_of(given: Any, throttle: Any, run: int, now: int) -> Iterator[Action]:
    """The actions of a rule that can be used; `throttle` is that of the rule, for actions that say nothing themselves.

    `run` is for how long alerts of "a run" wait for each other, in nanoseconds. Any JSON is taken. Each has a `uuid` of
    its own: where several were given the same, as copies of actions have it, the first keeps it.
    """
    if throttle == "no_actions" or not isinstance(given, Sequence) or isinstance(given, str):
        return
    seen: set[str] = set()
    for number, one in enumerate(given):
        if isinstance(one, Mapping) and isinstance(one.get("id"), str):
            action = action_of(one, throttle, run, now, number)
            if action.uuid in seen:
                action = replace(action, uuid=_hashed({"uuid": action.uuid, "id": action.connector, "number": number}))
            seen.add(action.uuid)
            yield action


def action_of(given: Mapping[str, Any], throttle: Any, run: int, now: int, number: int = 0) -> Action:
    """An action of a rule."""
    problems: list[str] = []
    condition = filter_of(given.get("alerts_filter"), now, problems)
    params = given.get("params")
    if not isinstance(params, Mapping):
        params = {}
    uuid = given.get("uuid")
    if not isinstance(uuid, str) or not uuid:
        uuid = _hashed({"number": number, "id": given["id"], "params": dict(params)})
    waits = _waits(given.get("frequency"), throttle, run, problems)
    return Action(uuid, str(given["id"]), dict(params), waits, condition=condition, problems=tuple(problems))


def _hashed(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(to_json(dict(content)).encode()).hexdigest()[:32]


def _waits(frequency: Any, throttle: Any, run: int, problems: list[str]) -> int | None:
    if not isinstance(frequency, Mapping):
        # What rules said before actions did: each run, or a time.
        return run if throttle in (None, "rule") else _time(throttle, run, problems)
    when = frequency.get("notifyWhen") or ON_ALERT
    if when not in (ON_ALERT, ON_THROTTLE, ON_CHANGE):
        problems.append(f"notifyWhen is {when!r}, which is none; taken for {ON_ALERT}")
        when = ON_ALERT
    if when == ON_THROTTLE:
        return _time(frequency.get("throttle"), run, problems)
    return run if frequency.get("summary") is True else None


def _time(text: Any, otherwise: int, problems: list[str]) -> int:
    try:
        length = parse_duration(str(text)) // timedelta(microseconds=1) * 1000
    except ValueError:
        problems.append(f"throttle is {text!r}, which is no time such as 1h")
        return otherwise
    return max(min(length, LONGEST_WAIT), NANOS)

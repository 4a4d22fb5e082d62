"""The edits of bulk actions: what each changes about a rule, and of which rules it cannot (detection-engine.md 8.1)."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from besra.service.answering import RequestError

Document = dict[str, Any]
Edit = Callable[[Document], None]
"""Changes a document, whose values it does not touch. Raises RequestError where it cannot be made to that rule."""

TAGS, PATTERNS, FIELDS = "tags", "index_patterns", "investigation_fields"
WITHOUT_PATTERNS = ("esql", "machine_learning")
STEP = re.compile(r"([1-9]\d{0,8})([smh])")
SECONDS = {"s": 1, "m": 60, "h": 3600}
LISTS = tuple(f"{how}_{what}" for what in (TAGS, PATTERNS, FIELDS) for how in ("add", "delete", "set"))
OTHERS = (
    "set_timeline",
    "set_schedule",
    "add_rule_actions",
    "set_rule_actions",
    "set_alert_suppression",
    "set_alert_suppression_for_threshold",
    "delete_alert_suppression",
)
KINDS = (*LISTS, *OTHERS)


def edits_of(asked: Any) -> list[Edit]:
    """The edits of a request. Raises RequestError (400)."""
    if isinstance(asked, dict):  # Elastic's own client sends one so
        asked = [asked]
    if not isinstance(asked, list) or not asked or not all(isinstance(one, dict) for one in asked):
        raise RequestError(400, 'edit is a list such as [{"type": "add_tags", "value": ["lab"]}]')
    return [_edit_of(one) for one in asked]


def _edit_of(one: Mapping[str, Any]) -> Edit:
    kind, value = one.get("type"), one.get("value")
    if kind not in KINDS:
        raise RequestError(400, f"besra has no edit of the type {kind!r}; it has {', '.join(KINDS)}")
    how, _, what = str(kind).partition("_")
    match kind:
        case "set_timeline":
            return _timeline(value)
        case "set_schedule":
            return _schedule(value)
        case "add_rule_actions" | "set_rule_actions":
            return _actions(how, value)
        case "set_alert_suppression" | "set_alert_suppression_for_threshold" | "delete_alert_suppression":
            return _suppression(str(kind), value)
        case _ if what == TAGS:
            return _list_edit("tags", _change(how, _texts(kind, value)))
        case _ if what == PATTERNS:
            return _patterns(_change(how, _texts(kind, value)), one.get("overwrite_data_views") is True)
        case _:
            names = value.get("field_names") if isinstance(value, dict) else None
            return _investigation(_change(how, _texts(f"field_names of {kind}", names)))


# --- lists of texts ---------------------------------------------------------------------------------------------------

Change = Callable[[Sequence[str]], list[str]]


def _texts(what: object, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise RequestError(400, f"the value of {what} is a list of texts")
    return value


def _change(how: str, value: list[str]) -> Change:
    match how:
        case "add":
            return lambda old: [*old, *(text for text in dict.fromkeys(value) if text not in old)]
        case "delete":
            return lambda old: [text for text in old if text not in value]
        case _:
            return lambda _: list(dict.fromkeys(value))


def _list_edit(name: str, change: Change) -> Edit:
    def edit(document: Document) -> None:
        old = list(document.get(name) or ())
        new = change(old)
        if new != old:
            document[name] = new

    return edit


def _patterns(change: Change, overwrites: bool) -> Edit:
    set_patterns = _list_edit("index", change)

    def edit(document: Document) -> None:
        if document.get("type") in WITHOUT_PATTERNS:
            raise RequestError(400, f"rules of the type {document['type']} have no index patterns")
        if document.get("data_view_id"):
            if not overwrites:
                return  # as in Kibana, it stays what it is
            del document["data_view_id"]
        set_patterns(document)
        if not document.get("index"):
            raise RequestError(400, "a rule without index patterns would read everything; leave it one")

    return edit


def _investigation(change: Change) -> Edit:
    def edit(document: Document) -> None:
        old = list((document.get(FIELDS) or {}).get("field_names") or ())
        new = change(old)
        if new:
            if new != old:
                document[FIELDS] = {"field_names": new}
        else:
            document.pop(FIELDS, None)

    return edit


# --- others -----------------------------------------------------------------------------------------------------------


def _timeline(value: Any) -> Edit:
    names = ("timeline_id", "timeline_title")
    if not isinstance(value, dict) or not all(isinstance(value.get(name), str) for name in names):
        raise RequestError(400, "the value of set_timeline has timeline_id and timeline_title; empty ones remove it")

    def edit(document: Document) -> None:
        for name in names:
            if value[name]:
                document[name] = value[name]
            else:
                document.pop(name, None)

    return edit


def _schedule(value: Any) -> Edit:
    given = value if isinstance(value, dict) else {}
    steps = [STEP.fullmatch(str(given.get(name))) for name in ("interval", "lookback")]
    if not all(steps):
        raise RequestError(
            400, "the value of set_schedule has interval and lookback, such as 5m: a number and s, m or h"
        )
    seconds = sum(int(step[1]) * SECONDS[step[2]] for step in steps if step)

    def edit(document: Document) -> None:
        meta = document.get("meta")
        said = {"interval": given["interval"], "from": f"now-{seconds}s", "to": "now"}
        if isinstance(meta, dict) and "from" in meta:  # where Kibana's pages keep the look-back
            said["meta"] = {**meta, "from": given["lookback"]}
        if "to" not in document:
            del said["to"]
        document.update(said)

    return edit


def _actions(how: str, value: Any) -> Edit:
    given = value.get("actions") if isinstance(value, dict) else None
    throttle = value.get("throttle") if isinstance(value, dict) else None
    if not isinstance(given, list) or not all(
        isinstance(one, dict) and isinstance(one.get("id"), str) for one in given
    ):
        raise RequestError(400, "actions is a list of actions, each with the id of its connector")
    if not isinstance(throttle, str | None):
        raise RequestError(400, "throttle is a text such as 1h")
    actions = [{"group": "default", "params": {}, **one} for one in given]

    def edit(document: Document) -> None:
        old = list(document.get("actions") or ())
        new = [*old, *(one for one in actions if one not in old)] if how == "add" else actions
        if new != old:
            document["actions"] = new
        if throttle is not None:
            document["throttle"] = throttle

    return edit


def _suppression(kind: str, value: Any) -> Edit:
    is_removal, is_threshold = kind.startswith("delete"), kind.endswith("threshold")
    if not is_removal and not isinstance(value, dict):
        example = '{"duration": {"value": 5, "unit": "m"}}' if is_threshold else '{"group_by": ["host.name"]}'
        raise RequestError(400, f"the value of {kind} is what alert_suppression is to be, such as {example}")

    def edit(document: Document) -> None:
        if is_removal:
            document.pop("alert_suppression", None)
            return
        if (document.get("type") == "threshold") is not is_threshold:
            other = "set_alert_suppression" if is_threshold else "set_alert_suppression_for_threshold"
            raise RequestError(400, f"{kind} is not for rules of the type {document.get('type')}; {other} is")
        usual = {} if is_threshold else {"missing_fields_strategy": "suppress"}
        document["alert_suppression"] = {**usual, **value}

    return edit

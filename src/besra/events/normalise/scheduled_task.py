"""The definition of a scheduled task, which Security events 4698 to 4702 carry as XML, to `winlog.scheduled_task`.

Newer versions of the System integration have this: actions, triggers, principals and settings, and for every action and
trigger one line that says it all (`definition`), in which `%`, `|`, `=` and control characters are escaped.
"""

import re
from typing import Any

from besra.events.normalise.nested_document import Document, put, text_of

EVENTS = frozenset(("4698", "4699", "4700", "4701", "4702"))
LONGEST = 1 << 20
"""Characters of a definition; Windows allows far fewer."""
DEEPEST = 32

ACTIONS = {"exec": "exec", "comhandler": "com_handler"}
TRIGGERS = {
    "boottrigger": "boot",
    "wnfstatechangetrigger": "wnf_state_change",
    "timetrigger": "time",
    "calendartrigger": "calendar",
    "logontrigger": "logon",
    "registrationtrigger": "registration",
    "sessionstatechangetrigger": "session_state_change",
    "eventtrigger": "event",
    "idletrigger": "idle",
}
ACTION_FIELDS = (
    ("command", "command"),
    ("arguments", "arguments"),
    ("working_directory", "workingdirectory"),
    ("class_id", "classid"),
)
REPETITION_FIELDS = (
    ("interval", "interval"),
    ("duration", "duration"),
    ("stop_at_duration_end", "stopatdurationend"),
)
PRINCIPAL_FIELDS = (
    ("id", "id"),
    ("user.identifier", "userid"),
    ("group.identifier", "groupid"),
    ("logon.type", "logontype"),
    ("run_level", "runlevel"),
)
ESCAPED = re.compile("[%|=\\x00-\\x1f\\x7f]")
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}

Element = dict[str, list[Any]]
"""Attributes and children by name in lower case: text or elements, in order. `#text` is the element's own text."""


def put_scheduled_task(document: Document, data: Document, code: str) -> None:
    """Set `winlog.scheduled_task` where the record has a definition that can be read. The raw text stays."""
    put(document, "winlog.scheduled_task.name", text_of(data.get("TaskName")))
    content = text_of(data.get("TaskContentNew" if code == "4702" else "TaskContent"))
    task = _parse(content) if content else None
    if task is None:
        return
    for name, value in _definition(task).items():
        put(document, f"winlog.scheduled_task.{name}", value)


def _definition(task: Element) -> Document:
    settings: Document = {}
    for name in ("enabled", "hidden"):
        put(settings, name, BOOLEANS.get((_text(_first(task, "settings"), name) or "").lower()))
    members = {
        "uri": _text(_first(task, "registrationinfo"), "uri"),
        "principals": [_members(found, PRINCIPAL_FIELDS) for found in _all(_first(task, "principals"), "principal")],
        "settings": settings,
        "triggers": _triggers(_first(task, "triggers")),
        "actions": _actions(_first(task, "actions")),
    }
    return {name: value for name, value in members.items() if value}


def _members(element: Element, fields: tuple[tuple[str, str], ...]) -> Document:
    found: Document = {}
    for field, name in fields:
        put(found, field, _text(element, name))
    return found


def _triggers(block: Element) -> list[Document]:
    triggers = []
    for name, kind in TRIGGERS.items():
        for element in _all(block, name):
            enabled = (_text(element, "enabled") or "true").lower()
            trigger: Document = {"type": kind}
            put(trigger, "enabled", BOOLEANS.get(enabled))
            repetition = _members(_first(element, "repetition"), REPETITION_FIELDS)
            stops = BOOLEANS.get(str(repetition.pop("stop_at_duration_end", "")).lower())
            put(repetition, "stop_at_duration_end", stops)
            put(trigger, "repetition", repetition or None)
            trigger["definition"] = _line(
                {**trigger, **repetition}, ("type", "enabled", *(field for field, _ in REPETITION_FIELDS))
            )
            triggers.append(trigger)
    return triggers


def _actions(block: Element) -> list[Document]:
    actions = []
    for name, kind in ACTIONS.items():
        fields = ACTION_FIELDS[:3] if kind == "exec" else ACTION_FIELDS[3:]
        for element in _all(block, name):
            action: Document = {"type": kind}
            put(action, "context", _text(block, "context"))
            action |= _members(element, fields)
            action["definition"] = _line(action, ("type", "context", *(field for field, _ in ACTION_FIELDS)))
            actions.append(action)
    return actions


def _line(members: Document, names: tuple[str, ...]) -> str:
    return "|".join(["v=1", *(f"{name}={_escaped(members.get(name))}" for name in names)])


def _escaped(value: Any) -> str:
    text = {None: "", True: "true", False: "false"}.get(value, value)
    return ESCAPED.sub(lambda found: f"%{ord(found[0]):02X}", str(text))


def _all(element: Element, name: str) -> list[Element]:
    return [child if isinstance(child, dict) else {"#text": [child]} for child in element.get(name, ())]


def _first(element: Element, name: str) -> Element:
    return next(iter(_all(element, name)), {})


def _text(element: Element, name: str) -> str | None:
    return text_of("".join(map(str, _first(element, name).get("#text", ()))).strip())


def _parse(content: str) -> Element | None:
    """The task element of a definition; None if it is no XML, or declares entities, which no task does."""
    from xml.parsers import expat  # noqa: PLC0415 - only records of few ids hold XML

    if len(content) > LONGEST or "<!" in content.replace("<!--", ""):
        return None
    root: Element = {}
    stack = [root]

    def begin(name: str, attributes: dict[str, str]) -> None:
        if len(stack) > DEEPEST:
            raise ValueError("nested too deeply")
        element: Element = {key.rpartition(":")[2].lower(): [value] for key, value in attributes.items()}
        stack[-1].setdefault(name.rpartition(":")[2].lower(), []).append(element)
        stack.append(element)

    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = begin
    parser.EndElementHandler = lambda _: stack.pop()
    parser.CharacterDataHandler = lambda text: stack[-1].setdefault("#text", []).append(text)
    try:
        parser.Parse(content.lstrip("\ufeff \t\r\n").encode("utf-8", "replace"), True)
    except (expat.ExpatError, ValueError):
        return None
    return _first(root, "task") or None

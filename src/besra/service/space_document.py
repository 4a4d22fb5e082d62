"""What is said of a space: checked as Kibana does, and kept for the clients that show it (detection-engine.md 8.4)."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from besra.rules.space import ID_RULE, is_space_id
from besra.service.answering import RequestError

COLOUR = re.compile(r"#[a-zA-Z0-9]{6}")
SOLUTIONS = ("security", "oblt", "es", "classic", "workplaceai")
LARGEST_IMAGE = 1 << 20
"""Characters of an image, which is a data URL."""
LONGEST_TEXT = 10_000
OF_SERVER = ("id", "_reserved", "projectRouting")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_TEXT


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= LONGEST_TEXT and all(map(_is_text, value))


MEMBERS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "name": (lambda value: _is_text(value) and bool(value.strip()), "a text that is not empty"),
    "description": (_is_text, "a text"),
    "initials": (lambda value: _is_text(value) and len(value) <= 2, "a text of two characters at most"),
    "color": (lambda value: _is_text(value) and bool(COLOUR.fullmatch(value)), "a colour such as #aabbcc"),
    "imageUrl": (
        lambda value: isinstance(value, str) and value.startswith("data:image/") and len(value) <= LARGEST_IMAGE,
        "an image as a data URL, `data:image/…`",
    ),
    "disabledFeatures": (_is_names, "a list of texts"),
    "solution": (lambda value: value in SOLUTIONS, f"one of {', '.join(SOLUTIONS)}"),
}
"""What may be said of a space: whether a value is one, and what it has to be."""


def named(given: Mapping[str, Any]) -> str:
    """The id of a space that is to be made. Raises RequestError (400)."""
    id_ = given.get("id")
    if not isinstance(id_, str) or not is_space_id(id_):
        raise RequestError(400, f"`id` is {ID_RULE}")
    return id_


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of a space. Raises RequestError (400)."""
    if unknown := sorted(set(given) - set(MEMBERS) - set(OF_SERVER)):
        raise RequestError(400, f"unknown member [{unknown[0]}]; known are id, {', '.join(MEMBERS)}")
    if "name" not in given:
        raise RequestError(400, "`name` is missing")
    for name, (is_right, what) in MEMBERS.items():
        if name in given and not is_right(given[name]):
            raise RequestError(400, f"`{name}` is {what}")
    return {"disabledFeatures": [], **{name: given[name] for name in MEMBERS if name in given}}

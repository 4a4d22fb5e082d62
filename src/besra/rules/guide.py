"""The investigation guide of a rule: Markdown with plugins (detection-engine.md 6.5).

In the TOML form `$investigate_0` and `$osquery_1` stand for entries of `[[transform.investigate]]` and
`[[transform.osquery]]`; in the API form the guide holds the plugins themselves: `!{investigate{…JSON…}}`.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

PLACEHOLDER = re.compile(r"\$(investigate|osquery|insight)_(\d+)(?!\d)")
HEADING = re.compile(r"^(#{1,2})[ \t]+(.*?)[ \t]*#*[ \t]*$", re.MULTILINE)


def render_guide(note: str, transform: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """The guide with its placeholders replaced, and the placeholders that name no entry of `transform`."""
    missing: list[str] = []

    def replace(found: re.Match[str]) -> str:
        entry = _entry(transform, found[1], int(found[2]))
        if entry is None:
            missing.append(found[0])
            return found[0]
        return plugin(found[1], entry)

    return PLACEHOLDER.sub(replace, note), tuple(dict.fromkeys(missing))


def restore_placeholders(note: str, transform: Mapping[str, Any]) -> str:
    """The reverse of `render_guide`, for entries the guide still holds as they were rendered."""
    for kind, entries in transform.items():
        for number, entry in enumerate(entries if isinstance(entries, list) else ()):
            note = note.replace(plugin(kind, entry), f"${kind}_{number}")
    return note


def plugin(kind: str, entry: Any) -> str:
    """One plugin as the API form holds it."""
    return f"!{{{kind}{json.dumps(entry, sort_keys=True, separators=(',', ':'), ensure_ascii=False)}}}"


def _entry(transform: Mapping[str, Any], kind: str, number: int) -> Any:
    entries = transform.get(kind)
    return entries[number] if isinstance(entries, list) and number < len(entries) else None


def split_setup(note: str) -> tuple[str, str]:
    """The guide without its `## Setup` section, and the text of that section (empty if there is none).

    The section reaches to the next heading of its level or above (detection-engine.md 1.1).
    """
    headings = list(HEADING.finditer(note))
    for number, heading in enumerate(headings):
        if heading[1] == "##" and heading[2].lower() == "setup":
            end = headings[number + 1].start() if number + 1 < len(headings) else len(note)
            rest = f"{note[: heading.start()].rstrip()}\n\n{note[end:].lstrip()}".strip()
            return rest, note[heading.end() : end].strip()
    return note, ""

"""The reason: the one line that says what an alert is about (detection-engine.md 3.3)."""

from collections.abc import Mapping
from typing import Any

from besra.events.document import field_values
from besra.schema.fieldtype import to_text

ABSENT = "-"


def reason_text(document: Mapping[str, Any], rule_name: str, severity: str) -> str:
    """The sentence for a document. Empty parts vanish; a value that is exactly `-` counts as absent.

    Numeric ports are printed, which the original forgets to do.
    """

    def text(name: str) -> str:
        return ", ".join(value for value in map(to_text, field_values(document, name)) if value not in ("", ABSENT))

    def address(side: str) -> str:
        if not (ip := text(f"{side}.ip")):
            return ""
        port = text(f"{side}.port")
        return f" {side} {ip}{f':{port}' if port else ''},"

    named = [("process", "process.name"), ("parent process", "process.parent.name"), ("file", "file.name")]
    parts = [f" {label} {value}," for label, name in named if (value := text(name))]
    parts += [part for side in ("source", "destination") if (part := address(side))]
    category, user, host = text("event.category"), text("user.name"), text("host.name")
    return "".join(
        [
            f"{category} " if category else "",
            "event",
            " with" if parts else "",
            *parts,
            f" by {user}" if user else "",
            f" on {host}" if host else "",
            f" created {severity} alert {rule_name}.",
        ]
    )

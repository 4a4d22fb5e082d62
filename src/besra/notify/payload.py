"""What is sent: the parameters of an action, rendered, and what the service says by itself where there are none."""

from collections.abc import Callable, Mapping
from typing import Any

from besra.notify.connector_types import TYPES, ConnectorType
from besra.notify.context import Told, context_of
from besra.notify.template import Rendering, in_json, in_slack, plain
from besra.notify.wording import body_of, text_of, title_of

SEVERITY_OF_PAGERDUTY = {"low": "info", "medium": "warning", "high": "error", "critical": "critical"}
ESCAPES: Mapping[str, Callable[[str], str]] = {".webhook": in_json, ".slack": in_slack}
"""How values stand in a text; in those that are not named, as they are."""


def payload_of(
    type_: str, params: Mapping[str, Any], told: Told, public_url: str = "", *, is_crowded: bool = False
) -> tuple[dict[str, Any], list[str]]:
    """The parameters as they are sent, and the problems of rendering them. Any parameters are taken.

    `is_crowded` says that alerts go together that were to go one by one: what was written for one does not fit them,
    and the service says it in its own words.
    """
    kind = TYPES[type_]
    instead = _instead(kind, told)
    rendering = Rendering(context_of(told, public_url), ESCAPES.get(type_, plain), instead)
    written = {name: value for name, value in params.items() if value is not None}
    if is_crowded:
        texts = (kind.text, kind.title, "messageHTML", "dedupKey", "customDetails")
        written = {name: value for name, value in written.items() if name not in texts}
    found = {name: rendering.of(value, f"params.{name}") for name, value in written.items() if name in kind.params}
    unknown = [f"params.{name} is nothing {kind.id} is told" for name in written if name not in kind.params]
    if not found.get(kind.text):
        found[kind.text] = instead
    if kind.title and not found.get(kind.title):
        found[kind.title] = title_of(told)
    if type_ == ".pagerduty" and not found.get("severity"):
        severity = str(told.alerts[0].get("kibana.alert.severity")) if told.alerts else ""
        found["severity"] = SEVERITY_OF_PAGERDUTY.get(severity, "info")
    return found, [*unknown, *rendering.problems]


def _instead(kind: ConnectorType, told: Told) -> str:
    if kind.id == ".webhook":
        return body_of(told)
    if kind.id == ".slack":
        return in_slack(text_of(told))
    return title_of(told) if kind.id == ".pagerduty" else text_of(told)

"""Mustache in the parameters of actions, over what is told of alerts (detection-engine.md 7.1).

Templates read values and nothing else: no file, no attribute, no code. What cannot be rendered becomes a text that says
so, since a notification that says too little is better than none.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

LONGEST = 256 << 10
"""Characters of a rendered text, and of a template."""
MOST_SECTIONS = 20_000
"""How often sections may be gone through for one text."""
DEEPEST = 20

Escape = Callable[[str], str]


class TemplateError(Exception):
    """A template that cannot be rendered; the text says why."""


def plain(text: str) -> str:
    """A value as it is, where a text is meant for people."""
    return text


def in_json(text: str) -> str:
    """A value within a text in quotes of JSON."""
    return orjson.dumps(text.encode("utf-8", "replace").decode()).decode()[1:-1]


def in_slack(text: str) -> str:
    """A value within a text of Slack, where it names nobody and links nowhere."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def rendered(template: str, context: Mapping[str, Any], escape: Escape = plain) -> str:
    """A template with the values of a context. `{{name}}` is escaped, `{{{name}}}` is not. Raises TemplateError."""
    if "{{" not in template:
        return template
    from pystache.context import ContextStack, KeyNotFoundError  # noqa: PLC0415  only where there is a template
    from pystache.parser import ParsingError, parse  # noqa: PLC0415
    from pystache.renderengine import RenderEngine  # noqa: PLC0415

    if len(template) > LONGEST:
        raise TemplateError(f"it has more than {LONGEST:,} characters")

    class Bounded(RenderEngine):  # type: ignore[misc]  # its package has no types
        """Counts what sections go through: some within each other are soon more than anybody reads."""

        gone = size = 0

        def fetch_section_data(self, context: Any, name: str) -> Any:
            found = super().fetch_section_data(context, name)
            self.gone += len(found)
            if self.gone > MOST_SECTIONS:
                raise TemplateError(f"its sections are gone through more than {MOST_SECTIONS:,} times")
            return found

        def fetch_string(self, context: Any, name: str) -> str:
            found = super().fetch_string(context, name)
            self.size += len(found)
            if self.size > LONGEST:
                raise TemplateError(f"it comes to more than {LONGEST:,} characters")
            return str(found)

    def value(stack: Any, name: str) -> Any:
        try:
            return stack.get(name)
        except KeyNotFoundError:
            return ""

    _check_sections(template)
    engine = Bounded(str, escape, value, lambda _: "", text_of)
    try:
        found = str(parse(template).render(engine, ContextStack(context)))
    except ParsingError as error:
        raise TemplateError(str(error)) from error
    except RecursionError as error:
        raise TemplateError("it is nested too deeply") from error
    if len(found) > LONGEST:
        raise TemplateError(f"it comes to more than {LONGEST:,} characters")
    return found


SECTION = re.compile(r"\{\{\s*([#^/])\s*([^}]*?)\s*\}\}")


def _check_sections(template: str) -> None:
    """Raises TemplateError for a section that is not closed: the library passes over all that came before it."""
    opened = []
    for found in SECTION.finditer(template):
        if found[1] != "/":
            opened.append(found[2])
        elif opened:
            opened.pop()
    if opened and "{{=" not in template:  # with other marks one cannot tell
        raise TemplateError(f"the section {opened[-1]!r} is not closed")


def text_of(value: object) -> str:
    """A value that is no text as one: JSON, and nothing for null."""
    if value is None:
        return ""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return str(value)


@dataclass
class Rendering:
    """Renders parameters of any shape; what could not be is in `problems`, and is as `instead` in the result."""

    context: Mapping[str, Any]
    escape: Escape
    instead: str
    problems: list[str] = field(default_factory=list)

    def of(self, value: Any, name: str, depth: int = 0) -> Any:
        """A parameter by its name."""
        if depth > DEEPEST:
            self.problems.append(f"{name} is nested too deeply")
            return None
        if isinstance(value, str):
            try:
                return rendered(value, self.context, self.escape)
            except TemplateError as error:
                self.problems.append(f"{name} cannot be rendered: {error}")
                return self.instead
        if isinstance(value, Mapping):
            return {key: self.of(inner, f"{name}.{key}", depth + 1) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.of(inner, f"{name}[{number}]", depth + 1) for number, inner in enumerate(value)]
        return value

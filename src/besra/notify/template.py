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
"""Characters of a rendered text."""
LONGEST_TEMPLATE = 32 << 10
LONGEST_TAG = 1000
MOST_STEPS = 50_000
"""How often sections, and the tags in them, may be gone through for one message."""
DEEPEST = 20
BLANKS = re.compile(rf"[ \t]{{{LONGEST_TAG + 1}}}")
KINDS = frozenset("#^/!>&={")
"""What a tag that is no name begins with."""

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


@dataclass
class Work:
    """What the rendering of the texts of one message has come to."""

    steps: int = 0
    read: int = 0
    size: int = 0
    """Characters of the text that is rendered now."""

    def begin(self, template: str) -> None:
        """Raises TemplateError for more than is read for one message."""
        self.size = 0
        self.read += len(template)
        if self.read > LONGEST:
            raise TemplateError(f"the templates of a message have more than {LONGEST:,} characters")

    def add(self, steps: int, size: int) -> None:
        """Raises TemplateError for more than is done for one message."""
        self.steps += steps
        self.size += size
        if self.steps > MOST_STEPS:
            raise TemplateError(f"tags and sections are gone through more than {MOST_STEPS:,} times")
        if self.size > LONGEST:
            raise TemplateError(f"it comes to more than {LONGEST:,} characters")


def rendered(template: str, context: Mapping[str, Any], escape: Escape = plain, work: Work | None = None) -> str:
    """A template with the values of a context. `{{name}}` is escaped, `{{{name}}}` is not. Raises TemplateError.

    `work` is what the message has come to, where a template is one of several.
    """
    if "{{" not in template:
        return template
    from pystache.context import ContextStack, KeyNotFoundError  # noqa: PLC0415  only where there is a template
    from pystache.parser import ParsingError, parse  # noqa: PLC0415
    from pystache.renderengine import RenderEngine  # noqa: PLC0415

    _check(template)
    done = work or Work()
    done.begin(template)

    def value(stack: Any, name: str) -> Any:
        try:
            return stack.get(name)
        except KeyNotFoundError:
            return ""

    class Bounded(RenderEngine):  # type: ignore[misc]  # its package has no types
        """Counts the values that are put in."""

        def fetch_string(self, context: Any, name: str) -> str:
            found = str(super().fetch_string(context, name))
            done.add(0, len(found))
            return found

    engine = Bounded(str, escape, value, lambda _: "", text_of)
    try:
        parsed = _Counted(parse(template), done)
        found = parsed.render(engine, ContextStack(context))
    except ParsingError as error:
        raise TemplateError(str(error)) from error
    except RecursionError as error:
        raise TemplateError("it is nested too deeply") from error
    if len(found) > LONGEST:
        raise TemplateError(f"it comes to more than {LONGEST:,} characters")
    return found


def _check(template: str) -> None:
    """Raises TemplateError for what the library takes for text, passes over, or needs too long to read.

    Its expressions try again from every place of a tag that has no end, and from every blank within a tag.
    """
    if len(template) > LONGEST_TEMPLATE:
        raise TemplateError(f"it has more than {LONGEST_TEMPLATE:,} characters")
    if BLANKS.search(template):
        raise TemplateError(f"it has more than {LONGEST_TAG:,} blanks in a row")
    opened: list[str] = []
    place = 0
    while (start := template.find("{{", place)) >= 0:
        end = template.find("}}", start + 2)
        if end < 0:
            raise TemplateError(f"the `{{{{` at character {start + 1:,} is not closed")
        inner = template[start + 2 : end].strip()
        place = end + 2
        if inner.startswith("{"):  # of three braces
            inner, place = (f"{inner}}}", end + 3) if template.startswith("}}}", end) else (inner, place)
            if not inner.endswith("}"):
                raise TemplateError(f"the `{{{{{{` at character {start + 1:,} is not closed by as many")
        if place - start > LONGEST_TAG:
            raise TemplateError(f"the tag at character {start + 1:,} has more than {LONGEST_TAG:,} characters")
        kind, name = (inner[:1], inner[1:].strip(" \t\r\n}")) if inner[:1] in KINDS else ("", inner)
        if kind == "=":
            raise TemplateError("it changes the marks of tags, which are `{{` and `}}` here")
        if not name or (kind != "!" and not name.isprintable()):
            raise TemplateError(f"the tag at character {start + 1:,} has no name in one line")
        if kind in ("#", "^"):
            opened.append(name)
        elif kind == "/" and opened:
            opened.pop()
    if opened:
        raise TemplateError(f"the section {opened[-1]!r} is not closed")


class _Counted:
    """A part of a template the library has read, whose tags and texts are counted whenever it is gone through."""

    def __init__(self, parsed: Any, work: Work) -> None:
        self._parsed, self._work = parsed, work
        nodes = parsed._parse_tree  # the library has no other way to see sections
        self._steps = 1 + len(nodes)
        self._size = sum(len(node) for node in nodes if isinstance(node, str))
        for node in nodes:
            for name in ("parsed", "parsed_section"):
                if hasattr(node, name):
                    setattr(node, name, _Counted(getattr(node, name), work))

    def render(self, engine: Any, context: Any) -> str:
        self._work.add(self._steps, self._size)
        return str(self._parsed.render(engine, context))


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
    work: Work = field(default_factory=Work)

    def of(self, value: Any, name: str, depth: int = 0) -> Any:
        """A parameter by its name."""
        if depth > DEEPEST:
            self.problems.append(f"{name} is nested too deeply")
            return None
        if isinstance(value, str):
            try:
                return rendered(value, self.context, self.escape, self.work)
            except TemplateError as error:
                self.problems.append(f"{name} cannot be rendered: {error}")
                return self.instead
        if isinstance(value, Mapping):
            return {key: self.of(inner, f"{name}.{key}", depth + 1) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.of(inner, f"{name}[{number}]", depth + 1) for number, inner in enumerate(value)]
        return value

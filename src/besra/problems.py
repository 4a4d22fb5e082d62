"""A coded, located message about somebody's input: a query, a rule file, a record.

Problems are data. They are returned beside results, collected over many inputs, and rendered once, at the edge.
"""

from dataclasses import dataclass, replace
from enum import StrEnum


class Severity(StrEnum):
    """How bad a problem is: an error means the input was not used, a warning that it was used with a reservation."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of character offsets in one text."""

    start: int
    end: int

    def to(self, other: "Span") -> "Span":
        """The span from the start of this one to the end of the other."""
        return Span(self.start, other.end)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file: path as the user gave it; line and column count from 1; `excerpt` is the text of the line."""

    path: str | None = None
    line: int | None = None
    column: int | None = None
    excerpt: str | None = None
    width: int = 1

    def __str__(self) -> str:
        parts = [self.path, self.line, self.column]
        return ":".join(str(part) for part in parts if part is not None)


@dataclass(frozen=True, slots=True)
class Problem:
    """One message: a stable code (`eql-syntax`, `rule-missing-field`), what is wrong, where, and what to do."""

    code: str
    message: str
    severity: Severity = Severity.ERROR
    place: Place = Place()
    hint: str | None = None

    def at(self, place: Place) -> "Problem":
        """The same problem, somewhere else (for example inside the file that holds the query)."""
        return replace(self, place=place)

    def in_words(self) -> str:
        """The message and what to do in one line, for answers to programs: they have codes and places beside it."""
        return f"{self.message}; {self.hint}" if self.hint else self.message

    def render(self) -> str:
        """The message as shown in a terminal: one line, then the source line with a caret where there is one."""
        where = visible(str(self.place))
        head = f"{where}: " if where else ""
        lines = [f"{head}{self.severity}: {visible(self.message)} [{self.code}]"]
        lines += excerpt_lines(self.place)
        if self.hint:
            lines.append(f"  hint: {visible(self.hint)}")
        return "\n".join(lines)


def visible(text: str) -> str:
    """The text with characters that could steer a terminal (escapes, bidirectional marks) replaced by a dot.

    Each is one character, so that a caret under the text stays where it belongs.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in "\t\n" else "·" for char in text)


EXCERPT_WIDTH = 100


def excerpt_lines(place: Place) -> list[str]:
    """The source line and a caret line under the column, cut to `EXCERPT_WIDTH` characters around the column."""
    if place.excerpt is None or place.column is None:
        return []
    text, column = place.excerpt, place.column - 1
    start = max(0, column - EXCERPT_WIDTH // 2) if len(text) > EXCERPT_WIDTH else 0
    shown = visible(text[start : start + EXCERPT_WIDTH])
    prefix = "…" if start else ""
    # A tab in the source stays a tab under it, so the caret lands in the same terminal column.
    pad = "".join("\t" if char == "\t" else " " for char in prefix + shown[: column - start])
    carets = "^" * max(1, min(place.width, len(shown) - (column - start)))
    return [f"  {prefix}{shown}", f"  {pad}{carets}"]


def place_of(text: str, span: Span, path: str | None = None) -> Place:
    """The place of a span of `text`: line, column, the line's text and the length of the span on that line."""
    line = text.count("\n", 0, span.start) + 1
    start = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", start)
    excerpt = text[start : len(text) if end < 0 else end].rstrip("\r")
    width = max(1, min(span.end, start + len(excerpt)) - span.start)
    return Place(path, line, span.start - start + 1, excerpt, width)

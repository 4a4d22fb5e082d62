"""Where the fields of a rule stand in its file, so that a problem points at the line somebody has to change.

The parsers of the standard library give values without positions. The scanners here give positions without values:
they read text that is already known to be valid, and keep open brackets on a list, so no depth of nesting is too much.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from besra.problems import Place, Span, place_of

FieldPath = tuple[str | int, ...]
"""Names and list positions from the top of a document: `("threat", 0, "tactic", "id")`."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where one field is written: its key, and its value with quotes and brackets. A list item is its own key."""

    key: Span
    value: Span


Found = dict[FieldPath, Location]


@dataclass(frozen=True)
class Locations:
    """The locations of one rule's fields in `text`, which starts at line `first_line` of the file `path`.

    `root` is where the rule sits in the document (`("rule",)` in TOML); `aliases` are fields written elsewhere.
    """

    text: str = ""
    path: str | None = None
    at: Mapping[FieldPath, Location] = field(default_factory=lambda: MappingProxyType({}))
    root: FieldPath = ()
    aliases: Mapping[str, FieldPath] = field(default_factory=lambda: MappingProxyType({}))
    first_line: int = 1

    def find(self, name: FieldPath) -> Location | None:
        """The location of a field, or of the nearest thing around it that the file does hold."""
        head = self.aliases.get(str(name[0]), (*self.root, name[0])) if name else self.root
        full = (*head, *name[1:])
        while full and full not in self.at:
            full = full[:-1]
        return self.at.get(full)

    def place(self, name: FieldPath) -> Place:
        """The place of a field's key, for a problem about that field."""
        found = self.find(name)
        return self._place(found.key) if found else Place(self.path, self.first_line if self.text else None)

    def place_in(self, name: FieldPath, inner: Place) -> Place:
        """The place in the file of a place inside the text value of a field, for example of a query problem.

        `inner` counts lines and columns from the start of the value. Escapes and line continuations are counted as
        written.
        """
        found = self.find(name)
        if found is None or inner.line is None:
            return self.place(name)
        literal = self.text[found.value.start : found.value.end]
        offset = found.value.start + source_offset(literal, inner.line, inner.column or 1)
        return self._place(Span(offset, offset + inner.width))

    def place_of_word(self, name: FieldPath, word: str) -> Place:
        """The place where a word first stands in the value of a field; the field's place if it does not."""
        found = self.find(name)
        start = self.text.find(word, found.value.start, found.value.end) if found else -1
        return self.place(name) if start < 0 else self._place(Span(start, start + len(word)))

    def _place(self, span: Span) -> Place:
        place = place_of(self.text, span, self.path)
        line = (place.line or 1) + self.first_line - 1
        return Place(place.path, line, place.column, place.excerpt, place.width)


MAX_DEPTH = 100


def is_too_deep(found: Mapping[FieldPath, Location]) -> bool:
    """Whether values are nested deeper than any rule's, so deep that walking them could exhaust the stack."""
    return max(map(len, found), default=0) > MAX_DEPTH


MULTILINE = ('"""', "'''")
SURROGATES = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
ESCAPE = re.compile(rf"{SURROGATES}|\\u.{{4}}|\\U.{{8}}|(?P<continued>\\[ \t]*\n\s*)|\\.", re.DOTALL)


def value_start(literal: str) -> int:
    """The offset of the first character of a quoted TOML or JSON string; TOML drops a newline after three quotes."""
    if not literal.startswith(MULTILINE) or len(literal) < 6:
        return 1
    return 4 if literal[3:4] == "\n" else 3


def source_offset(literal: str, line: int, column: int) -> int:
    """The offset in a quoted string, as written, of the character at a line and column of its value."""
    position, at_line, at_column = value_start(literal), 1, 1
    while position < len(literal) - 1 and (at_line, at_column) < (line, column):
        found = ESCAPE.match(literal, position) if literal[0] == '"' and literal[position] == "\\" else None
        unit = found[0] if found else literal[position]
        position += len(unit)
        if found and found["continued"]:
            continue
        if unit in ("\n", "\\n"):
            at_line, at_column = at_line + 1, 1
        else:
            at_column += 1
    return position


BLANK = re.compile(r"(?:[ \t\r\n,]|#[^\n]*)*")
QUOTED = (
    r'"""[^"\\]*+(?:(?:\\.|"{1,2}(?!"))[^"\\]*+)*+"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"[^"\\]*+(?:\\.[^"\\]*+)*+"'
    r"|'[^'\n]*+'"
)
UNQUOTED = r"\d{4}-\d\d-\d\d \d\d:[^\s,\]}#]*|[^\s,\]}#]+"
STRING = re.compile(QUOTED, re.DOTALL)
SCALAR = re.compile(f"{QUOTED}|{UNQUOTED}", re.DOTALL)
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
PLAIN_PAIR = re.compile(rf"([A-Za-z0-9_-]+)[ \t]*=[ \t]*(?![\[{{])({QUOTED}|{UNQUOTED})", re.DOTALL)
"""A bare key and a value without brackets: most pairs of a rule, found by one match."""
PLAIN_ITEM = re.compile(rf"(?![\[{{\]])({QUOTED}|{UNQUOTED})[ \t\r\n]*+(?:,[ \t\r\n]*+|(?=\]))", re.DOTALL)
"""An item without brackets of a list, with the comma and white space behind it."""
ASSIGN = re.compile(r"[ \t\r\n]*[=:]")
DOT = re.compile(r"[ \t]*\.[ \t]*")


def locate_toml(text: str) -> Found:
    """Locations of all tables, keys and list items of a valid TOML text with `\\n` line ends."""
    found: Found = {}
    last_item: dict[FieldPath, int] = {}
    table: FieldPath = ()
    position = _skip(text, 0)
    while position < len(text):
        if text[position] == "[":
            brackets = 2 if text.startswith("[[", position) else 1
            names, end = _key(text, _skip(text, position + brackets))
            table = _table_path(names, last_item, is_item=brackets == 2)
            found.setdefault(table, Location(Span(position, end + brackets), Span(position, end + brackets)))
            position = text.index("]", end) + brackets
        elif plain := PLAIN_PAIR.match(text, position):
            found[(*table, plain[1])] = Location(Span(*plain.span(1)), Span(*plain.span(2)))
            position = plain.end()
        else:
            position = _pair(text, position, table, found)
        position = _skip(text, position)
    return found


def locate_json(text: str, start: int = 0) -> Found:
    """Locations of all members and items of the valid JSON value that begins at `start`."""
    found: Found = {}
    position = _skip(text, start)
    _value(text, position, ((), Span(position, position + 1)), found)
    return found


def _skip(text: str, position: int) -> int:
    blank = BLANK.match(text, position)
    return blank.end() if blank else position


def _table_path(names: list[str], last_item: dict[FieldPath, int], *, is_item: bool) -> FieldPath:
    """`[a.b]` means the b of the latest `[[a]]`, if there is one."""
    path: FieldPath = ()
    for depth, name in enumerate(names, 1):
        path = (*path, name)
        if is_item and depth == len(names):
            last_item[path] = last_item.get(path, -1) + 1
        if path in last_item:
            path = (*path, last_item[path])
    return path


def _key(text: str, position: int) -> tuple[list[str], int]:
    """The parts of a dotted key and the offset behind it."""
    names: list[str] = []
    while True:
        found = STRING.match(text, position) or BARE_KEY.match(text, position)
        if not found:  # not in a valid text
            return names, position + 1
        names.append(_unquoted(found[0]))
        dot = DOT.match(text, found.end())
        if not dot:
            return names, found.end()
        position = dot.end()


def _unquoted(key: str) -> str:
    if key[0] not in "'\"":
        return key
    if key[0] == "'" or "\\" not in key:
        return key[1:-1]
    try:
        return str(json.loads(key))
    except ValueError:  # an escape only TOML knows: \UXXXXXXXX
        return next(iter(tomllib.loads(f"{key} = 0")))


def _pair(text: str, position: int, parent: FieldPath, found: Found) -> int:
    names, end = _key(text, position)
    key = Span(position, end)
    return _value(text, _after_assign(text, end), ((*parent, *names), key), found)


def _after_assign(text: str, position: int) -> int:
    assign = ASSIGN.match(text, position)
    return _skip(text, assign.end() if assign else position)


@dataclass(slots=True)
class _Open:
    """A bracket not yet closed. `index` counts list items; None in an object."""

    path: FieldPath
    key: Span
    start: int
    index: int | None


def _value(text: str, position: int, owner: tuple[FieldPath, Span], found: Found) -> int:
    """Record the value at `position`, belonging to `owner` (path, span of the key), and all inside; return its end."""
    path, key = owner
    stack: list[_Open] = []
    while position < len(text):
        char = text[position]
        if char in "]}":
            closed = stack.pop()
            found[closed.path] = Location(closed.key, Span(closed.start, position + 1))
            position += 1
        elif char in "[{":
            stack.append(_Open(path, key, position, 0 if char == "[" else None))
            position += 1
        else:
            token = SCALAR.match(text, position)
            end = token.end() if token else position + 1
            found[path] = Location(key, Span(position, end))
            position = end
        if not stack:
            return position
        position = _plain_items(text, _skip(text, position), stack[-1], found)
        path, key, position = _next_owner(text, position, stack[-1])
    return position


def _plain_items(text: str, position: int, around: _Open, found: Found) -> int:
    """Record the items without brackets that follow in an open list; return where the first other thing begins."""
    if around.index is None:
        return position
    while item := PLAIN_ITEM.match(text, position):
        found[(*around.path, around.index)] = Location(Span(position, position + 1), Span(*item.span(1)))
        around.index += 1
        position = item.end()
    return _skip(text, position)


def _next_owner(text: str, position: int, around: _Open) -> tuple[FieldPath, Span, int]:
    """Whose value comes next inside an open bracket; at a closing bracket the answer is not used."""
    if text[position : position + 1] in ("]", "}", ""):
        return around.path, around.key, position
    if around.index is not None:
        around.index += 1
        return (*around.path, around.index - 1), Span(position, position + 1), position
    names, end = _key(text, position)
    return (*around.path, *names), Span(position, end), _after_assign(text, end)

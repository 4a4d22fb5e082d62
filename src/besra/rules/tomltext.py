"""Values as readable TOML text that parses back to the same values.

TOML has no null, and the rule API treats a null member as absent: null members and items are left out.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
NOT_LITERAL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")  # what '''…''' cannot hold besides three quotes
QUOTE_RUN = re.compile(r'"(?="|\Z)')  # quotes that could be read as part of the closing ones
ESCAPES = {"\\": "\\\\", '"': '\\"', "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
WIDTH = 120


def toml_table(values: Mapping[str, Any], path: tuple[str, ...] = ()) -> str:
    """The lines of a table: its own header and values, then the tables in it, in the order given."""
    simple = [(key, value) for key, value in values.items() if value is not None and not _is_table(value)]
    tables = [(key, value) for key, value in values.items() if _is_table(value)]
    blocks = ["\n".join([*_header(path, simple, tables), *(f"{toml_key(k)} = {_assigned(k, v)}" for k, v in simple)])]
    for key, value in tables:
        here = (*path, key)
        if isinstance(value, Mapping):
            blocks.append(toml_table(value, here))
            continue
        for item in value:
            body = toml_table(item, here)
            name = ".".join(map(toml_key, here))
            # The body's own header, if it has one, is that of a table; here it is an item's.
            blocks.append(f"[[{name}]]\n{body.removeprefix(f'[{name}]').lstrip()}".rstrip())
    return "\n\n".join(block for block in blocks if block)


def _header(path: tuple[str, ...], simple: Sequence[object], tables: Sequence[object]) -> list[str]:
    return [f"[{'.'.join(map(toml_key, path))}]"] if path and (simple or not tables) else []


def _is_table(value: Any) -> bool:
    if isinstance(value, Mapping):
        return True
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def toml_key(key: str) -> str:
    """A key, quoted where it has to be."""
    return key if BARE_KEY.fullmatch(key) else _basic(key)


def _assigned(key: str, value: Any) -> str:
    return _list(value, 0, len(key) + 3) if isinstance(value, list) else toml_value(value)


def _list(items: list[Any], depth: int, used: int) -> str:
    """A list on one line if it fits behind `used` characters, else an item a line."""
    text = toml_value(items)
    if used + len(text) <= WIDTH:
        return text
    pad = "    " * (depth + 1)
    parts = (
        _list(item, depth + 1, len(pad)) if isinstance(item, list) else _inline(item)
        for item in items
        if item is not None
    )
    return "".join(["[\n", *(f"{pad}{part},\n" for part in parts), "    " * depth, "]"])


def toml_value(value: Any) -> str:
    """One value on one line, except strings that have several."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return toml_string(value)
        case float():
            return repr(value)
        case Mapping():
            pairs = (f"{toml_key(k)} = {_inline(v)}" for k, v in value.items() if v is not None)
            return f"{{ {', '.join(pairs)} }}" if value else "{}"
        case list() | tuple():
            return f"[{', '.join(_inline(item) for item in value if item is not None)}]"
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return str(value)


def _inline(value: Any) -> str:
    # A newline inside an inline table is an error in TOML 1.0, even in a triple-quoted string.
    return _basic(value) if isinstance(value, str) and "\n" in value else toml_value(value)


def toml_string(text: str) -> str:
    """A string, in the form that needs the fewest escapes; several lines in triple quotes."""
    if "\n" in text:
        return _multiline(text)
    if ("\\" in text or '"' in text) and "'" not in text and not NOT_LITERAL.search(text):
        return f"'{text}'"
    return _basic(text)


def _multiline(text: str) -> str:
    if "'''" not in text and not text.endswith("'") and not NOT_LITERAL.search(text):
        return f"'''\n{text}'''"
    escaped = "".join(char if char in '\n\t"' else _escaped(char) for char in text)
    return '"""\n' + QUOTE_RUN.sub(r'\\"', escaped) + '"""'


def _basic(text: str) -> str:
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(char: str) -> str:
    if char in ESCAPES:
        return ESCAPES[char]
    if "\ud800" <= char <= "\udfff":
        return "\ufffd"  # half a surrogate pair, which JSON can write and UTF-8 cannot
    return f"\\u{ord(char):04x}" if char < " " or char == "\x7f" else char

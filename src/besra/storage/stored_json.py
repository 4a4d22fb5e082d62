"""JSON as databases take it.

PostgreSQL's JSONB holds no U+0000 and no halves of surrogate pairs, and documents of events hold everything: a registry
value with a NUL in it must not keep an alert from being stored. So such characters are written as a mark and their four
digits, in every database alike, and come back when the text is read.
"""

import json
import re
from typing import Any

import orjson

MARK = "\uf8b7"
"""From the private use area; where a document has it, it is written as one of those characters."""

UNSTORABLE = re.compile(rf"\\u(0000|d[89a-f]..)|\\.|{MARK}", re.IGNORECASE)
STORED = re.compile(rf"{MARK}([0-9a-f]{{4}})", re.IGNORECASE)


def to_json(value: Any) -> str:
    """The text of a value made of JSON's types. Integers beyond 64 bits come back as floats."""
    try:
        text = orjson.dumps(value).decode()
    except TypeError:  # a lone surrogate or a long integer
        text = json.dumps(value)
    if MARK in text or "\\u" in text:
        return UNSTORABLE.sub(_written, text)
    return text


def _written(found: re.Match[str]) -> str:
    text = found[0]
    if text == MARK:
        return f"{MARK}{ord(MARK):04x}"
    return f"{MARK}{found[1].lower()}" if found[1] else text


def from_json(text: str | bytes) -> Any:
    """The value of a text that `to_json` wrote, also after a database has written it in its own way."""
    told = text if isinstance(text, str) else text.decode()
    if MARK not in told:
        return orjson.loads(told)
    return json.loads(STORED.sub(r"\\u\1", told))

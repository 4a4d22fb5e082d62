"""Event streams and sequence queries in the shorthand of eql.md 4.6, and their results in it.

A stream is `1:0 A x, 2:1.5 A+U y tb=2, 3:2`: number, seconds, then what the event is (`A+U`: both), its key `k` (`p+q`:
both values) and other fields. In a query `[A]` stands for the events that are A, `[true]` for all.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from besra import api
from besra.detection.match import Match
from besra.detection.search import ResultPosition, SearchResult

START = datetime(2024, 1, 1, tzinfo=UTC)
ITEM = re.compile(r"\[([A-Z]|true)\]")
TYPES = {"stage": "keyword", "k": "keyword", "l": "keyword", "tb": "long", "h": "long", "c": "long", "p": "long"}


def stream(text: str) -> list[dict[str, Any]]:
    """The documents of a stream."""
    return [_document(part.split()) for part in text.split(",") if part.strip()]


def _document(words: list[str]) -> dict[str, Any]:
    number, _, seconds = words[0].partition(":")
    document: dict[str, Any] = {"_id": number, "@timestamp": timestamp(float(seconds))}
    plain = [word for word in words[1:] if "=" not in word]
    for name, word in zip(("stage", "k"), plain, strict=False):
        if word != "-":
            document[name] = word.split("+")
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if equals:
            document[name] = value.split("+")
    return document


def timestamp(seconds: float) -> str:
    """ISO text of so many seconds behind the start of all streams."""
    return (START + timedelta(seconds=seconds)).isoformat()


def query(text: str) -> str:
    """The query a shorthand stands for."""
    return ITEM.sub(lambda item: f"[any where {_condition(item[1])}]", text)


def _condition(name: str) -> str:
    return "true" if name == "true" else f'stage == "{name}"'


def run(
    text: str,
    documents: str | Iterable[dict[str, Any]],
    *,
    size: int | None = None,
    position: ResultPosition = "tail",
    tiebreaker: str | None = None,
    per_key: int = 1,
) -> SearchResult:
    """The answer to a shorthand query over a stream."""
    return api.search(
        query(text),
        stream(documents) if isinstance(documents, str) else documents,
        tiebreaker_field=tiebreaker,
        field_types=TYPES,
        size=size,
        result_position=position,
        max_samples_per_key=per_key,
    )


def shown(matches: Iterable[Match]) -> str:
    """Matches as event numbers: `(1,2) (3,-,4)`; `-` is an empty slot."""
    return " ".join(f"({','.join('-' if hit is None else hit.event.id for hit in m.hits)})" for m in matches)


def result(text: str, documents: str, **options: Any) -> str:
    """The result of a shorthand query over a stream, as event numbers."""
    return shown(run(text, documents, **options).matches)

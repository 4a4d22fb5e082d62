"""Bodies of Elasticsearch's `_bulk`: what they ask for, and the answer in the order they asked (interfaces.md 4).

A line says what to do, the next one is the document; `delete` has none. Events are only ever added: `update` and
`delete` are refused, item by item, and so is a document that is no JSON object. A body whose structure cannot be
followed is refused as a whole, as Elasticsearch does: nobody can tell which line belongs to which.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from besra.storage.journal import Verdict

ACTIONS = ("index", "create", "update", "delete")


class BulkError(Exception):
    """A body that cannot be followed. `type` is Elasticsearch's name for what is wrong."""

    def __init__(self, reason: str, type_: str = "illegal_argument_exception") -> None:
        super().__init__(reason)
        self.type = type_


@dataclass(frozen=True, slots=True)
class Put:
    """A document to add: `is_create` refuses it if its id is known.

    Without an index (`""`) it belongs where its fields say. With `aliases` it answers to these and the index, and to
    nothing else.
    """

    index: str
    id: str | None
    document: Mapping[str, Any]
    is_create: bool
    aliases: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """An item that is not done, and why. `body` is what was refused, where somebody may want to look at it."""

    action: str
    index: str
    id: str | None
    status: int
    type: str
    reason: str
    body: bytes = field(default=b"", repr=False)


Item = Put | Refused


def parse_bulk(body: bytes, index: str | None = None) -> list[Item]:
    """What a body asks for, in order. `index` is that of its address. Raises BulkError."""
    return list(_items(_Lines(body), index))


class _Lines:
    """The lines of a body that are not blank, numbered from 1."""

    def __init__(self, body: bytes) -> None:
        self._lines = enumerate(body.split(b"\n"), start=1)
        self.number = 0

    def next(self) -> bytes | None:
        for number, line in self._lines:
            if line and not line.isspace():
                self.number = number
                return line
        return None


def _items(lines: _Lines, default: str | None) -> Iterator[Item]:
    while (line := lines.next()) is not None:
        action, meta = _action(line, lines.number)
        index = _name(meta.get("_index"), default, lines.number)
        id_ = meta.get("_id")
        id_ = str(id_) if isinstance(id_, (str, int)) and id_ != "" else None
        if action == "delete":
            yield _only_added(action, index, id_)
            continue
        text = lines.next()
        if text is None:
            raise BulkError(f"the {action} action of line {lines.number} has no document")
        if action == "update":
            yield _only_added(action, index, id_, text)
        else:
            put = _put(action, index, id_, text)
            aliases = meta.get("_aliases")
            # What besra sends: the names an index name alone would not give, as in the files it writes.
            yield replace(put, aliases=_texts(aliases)) if isinstance(put, Put) and aliases is not None else put


def _action(line: bytes, number: int) -> tuple[str, Mapping[str, Any]]:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BulkError(f"malformed action on line {number}: {error.msg}", "x_content_parse_exception") from error
    if not isinstance(value, dict) or len(value) != 1:
        raise BulkError(f'malformed action on line {number}: expected one object such as {{"create": {{}}}}')
    ((action, meta),) = value.items()
    if action not in ACTIONS:
        known = ", ".join(ACTIONS)
        raise BulkError(f"malformed action on line {number}: [{action[:40]}] is none of {known}")
    if not isinstance(meta, dict):
        raise BulkError(f"malformed action on line {number}: [{action}] does not hold an object")
    return action, meta


def _name(given: object, default: str | None, number: int) -> str:
    name = given if isinstance(given, str) and given else default
    if name is None:
        raise BulkError(f"the action on line {number} names no index", "action_request_validation_exception")
    return name


def _put(action: str, index: str, id_: str | None, text: bytes) -> Item:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        reason = f"failed to parse: {error.msg} (column {error.colno})"
        return Refused(action, index, id_, 400, "document_parsing_exception", reason, text)
    if not isinstance(document, dict):
        reason = "failed to parse: not a JSON object"
        return Refused(action, index, id_, 400, "document_parsing_exception", reason, text)
    return Put(index, id_, document, action == "create")


def _texts(value: object) -> tuple[str, ...] | None:
    return tuple(map(str, value)) if isinstance(value, list) else None


def _only_added(action: str, index: str, id_: str | None, text: bytes = b"") -> Refused:
    reason = f"events are only added here: [{action}] is not supported"
    return Refused(action, index, id_, 400, "illegal_argument_exception", reason, text)


@dataclass(frozen=True, slots=True)
class Done:
    """A document that was dealt with, under this id."""

    put: Put
    id: str
    verdict: Verdict


def answer(outcomes: Sequence[Done | Refused], took: int) -> dict[str, Any]:
    """The answer to a body: one item an operation, in order; `took` is in milliseconds."""
    items = [_answered(outcome) for outcome in outcomes]
    errors = any("error" in member for item in items for member in item.values())
    return {"errors": errors, "took": took, "items": items}


def _answered(outcome: Done | Refused) -> dict[str, dict[str, Any]]:
    match outcome:
        case Refused(action, index, id_, status, type_, reason, _):
            error = {"type": type_, "reason": reason}
            return {action: {"_index": index, "_id": id_, "status": status, "error": error}}
        case Done(put, id_, Verdict.CONFLICT):
            reason = f"[{id_}]: version conflict, document already exists"
            error = {"type": "version_conflict_engine_exception", "reason": reason, "index": put.index}
            return {"create": {"_index": put.index, "_id": id_, "status": 409, "error": error}}
        case Done(put, id_, verdict):
            is_new = verdict is Verdict.CREATED
            return {
                "create" if put.is_create else "index": {
                    "_index": put.index,
                    "_id": id_,
                    "_version": 1 if is_new else 2,
                    "result": verdict.value,
                    "_shards": {"total": 1, "successful": 1, "failed": 0},
                    "_seq_no": 0,
                    "_primary_term": 1,
                    "status": 201 if is_new else 200,
                }
            }

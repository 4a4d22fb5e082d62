"""Bodies of Elasticsearch's `_bulk`: what they ask for, and the answer in the order they asked (interfaces.md 4).

A line says what to do, the next one is the document; `delete` has none. Events are only ever added: `update` and
`delete` are refused, item by item. A body whose structure cannot be followed is refused as a whole, as Elasticsearch
does: nobody can tell which line belongs to which. Documents are left as they are: `admission` looks into them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from besra.service.body import BodyError
from besra.storage.journal import Verdict

ACTIONS = ("index", "create", "update", "delete")
RUN_TOGETHER = " (curl keeps lines apart with --data-binary, not with -d)"
NO_ACTION = " (a line with an action goes before each document)"


MOST_ITEMS = 50_000
"""Operations of a request: each takes memory, however short it is."""


class BulkError(Exception):
    """A body that cannot be followed. `type` is Elasticsearch's name for what is wrong."""

    def __init__(self, reason: str, type_: str = "illegal_argument_exception") -> None:
        super().__init__(reason)
        self.type = type_


class Put(NamedTuple):
    """A document to add, or its JSON text, which may be none: `is_create` refuses it if its id is known.

    Without an index (`""`) it belongs where its fields say. With `aliases` it answers to these and the index, and to
    nothing else.
    """

    index: str  # type: ignore[assignment]  # tuples have a method of that name
    id: str | None
    document: Mapping[str, Any] | bytes
    is_create: bool
    aliases: tuple[str, ...] | None = None

    def refused(self, reason: str) -> "Refused":
        """That the document is not taken."""
        action = "create" if self.is_create else "index"
        body = self.document if isinstance(self.document, bytes) else json.dumps(self.document, default=str).encode()
        why = f"failed to parse: {reason}"
        return Refused(action, self.index, self.id, 400, "document_parsing_exception", why, body)


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
    # Where documents have no ids, a few actions are all there are.
    known: dict[bytes, Told] = {}
    count = 0
    while (line := lines.next()) is not None:
        count += 1
        if count > MOST_ITEMS:
            raise BodyError(413, f"more than {MOST_ITEMS:,} documents in one request; send fewer at a time")
        told = known.get(line)
        if told is None:
            told = _told(line, default, lines.number)
            if told[2] is None:
                known[line] = told
        action, index, id_, aliases = told
        if action == "delete":
            yield _only_added(action, index, id_)
            continue
        text = lines.next()
        if text is None:
            raise BulkError(f"the {action} action of line {lines.number} has no document")
        if action == "update":
            yield _only_added(action, index, id_, text)
        else:
            yield Put(index, id_, text, action == "create", aliases)


Told = tuple[str, str, str | None, tuple[str, ...] | None]
"""What a line asks for: the action, the index, the id, and the aliases of which besra tells."""


def _told(line: bytes, default: str | None, number: int) -> Told:
    """What a line asks for."""
    action, meta = _action(line, number)
    id_ = meta.get("_id")
    id_ = str(id_) if isinstance(id_, (str, int)) and id_ != "" else None
    # What besra sends: the names an index name alone would not give, as in the files it writes.
    aliases = meta.get("_aliases")
    names = tuple(map(str, aliases)) if isinstance(aliases, list) else None
    return action, _name(meta.get("_index"), default, number), id_, names


def _action(line: bytes, number: int) -> tuple[str, Mapping[str, Any]]:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BulkError(
            f"malformed action on line {number}: {error.msg}{RUN_TOGETHER}", "x_content_parse_exception"
        ) from error
    if not isinstance(value, dict) or len(value) != 1:
        raise BulkError(f'malformed action on line {number}: expected one object such as {{"create": {{}}}}{NO_ACTION}')
    ((action, meta),) = value.items()
    if action not in ACTIONS:
        known = ", ".join(ACTIONS)
        raise BulkError(f"malformed action on line {number}: [{action[:40]}] is none of {known}{NO_ACTION}")
    if not isinstance(meta, dict):
        raise BulkError(f"malformed action on line {number}: [{action}] does not hold an object")
    return action, meta


def _name(given: object, default: str | None, number: int) -> str:
    name = given if isinstance(given, str) and given else default
    if name is None:
        raise BulkError(f"the action on line {number} names no index", "action_request_validation_exception")
    return name


def _only_added(action: str, index: str, id_: str | None, text: bytes = b"") -> Refused:
    reason = f"events are only added here: [{action}] is not supported"
    return Refused(action, index, id_, 400, "illegal_argument_exception", reason, text)


class Done(NamedTuple):
    """A document that was dealt with, under this id."""

    put: Put
    id: str
    verdict: Verdict


def answer(outcomes: Sequence[Done | Refused], took: int) -> dict[str, Any]:
    """The answer to a body: one item an operation, in order; `took` is in milliseconds."""
    items = [answered(outcome) for outcome in outcomes]
    errors = any("error" in member for item in items for member in item.values())
    return {"errors": errors, "took": took, "items": items}


def answer_text(outcomes: Sequence[Done | Refused], took: int) -> bytes:
    """The same as JSON. Nearly all items are alike but for their ids, so that little is written anew for each."""
    around: dict[tuple[str, bool, Verdict], tuple[str, str]] = {}
    items, has_errors = [], False
    for outcome in outcomes:
        if isinstance(outcome, Refused) or outcome.verdict is Verdict.CONFLICT:
            has_errors = True
            items.append(_json(answered(outcome)))
            continue
        put, id_, verdict = outcome
        about = (put.index, put.is_create, verdict)
        found = around.get(about)
        if found is None:
            found = around[about] = _around_id(put, verdict)
        items.append(f"{found[0]}{_json(id_)}{found[1]}")
    return f'{{"errors":{_json(has_errors)},"took":{took},"items":[{",".join(items)}]}}'.encode()


def _around_id(put: Put, verdict: Verdict) -> tuple[str, str]:
    """The text of an item before its id and behind it."""
    action = "create" if put.is_create else "index"
    return f'{{"{action}":{{"_index":{_json(put.index)},"_id":', f",{_json(_taken(verdict))[1:]}}}"


def _json(value: object) -> str:
    if type(value) is str and value.isascii() and value.isalnum():
        return f'"{value}"'
    return orjson.dumps(value).decode()


def _taken(verdict: Verdict) -> dict[str, Any]:
    """What is told of a document that was taken, beside where."""
    is_new = verdict is Verdict.CREATED
    return {
        "_version": 1 if is_new else 2,
        "result": verdict.value,
        "_shards": {"total": 1, "successful": 1, "failed": 0},
        "_seq_no": 0,
        "_primary_term": 1,
        "status": 201 if is_new else 200,
    }


def answered(outcome: Done | Refused) -> dict[str, dict[str, Any]]:
    """The item of an outcome."""
    match outcome:
        case Refused(action, index, id_, status, type_, reason, _):
            error = {"type": type_, "reason": reason}
            return {action: {"_index": index, "_id": id_, "status": status, "error": error}}
        case Done(put, id_, Verdict.CONFLICT):
            reason = f"[{id_}]: version conflict, document already exists"
            error = {"type": "version_conflict_engine_exception", "reason": reason, "index": put.index}
            return {"create": {"_index": put.index, "_id": id_, "status": 409, "error": error}}
        case Done(put, id_, verdict):
            action = "create" if put.is_create else "index"
            return {action: {"_index": put.index, "_id": id_, **_taken(verdict)}}

"""The routes of rule managers (interfaces.md 4, detection-engine.md 8.1)."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from besra.problems import Problem
from besra.rules.document import RuleDocument
from besra.rules.ndjson import decode_located
from besra.service.answering import RequestError, is_true, json_reply
from besra.service.asked_runs import RunLog, ask_runs
from besra.service.author import author_of
from besra.service.connector_book import ConnectorBook
from besra.service.connector_transfer import ConnectorTransfer
from besra.service.description import Description, Nothing
from besra.service.elasticsearch import body_of
from besra.service.endpoint import Endpoint, Face, Handler, Right, endpoints, space_of
from besra.service.exception_book import ExceptionBook
from besra.service.exception_import import import_exceptions
from besra.service.form import FormError, file_of
from besra.service.gate import about, told_of
from besra.service.own_endpoint import own
from besra.service.plain_paths import named
from besra.service.rule_answers import change_document, rule_document
from besra.service.rule_book import Entry, RuleBook
from besra.service.rule_bulk import Workbench, act, chosen
from besra.service.rule_changes import RuleChanges
from besra.service.rule_export import export_text
from besra.service.rule_import import import_rules
from besra.service.rule_query import find
from besra.service.runs import Clock
from besra.service.spaces import Spaces
from besra.storage.workflow import Author

RULES = "/api/detection_engine/rules"
LARGEST_BODY = 8 << 20
LARGEST_IMPORT = 100 << 20
NDJSON = "application/ndjson; charset=utf-8"
"""Clients that are not told guess."""
EXPORT_NAME = "rules_export.ndjson"


class ToldRuleChange(Struct, frozen=True, omit_defaults=True):
    """A change of a rule, and what it said from then on where that changed."""

    id: str
    rule_id: str
    timestamp: str
    user: str
    action: str
    revision: int
    rule: dict[str, Any] | None = None


class RuleHistory(Struct, frozen=True):
    """The last hundred changes of a rule over the API, the newest first; none of one nobody has changed."""

    changes: tuple[ToldRuleChange, ...]


HISTORY: Description[Nothing, Nothing] = Description("What was changed about a rule.", answer=RuleHistory)


def rule_routes(spaces: Spaces, connectors: ConnectorBook, clock: Clock) -> list[Endpoint]:
    """All of them, each over the rules of the space it is asked in."""

    def spaced(answer: "Callable[[_Rules, Request], Awaitable[Response]]") -> Handler:
        async def answered(request: Request) -> Response:
            space = space_of(request)
            of_space = spaces.rules(space), spaces.exceptions(space), spaces.alerts(space)
            return await answer(_Rules(*of_space, ConnectorTransfer(connectors, space), clock), request)

        return answered

    async def history(request: Request, _: Nothing, __: Nothing) -> Response:
        return await spaced(_Rules.history)(request)

    looks = [
        ("GET", f"{RULES}/_find", spaced(_Rules.find)),
        ("POST", f"{RULES}/_export", spaced(_Rules.export)),
        ("GET", "/api/detection_engine/tags", spaced(_Rules.tags)),
        ("GET", RULES, spaced(_Rules.read)),
    ]
    changes = [
        ("POST", f"{RULES}/_bulk_action", spaced(_Rules.bulk)),
        ("POST", f"{RULES}/_import", spaced(_Rules.import_)),
        ("POST", RULES, spaced(_Rules.create)),
        ("PUT", RULES, spaced(_Rules.update)),
        ("PATCH", RULES, spaced(_Rules.patch)),
        ("DELETE", RULES, spaced(_Rules.delete)),
    ]
    return [
        *endpoints(Face.KIBANA, Right.READ, looks),
        *endpoints(Face.KIBANA, Right.AUTHOR, changes),
        own("GET", "/rules/{id}/history", Right.READ, HISTORY, history),
    ]


class _Rules:
    """What the routes answer, in a space."""

    def __init__(
        self, book: RuleBook, exceptions: ExceptionBook, log: RunLog, connectors: ConnectorTransfer, clock: Clock
    ) -> None:
        self._book = book
        self._exceptions = exceptions
        self._log = log
        self._connectors = connectors
        self._clock = clock

    def _changes(self, request: Request) -> RuleChanges:
        return RuleChanges(self._book, author_of(request, self._clock()))

    # --- one rule -----------------------------------------------------------------------------------------------------

    async def create(self, request: Request) -> Response:
        document = await document_of(request)
        return _rule(await run_in_threadpool(self._changes(request).create, document))

    async def read(self, request: Request) -> Response:
        return _rule(self._asked(request.query_params))

    async def update(self, request: Request) -> Response:
        document = await document_of(request)
        entry = self._asked(document.parameters)
        about(request, f"rule {entry.id}")
        return _rule(await run_in_threadpool(self._changes(request).update, entry, document, _revision(request)))

    async def patch(self, request: Request) -> Response:
        part = (await document_of(request)).parameters
        entry = self._asked(part)
        about(request, f"rule {entry.id}")
        if set(part) <= {"id", "rule_id", "enabled"} and isinstance(part.get("enabled"), bool):
            on = part["enabled"]
            return _rule((await run_in_threadpool(lambda: self._changes(request).switch([entry], enabled=on)))[0])
        return _rule(await run_in_threadpool(self._changes(request).patch, entry, part, _revision(request)))

    async def delete(self, request: Request) -> Response:
        entry = self._asked(request.query_params)
        await run_in_threadpool(self._changes(request).delete, [entry])
        return _rule(entry)

    def _asked(self, given: Any) -> Entry:
        """The rule a request is about, by `id` or `rule_id`."""
        id_, rule_id = given.get("id"), given.get("rule_id")
        if not (isinstance(id_, str) or isinstance(rule_id, str)):
            raise RequestError(400, 'either "id" or "rule_id" must be set')
        entry = self._book.by_id(id_) if isinstance(id_, str) else self._book.by_rule_id(str(rule_id))
        if entry is None:
            name, value = ("id", id_) if isinstance(id_, str) else ("rule_id", rule_id)
            raise RequestError(404, f'{name}: "{value}" not found')
        return entry

    async def history(self, request: Request) -> Response:
        rule = named(request, "id") or ""
        found = await run_in_threadpool(self._book.store.history, rule)
        return json_reply({"changes": [change_document(change) for change in found]})

    # --- many ---------------------------------------------------------------------------------------------------------

    async def find(self, request: Request) -> Response:
        return await run_in_threadpool(self._found, request)

    def _found(self, request: Request) -> Response:
        page = find(self._book.entries, request.query_params, self._clock())
        fields = request.query_params.getlist("fields")
        data = [rule_document(entry, fields) for entry in page.entries]
        return json_reply({"page": page.page, "perPage": page.per_page, "total": page.total, "data": data})

    async def tags(self, _: Request) -> Response:
        return json_reply(sorted({tag for entry in self._book.entries for tag in entry.tags}))

    async def bulk(self, request: Request) -> Response:
        body = (await document_of(request)).parameters
        is_dry = is_true(request, "dry_run")
        about(request, told_of(body.get("action"), body.get("ids"), body.get("query")))
        return await run_in_threadpool(self._bulk, author_of(request, self._clock()), body, is_dry)

    def _bulk(self, author: Author, body: Any, is_dry: bool) -> Response:
        if body.get("action") == "export":
            entries, missing = chosen(self._book, body, self._clock())
            return _ndjson(self._export_text(entries, missing))
        ask = partial(ask_runs, self._log, now=author.at)
        bench = Workbench(RuleChanges(self._book, author), self._book, self._exceptions, ask, author)
        status, told = act(bench, body, is_dry=is_dry).document(is_dry=is_dry)
        return json_reply(told, status)

    # --- in and out ---------------------------------------------------------------------------------------------------

    async def import_(self, request: Request) -> Response:
        overwrite, overwrites = is_true(request, "overwrite"), is_true(request, "overwrite_exceptions")
        overwrites_connectors = is_true(request, "overwrite_action_connectors")
        author = author_of(request, self._clock())
        text = await _uploaded(request)

        def imported() -> dict[str, Any]:
            take = partial(import_exceptions, self._exceptions, author=author, overwrites=overwrites)
            take_connectors = partial(self._connectors.taken, author=author, overwrite=overwrites_connectors)
            changes = RuleChanges(self._book, author)
            return import_rules(changes, self._book, text, take, take_connectors, overwrite=overwrite)

        return json_reply(await run_in_threadpool(imported))

    async def export(self, request: Request) -> Response:
        body = await body_of(request, LARGEST_BODY)
        asked = (await run_in_threadpool(_object, body)).parameters if body.strip() not in (b"", b"null") else {}
        name = request.query_params.get("file_name", EXPORT_NAME)
        with_details = not is_true(request, "exclude_export_details")
        return await run_in_threadpool(self._export, asked, name, with_details)

    def _export(self, asked: Any, name: str, with_details: bool) -> Response:
        objects = asked.get("objects")
        if objects is None:
            return _ndjson(self._export_text(self._book.entries, with_details=with_details), name)
        is_list = isinstance(objects, list) and all(isinstance(one, dict) for one in objects)
        if not is_list or not all(isinstance(one.get("rule_id"), str) for one in objects):
            raise RequestError(400, 'objects is a list such as [{"rule_id": "…"}]')
        known, ids = self._book.known(), list(dict.fromkeys(one["rule_id"] for one in objects))
        rules = [known[rule_id] for rule_id in ids if rule_id in known]
        missing = [rule_id for rule_id in ids if rule_id not in known]
        return _ndjson(self._export_text(rules, missing, with_details=with_details), name)

    def _export_text(self, rules: Sequence[Entry], missing: Sequence[str] = (), *, with_details: bool = True) -> str:
        lists = self._exceptions, self._book.file_exceptions
        return export_text(rules, *lists, self._connectors, missing, with_details=with_details)


# --- requests ---------------------------------------------------------------------------------------------------------


def _revision(request: Request) -> int | None:
    """The revision a change rests on, if the header If-Match tells one."""
    value = request.headers.get("if-match")
    if value is None or value == "*":
        return None
    number = value.removeprefix("W/").strip('"')
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise RequestError(400, "If-Match is the revision of a rule, as its ETag tells it")
    return int(number)


async def document_of(request: Request) -> RuleDocument:
    """The JSON object of a body with the places of its fields. Raises RequestError (400)."""
    body = await body_of(request, LARGEST_BODY)
    return await run_in_threadpool(_object, body)


def _object(body: bytes) -> RuleDocument:
    """The JSON object of a body with the places of its fields. Raises RequestError (400)."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise RequestError(400, f"the body is no UTF-8 text: {error.reason} at byte {error.start}") from error
    value, locations = decode_located(text)
    if isinstance(value, Problem):
        where = f"line {value.place.line}, column {value.place.column or 1}: "
        raise RequestError(400, f"{where}{value.message}", [value])
    if not isinstance(value, dict):
        raise RequestError(400, "the body is no JSON object")
    return RuleDocument(value, locations)


async def _uploaded(request: Request) -> str:
    """The text of the file of a form. Raises RequestError (400, 415), BodyError."""
    body = await body_of(request, LARGEST_IMPORT)
    return await run_in_threadpool(_text, body, request.headers.get("content-type", ""))


def _text(body: bytes, content_type: str) -> str:
    try:
        return file_of(body, content_type, "file").decode()
    except FormError as error:
        raise RequestError(error.status, str(error)) from error
    except UnicodeDecodeError as error:
        raise RequestError(400, f"the file is no UTF-8 text: {error.reason} at byte {error.start}") from error


# --- answers ----------------------------------------------------------------------------------------------------------


def _rule(entry: Entry) -> Response:
    headers = {"ETag": f'"{entry.stored.revision}"'} if entry.stored else None
    return json_reply(rule_document(entry), headers=headers)


def _ndjson(text: str, name: str = EXPORT_NAME) -> Response:
    plain = "".join(char for char in name if char.isascii() and (char.isalnum() or char in "._- ")) or EXPORT_NAME
    return Response(text, 200, {"Content-Disposition": f'attachment; filename="{plain}"'}, media_type=NDJSON)

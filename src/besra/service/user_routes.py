"""The routes over users, and over the audit log."""

from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from besra.schema.timestamp import format_timestamp
from besra.service.answering import SMALL_BODY, RequestError, json_reply, object_of
from besra.service.endpoint import Endpoint, Face, Handler, Right, endpoints
from besra.service.gate import about
from besra.service.ingest import Clock
from besra.service.plain_paths import named
from besra.service.user_book import UserBook, no_user, user_document
from besra.storage.audit_log import AuditEntry, AuditLog

USERS = "/api/v1/users"
PAGE, LARGEST_PAGE = 100, 1000


def user_routes(book: UserBook, audit: AuditLog, clock: Clock) -> list[Endpoint]:
    """All of them."""

    async def users(_: Request) -> Response:
        known = book.access.known.accounts
        return json_reply({"users": [user_document(known[name]) for name in sorted(known)]})

    async def user(request: Request) -> Response:
        name = named(request, "name") or ""
        account = book.access.known.accounts.get(name)
        if account is None:
            raise no_user(name)
        return json_reply(user_document(account))

    async def add(request: Request) -> Response:
        given = await object_of(request, SMALL_BODY)
        if set(given) != {"name", "password", "roles"}:
            raise RequestError(400, "a user has `name`, `password` and `roles`")
        about(request, f"user {given['name']!s:.100}")
        made = await run_in_threadpool(book.add, given["name"], given["password"], given["roles"], clock())
        return json_reply(user_document(made), 201)

    async def change(request: Request) -> Response:
        given, name = await object_of(request, SMALL_BODY), named(request, "name") or ""
        about(request, f"{', '.join(sorted({*given} & {'password', 'roles', 'disabled'}))} of user {name:.100}")
        return json_reply(user_document(await run_in_threadpool(book.change, name, given, clock())))

    async def remove(request: Request) -> Response:
        await run_in_threadpool(book.remove, named(request, "name") or "")
        return Response(status_code=204)

    async def entries(request: Request) -> Response:
        return json_reply(await run_in_threadpool(_page, audit, request.query_params))

    administered: list[tuple[str, str, Handler]] = [
        ("GET", USERS, users),
        ("POST", USERS, add),
        ("GET", f"{USERS}/{{name}}", user),
        ("PUT", f"{USERS}/{{name}}", change),
        ("DELETE", f"{USERS}/{{name}}", remove),
        ("GET", "/api/v1/audit", entries),
    ]
    return endpoints(Face.OWN, Right.ADMINISTER, administered)


# --- the audit log ----------------------------------------------------------------------------------------------------


def _page(audit: AuditLog, given: Mapping[str, str]) -> dict[str, Any]:
    known = {"size", "before", "who", "space", "address", "status", "what"}
    if unknown := sorted(set(given) - known):
        raise RequestError(400, f"`{unknown[0]:.100}` is not supported; known are {', '.join(sorted(known))}")
    size = _number(given, "size", PAGE)
    if not 1 <= size <= LARGEST_PAGE:
        raise RequestError(400, f"`size` is 1 to {LARGEST_PAGE:,}")
    only: dict[str, str | int] = {name: given[name] for name in ("who", "space", "address") if name in given}
    if "status" in given:
        only["status"] = _number(given, "status", 0)
    before = _number(given, "before", 0) if "before" in given else None
    found = audit.page(size, before, only, given.get("what", ""))
    told: dict[str, Any] = {"entries": [entry_document(entry) for entry in found]}
    return {**told, "next": found[-1].number} if len(found) == size else told


def _number(given: Mapping[str, str], name: str, default: int) -> int:
    value = given.get(name, str(default))
    if not value.isascii() or not value.isdigit() or len(value) > 15:
        raise RequestError(400, f"`{name}` is a number")
    return int(value)


def entry_document(entry: AuditEntry) -> dict[str, Any]:
    """An entry as it is told."""
    deed = entry.deed
    return {
        "number": entry.number,
        "at": format_timestamp(deed.at),
        "who": deed.who,
        "credential": deed.credential,
        "address": deed.address,
        "space": deed.space,
        "what": deed.what,
        "about": deed.about,
        "status": deed.status,
        "hash": entry.hash,
    }

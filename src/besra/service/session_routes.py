"""The routes by which somebody becomes known: the first user, logging in and out, one's own password."""

from time import monotonic

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from besra.schema.timestamp import NANOS, format_timestamp
from besra.service.access import Who
from besra.service.answering import SMALL_BODY, RequestError, json_reply, object_of
from besra.service.author import UNKNOWN, WHO
from besra.service.credential import Basic, Token, credential_of
from besra.service.denied import unknown
from besra.service.endpoint import Endpoint, Face, Right
from besra.service.gate import Guard, about
from besra.service.ingest import Clock
from besra.service.passwords import new_secret, secret_digest
from besra.service.roles import EVERYWHERE, Role
from besra.service.set_up_token import SetUpToken
from besra.service.user_book import UserBook, user_document
from besra.storage.access_store import Session

LASTS = 12 * 3600 * NANOS
"""How long a log-in lasts."""
NO_STORE = {"Cache-Control": "no-store"}
"""Of answers in which there is a secret."""
ADMIN = {EVERYWHERE: [Role.ADMIN.value]}


def session_routes(guard: Guard, book: UserBook, token: SetUpToken, clock: Clock) -> list[Endpoint]:
    """All of them, over who is known."""
    access = guard.access

    async def set_up(request: Request) -> Response:
        about(request, "the first user")
        # Before anything is read: nobody has vouched for who asks.
        guard.check_pause(request)
        if token.text is None:
            raise RequestError(409, "there are users already, or the service runs without")
        given = _texts(await object_of(request, SMALL_BODY), "token", "name", "password")
        if not token.is_right(given["token"]):
            guard.failed(request)
            await guard.recorder.refused(request, UNKNOWN, "set-up token", 401)
            raise unknown("this is not the token")
        account = await run_in_threadpool(
            lambda: book.add(given["name"], given["password"], ADMIN, clock(), is_first=True)
        )
        token.end()
        request.scope[WHO] = Who(account.name, "set-up token", (), account.roles)
        about(request, f"the first user {account.name}")
        return json_reply(user_document(account), 201)

    async def log_in(request: Request) -> Response:
        if access.is_stale(monotonic()):
            await run_in_threadpool(access.refresh, at_once=False)
        given = _texts(await object_of(request, SMALL_BODY), "name", "password")
        who = await guard.slow(request, Basic(given["name"], given["password"]))
        guard.count(who)
        secret, now = new_secret(), clock()
        session = Session(secret_digest(secret), who.name, now, now + LASTS)
        await run_in_threadpool(access.store.add_session, session)
        await run_in_threadpool(access.refresh)
        request.scope[WHO] = who
        told = {"token": secret, "expires_at": format_timestamp(session.expires), "name": who.name}
        return json_reply({**told, "roles": dict(who.roles)}, 201, NO_STORE)

    async def log_out(request: Request) -> Response:
        header = request.headers.get("authorization", "")
        credential = credential_of(header) if header.lower().startswith("bearer ") else None
        if not isinstance(credential, Token):
            raise RequestError(400, "logging out takes the token of the log-in: Authorization: Bearer …")
        await run_in_threadpool(access.store.remove_session, secret_digest(credential.secret))
        await run_in_threadpool(access.refresh)
        return Response(status_code=204)

    async def me(request: Request) -> Response:
        who: Who | None = request.scope.get(WHO)
        if who is None:
            return json_reply({"name": UNKNOWN, "credential": "none", "roles": ADMIN})
        return json_reply({"name": who.name, "credential": who.credential, "roles": dict(who.roles)})

    async def change_password(request: Request) -> Response:
        given = _texts(await object_of(request, SMALL_BODY), "old", "new")
        asker: Who | None = request.scope.get(WHO)
        if asker is None:
            raise RequestError(400, "this service runs without users")
        who = await guard.slow(request, Basic(asker.name, given["old"]))
        await run_in_threadpool(book.change, who.name, {"password": given["new"]}, clock())
        return Response(status_code=204)

    return [
        Endpoint(Face.OWN, "POST", "/api/v1/setup", Right.ANYBODY, set_up, recorded=True),
        Endpoint(Face.OWN, "POST", "/api/v1/session", Right.ANYBODY, log_in, recorded=True),
        Endpoint(Face.OWN, "DELETE", "/api/v1/session", Right.KNOWN, log_out, recorded=True),
        Endpoint(Face.OWN, "GET", "/api/v1/me", Right.KNOWN, me),
        Endpoint(Face.OWN, "PUT", "/api/v1/me/password", Right.KNOWN, change_password, recorded=True),
    ]


def _texts(given: dict[str, object], *names: str) -> dict[str, str]:
    """The members of a body, which are texts. Raises RequestError."""
    if set(given) != set(names) or not all(isinstance(value, str) for value in given.values()):
        raise RequestError(400, f"the body has the texts {', '.join(f'`{name}`' for name in names)}")
    return {name: str(given[name]) for name in names}

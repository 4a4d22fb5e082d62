"""The routes over API keys, of besra's own and in Elasticsearch's shape."""

from collections.abc import Mapping
from functools import wraps
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from besra.service.access import Who
from besra.service.answering import SMALL_BODY, RequestError, json_reply, object_of
from besra.service.author import UNKNOWN, WHO, told_name
from besra.service.body import BodyError
from besra.service.elasticsearch import body_of, reply
from besra.service.endpoint import Endpoint, Face, Handler, Right
from besra.service.gate import about
from besra.service.ingest import Clock
from besra.service.plain_paths import named
from besra.service.roles import ALL, EVERYWHERE, Grants, Role
from besra.service.session_routes import NO_STORE
from besra.service.user_book import UserBook, key_document, new_key_document
from besra.storage.access_store import ApiKey

KEYS = "/api/v1/keys"
ES_KEYS = "/_security/api_key"


def key_routes(book: UserBook, clock: Clock) -> list[Endpoint]:
    """All of them."""

    async def keys(request: Request) -> Response:
        found = [key for key in book.all_keys() if _sees(request, key)]
        return json_reply({"keys": [key_document(key) for key in found]})

    async def add_key(request: Request) -> Response:
        return await _made(request, await object_of(request, SMALL_BODY), 201)

    async def remove_key(request: Request) -> Response:
        id_ = named(request, "id") or ""
        found = [key for key in book.all_keys() if key.id == id_ and _sees(request, key)]
        if not found:
            raise RequestError(404, f"there is no key {id_[:100]!r}, or none that is yours")
        await run_in_threadpool(book.invalidate, [id_], clock())
        return Response(status_code=204)

    async def _made(request: Request, given: Mapping[str, Any], status: int) -> Response:
        about(request, f"key {given.get('name')!s:.100}")
        key, secret = await run_in_threadpool(book.add_key, _asker(request), given, clock())
        about(request, f"key {key.id} {key.name:.100}")
        return reply(new_key_document(key, secret), status, NO_STORE)

    # --- in Elasticsearch's shape -------------------------------------------------------------------------------------

    async def es_add(request: Request) -> Response:
        given = dict(await _body(request))
        given.pop("metadata", None)
        descriptors = given.pop("role_descriptors", None)
        if descriptors:
            given["roles"] = _roles_in(descriptors)
        return await _made(request, given, 200)

    async def es_keys(request: Request) -> Response:
        asked = request.query_params
        found = [key for key in book.all_keys() if _sees(request, key)]
        for name, value in (("id", asked.get("id")), ("name", asked.get("name")), ("account", asked.get("username"))):
            found = [key for key in found if value is None or getattr(key, name) == value]
        if asked.get("owner") == "true":
            found = [key for key in found if key.account == _asker(request).name]
        return reply({"api_keys": [_es_document(key) for key in found]})

    async def es_remove(request: Request) -> Response:
        given = await _body(request)
        ids, name, owner = given.get("ids", given.get("id")), given.get("name"), given.get("owner")
        ids = [ids] if isinstance(ids, str) else ids
        is_told = ids is not None or name is not None or owner is True
        if set(given) - {"ids", "id", "name", "owner"} or not is_told or not isinstance(ids, list | None):
            raise RequestError(400, "which keys: `ids`, `name`, or `owner`: true for one's own")
        found = [key for key in book.all_keys() if _sees(request, key)]
        found = [key for key in found if ids is None or key.id in ids]
        found = [key for key in found if name is None or key.name == name]
        found = [key for key in found if owner is not True or key.account == _asker(request).name]
        now = [key.id for key in found if key.invalidated is None]
        about(request, f"keys {' '.join(now)}")
        if now:
            await run_in_threadpool(book.invalidate, now, clock())
        before = [key.id for key in found if key.invalidated is not None]
        told = {"invalidated_api_keys": now, "previously_invalidated_api_keys": before}
        return reply({**told, "error_count": 0})

    async def authenticate(request: Request) -> Response:
        who = _asker(request)
        roles = sorted({name for names in who.roles.values() for name in names})
        kind = "api_key" if who.is_key else "realm"
        return reply({"username": who.name, "roles": roles, "enabled": True, "authentication_type": kind})

    return [
        Endpoint(Face.OWN, "GET", KEYS, Right.KNOWN, keys),
        Endpoint(Face.OWN, "POST", KEYS, Right.KNOWN, add_key, recorded=True),
        Endpoint(Face.OWN, "DELETE", f"{KEYS}/{{id}}", Right.KNOWN, remove_key, recorded=True),
        Endpoint(Face.ELASTICSEARCH, "GET", ES_KEYS, Right.KNOWN, _told(es_keys)),
        Endpoint(Face.ELASTICSEARCH, "POST", ES_KEYS, Right.KNOWN, _told(es_add), recorded=True),
        Endpoint(Face.ELASTICSEARCH, "PUT", ES_KEYS, Right.KNOWN, _told(es_add), recorded=True),
        Endpoint(Face.ELASTICSEARCH, "DELETE", ES_KEYS, Right.KNOWN, _told(es_remove), recorded=True),
        Endpoint(Face.ELASTICSEARCH, "GET", "/_security/_authenticate", Right.KNOWN, authenticate),
    ]


def _asker(request: Request) -> Who:
    """Who asks; where everybody is let through, whoever the request says, who may do all."""
    who: Who | None = request.scope.get(WHO)
    if who is None:
        who = Who(told_name(request) or UNKNOWN, "none", (Grants({EVERYWHERE: ALL}),), {EVERYWHERE: [Role.ADMIN]})
    return who


def _sees(request: Request, key: ApiKey) -> bool:
    who = _asker(request)
    if who.can(Right.ADMINISTER, EVERYWHERE):
        return True
    # A key that leaked is not to end the others of its owner.
    return who.credential == f"key {key.id}" if who.is_key else key.account == who.name


def _told(handler: Handler) -> Handler:
    """The handler with its refusals as Elasticsearch's face tells them."""

    @wraps(handler)
    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except RequestError as error:
            raise BodyError(error.status, error.message) from error

    return answered


async def _body(request: Request) -> dict[str, Any]:
    raw = await body_of(request, SMALL_BODY)
    try:
        given = orjson.loads(raw or b"{}")
    except orjson.JSONDecodeError as error:
        raise RequestError(400, f"the body is no JSON: {error}") from error
    if not isinstance(given, dict):
        raise RequestError(400, "the body is no JSON object")
    return given


def _roles_in(descriptors: object) -> dict[str, list[str]]:
    """Roles by space of Elasticsearch's `role_descriptors`: their names are those of besra's roles."""
    told = 'role_descriptors are besra\'s roles by name, such as {"ingest": {}} or {"viewer": {"spaces": ["lab"]}}'
    if not isinstance(descriptors, dict):
        raise RequestError(400, told)
    roles: dict[str, list[str]] = {}
    for name, descriptor in descriptors.items():
        if not isinstance(descriptor, dict) or set(descriptor) - {"spaces"}:
            raise RequestError(400, told)
        spaces = descriptor.get("spaces", [EVERYWHERE])
        if not isinstance(spaces, list) or not all(isinstance(space, str) for space in spaces):
            raise RequestError(400, told)
        for space in spaces:
            roles.setdefault(space, []).append(name)
    return roles


def _es_document(key: ApiKey) -> dict[str, Any]:
    expiration = {} if key.expires is None else {"expiration": key.expires // 1_000_000}
    told = {"id": key.id, "name": key.name, "type": "rest", "creation": key.created // 1_000_000, **expiration}
    descriptors: dict[str, dict[str, list[str]]] = {}
    for space, names in (key.roles or {}).items():
        for name in names:
            descriptors.setdefault(name, {"spaces": []})["spaces"].append(space)
    is_over = key.invalidated is not None
    return {**told, "invalidated": is_over, "username": key.account, "metadata": {}, "role_descriptors": descriptors}

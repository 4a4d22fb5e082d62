"""Connectors over HTTP, as Kibana's clients know them, and a button that says what the other side answers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from besra.errors import InputError
from besra.notify.answer import Answer
from besra.notify.connector import Connector, Message
from besra.notify.connector_types import TYPES, check_params
from besra.notify.context import Told
from besra.notify.payload import payload_of
from besra.notify.sending import Sender
from besra.service.answering import RequestError, json_reply, object_of
from besra.service.author import author_of
from besra.service.connector_book import ConnectorBook, as_json
from besra.service.endpoint import Endpoint, Face, Right, endpoints, space_of
from besra.service.gate import about
from besra.service.plain_paths import named
from besra.service.runs import Clock

ACTIONS = "/api/actions"
OWN = "/api/v1/connectors"
TEST = "A test of besra's. If you can read this, notifications arrive here."


def connector_routes(book: ConnectorBook, sender: Sender, clock: Clock) -> list[Endpoint]:
    """All of them, over the connectors of a service."""
    api = _Connectors(book, sender, clock)
    looks = [
        ("GET", f"{ACTIONS}/connectors", api.all),
        ("GET", f"{ACTIONS}/connector_types", api.types),
        ("GET", f"{ACTIONS}/connector/{{id}}", api.one),
    ]
    changes = [
        ("POST", f"{ACTIONS}/connector/{{id}}/_execute", api.execute),
        ("POST", f"{ACTIONS}/connector", api.add),
        ("POST", f"{ACTIONS}/connector/{{id}}", api.add),
        ("PUT", f"{ACTIONS}/connector/{{id}}", api.change),
        ("DELETE", f"{ACTIONS}/connector/{{id}}", api.remove),
    ]
    return [
        *endpoints(Face.KIBANA, Right.READ, looks),
        *endpoints(Face.KIBANA, Right.AUTHOR, changes),
        Endpoint(Face.OWN, "POST", f"{OWN}/{{id}}/_test", Right.AUTHOR, api.test),
    ]


class _Connectors:
    """What the routes answer."""

    def __init__(self, book: ConnectorBook, sender: Sender, clock: Clock) -> None:
        self._book = book
        self._sender = sender
        self._clock = clock

    async def all(self, request: Request) -> Response:
        found = self._book.all(space_of(request))
        return json_reply([{**as_json(one), "referenced_by_count": 0} for one in found])

    async def one(self, request: Request) -> Response:
        return json_reply(as_json(self._named(request)))

    async def types(self, _: Request) -> Response:
        common = {
            "enabled": True,
            "enabled_in_config": True,
            "enabled_in_license": True,
            "minimum_license_required": "basic",
            "supported_feature_ids": ["alerting", "siem"],
            "is_system_action_type": False,
        }
        return json_reply([{"id": kind.id, "name": kind.name, **common} for kind in TYPES.values()])

    async def add(self, request: Request) -> Response:
        given, author = await object_of(request), author_of(request, self._clock())
        space, id_ = space_of(request), named(request, "id")
        made = await run_in_threadpool(self._book.add, space, id_, given, author)
        about(request, made.id)
        return json_reply(as_json(made))

    async def change(self, request: Request) -> Response:
        given, author = await object_of(request), author_of(request, self._clock())
        space, id_ = space_of(request), named(request, "id") or ""
        return json_reply(as_json(await run_in_threadpool(self._book.change, space, id_, given, author)))

    async def remove(self, request: Request) -> Response:
        await run_in_threadpool(self._book.remove, space_of(request), named(request, "id") or "")
        return Response(status_code=204)

    async def execute(self, request: Request) -> Response:
        connector, params = self._named(request), await self._params(request)
        if params is None:
            raise RequestError(400, "`params` is an object")
        answer = await run_in_threadpool(self._sent, connector, params)
        return json_reply(_executed(connector, answer))

    async def test(self, request: Request) -> Response:
        connector, params = self._named(request), await self._params(request)
        answer = await run_in_threadpool(self._sent, connector, params or {})
        return json_reply({"connector": connector.id, "type": connector.type, **answer.as_json()})

    def _named(self, request: Request) -> Connector:
        return self._book.named(space_of(request), named(request, "id") or "")

    async def _params(self, request: Request) -> Mapping[str, Any] | None:
        params = (await object_of(request)).get("params")
        if not isinstance(params, dict | None):
            raise RequestError(400, "`params` is an object")
        return params

    def _sent(self, connector: Connector, params: Mapping[str, Any]) -> Answer:
        """What is answered to a test: an alert nobody has raised, under a key nobody else has."""
        now, kind = self._clock(), TYPES[connector.type]
        try:
            check_params(kind, params)
        except InputError as error:
            raise RequestError(400, error.problem.message, [error.problem]) from error
        alert = {
            "kibana.alert.uuid": "test",
            "kibana.alert.rule.name": "Test",
            "kibana.alert.severity": "low",
            "kibana.alert.reason": TEST,
        }
        key = f"test-{uuid4().hex}"
        payload, problems = payload_of(connector.type, params, Told([alert], 1, now, connector.space, key, "test"))
        answer = self._sender.send(connector, Message(key, "test", payload))
        return replace(answer, details={**(answer.details or {}), "problems": problems}) if problems else answer


def _executed(connector: Connector, answer: Answer) -> dict[str, Any]:
    """An answer as Kibana tells it."""
    told: dict[str, Any] = {"connector_id": connector.id, "status": "ok" if answer.is_sent else "error"}
    if answer.is_sent:
        return {**told, "data": answer.as_json()}
    problem = answer.problem
    told |= {"message": "error sending", "service_message": problem.message if problem else ""}
    return {**told, "retry": not answer.is_final, "data": answer.as_json()}

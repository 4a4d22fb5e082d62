"""The service's own routes over alerts: one of them, what people noted and did, and new ones as they come.

Source: interfaces.md 4. Errors have the shape of the routes beside them, which is Kibana's.
"""

from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from besra.schema.timestamp import format_timestamp
from besra.service.alert_stream import HEADERS, AlertStream, Listening
from besra.service.answering import RequestError, object_of
from besra.service.author import author_of
from besra.service.elasticsearch import reply_documents
from besra.service.endpoint import Endpoint, Face, Right, space_of
from besra.service.ingest import Clock
from besra.service.plain_paths import named
from besra.service.spaces import Spaces
from besra.storage.space_alerts import SpaceAlerts
from besra.storage.workflow import Change, Note

PREFIX = "/api/v1/alerts"
LONGEST_POSITION = 18
"""Digits."""


def alert_routes(stream: AlertStream, spaces: Spaces, clock: Clock) -> list[Endpoint]:
    """All of them, each over the alerts of the space it is asked in."""

    async def alert(request: Request) -> Response:
        alerts = spaces.alerts(space_of(request))
        return reply_documents(await run_in_threadpool(_alert, alerts, _id(request)))

    async def notes(request: Request) -> Response:
        alerts = spaces.alerts(space_of(request))
        return await _answered(request, lambda id_: {"notes": [note_document(note) for note in alerts.notes(id_)]})

    async def history(request: Request) -> Response:
        alerts = spaces.alerts(space_of(request))
        return await _answered(request, lambda id_: {"history": [change_document(one) for one in alerts.history(id_)]})

    async def _answered(request: Request, told: Callable[[str], dict[str, Any]]) -> Response:
        alerts = spaces.alerts(space_of(request))

        def read() -> dict[str, Any]:
            id_ = _id(request)
            _alert(alerts, id_)
            return told(id_)

        return reply_documents(await run_in_threadpool(read))

    async def add_note(request: Request) -> Response:
        body, author = await object_of(request), author_of(request, clock())
        text, alerts = body.get("text"), spaces.alerts(space_of(request))
        if not isinstance(text, str) or set(body) != {"text"}:
            raise RequestError(400, 'a note is {"text": "…"}')

        def write() -> dict[str, Any]:
            id_ = _id(request)
            if not alerts.add_note([id_], author, text).total:
                raise _missing(id_)
            return note_document(alerts.notes(id_)[-1])

        return reply_documents(await run_in_threadpool(write), 201)

    async def follow(request: Request) -> Response:
        position = await run_in_threadpool(stream.start, _position(request))
        if request.method == "HEAD":  # whose answer has nothing to wait for
            return Response(headers=HEADERS, media_type=Listening.media_type)
        return Listening(stream, position, space_of(request))

    return [
        Endpoint(Face.OWN, "GET", f"{PREFIX}/stream", Right.READ, follow),
        Endpoint(Face.OWN, "GET", f"{PREFIX}/{{id}}", Right.READ, alert),
        Endpoint(Face.OWN, "GET", f"{PREFIX}/{{id}}/notes", Right.READ, notes),
        Endpoint(Face.OWN, "POST", f"{PREFIX}/{{id}}/notes", Right.WORK, add_note),
        Endpoint(Face.OWN, "GET", f"{PREFIX}/{{id}}/history", Right.READ, history),
    ]


def _id(request: Request) -> str:
    return named(request, "id") or ""


def _alert(alerts: SpaceAlerts, id_: str) -> dict[str, Any]:
    found = alerts.alerts([id_]).get(id_)
    if found is None:
        raise _missing(id_)
    return found


def _missing(id_: str) -> RequestError:
    return RequestError(404, f"there is no alert {id_[:100]!r}")


def _position(request: Request) -> int | None:
    """Behind which position to begin: browsers send the header, everything else may."""
    given = request.headers.get("last-event-id") or request.query_params.get("last_event_id")
    if not given:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > LONGEST_POSITION:
        raise RequestError(400, "Last-Event-ID is the id of an event, a number; 0 is before the first alert")
    return int(given)


def note_document(note: Note) -> dict[str, Any]:
    """A note as it is told."""
    return {"id": note.id, "at": format_timestamp(note.at), "by": note.by, "text": note.text}


def change_document(change: Change) -> dict[str, Any]:
    """An entry of a history as it is told: `what` is status, tags, assignees or note."""
    at = format_timestamp(change.at)
    return {"at": at, "by": change.by, "what": change.what, "old": change.old, "new": change.new}

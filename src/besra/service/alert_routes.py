"""The service's own routes over alerts: one of them, what people noted and did, and new ones as they come.

Source: interfaces.md 4. Errors have the shape of the routes beside them, which is Kibana's.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from besra.detection.alert import Alert
from besra.schema.timestamp import format_timestamp
from besra.service.alert_stream import HEADERS, AlertStream, Listening
from besra.service.answering import RequestError
from besra.service.author import author_of
from besra.service.description import Description, Nothing
from besra.service.endpoint import Endpoint, Right, space_of
from besra.service.ingest import Clock
from besra.service.own_endpoint import own
from besra.service.plain_paths import named
from besra.service.spaces import Spaces
from besra.storage.space_alerts import SpaceAlerts
from besra.storage.workflow import Change, Note

PREFIX = "/api/v1/alerts"
LONGEST_POSITION = 18
"""Digits."""


class NoteGiven(Struct, frozen=True, forbid_unknown_fields=True):
    """A note to be written."""

    text: Annotated[str, Meta(description="what to note")]


class ToldNote(Struct, frozen=True):
    """A note on an alert."""

    id: int
    at: str
    by: str
    text: str


class NotesTold(Struct, frozen=True):
    """The notes on an alert, the first one first."""

    notes: tuple[ToldNote, ...]


class ToldChange(Struct, frozen=True):
    """What somebody did with an alert: `what` is status, tags, assignees or note; what it was, and what it became."""

    at: str
    by: str
    what: str
    old: Any
    new: Any


class HistoryTold(Struct, frozen=True):
    """Everything people did with an alert, the first change first."""

    history: tuple[ToldChange, ...]


class StreamQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Where to begin."""

    last_event_id: Annotated[
        str | None, Meta(description="go on behind the event of this id; 0 is before the first alert")
    ] = None


MISSING = {404: "there is no such alert"}
ALERT: Description[Nothing, Nothing] = Description("One alert.", answer=dict[str, Any], refusals=MISSING)
NOTES: Description[Nothing, Nothing] = Description("The notes on an alert.", answer=NotesTold, refusals=MISSING)
NOTE: Description[Nothing, NoteGiven] = Description(
    "Write a note on an alert.", body=NoteGiven, answer=ToldNote, status=201, refusals=MISSING
)
HISTORY: Description[Nothing, Nothing] = Description(
    "Everything people did with an alert.", answer=HistoryTold, refusals=MISSING
)
STREAM: Description[StreamQuery, Nothing] = Description(
    "New alerts as they come, as server-sent events.", StreamQuery, media="text/event-stream"
)


def alert_routes(stream: AlertStream, spaces: Spaces, clock: Clock) -> list[Endpoint]:
    """All of them, each over the alerts of the space it is asked in."""

    async def alert(request: Request, _: Nothing, __: Nothing) -> Alert:
        return await run_in_threadpool(_alert, spaces.alerts(space_of(request)), request)

    async def notes(request: Request, _: Nothing, __: Nothing) -> NotesTold:
        alerts = spaces.alerts(space_of(request))

        def read() -> NotesTold:
            id_ = _alert(alerts, request)["kibana.alert.uuid"]
            return NotesTold(tuple(map(told_note, alerts.notes(id_))))

        return await run_in_threadpool(read)

    async def history(request: Request, _: Nothing, __: Nothing) -> HistoryTold:
        alerts = spaces.alerts(space_of(request))

        def read() -> HistoryTold:
            id_ = _alert(alerts, request)["kibana.alert.uuid"]
            return HistoryTold(tuple(map(told_change, alerts.history(id_))))

        return await run_in_threadpool(read)

    async def add_note(request: Request, _: Nothing, given: NoteGiven) -> ToldNote:
        author, alerts = author_of(request, clock()), spaces.alerts(space_of(request))

        def write() -> ToldNote:
            id_ = _alert(alerts, request)["kibana.alert.uuid"]
            if not alerts.add_note([id_], author, given.text).total:
                raise _missing(id_)
            return told_note(alerts.notes(id_)[-1])

        return await run_in_threadpool(write)

    async def follow(request: Request, asked: StreamQuery, _: Nothing) -> Response:
        position = await run_in_threadpool(stream.start, _position(request, asked))
        if request.method == "HEAD":  # whose answer has nothing to wait for
            return Response(headers=HEADERS, media_type=Listening.media_type)
        return Listening(stream, position, space_of(request))

    return [
        own("GET", "/alerts/stream", Right.READ, STREAM, follow),
        own("GET", "/alerts/{id}", Right.READ, ALERT, alert),
        own("GET", "/alerts/{id}/notes", Right.READ, NOTES, notes),
        own("POST", "/alerts/{id}/notes", Right.WORK, NOTE, add_note),
        own("GET", "/alerts/{id}/history", Right.READ, HISTORY, history),
    ]


def _alert(alerts: SpaceAlerts, request: Request) -> Alert:
    """The alert a request is about. Raises RequestError (404), also for one of another space."""
    id_ = named(request, "id") or ""
    found = alerts.alerts([id_]).get(id_)
    if found is None:
        raise _missing(id_)
    return found


def _missing(id_: str) -> RequestError:
    return RequestError(404, f"there is no alert {id_[:100]!r}")


def _position(request: Request, asked: StreamQuery) -> int | None:
    """Behind which position to begin: browsers send the header, everything else may."""
    given = request.headers.get("last-event-id") or asked.last_event_id
    if not given:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > LONGEST_POSITION:
        raise RequestError(400, "Last-Event-ID is the id of an event, a number; 0 is before the first alert")
    return int(given)


def told_note(note: Note) -> ToldNote:
    """A note as it is told."""
    return ToldNote(note.id, format_timestamp(note.at), note.by, note.text)


def told_change(change: Change) -> ToldChange:
    """An entry of a history as it is told."""
    return ToldChange(format_timestamp(change.at), change.by, change.what, change.old, change.new)

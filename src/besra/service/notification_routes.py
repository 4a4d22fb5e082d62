"""Notifications over HTTP: what waits, what was sent, what could not be; and what people do about that."""

from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from besra.schema.timestamp import format_timestamp
from besra.service.answering import RequestError, json_reply, object_of
from besra.service.deliverer import Deliverer
from besra.service.endpoint import Endpoint, Face, Right, endpoints, space_of
from besra.service.plain_paths import named
from besra.service.runs import Clock
from besra.storage.outbox import Standing
from besra.storage.outbox_pages import LAST, Asked, OutboxPages, Shown

PATH = "/api/v1/notifications"
PAGE, LARGEST_PAGE = 100, 1000
Metric = tuple[str, str, int]


def notification_routes(pages: OutboxPages, clock: Clock) -> list[Endpoint]:
    """All of them, over the outbox of a service."""

    async def page(request: Request) -> Response:
        asked = _asked(request)
        found = await run_in_threadpool(pages.page, asked)
        told: dict[str, Any] = {"notifications": [as_json(one) for one in found]}
        # A full page may be followed by another one.
        return json_reply({**told, "next": found[-1].number} if len(found) == asked.size else told)

    async def one(request: Request) -> Response:
        found = await run_in_threadpool(pages.page, _of_key(request))
        if not found:
            raise _missing(request)
        return json_reply({**as_json(found[0]), "payload": found[0].payload})

    async def retry(request: Request) -> Response:
        if not await run_in_threadpool(pages.retry, _of_key(request), clock()):
            raise await _unchanged(request, "waits for a later try, or is dead")
        return json_reply({"retried": 1})

    async def retry_all(request: Request) -> Response:
        connector = (await object_of(request)).get("connector")
        if not isinstance(connector, str | None):
            raise RequestError(400, "`connector` is the id of one")
        asked = Asked(space_of(request), connector=connector)
        return json_reply({"retried": await run_in_threadpool(pages.retry, asked, clock())})

    async def drop(request: Request) -> Response:
        if not await run_in_threadpool(pages.drop, _of_key(request), clock()):
            raise await _unchanged(request, "waits or is dead")
        return json_reply({"dropped": 1})

    async def _unchanged(request: Request, wanted: str) -> RequestError:
        found = await run_in_threadpool(pages.page, _of_key(request))
        if not found:
            return _missing(request)
        return RequestError(409, f"the notification is {found[0].status}; only one that {wanted} can be changed so")

    return [
        *endpoints(Face.OWN, Right.READ, [("GET", PATH, page), ("GET", f"{PATH}/{{id}}", one)]),
        *endpoints(
            Face.OWN,
            Right.AUTHOR,
            [
                ("POST", f"{PATH}/_retry", retry_all),
                ("POST", f"{PATH}/{{id}}/_retry", retry),
                ("DELETE", f"{PATH}/{{id}}", drop),
            ],
        ),
    ]


def as_json(one: Shown) -> dict[str, Any]:
    """A notification as it is shown in a page."""
    told: Mapping[str, Any] = {
        "id": one.key,
        "number": one.number,
        "kind": one.kind,
        "status": str(one.status),
        "connector": one.connector,
        "action": one.action,
        "alert": one.alert,
        "alerts": one.count,
        "digest": one.digest,
        "created": format_timestamp(one.created),
        "due": format_timestamp(one.due) if one.status is Standing.WAITING else None,
        "changed": format_timestamp(one.changed),
        "attempts": one.attempts,
        "problem": one.problem,
        "answer": one.answer,
    }
    return {name: value for name, value in told.items() if value is not None}


def notification_metrics(counts: Mapping[Standing, int], deliverer: Deliverer) -> dict[str, Metric]:
    """The metrics by name: kind, meaning and value."""
    done = deliverer.counts
    return {
        "besra_notifications_sent_total": ("counter", "Notifications taken since the start.", done.sent),
        "besra_notifications_failed_total": ("counter", "Tries that were not taken since the start.", done.failed),
        "besra_notifications_digests_total": ("counter", "Digests made since the start.", done.gathered),
        "besra_notifications_waiting": ("gauge", "Notifications to be sent.", counts.get(Standing.WAITING, 0)),
        "besra_notifications_dead": ("gauge", "Notifications given up.", counts.get(Standing.DEAD, 0)),
        "besra_connectors_failing": ("gauge", "Connectors that did not take what came last.", deliverer.failing),
    }


def _asked(request: Request) -> Asked:
    given = request.query_params
    try:
        size, before = int(given.get("size", PAGE)), int(given.get("before", LAST))
    except ValueError:
        raise RequestError(400, "size and before are numbers") from None
    if not 1 <= size <= LARGEST_PAGE or not 0 <= before <= LAST:
        raise RequestError(400, f"size is a number up to {LARGEST_PAGE:,}, before that of a notification")
    status = given.get("status")
    if status is not None and status not in list(Standing):
        raise RequestError(400, f"status is one of {', '.join(Standing)}")
    return Asked(
        space_of(request),
        None if status is None else Standing(status),
        given.get("connector"),
        alert=given.get("alert"),
        before=before,
        size=size,
    )


def _of_key(request: Request) -> Asked:
    return Asked(space_of(request), key=named(request, "id") or "", size=1)


def _missing(request: Request) -> RequestError:
    return RequestError(404, f"there is no notification {(named(request, 'id') or '')[:100]!r}")

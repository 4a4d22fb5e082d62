"""The routes by which clients of Elasticsearch search events and alerts (interfaces.md 4, components.md 3)."""

from collections.abc import Iterable, Sequence
from functools import wraps
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from besra.errors import InputError
from besra.events.index_name import alert_index
from besra.service.answering import LARGEST_SEARCH, parsed
from besra.service.elasticsearch import PRODUCT, body_of, failure, reply, reply_documents
from besra.service.endpoint import Endpoint, Face, Handler, Right, endpoints
from besra.service.ingest import Clock
from besra.service.plain_paths import named
from besra.service.search_alerts import alert_answer, alert_count, alert_request
from besra.service.search_error import SearchError, malformed, not_supported, told
from besra.service.search_indices import indices_of
from besra.service.search_params import Params
from besra.service.search_request import count_request, eql_request, search_request
from besra.service.searching import SHARDS, Searching
from besra.service.sight import may_read
from besra.service.spaces import Spaces
from besra.storage.database import AlertStoreError
from besra.storage.event_pages import PageQuery, page_of
from besra.storage.event_search import Deadline, SearchStoppedError
from besra.storage.event_store import EventStoreError
from besra.storage.journal import JournalError

LOOK_UP = 30.0
"""Seconds that looking for one document may take."""
FAILED = "search_phase_execution_exception"

Found = tuple[dict[str, Any], Sequence[str]]
"""An answer, and what its author should see besides."""


def search_routes(searching: Searching, spaces: Spaces, clock: Clock) -> list[Endpoint]:
    """All of them, over what searches events, and the alerts of the spaces that whoever asks may read."""

    def readable(request: Request) -> list[str]:
        return [space for space in spaces.ids if may_read(request, space)]

    async def eql(request: Request) -> Response:
        path, body, now = request.path_params["index"], await _body(request), clock()

        def found() -> Found:
            asked = eql_request(path, body, request.query_params, now)
            if asked.indices.are_alerts:
                raise not_supported("an EQL search of alerts", "use `_search`, or rules over alerts")
            return searching.eql(asked), asked.warnings

        answer, warnings = await searching.run(found)
        return reply_documents(answer, headers=warned(warnings))

    async def search(request: Request) -> Response:
        path, body, now = request.path_params.get("index"), await _body(request), clock()

        def found() -> Found:
            if _of_alerts(path):
                of_alerts = alert_request(path, body, request.query_params, now, readable(request))
                return alert_answer(spaces.store, of_alerts), of_alerts.warnings
            asked = search_request(path, body, request.query_params, now)
            return searching.search(asked), asked.warnings

        answer, warnings = await searching.run(found)
        return reply_documents(answer, headers=warned(warnings))

    async def count(request: Request) -> Response:
        path, body, now = request.path_params.get("index"), await _body(request), clock()

        def found() -> Found:
            if _of_alerts(path):
                of_alerts = alert_request(path, body, request.query_params, now, readable(request))
                return alert_count(spaces.store, of_alerts), of_alerts.warnings
            asked = count_request(path, body, request.query_params, now)
            return searching.count(asked), asked.warnings

        answer, warnings = await searching.run(found)
        return reply_documents(answer, headers=warned(warnings))

    async def document(request: Request) -> Response:
        index, id_ = named(request, "index") or "", named(request, "id") or ""
        found = await searching.run(lambda: _document(searching, spaces, readable(request), index, id_))
        return reply_documents(found, 200 if found["found"] else 404)

    async def exists(request: Request) -> Response:
        index = request.path_params["index"]
        is_there = await searching.run(lambda: _exists(searching, index, readable(request)))
        return Response(b"", 200 if is_there else 404, PRODUCT)

    async def listed(request: Request) -> Response:
        rows = await searching.run(lambda: _listed(searching, request.path_params.get("index")))
        if request.query_params.get("format") == "json" or "json" in request.headers.get("accept", ""):
            return reply(rows)
        return Response("".join(f"{' '.join(row.values())}\n" for row in rows), 200, PRODUCT, media_type="text/plain")

    async def known(request: Request) -> Response:
        rows = await searching.run(lambda: _listed(searching, request.path_params["index"]))
        streams = [{"name": row["index"], "backing_indices": [], "timestamp_field": "@timestamp"} for row in rows]
        return reply({"indices": [], "aliases": [], "data_streams": streams})

    searches = [
        ("GET POST", "/{index}/_eql/search", told_as_search(eql)),
        ("GET POST", "/_search", told_as_search(search)),
        ("GET POST", "/{index}/_search", told_as_search(search)),
        ("GET POST", "/_count", told_as_search(count)),
        ("GET POST", "/{index}/_count", told_as_search(count)),
        ("GET", "/{index}/_doc/{id}", told_as_search(document)),
        ("GET", "/_cat/indices", told_as_search(listed)),
        ("GET", "/_cat/indices/{index}", told_as_search(listed)),
        ("GET POST", "/_resolve/index/{index}", told_as_search(known)),
    ]
    looks = [
        ("GET POST", "/_refresh", _refreshed),
        ("GET POST", "/{index}/_refresh", _refreshed),
        ("HEAD", "/{index}", told_as_search(exists)),
    ]
    return [
        *endpoints(Face.ELASTICSEARCH, Right.READ, searches),
        *endpoints(Face.ELASTICSEARCH, Right.KNOWN, looks),
    ]


def told_as_search(handler: Handler) -> Handler:
    """The handler with the errors of searches answered as Elasticsearch answers them."""

    @wraps(handler)
    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except SearchError as error:
            cause = {"type": error.type, "reason": str(error), **error.more}
            return reply({"error": {"root_cause": [cause], **cause}, "status": error.status}, error.status)
        except SearchStoppedError as error:
            # Not one of the statuses that clients take for a reason to ask the same once more.
            return failure(408, "timeout_exception", told(error.problem))
        except AlertStoreError as error:
            is_asked = error.problem.code == "alert-search"
            return failure(400 if is_asked else 503, FAILED, told(error.problem))
        except (EventStoreError, JournalError, InputError) as error:
            return failure(503, FAILED, error.in_words(), {"Retry-After": "10"})
        except RecursionError:
            return failure(400, FAILED, "a document is nested too deeply for a part of it to be shown")

    return answered


async def _body(request: Request) -> Any:
    raw = await body_of(request, LARGEST_SEARCH)
    if not raw.strip():
        return {}
    try:
        return await parsed(orjson.loads, raw)
    except orjson.JSONDecodeError as error:
        raise malformed(f"the body is no JSON: {error}") from error


def _of_alerts(path: str | None) -> bool:
    return indices_of(path, Params({}, {})).are_alerts


def warned(warnings: Iterable[str]) -> dict[str, str]:
    """What does not stop a search, in the header by which Elasticsearch tells of such."""
    told = [text.encode("ascii", "replace").decode().replace('"', "'").replace("\n", " ") for text in warnings]
    return {"Warning": ", ".join(f'299 besra "{text[:200]}"' for text in told[:5])} if told else {}


async def _refreshed(_: Request) -> Response:
    """Nothing to do: what was acknowledged is found."""
    return reply({"_shards": SHARDS})


def _document(searching: Searching, spaces: Spaces, among: Sequence[str], index: str, id_: str) -> dict[str, Any]:
    found = {"_index": index, "_id": id_, "found": False}
    indices = indices_of(index, Params({}, {}))
    if indices.are_alerts:
        for space in indices.spaces_among(among):
            for alert in spaces.alerts(space).alerts([id_]).values():
                return {**found, "_index": alert_index(space), "_version": 1, "found": True, "_source": alert}
        return found
    with searching.reader.snapshot() as snapshot:
        query = PageQuery(index=(index,), ids=frozenset({id_}), size=1, counts_to=0)
        page = page_of(snapshot, query, Deadline.after(LOOK_UP))
    for event in page.events:
        return {**found, "_index": event.index[0], "_version": 1, "found": True, "_source": event.source}
    if not page.is_whole:
        Deadline.after(-1).check()
    return found


def _exists(searching: Searching, path: str, among: Sequence[str]) -> bool:
    indices = indices_of(path, Params({}, {}))
    if indices.are_alerts:
        return bool(indices.spaces_among(among))
    with searching.reader.snapshot() as snapshot:
        return all(snapshot.has_index(name) for name in indices.patterns)


def _listed(searching: Searching, path: str | None) -> list[dict[str, str]]:
    """The indices with how many events are stored of each, and how many bytes they take."""
    patterns = indices_of(path, Params({}, {})).patterns
    with searching.reader.snapshot() as snapshot:
        sizes = snapshot.sizes(patterns)
    return [
        {
            "health": "green",
            "status": "open",
            "index": name,
            "pri": "1",
            "rep": "0",
            "docs.count": str(count),
            "store.size": f"{size}b",
        }
        for name, (count, size) in sorted(sizes.items())
    ]

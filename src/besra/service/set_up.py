"""What shippers set up before they send: templates, policies, pipelines, indices. Agreed to, since nothing needs it.

An index is there once an event is in it, and has no mapping and no lifecycle of its own. So whatever a shipper looks
for it finds, and whatever it puts is acknowledged: Logstash stops where a policy it was told of is missing, Beats where
one cannot be put. What would change or remove events is refused: they are only added.
"""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from besra.service.elasticsearch import failure, reply
from besra.service.endpoint import Endpoint, Face, Right, endpoints
from besra.service.plain_paths import named
from besra.storage.event_rows import EventReader

Named = Callable[[str], Mapping[str, Any]]
"""What is said of a thing of that name."""

THERE: dict[str, Named] = {
    "/_template/{name}": lambda name: {name: {"order": 0, "index_patterns": [], "mappings": {}, "aliases": {}}},
    "/_index_template/{name}": lambda name: {
        "index_templates": [{"name": name, "index_template": {"index_patterns": [], "composed_of": []}}]
    },
    "/_component_template/{name}": lambda name: {
        "component_templates": [{"name": name, "component_template": {"template": {}}}]
    },
    "/_ilm/policy/{name}": lambda name: {name: {"version": 1, "policy": {"phases": {}}}},
    "/_ingest/pipeline/{name}": lambda name: {name: {"processors": []}},
    "/_data_stream/{name}": lambda name: {"data_streams": [_data_stream(name)]},
    "/_data_stream/{name}/_lifecycle": lambda name: {"data_streams": [{"name": name, "lifecycle": {"enabled": False}}]},
    "/_alias/{name}": lambda name: {name: {"aliases": {name: {"is_write_index": True}}}},
}
"""What shippers look for and put, and what is said of it."""

AGREED = ("/_aliases", "/{index}/_alias/{name}", "/{index}/_aliases/{name}", "/{index}/_mapping", "/{index}/_settings")
"""What is put without being looked for."""

FLUSHING = ("/_flush", "/{index}/_flush")

REFUSED = {
    "/{index}/_update/{id}": "POST",
    "/{index}/_update_by_query": "POST",
    "/{index}/_delete_by_query": "POST",
    "/{index}/_doc/{id}": "DELETE",
    "/{index}": "DELETE",
    "/_reindex": "POST",
}
"""What would change or remove events."""


def routes(reader: EventReader) -> list[Endpoint]:
    """All of them. Routes that begin with an index are the last."""

    def held(wanted: str) -> list[str]:
        with reader.snapshot() as snapshot:
            return sorted(snapshot.sizes((wanted,)))

    async def index(request: Request) -> Response:
        wanted = named(request, "index") or ""
        found = await run_in_threadpool(held, wanted)
        if not found and "*" not in wanted:
            return failure(
                404, "index_not_found_exception", f"no such index [{wanted}]: it is there with its first event"
            )
        return reply({name: {"aliases": {}, "mappings": {}, "settings": {}} for name in found})

    looks = [
        *(("GET", path, _there(told)) for path, told in THERE.items()),
        *((method, path, _refused) for path, method in REFUSED.items()),
        ("GET", "/{index}", index),
    ]
    puts = [
        *(("PUT POST DELETE", path, _agreed) for path in THERE),
        *(("GET POST", path, _flushed) for path in FLUSHING),
        *(("PUT POST", path, _agreed) for path in AGREED),
        ("PUT", "/{index}", _created),
    ]
    return [
        *endpoints(Face.ELASTICSEARCH, Right.KNOWN, looks),
        *endpoints(Face.ELASTICSEARCH, Right.INGEST, puts),
    ]


def _data_stream(name: str) -> Mapping[str, Any]:
    return {
        "name": name,
        "timestamp_field": {"name": "@timestamp"},
        "indices": [],
        "generation": 1,
        "status": "GREEN",
        "template": name,
    }


def _there(told: Named) -> Callable[[Request], Any]:
    async def answered(request: Request) -> Response:
        return reply(told(named(request, "name") or ""))

    return answered


async def _agreed(_: Request) -> Response:
    return reply({"acknowledged": True})


async def _created(request: Request) -> Response:
    return reply({"acknowledged": True, "shards_acknowledged": True, "index": named(request, "index") or ""})


async def _flushed(_: Request) -> Response:
    """What has been acknowledged is on disk already."""
    return reply({"_shards": {"total": 1, "successful": 1, "failed": 0}})


async def _refused(request: Request) -> Response:
    reason = f"events are only added here: {request.method} {request.scope['path']} is not supported"
    return failure(400, "illegal_argument_exception", reason)

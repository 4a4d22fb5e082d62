"""What clients and shippers ask of a cluster before they send: its version, health, license, and nodes.

Beats ask for the version and the license, Logstash for those and the nodes, Vector for the health, rsyslog for the
health after an outage (components.md 3). The answers say that all is well with one node: this one.
"""

import time
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from besra.service.elasticsearch import PRODUCT, reply
from besra.service.endpoint import Endpoint, Face, Right

VERSION = "8.19.0"
"""The version of the interface: what clients of versions 8 and 9 accept, and no Beat of version 8 finds too old."""

CLUSTER = "besra"
FEATURES = ("data_streams", "eql", "ilm", "security")
"""Features that shippers look for; security is there, and off."""


def routes() -> list[Endpoint]:
    """All of them."""
    asked = {
        "/": _info,
        "/_cat/health": _cat_health,
        "/_cluster/health": _health,
        "/_cluster/health/{index}": _health,
        "/_license": _license,
        "/_xpack": _xpack,
        "/_nodes": _nodes,
        "/_nodes/{node}": _nodes,
        "/_nodes/{node}/{metric}": _nodes,
    }
    return [Endpoint(Face.ELASTICSEARCH, "GET", path, Right.KNOWN, handler) for path, handler in asked.items()]


async def _info(_: Request) -> Response:
    version = {
        "number": VERSION,
        "build_flavor": "default",
        "build_type": "tar",
        "build_hash": "besra",
        "build_date": "2025-07-23T00:00:00.000Z",
        "build_snapshot": False,
        "lucene_version": "9.12.2",
        "minimum_wire_compatibility_version": "7.17.0",
        "minimum_index_compatibility_version": "7.0.0",
    }
    told = {"name": CLUSTER, "cluster_name": CLUSTER, "cluster_uuid": CLUSTER, "version": version}
    return reply({**told, "tagline": "You Know, for Search"})


async def _cat_health(request: Request) -> Response:
    now = time.time()
    row = {
        "epoch": str(int(now)),
        "timestamp": time.strftime("%H:%M:%S", time.gmtime(now)),
        "cluster": CLUSTER,
        "status": "green",
        "node.total": "1",
        "node.data": "1",
    }
    accepted, form = request.headers.get("accept", ""), request.query_params.get("format")
    if form == "json" or (form is None and "json" in accepted):
        return reply([row])
    rows = [row, row.values()] if "v" in request.query_params else [row.values()]
    return Response("".join(" ".join(cells) + "\n" for cells in rows), 200, PRODUCT, media_type="text/plain")


async def _health(_: Request) -> Response:
    nodes = {"number_of_nodes": 1, "number_of_data_nodes": 1}
    shards = {"active_primary_shards": 1, "active_shards": 1}
    none = dict.fromkeys(
        ("relocating_shards", "initializing_shards", "unassigned_shards", "delayed_unassigned_shards"), 0
    )
    told: dict[str, Any] = {"cluster_name": CLUSTER, "status": "green", "timed_out": False, **nodes, **shards, **none}
    return reply({**told, "active_shards_percent_as_number": 100.0})


LICENSE = {"status": "active", "uid": CLUSTER, "type": "basic", "mode": "basic", "issued_to": CLUSTER}


async def _license(_: Request) -> Response:
    return reply({"license": LICENSE})


async def _xpack(_: Request) -> Response:
    features = {name: {"available": True, "enabled": name != "security"} for name in FEATURES}
    return reply({"build": {"hash": CLUSTER}, "license": LICENSE, "features": features})


async def _nodes(request: Request) -> Response:
    """One node, at the address its asker has reached it by: what sniffs for nodes finds no other way in."""
    port = request.url.port or (443 if request.url.scheme == "https" else 80)
    host = request.url.hostname or "127.0.0.1"
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    node = {
        "name": CLUSTER,
        "host": host,
        "version": VERSION,
        "roles": ["data", "ingest", "master"],
        "http": {"bound_address": [address], "publish_address": address, "max_content_length_in_bytes": 100 << 20},
        "plugins": [],
        "modules": [],
        "ingest": {"processors": []},
    }
    counted = {"total": 1, "successful": 1, "failed": 0}
    return reply({"_nodes": counted, "cluster_name": CLUSTER, "nodes": {CLUSTER: node}})

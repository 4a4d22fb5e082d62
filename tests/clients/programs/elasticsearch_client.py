"""Elasticsearch's client for Python as people use it. Runs with versions 8 and 9."""

import asyncio
import json
import sys
from collections.abc import Iterator
from typing import Any

from elasticsearch import (
    ApiError,
    AsyncElasticsearch,
    BadRequestError,
    ConflictError,
    Elasticsearch,
    NotFoundError,
    helpers,
)

told = json.load(sys.stdin)
address = told["address"]
actions: list[dict[str, Any]] = told.get("actions", [])
password: tuple[str, str] = tuple(told.get("password", ("elastic", "changeme")))
api_key: str = told.get("api_key", "bm90OmNoZWNrZWQ=")
client = Elasticsearch(address, request_timeout=30)


def bulk() -> Any:
    sent, errors = helpers.bulk(client, actions)
    return {"sent": sent, "errors": errors}


def compressed() -> Any:
    own = Elasticsearch(address, http_compress=True, basic_auth=password)
    sent, errors = helpers.bulk(own, actions, chunk_size=50, refresh=True)
    return {"sent": sent, "errors": errors}


def streaming() -> Any:
    keyed = Elasticsearch(address, api_key=api_key)
    outcomes = list(helpers.streaming_bulk(keyed, with_op_type("create"), chunk_size=40))
    return {"sent": sum(done for done, _ in outcomes), "errors": [told for done, told in outcomes if not done]}


def parallel() -> Any:
    outcomes = list(helpers.parallel_bulk(client, actions, thread_count=3, chunk_size=25))
    return {"sent": sum(done for done, _ in outcomes), "errors": [told for done, told in outcomes if not done]}


def asynchronous() -> Any:
    async def send() -> tuple[int, Any]:
        async with AsyncElasticsearch(address) as own:
            return await helpers.async_bulk(own, actions)

    sent, errors = asyncio.run(send())
    return {"sent": sent, "errors": errors}


def one_by_one() -> Any:
    created = 0
    for number, action in enumerate(actions):
        index, id_, document = action["_index"], action["_id"], action["_source"]
        if number % 3 == 0:
            created += client.create(index=index, id=id_, document=document)["result"] == "created"
        elif number % 3 == 1:
            created += client.index(index=index, id=id_, document=document, refresh="wait_for")["result"] == "created"
        else:
            created += client.index(index=index, document=document, timeout="30s")["result"] == "created"
    return {"sent": created, "errors": []}


def with_op_type(kind: str) -> Iterator[dict[str, Any]]:
    for action in actions:
        yield {"_op_type": kind, **action}


def refused(call: Any) -> dict[str, Any]:
    """The error that a call gives: its class, its status, its message."""
    try:
        call()
    except (ConflictError, BadRequestError, NotFoundError) as error:
        return {"class": type(error).__name__, "status": error.status_code, "message": str(error)}
    except ApiError as error:
        return {"class": "ApiError", "status": error.status_code, "message": str(error)}
    return {"class": None}


def errors() -> Any:
    index = told["index"]
    client.create(index=index, id="1", document={"a": 1})
    wrong = [{"_op_type": "update", "_index": index, "_id": "1", "doc": {}}, {"_index": index}]
    sent, failures = helpers.bulk(client, wrong, raise_on_error=False)
    return {
        "create": refused(lambda: client.create(index=index, id="1", document={"a": 2})),
        "op_type": refused(lambda: client.index(index=index, id="1", document={"a": 2}, op_type="create")),
        "update": refused(lambda: client.update(index=index, id="1", doc={"a": 2})),
        "delete": refused(lambda: client.indices.delete(index=index)),
        "unknown": refused(lambda: client.perform_request("GET", "/_no/such/thing", headers={"accept": "*/*"})),
        "missing": refused(lambda: client.indices.get(index="nothing-here")),
        "bulk": {"sent": sent, "statuses": [next(iter(item.values()))["status"] for item in failures]},
    }


def start() -> Any:
    """What people and programs ask before they send."""
    index = told["index"]
    client.indices.create(index=index, mappings={"properties": {"a": {"type": "keyword"}}})
    client.index(index=index, document={"a": 1})
    template = {"index_patterns": ["logs-mine-*"], "data_stream": {}, "priority": 200}
    client.indices.put_index_template(name="mine", **template)
    client.ingest.put_pipeline(id="mine", processors=[])
    client.ilm.put_lifecycle(name="mine", policy={"phases": {}})
    client.indices.create_data_stream(name=index)
    sniffing = Elasticsearch(address, sniff_on_start=True)
    return {
        "ping": client.ping(),
        "version": client.info()["version"]["number"],
        "health": client.cluster.health(wait_for_status="yellow")["status"],
        "cat": client.cat.health(format="json")[0]["status"],
        "license": client.license.get()["license"]["status"],
        "exists": [
            bool(client.indices.exists(index=name)) for name in (index, index.replace("default", "*"), "logs-other")
        ],
        "template": bool(client.indices.exists_index_template(name="mine")),
        "pipeline": list(client.ingest.get_pipeline(id="mine")),
        "refresh": client.indices.refresh(index=index)["_shards"]["failed"],
        "sniffed": sniffing.ping(),
        "filtered": dict(client.info(filter_path="version.number")),
    }


def searching() -> Any:
    index = told["index"]
    found = client.eql.search(index=index, query=told["query"], size=100)
    within = {
        "bool": {"filter": [{"term": {"event.category": "registry"}}, {"range": {"@timestamp": {"gte": "2020"}}}]}
    }
    hits = client.search(index=index, query=within, size=2, sort=[{"@timestamp": "desc"}])["hits"]
    return {
        "events": [event["_id"] for event in found["hits"]["events"]],
        "total": found["hits"]["total"]["value"],
        "count": client.count(index=index)["count"],
        "hits": hits["total"]["value"],
        "times": [hit["_source"]["@timestamp"] for hit in hits["hits"]],
    }


ways = {
    "bulk": bulk,
    "compressed": compressed,
    "streaming": streaming,
    "parallel": parallel,
    "asynchronous": asynchronous,
    "one-by-one": one_by_one,
    "errors": errors,
    "start": start,
    "searching": searching,
}
json.dump(ways[sys.argv[1]](), sys.stdout)

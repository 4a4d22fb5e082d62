"""OpenSearch's client for Python as people use it."""

import json
import sys
from typing import Any

from opensearchpy import ConflictError, OpenSearch, helpers

INDEX = "logs-x-default"
told = json.load(sys.stdin)
actions: list[dict[str, Any]] = told["actions"]
client = OpenSearch(told["address"], http_compress=True, http_auth=("admin", "admin"), timeout=30)


def bulk() -> Any:
    sent, errors = helpers.bulk(client, actions)
    return {"sent": sent, "errors": errors}


def parallel() -> Any:
    outcomes = list(helpers.parallel_bulk(client, actions, thread_count=2, chunk_size=30))
    return {"sent": sum(done for done, _ in outcomes), "errors": [told for done, told in outcomes if not done]}


def start() -> Any:
    client.index(index=INDEX, body={"a": 1}, id="1", op_type="create")
    try:
        client.create(index=INDEX, id="1", body={"a": 2})
        status = None
    except ConflictError as error:
        status = error.status_code
    return {
        "ping": client.ping(),
        "version": client.info()["version"]["number"],
        "health": client.cluster.health()["status"],
        "exists": [client.indices.exists(index=index) for index in (INDEX, "logs-y-default")],
        "create": status,
        "count": client.count(index=INDEX)["count"],
    }


json.dump({"bulk": bulk, "parallel": parallel, "start": start}[sys.argv[1]](), sys.stdout)

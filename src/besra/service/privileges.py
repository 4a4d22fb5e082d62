"""What somebody may do, told as Elasticsearch's privileges, which clients of Kibana look at (8.2, 9).

Elasticsearch asks about indices and clusters, which besra has not: each privilege stands for the right that comes
nearest to it. What takes no index of its own is an administrator's.
"""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from besra.service.access import Who
from besra.service.author import WHO, told_name
from besra.service.endpoint import Right, space_of

READING = ("read", "read_cross_cluster", "view_index_metadata", "monitor")
WRITING = ("write", "index", "create", "create_doc", "delete", "maintenance")
MANAGING = ("manage", "all", "create_index", "delete_index", "manage_ilm", "manage_follow_index", "manage_leader_index")
CLUSTER = (
    "all",
    "create_snapshot",
    "manage",
    "manage_ccr",
    "manage_ilm",
    "manage_index_templates",
    "manage_ingest_pipelines",
    "manage_ml",
    "manage_pipeline",
    "manage_rollup",
    "manage_saml",
    "manage_security",
    "manage_token",
    "manage_transform",
    "manage_watcher",
    "monitor_ml",
    "monitor_rollup",
    "monitor_transform",
    "monitor_watcher",
    "read_ccr",
    "read_ilm",
    "transport_client",
)


def privileges_of(request: Request, index: str, writing: Right) -> dict[str, Any]:
    """The privileges of whoever asks over an index of the space; `writing` is the right that writing it takes."""
    who: Who | None = request.scope.get(WHO)
    space = space_of(request)

    def can(right: Right) -> bool:
        return who is None or who.can(right, space)  # without users everybody may do everything

    of_index = {name: can(right) for right, names in _by_right(writing).items() for name in names}
    of_cluster = {
        **dict.fromkeys(CLUSTER, can(Right.ADMINISTER)),
        "monitor": can(Right.READ),
        "manage_own_api_key": True,
        "manage_api_key": can(Right.ADMINISTER),
    }
    return {
        "username": who.name if who else told_name(request),
        "has_all_requested": all([*of_index.values(), *of_cluster.values()]),
        "cluster": of_cluster,
        "index": {index: of_index},
        "application": {},
    }


def _by_right(writing: Right) -> Mapping[Right, tuple[str, ...]]:
    return {Right.READ: READING, writing: WRITING, Right.ADMINISTER: MANAGING}

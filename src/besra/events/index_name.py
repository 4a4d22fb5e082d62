"""The index names a document answers to, the first being its home.

In this order: the `_index` it was exported with, its `data_stream.*`, its `event.dataset`, the Beat that wrote it, the
reader's default for the source, the name the caller gave, `LAST_NAME`. Source: interfaces.md 2, sources.md 1; the
dataset and the Beat are this project's additions.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from besra.events.document import field_values

LAST_NAME = "besra-events"
"""Home of a document that says nothing about where it belongs, read by a caller who says nothing either."""

INDICATORS = "logs-ti_besra-default"
"""A caller's name for documents given as indicators. They also answer to it where all they tell is the dataset or the
Beat they come from: whoever gives them knows better what they are."""

INDEX_FIELDS = (
    "data_stream.dataset",
    "data_stream.type",
    "data_stream.namespace",
    "event.dataset",
    "agent.type",
    "agent.version",
)
"""The fields a document's own names come from."""

# A backing index, also as mounted from a snapshot (`partial-`, `restored-`) or shrunk by lifecycle management.
BACKING = re.compile(
    r"(?:partial-|restored-|shrink-[^-]+-)*\.[df]s-(?P<stream>.+?)(?:-\d{4}\.\d\d\.\d\d)?-\d{6,}", re.DOTALL
)


def index_names(source: Mapping[str, Any], *, index: str | None = None, default: str | None = None) -> tuple[str, ...]:
    """The names of a document; `index` is the `_index` of the hit around it, `default` the reader's or the caller's."""
    if index:
        return names_of_index(index)
    own = _own_names(source)
    if default == INDICATORS and not _text(source, "data_stream.dataset"):
        return tuple(dict.fromkeys((*own, INDICATORS)))
    return own or (default or LAST_NAME,)


def homes_of(index: NDArray[np.int32], names: Sequence[tuple[str, ...]]) -> dict[str, int]:
    """How many events are at home where: `index` holds for each the position of its names."""
    homes: dict[str, int] = {}
    for own, count in zip(names, np.bincount(index, minlength=len(names)).tolist(), strict=True):
        if count:
            homes[own[0]] = homes.get(own[0], 0) + count
    return homes


ALERTS = re.compile(r"\.alerts-security\.alerts-(?P<space>.+)", re.DOTALL)
BACKED_ALERTS = re.compile(r"\.internal\.alerts-security\.alerts-(?P<space>.+?)(?:-\d{6,})?", re.DOTALL)


def alert_index(space: str) -> str:
    """The index of the alerts of a Kibana space (detection-engine.md 3)."""
    return f".alerts-security.alerts-{space}"


@lru_cache(maxsize=4096)
def names_of_index(index: str) -> tuple[str, ...]:
    """An index and what else it is known as: `.ds-logs-x-default-2025.01.01-000001` is also `logs-x-default`.

    The cluster in front of a remote index (`paris:logs-x-default`) is no part of its name. Alerts are known by their
    alias, their backing index and the alias of former versions.
    """
    local = index.rpartition(":")[2]
    names = [index, local]
    if backing := BACKING.fullmatch(local):
        names.append(backing["stream"])
    if alerts := ALERTS.fullmatch(local) or BACKED_ALERTS.fullmatch(local):
        home = alert_index(alerts["space"])
        names += [home, f".internal{home}-000001", f".siem-signals-{alerts['space']}"]
    return tuple(dict.fromkeys(name for name in names if name))


def _own_names(source: Mapping[str, Any]) -> tuple[str, ...]:
    dataset = _text(source, "data_stream.dataset")
    if dataset:
        kind = _text(source, "data_stream.type") or "logs"
        return (f"{kind}-{dataset}-{_text(source, 'data_stream.namespace') or 'default'}",)
    names = []
    dataset = _text(source, "event.dataset")
    if dataset:
        names.append(f"logs-{dataset}-default")
    beat = _text(source, "agent.type")
    if beat and beat.endswith("beat"):
        names.append(f"{beat}-{_text(source, 'agent.version') or 'besra'}")
    return tuple(names)


def _text(source: Mapping[str, Any], name: str) -> str | None:
    # Nearly every document is nested here, and this is asked of every document.
    parent, _, key = name.partition(".")
    inner = source.get(parent)
    if type(inner) is dict and type(inner.get(key)) is str and inner[key]:
        return str(inner[key])
    for value in field_values(source, name):
        if isinstance(value, str) and value:
            return value
    return None

"""The stream of events: shards that can be made one by one, each the same for the same seed whoever makes it."""

from collections.abc import Iterator
from random import Random
from typing import Any

import orjson

from benchmarks.events.activity import Kind, draw_kind, told
from benchmarks.events.fleet import Host, fleet
from benchmarks.events.processes import Process, Processes
from benchmarks.events.programs import Programs
from benchmarks.events.sprinkling import Sprinkling
from benchmarks.events.variety import vary
from besra.schema.timestamp import format_timestamp

SHARD = 5_000
"""Events of a shard."""

START = 1_767_600_000_000_000_000
"""The time of the first event, in nanoseconds since 1970."""

STEP = 7_000_000
"""Nanoseconds between two events, on average."""

NO_RULES = Sprinkling({})


def lines(count: int, seed: int, sprinkling: Sprinkling = NO_RULES) -> Iterator[bytes]:
    """So many events as lines of JSON; fewer of the same seed are the first of them."""
    for number, first in enumerate(range(0, count, SHARD)):
        yield from shard(number, min(SHARD, count - first), seed, sprinkling)


def shard(number: int, count: int, seed: int, sprinkling: Sprinkling = NO_RULES) -> Iterator[bytes]:
    """The first `count` events of a shard. Hosts and programs are those of all shards, processes are its own."""
    common, random = Random(f"company {seed}"), Random(f"shard {seed} {number}")
    hosts = fleet(common)
    programs = {system: Programs.of(common, system) for system in ("windows", "linux", "macos")}
    running = [Processes(host, programs[host.os]) for host in hosts]
    for position in range(number * SHARD, number * SHARD + count):
        time = START + position * STEP + random.randrange(STEP)
        document = _event(random, random.choice(running), time, position)
        yield orjson.dumps(vary(random, sprinkling.sprinkle(random, document))) + b"\n"


def _event(random: Random, processes: Processes, time: int, position: int) -> dict[str, Any]:
    """One event of a host. Parts of it are shared with other events, below its first two levels."""
    host, written = processes.host, format_timestamp(time)
    kind = draw_kind(random, host.os)
    process = _actor(random, processes, kind, written)
    dataset = f"endpoint.events.{'security' if kind.category == 'authentication' else kind.category}"
    return {
        "@timestamp": written,
        "message": f"Endpoint {kind.category} event",
        "agent": {
            "id": host.agent,
            "type": "endpoint",
            "version": "9.2.1",
            "build": {"original": "version: 9.2.1, compiled: a while ago, branch: main, commit: none"},
        },
        "ecs": {"version": "8.11.0"},
        "elastic": {"agent": {"id": host.agent}},
        "Effective_process": {"entity_id": process.entity_id, "name": process.program.name, "pid": process.pid},
        "data_stream": {"type": "logs", "dataset": dataset, "namespace": "default"},
        "event": _about(random, kind, written, dataset, position),
        "host": dict(host.document),
        "user": process.user.document(),
        "cloud": _cloud(host),
        **told(random, kind, host.os, host.address, process),
    }


def _actor(random: Random, processes: Processes, kind: Kind, time: str) -> Process:
    return processes.start(random, time) if kind.action == "start" else processes.any(random, time)


def _about(random: Random, kind: Kind, time: str, dataset: str, position: int) -> dict[str, Any]:
    return {
        "kind": "event",
        "category": [kind.category],
        "type": list(kind.types),
        "action": kind.action,
        "outcome": "success" if kind.category == "authentication" else "unknown",
        "module": "endpoint",
        "dataset": dataset,
        "created": time,
        "ingested": time,
        "sequence": position,
        "id": f"{random.getrandbits(96):024x}",
        "agent_id_status": "verified",
    }


def _cloud(host: Host) -> dict[str, Any]:
    return {
        "provider": "haus",
        "region": f"hall-{host.number % 3}",
        "account": {"id": "4711"},
        "project": {"id": "p-7"},
        "instance": {"id": f"{host.number:016x}", "name": host.name},
    }

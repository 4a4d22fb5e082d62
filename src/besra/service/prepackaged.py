"""The rules of files as Kibana's prepackaged ones: which there are, and having them read at once (8.1).

Kibana's prebuilt rules come in a package and are installed from it. A service's come in files: what the files say is
the package, and what is installed is what the service has read of them, which follows them within seconds. Rules made
over the API are the custom ones.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from besra.errors import BesraError
from besra.rules.loaded import RuleSet
from besra.service.answering import RequestError
from besra.service.elasticsearch import reply
from besra.service.endpoint import Endpoint, Face, Right, space_of
from besra.service.rule_book import RuleBook

PATH = "/api/detection_engine/rules/prepackaged"
LONGEST = 60.0
"""Seconds that reading the rules of files is waited for."""
STEP = 0.05
NO_TIMELINES = {"timelines_installed": 0, "timelines_updated": 0}


@dataclass(frozen=True, slots=True)
class Ahead:
    """How files are ahead of what a service has read: rules it lacks, and those that say something else now."""

    lacking: frozenset[str]
    other: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.lacking or self.other)


def prepackaged_routes(rules: Callable[[str], RuleBook], read: Callable[[str], RuleSet]) -> list[Endpoint]:
    """All of them; `read` reads the files of a space as they are now, and raises BesraError."""

    async def install(request: Request) -> Response:
        space = space_of(request)
        return reply(await run_in_threadpool(_install, rules(space), lambda: read(space)))

    async def status(request: Request) -> Response:
        space = space_of(request)
        return reply(await run_in_threadpool(_status, rules(space), lambda: read(space)))

    return [
        Endpoint(Face.KIBANA, "PUT", PATH, Right.AUTHOR, install),
        Endpoint(Face.KIBANA, "GET", f"{PATH}/_status", Right.READ, status),
    ]


def _status(book: RuleBook, read: Callable[[], RuleSet]) -> dict[str, int]:
    """How many rules there are, as Kibana counts them. Raises RequestError (503)."""
    ahead = _ahead(_said(read), book)
    custom = sum(entry.stored is not None for entry in book.entries)
    return {
        "rules_custom_installed": custom,
        "rules_installed": len(book.entries) - custom,
        "rules_not_installed": len(ahead.lacking),
        "rules_not_updated": len(ahead.other),
        "timelines_installed": 0,
        "timelines_not_installed": 0,
        "timelines_not_updated": 0,
    }


def _install(book: RuleBook, read: Callable[[], RuleSet]) -> dict[str, int]:
    """Have the files read now, and wait until they are. Raises RequestError (503)."""
    said = _said(read)
    first = left = _ahead(said, book)
    if first:
        book.changed.set()
    until = time.monotonic() + LONGEST
    while left:
        if time.monotonic() > until:
            raise RequestError(503, f"the rules of the files were not read within {LONGEST:g} seconds; see the log")
        time.sleep(STEP)
        left = _ahead(said, book)
    return {"rules_installed": len(first.lacking), "rules_updated": len(first.other), **NO_TIMELINES}


def _said(read: Callable[[], RuleSet]) -> dict[str, Any]:
    """What the rules of files say, by `rule_id`; those that have to be corrected are none yet."""
    try:
        return {loaded.rule.rule_id: loaded.rule.parameters for loaded in read() if loaded.rule}
    except (BesraError, OSError) as error:
        raise RequestError(503, f"the rules of the files cannot be read: {error}") from error


def _ahead(said: dict[str, Any], book: RuleBook) -> Ahead:
    known = {entry.rule_id: entry.given for entry in book.entries if entry.stored is None}
    other = (rule_id for rule_id in said.keys() & known.keys() if said[rule_id] != known[rule_id])
    return Ahead(frozenset(said.keys() - known.keys()), frozenset(other))

"""What the service answers: each address with its method, and the right that asking takes.

All addresses are told in one form, so that who may ask what, the OpenAPI document and the tests of both are about
everything there is: an address nobody has thought of rights for cannot be put in.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from besra.service.description import Description
from besra.service.plain_paths import named

DEFAULT_SPACE = "default"
"""The space of whoever names none, and of what has no spaces: events, and the routes of shippers."""

Handler = Callable[[Request], Awaitable[Response]]


class Right(StrEnum):
    """What somebody may do, in a space (detection-engine.md 9)."""

    ANYBODY = "anybody"
    """Needs no credential: whether the service is alive."""
    KNOWN = "known"
    """Needs a credential, whatever it is good for: what clients ask before anything else."""
    INGEST = "ingest"
    """Send events, and set up what shippers set up before."""
    READ = "read"
    """See events, rules, alerts, exceptions, lists, runs."""
    WORK = "work"
    """Change the status, tags, assignees and notes of alerts."""
    AUTHOR = "author"
    """Change rules, exceptions, lists and connectors; have rules run; fill gaps."""
    ADMINISTER = "administer"
    """Users, keys, spaces, the audit log, dead letters."""


class Face(StrEnum):
    """Whose API an address has the shape of: its errors, and whether there is one in each space."""

    ELASTICSEARCH = "elasticsearch"
    KIBANA = "kibana"
    OWN = "own"
    """Below /api/v1, errors as Kibana's."""
    OTLP = "otlp"
    PLAIN = "plain"
    """Text for those who run the service."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What is answered at a path (Starlette's form, without the prefix of a space), for a method."""

    face: Face
    method: str
    path: str
    right: Right
    handler: Handler
    recorded: bool = False
    """Whether the audit log tells of it, beside changes and exports, of which it always does."""
    description: Description[Any, Any] | None = None
    """What it takes and answers, for the OpenAPI document."""

    @property
    def is_change(self) -> bool:
        """Whether it changes what others see."""
        return self.method not in ("GET", "HEAD") and self.right not in LOOKING

    @property
    def is_recorded(self) -> bool:
        """Whether the audit log tells of it: not of events and what shippers set up, of which there are too many."""
        is_told = self.is_change and self.right is not Right.INGEST
        return is_told or self.recorded or self.path.endswith("_export")


IN_SPACES = (Face.KIBANA, Face.OWN)
"""Faces whose addresses are there in each space, behind `/s/{space}`."""
LOOKING = (Right.ANYBODY, Right.KNOWN, Right.READ)
"""Rights that change nothing anybody else sees, whatever the method."""


def endpoints(face: Face, right: Right, handlers: Iterable[tuple[str, str, Handler]]) -> list[Endpoint]:
    """Endpoints of one face and right: methods (several with a space between), paths, and what answers."""
    return [
        Endpoint(face, method, path, right, handler)
        for methods, path, handler in handlers
        for method in methods.split()
    ]


def space_of(request: Request) -> str:
    """The space a request is about."""
    return named(request, "space") or DEFAULT_SPACE

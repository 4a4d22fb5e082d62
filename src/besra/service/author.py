"""Who asks for a change: who the gate knows, or, where it lets everybody through, whoever the request says."""

import base64
import binascii

from starlette.requests import Request

from besra.service.access import Who
from besra.service.answering import RequestError
from besra.storage.workflow import Author

HEADER = "x-besra-user"
UNKNOWN = "unknown"
WHO = "besra.who"
"""Of a request's scope: who asks, as the gate found."""


def author_of(request: Request, now: int) -> Author:
    """Who it is, at a time. Raises RequestError.

    Without users it is the name of Basic authentication, whose password is not looked at, else that of the header.
    """
    who: Who | None = request.scope.get(WHO)
    return Author(who.name if who else told_name(request), now)


def told_name(request: Request) -> str:
    """The name a request says, which nobody vouches for. Raises RequestError."""
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    name = _basic_name(given) if kind.lower() == "basic" else ""
    # A header is read as Latin-1, and most of what writes one writes UTF-8.
    told = request.headers.get(HEADER, "").encode("latin-1").decode("utf-8", "replace")
    return name or told.strip() or UNKNOWN


def _basic_name(given: str) -> str:
    try:
        return base64.b64decode(given.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise RequestError(
            400, "the Authorization header is no Basic authentication: it is not Base64 of text"
        ) from error

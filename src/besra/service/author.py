"""Who asks for a change. There are no users yet: whoever stands before the service, or asks, says who it is."""

import base64
import binascii

from starlette.requests import Request

from besra.service.answering import RequestError
from besra.storage.workflow import Author

HEADER = "x-besra-user"
UNKNOWN = "unknown"


def author_of(request: Request, now: int) -> Author:
    """Who it is, at a time: the name of Basic authentication, else that of the header. Raises RequestError.

    A password is not looked at.
    """
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    name = _basic_name(given) if kind.lower() == "basic" else ""
    # A header is read as Latin-1, and most of what writes one writes UTF-8.
    told = request.headers.get(HEADER, "").encode("latin-1").decode("utf-8", "replace")
    return Author(name or told.strip() or UNKNOWN, now)


def _basic_name(given: str) -> str:
    try:
        return base64.b64decode(given.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise RequestError(
            400, "the Authorization header is no Basic authentication: it is not Base64 of text"
        ) from error

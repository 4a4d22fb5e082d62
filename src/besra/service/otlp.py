"""Logs over OTLP/HTTP: `POST /v1/logs`, in Protobuf or JSON, answered in the encoding of the request (OTLP 1.9)."""

from collections.abc import Sequence
from itertools import islice

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from besra.service.body import BodyError
from besra.service.bulk import Item, Refused
from besra.service.denied import DeniedError
from besra.service.elasticsearch import body_of
from besra.service.endpoint import Endpoint, Face, Right
from besra.service.ingest import BusyError, Ingest
from besra.service.otlp_document import items_of
from besra.service.otlp_request import Encoding, OtlpError, encoding_of, failure, records_of, success
from besra.storage.journal import JournalError

PATH = "/v1/logs"
ORIGIN = "otlp"
LARGEST = 20 << 20
"""Bytes of a request, as OTLP recommends."""
OBJECTS = 4
"""Bytes of memory that what is made of a byte of a request takes, about."""
REASONS = 3
"""Reasons told of what is rejected."""


def otlp_routes(ingest: Ingest) -> list[Endpoint]:
    """The route, over what takes the events."""

    async def logs(request: Request) -> Response:
        encoding = encoding_of(request.headers.get("content-type"))
        if encoding is None:
            known = " or ".join(Encoding)
            return _failed(Encoding.JSON, 415, f"the content type has to be {known}")
        body = b""
        try:
            with ingest.room() as hold:
                body = await body_of(request, min(LARGEST, ingest.limits.body), hold)
                hold(OBJECTS * len(body))
                groups = await run_in_threadpool(_groups, body, encoding, ingest)
                return await _taken(groups, encoding)
        except BodyError as error:
            return _failed(encoding, error.status, str(error))
        except OtlpError as error:
            ingest.bury_body(ORIGIN, str(error), body)
            return _failed(encoding, 400, str(error))
        except BusyError as error:
            return _failed(encoding, 429, str(error), error.seconds)
        except JournalError as error:
            return _failed(encoding, 503, f"nothing was taken: {error}", 10)

    async def _taken(groups: Sequence[Sequence[Item]], encoding: Encoding) -> Response:
        outcomes = iter(await ingest.take([item for group in groups for item in group], ORIGIN) if groups else ())
        refused = [[found for found in islice(outcomes, len(group)) if isinstance(found, Refused)] for group in groups]
        # A record may have wrapped many documents; what is told is about records.
        rejected = sum(map(bool, refused))
        reasons = dict.fromkeys(found.reason for group in refused for found in group)
        return _reply(success(encoding, rejected, "; ".join(islice(reasons, REASONS))), encoding, 200)

    return [Endpoint(Face.OTLP, "POST", PATH, Right.INGEST, logs)]


def _groups(body: bytes, encoding: Encoding, ingest: Ingest) -> list[list[Item]]:
    """What each record of a request asks to be taken."""
    return [items_of(record, ingest.intake) for record in records_of(body, encoding)]


def denied(request: Request, error: DeniedError) -> Response:
    """The answer to who is not let through."""
    encoding = encoding_of(request.headers.get("content-type")) or Encoding.JSON
    return _reply(failure(encoding, str(error)), encoding, error.status, error.headers)


def _failed(encoding: Encoding, status: int, message: str, seconds: int | None = None) -> Response:
    headers = {} if seconds is None else {"Retry-After": str(seconds)}
    return _reply(failure(encoding, message), encoding, status, headers)


def _reply(body: bytes, encoding: Encoding, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, headers, media_type=str(encoding))

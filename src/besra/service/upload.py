"""Files that come as a field of a form, as Kibana's imports do."""

from starlette.requests import Request

from besra.service.answering import LARGEST_BODY, RequestError
from besra.service.elasticsearch import body_of
from besra.service.form import FormError, file_of

FORM = "multipart/form-data"


async def uploaded(request: Request) -> str:
    """The text of the field `file`. Raises RequestError and as `body_of`."""
    content_type = request.headers.get("content-type", "")
    if not content_type.lower().startswith(FORM):
        raise RequestError(415, f"send the NDJSON as the field `file` of a form ({FORM})")
    body = await body_of(request, LARGEST_BODY)
    try:
        data = file_of(body, content_type, "file")
    except FormError as error:
        raise RequestError(error.status, str(error)) from error
    if not data:
        raise RequestError(400, "the form has no field `file`, or it is empty")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise RequestError(400, f"the file is no UTF-8 text: {error.reason} at byte {error.start}") from error

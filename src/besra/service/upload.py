"""Files that come as a field of a form, as Kibana's imports do."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from besra.service.answering import LARGEST_BODY, RequestError
from besra.service.elasticsearch import body_of
from besra.service.form import FormError, NamedFile, named_file_of

FORM = "multipart/form-data"


async def uploaded(request: Request) -> str:
    """The text of the field `file`. Raises RequestError and as `body_of`."""
    data = (await uploaded_file(request, LARGEST_BODY)).data
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise RequestError(400, f"the file is no UTF-8 text: {error.reason} at byte {error.start}") from error


async def uploaded_file(request: Request, limit: int) -> NamedFile:
    """The field `file` of a form of at most `limit` bytes. Raises RequestError and as `body_of`."""
    content_type = request.headers.get("content-type", "")
    if not content_type.lower().startswith(FORM):
        raise RequestError(415, f"send it as the field `file` of a form ({FORM})")
    body = await body_of(request, limit)
    try:
        return await run_in_threadpool(named_file_of, body, content_type, "file")
    except FormError as error:
        raise RequestError(error.status, str(error)) from error

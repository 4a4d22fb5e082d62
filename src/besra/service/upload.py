"""Files that come as a field of a form, as Kibana's imports do."""

from collections.abc import AsyncGenerator

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from besra.service.answering import LARGEST_BODY, RequestError
from besra.service.elasticsearch import body_of

FORM = "multipart/form-data"


async def uploaded(request: Request) -> str:
    """The text of the field `file`. Raises RequestError and as `body_of`."""
    if not request.headers.get("content-type", "").lower().startswith(FORM):
        raise RequestError(415, f"send the NDJSON as the field `file` of a form ({FORM})")
    body = await body_of(request, LARGEST_BODY)

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield body

    try:
        parser = MultiPartParser(request.headers, pieces(), max_files=1, max_fields=10, max_part_size=LARGEST_BODY)
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise RequestError(400, f"the form cannot be read: {getattr(error, 'message', error)}") from error
    try:
        file = form.get("file")
        data = await file.read() if isinstance(file, UploadFile) else (file or "").encode()
    finally:
        await form.close()
    if not data:
        raise RequestError(400, "the form has no field `file`, or it is empty")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise RequestError(400, f"the file is no UTF-8 text: {error.reason} at byte {error.start}") from error

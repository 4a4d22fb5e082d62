"""An answer that breaks off, for those who take any whole one for an end of the matter.

rsyslog's omelasticsearch looks at no status. What it can read and what holds no outcomes it takes for a refusal, and
gives up all messages of the request; a connection that breaks it waits for, asks for the health, and sends them again.
It names itself in no header, which others do. Whoever else names itself in none still gets the status.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

AGAIN = (429, 503)
"""Statuses of requests that are to be sent again."""


def for_those_who_wait(request: Request, response: Response) -> Response:
    """The response, or one that breaks off."""
    if response.status_code in AGAIN and "user-agent" not in request.headers:
        return CutOff(response.body, response.status_code, dict(response.headers))
    return response


class CutOff(Response):
    """A response that announces more than it sends, after which the server closes the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        headers = [(name, value) for name, value in self.raw_headers if name != b"content-length"]
        headers.append((b"content-length", b"%d" % (len(self.body) + 1)))
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})

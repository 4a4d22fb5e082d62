"""HTTP/1.1 as clients have it: what asks for another protocol beside is answered in this one.

Java's own client offers HTTP/2 with every request, Apache's TLS (`Upgrade: h2c`, `Upgrade: TLS/1.2`); a server may
pass over that (RFC 9110, 7.8). The parser in use drops the body of such a request, which would be acknowledged and
lost: so the connection goes to the other one, which reads it.
"""

import httptools
import orjson
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from besra.service.patience import Watched

OFFERS = (b"upgrade", b"http2-settings")
"""Headers of the offer of another protocol."""

NOT_HTTP = "this is no HTTP/1.1 request: TLS and HTTP/2 are not spoken here"
NOT_HTTP_BEHIND_TLS = "this is no HTTP/1.1 request: HTTP/2 is not spoken here"


class Successor(Watched, H11Protocol):
    """A connection whose client has offered another protocol."""


class Protocol(Watched, HttpToolsProtocol):
    """A connection."""

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        self.received += len(data)
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.send_400_response(NOT_HTTP if self.scheme == "http" else NOT_HTTP_BEHIND_TLS)
        except httptools.HttpParserUpgrade as upgrade:
            self._go_on_without_upgrade(data[upgrade.args[0] :])

    def _should_upgrade(self) -> bool:
        """Whether the parser stops at the headers of a request that its own methods leave alone then: always."""
        return True

    def _go_on_without_upgrade(self, rest: bytes) -> None:
        """Hand the connection over with the request whose headers have been read, and what came after them."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()  # requests before it wait for their answers: it may be sent again
            return
        self.connections.discard(self)
        lines = [b"%b %b HTTP/1.1" % (self.parser.get_method(), self.url)]
        lines += [b"%b: %b" % header for header in map(_kept, self.headers) if header[1]]
        successor = Successor(self.config, self.server_state, self.app_state)
        successor.connection_made(self.transport)
        self.transport.set_protocol(successor)
        successor.data_received(b"\r\n".join([*lines, b"", rest]))

    def send_400_response(self, msg: str) -> None:
        """Answer what cannot be read, and end the connection."""
        cause = {"type": "illegal_argument_exception", "reason": msg}
        body = orjson.dumps({"error": {"root_cause": [cause], **cause}, "status": 400})
        headers = b"content-type: application/json\r\nx-elastic-product: Elasticsearch\r\nconnection: close\r\n"
        length = b"content-length: %d\r\n\r\n" % len(body)
        self.transport.write(STATUS_LINE[400] + headers + length + body)
        self.transport.close()


def _kept(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """A header without what it says of another protocol."""
    name, value = header
    if name == b"connection":
        tokens = (token.strip() for token in value.split(b","))
        return name, b", ".join(token for token in tokens if token.lower() not in OFFERS)
    return name, b"" if name in OFFERS else value

"""What notifications are sent to in tests: a web server and a mail server that keep what they get."""

import http.server
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

ANY_PORT = 0


@dataclass
class Got:
    """A request: its path, headers by lower-case name, and body."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """What a server answers."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"


@dataclass
class WebSink:
    """A web server. `replies` is asked for what to answer, with the number of the request from 0."""

    port: int = 0
    got: list[Got] = field(default_factory=list)
    reply: Callable[[int, Got], Reply] = lambda number, got: Reply()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


@contextmanager
def web_sink(reply: Callable[[int, Got], Reply] | None = None, tls: ssl.SSLContext | None = None) -> Iterator[WebSink]:
    """A web server until the block ends; with TLS, if there is a certificate for it."""
    sink = WebSink()
    if reply is not None:
        sink.reply = reply
    lock = threading.Lock()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            got = Got(self.command, self.path, headers, body)
            with lock:
                number = len(sink.got)
                sink.got.append(got)
            reply = sink.reply(number, got)
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        do_PUT = do_POST  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", ANY_PORT), Handler)
    sink.port = server.server_address[1]
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield sink
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class MailSink:
    """A mail server. `answer` is what it says to a mail."""

    port: int = 0
    got: list[EmailMessage] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)
    answer: str = "250 kept"
    refused: frozenset[str] = frozenset()


@contextmanager
def mail_sink() -> Iterator[MailSink]:
    """A mail server until the block ends."""
    from aiosmtpd.controller import Controller  # noqa: PLC0415  optional

    sink = MailSink()

    class Handler:
        async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
            if address in sink.refused:
                return "550 nobody here"
            envelope.rcpt_tos.append(address)
            return "250 ok"

        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            if sink.answer.startswith("250"):
                parsed = message_from_bytes(envelope.content, policy=policy.default)
                assert isinstance(parsed, EmailMessage)
                sink.got.append(parsed)
                sink.to.append(list(envelope.rcpt_tos))
            return sink.answer

    from tests.served import free_port  # noqa: PLC0415

    controller = Controller(Handler(), hostname="127.0.0.1", port=free_port())
    controller.start()
    sink.port = controller.port
    try:
        yield sink
    finally:
        controller.stop()


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until something holds."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it does not come"
        time.sleep(0.02)

"""Listening for requests until told to stop."""

import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from besra.service.access_log import AccessLog
from besra.service.protocol import Protocol

SIGNALS = (signal.SIGINT, signal.SIGTERM)
KEEP_ALIVE = 120
"""Seconds until a connection nobody uses is closed: longer than shippers are quiet, who would run into its end."""


class Server(uvicorn.Server):
    """A server that ends when it is told to, and leaves it to its caller to end the process.

    What answers without an end of its own is in `endings` of the application's state: each is called before the others
    are waited for.
    """

    def __init__(self, config: uvicorn.Config, endings: Sequence[Callable[[], None]] = ()) -> None:
        super().__init__(config)
        self._endings = endings

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        for end in self._endings:
            end()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at the first signal, at once at the second. The original kills the process with it afterwards."""
        before = {number: signal.signal(number, self.handle_exit) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def listen(app: Starlette, host: str, port: int, *, tells_requests: bool = False) -> bool:
    """Answer requests until SIGINT or SIGTERM; False if the address cannot be had.

    With `tells_requests` each is a line of the log.
    """
    config = uvicorn.Config(
        AccessLog(app) if tells_requests else app,
        http=Protocol,
        ws="none",
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=10,
    )
    server = Server(config, app.state.endings)
    try:
        server.run()
    except SystemExit:  # how it ends when it cannot listen
        return False
    return server.started

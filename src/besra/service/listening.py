"""Listening for requests until told to stop."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from besra.service.protocol import Protocol

SIGNALS = (signal.SIGINT, signal.SIGTERM)
KEEP_ALIVE = 120
"""Seconds until a connection nobody uses is closed: longer than shippers are quiet, who would run into its end."""


class Server(uvicorn.Server):
    """A server that ends when it is told to, and leaves it to its caller to end the process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at the first signal, at once at the second. The original kills the process with it afterwards."""
        before = {number: signal.signal(number, self.handle_exit) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def listen(app: Starlette, host: str, port: int) -> bool:
    """Answer requests until SIGINT or SIGTERM; False if the address cannot be had."""
    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        host=host,
        port=port,
        log_level="critical",
        lifespan="on",
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=10,
    )
    server = Server(config)
    try:
        server.run()
    except SystemExit:  # how it ends when it cannot listen
        return False
    return server.started

"""Listening for requests until told to stop."""

import errno
import signal
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import uvicorn
from starlette.applications import Starlette

from besra.errors import InputError
from besra.service.access_log import AccessLog
from besra.service.patience import Watched, close_overdue, most_connections
from besra.service.protocol import Protocol

SIGNALS = (signal.SIGINT, signal.SIGTERM)
TICKS = 10
"""Calls of `on_tick` between looks at the connections: a second."""
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

    async def on_tick(self, counter: int) -> bool:
        """See uvicorn."""
        if counter % TICKS == 0:
            close_overdue(self.server_state.connections, time.monotonic())
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        for end in self._endings:
            end()
        await super().shutdown(sockets)
        if self.force_exit:
            # It is left out then, and the application told by being cancelled, with a traceback.
            await self.lifespan.shutdown()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at the first signal, at once at the second. The original kills the process with it afterwards."""
        before = {number: signal.signal(number, self.handle_exit) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen: with TLS if there is a context for it, perhaps behind proxies at some addresses.

    Of a proxy that is named, what it says in X-Forwarded-For and X-Forwarded-Proto counts.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    proxies: str = ""


def tls_context(certificate: str, key: str) -> ssl.SSLContext:
    """TLS 1.2 or newer with a certificate (and what leads to its root) and its key. Raises InputError (`serve-tls`)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # A key behind a password would be asked for at a terminal, where there may be none.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ValueError) as error:  # of ssl, too
        told = getattr(error, "strerror", None) or str(error) or "it cannot be read"
        hint = "both are files in PEM form, the key without a password, and belong together"
        raise InputError.of("serve-tls", f"the certificate {certificate}, key {key}: {told}", hint=hint) from error
    return context


@dataclass(frozen=True, slots=True)
class Bound:
    """An address that is this process's: with the number of the port that was to be any, and the sockets."""

    place: Place
    sockets: list[socket.socket]


@contextmanager
def bound(place: Place) -> Iterator[Bound]:
    """Have an address until the block ends, without anybody being answered yet. Raises InputError (`serve-address`)."""
    with ExitStack() as closing:
        try:
            found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            sockets = list(_bound(found, closing))
        except (OSError, UnicodeError) as error:
            raise _no_address(place, error) from error
        yield Bound(replace(place, port=sockets[0].getsockname()[1]), sockets)


def _bound(found: Iterable[tuple[Any, ...]], closing: ExitStack) -> Iterator[socket.socket]:
    """Sockets at the addresses of a host that this machine has. Raises OSError."""
    lacks: OSError | None = None
    has_one = False
    for family, *_, address in dict.fromkeys(found):
        try:
            one = closing.enter_context(socket.socket(family, socket.SOCK_STREAM))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # that of IPv4 is an address by itself
            one.bind(address)
        except OSError as error:
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                raise
            lacks = error  # `localhost` names ::1 also where there is no IPv6
        else:
            has_one = True
            yield one
    if lacks and not has_one:
        raise lacks


def _no_address(place: Place, error: Exception) -> InputError:
    why = getattr(error, "strerror", None) or str(error)
    message = f"cannot listen on {place.host}:{place.port}: {why}"
    return InputError.of("serve-address", message, hint="choose another --port or --host")


def listen(app: Starlette, at: Bound, *, tells_requests: bool = False) -> None:
    """Answer requests until SIGINT or SIGTERM. Raises InputError (`serve-address`) if somebody else does.

    With `tells_requests` each is a line of the log.
    """
    place = at.place
    config = uvicorn.Config(
        AccessLog(app) if tells_requests else app,
        http=Protocol,
        ws="none",
        host=place.host,
        port=place.port,
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        proxy_headers=bool(place.proxies),
        forwarded_allow_ips=place.proxies or None,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=10,
    )
    config.load()
    config.ssl = place.tls
    Watched.most = most_connections()
    server = Server(config, app.state.endings)
    try:
        server.run(at.sockets)
    except OSError as error:
        if server.started:
            raise
        raise _no_address(place, error) from error

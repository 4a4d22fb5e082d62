"""NATS JetStream as a source of messages: a durable pull consumer, whose messages are acknowledged once on disk."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from besra.errors import InputError
from besra.service.consumer import SourceError
from besra.service.messages import Message

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.js.client import JetStreamContext

MOST = 500
"""Messages taken together; of those not acknowledged a server gives 1,000 at most unless told otherwise."""
WAIT = 1.0
"""Seconds a poll waits for a first message."""
ANSWERING = 5.0
"""Seconds a server has to answer."""
CONNECTING = 15.0
"""Seconds for a connection to any of the servers."""


@dataclass(frozen=True, slots=True)
class NatsOptions:
    """Which messages: the servers' URLs with commas between them, the stream, those of its subjects, the consumer.

    The durable consumer is made if it is not there. `credentials` names a file with a user's JWT and key.
    """

    servers: str
    stream: str
    subject: str | None = None
    consumer: str = "besra"
    user: str | None = None
    password: str | None = None
    token: str | None = None
    credentials: str | None = None

    def settings(self) -> dict[str, Any]:
        """What the client library connects with."""
        given = {
            "user": self.user,
            "password": self.password,
            "token": self.token,
            "user_credentials": self.credentials,
        }
        servers = [server.strip() for server in self.servers.split(",")]
        # To come back to a server that was away is the consumer's affair: one way for every source.
        ours = {"name": "besra", "allow_reconnect": False, "max_reconnect_attempts": 1, "reconnect_time_wait": 0}
        return {"servers": servers, **ours, **{name: value for name, value in given.items() if value is not None}}


class NatsSource:
    """See `consumer.Source`. Raises InputError if the library is not installed."""

    name = "nats"

    def __init__(self, options: NatsOptions) -> None:
        self.trouble: str | None = None
        self.lag: int | None = None
        self._options = options
        self._connection: Client | None = None
        self._subscription: JetStreamContext.PullSubscription | None = None
        self._last: list[Msg] = []
        self._said: str | None = None
        _load("nats.errors", "besra[nats]")
        if options.credentials is not None:
            _load("nkeys", "nats-py[nkeys]")

    async def open(self) -> None:
        """See Source."""
        from nats.aio.client import Client  # noqa: PLC0415
        from nats.errors import Error  # noqa: PLC0415

        self._last, self._said = [], None
        connection = self._connection = Client()
        settings = self._options.settings()
        try:
            await asyncio.wait_for(connection.connect(**settings, error_cb=self._heard), CONNECTING)
            await self._subscribe(connection.jetstream(timeout=ANSWERING))
        except (Error, OSError, TimeoutError, ValueError) as error:
            raise SourceError(self._because(error)) from error

    async def _heard(self, error: Exception) -> None:
        self._said = str(error) or type(error).__name__

    async def _subscribe(self, stream: "JetStreamContext") -> None:
        from nats.js.api import AckPolicy, ConsumerConfig  # noqa: PLC0415
        from nats.js.errors import NotFoundError  # noqa: PLC0415

        options = self._options
        try:
            found = await stream.consumer_info(options.stream, options.consumer)
        except NotFoundError:
            try:
                await stream.stream_info(options.stream)
            except NotFoundError:
                raise SourceError(f"there is no stream {options.stream}") from None
            config = ConsumerConfig(durable_name=options.consumer, filter_subject=options.subject)
            found = await stream.add_consumer(options.stream, config)
        config = found.config
        named = f"the consumer {options.consumer} of the stream {options.stream}"
        if config.deliver_subject or config.ack_policy == AckPolicy.NONE:
            raise SourceError(f"{named} is none whose messages are asked for and acknowledged; name another")
        if options.subject and config.filter_subject != options.subject:
            raise SourceError(f"{named} reads {config.filter_subject or 'all subjects'}; name another")
        self._subscription = await stream.pull_subscribe_bind(consumer=options.consumer, stream=options.stream)

    async def poll(self) -> Sequence[Message]:
        """See Source."""
        from nats.errors import Error  # noqa: PLC0415

        connection, subscription = self._connection, self._subscription
        if connection is None or subscription is None:
            raise SourceError("not open")
        try:
            self._last = await subscription.fetch(MOST, timeout=WAIT)
        except TimeoutError:
            self._last = []
            if not connection.is_connected:
                raise SourceError(self._because(None)) from None
            self.lag = 0
            return ()
        except (Error, OSError) as error:
            raise SourceError(self._because(error)) from error
        if self._last:
            self.lag = self._last[-1].metadata.num_pending
        return [_message(msg) for msg in self._last]

    async def hold(self) -> None:
        """See Source."""
        from nats.errors import Error  # noqa: PLC0415

        try:
            for msg in self._last:
                await msg.in_progress()
        except (Error, OSError) as error:
            raise SourceError(self._because(error)) from error

    async def acknowledge(self) -> None:
        """See Source."""
        from nats.errors import Error  # noqa: PLC0415

        try:
            for msg in self._last[:-1]:
                await msg.ack()
            # The server takes them in order: its answer to the last one is about all.
            for msg in self._last[-1:]:
                await msg.ack_sync(timeout=ANSWERING)
        except (Error, OSError, TimeoutError) as error:
            raise SourceError(self._because(error)) from error
        self._last = []

    async def close(self) -> None:
        """See Source."""
        from nats.errors import Error  # noqa: PLC0415

        connection, self._connection, self._subscription = self._connection, None, None
        if connection is not None:
            with suppress(Error, OSError, TimeoutError):
                await asyncio.wait_for(connection.close(), ANSWERING)

    def _because(self, error: BaseException | None) -> str:
        said = self._said or (str(error) or type(error).__name__ if error else "the connection is lost")
        return f"{self._options.stream}: {said.removeprefix('nats: ')}"


def _load(module: str, package: str) -> None:
    try:
        import_module(module)
    except ImportError as error:
        message = f"reading from NATS needs more than is installed ({error.name})"
        raise InputError.of("serve-not-installed", message, hint=f"pip install '{package}'") from error


def _message(msg: "Msg") -> Message:
    found = msg.metadata
    return Message(f"nats:{found.stream}@{found.sequence.stream}", msg.data)

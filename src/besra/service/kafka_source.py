"""Kafka as a source of messages: one member of a consumer group, whose offsets are committed once events are on disk.

The client library keeps the connections and comes back to brokers that were away. It calls from one thread, which is
this module's own: its calls wait.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from besra.errors import InputError
from besra.service.consumer import SourceError
from besra.service.messages import Message

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, TopicPartition
    from confluent_kafka import Message as Record

T = TypeVar("T")

MOST = 2000
"""Messages taken together."""
AHEAD = 16_384
"""KiB of messages the library reads ahead: what bounds the memory of those taken together."""
WAIT = 1.0
"""Seconds a poll waits for a first message."""
ASKING = 3.0
"""Seconds a broker has to say which topics there are."""
LOOKED_AFTER = 2.0
"""Seconds between two looks at what is wrong; also at how far behind this is."""
ANSWERING = 10.0
"""Seconds a broker has to answer to a commit."""
REPEATED = 30.0
"""Seconds in which a broker refuses again what it goes on refusing."""
CLOSING = 10.0
"""Seconds to leave the group in."""
OURS = ("enable.auto.commit", "enable.auto.offset.store", "bootstrap.servers", "group.id", "auto.offset.reset")
"""Settings of the library that are not the user's: others say the same, or offsets would be ahead of the journal."""

_log = logging.getLogger("besra.kafka")


@dataclass(frozen=True, slots=True)
class KafkaOptions:
    """Which messages: brokers as `host:9092,host:9092`, topics (`^logs-.*` for all that match), and the group.

    `offset_reset` is where a group begins that has no offsets: `earliest` or `latest`. `options` are settings of the
    client library by name, for encryption and authentication.
    """

    servers: str
    topics: tuple[str, ...]
    group: str = "besra"
    offset_reset: str = "earliest"
    user: str | None = None
    password: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    def settings(self) -> dict[str, Any]:
        """The settings of the client library."""
        settings: dict[str, Any] = {
            "client.id": "besra",
            "queued.max.messages.kbytes": AHEAD,
            "topic.metadata.refresh.interval.ms": 10_000,  # a topic that is made later, or matches later
            "session.timeout.ms": 10_000,  # so long a process that was killed keeps others from its partitions
        }
        if self.user is not None:
            settings |= {"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN", "sasl.username": self.user}
        if self.password is not None:
            settings["sasl.password"] = self.password
        return settings | {
            **self.options,
            "bootstrap.servers": self.servers,
            "group.id": self.group,
            "auto.offset.reset": self.offset_reset,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
        }


class KafkaSource:
    """See `consumer.Source`. Raises InputError if the library is not installed, or refuses the options."""

    name = "kafka"

    def __init__(self, options: KafkaOptions) -> None:
        self.trouble: str | None = None
        self.lag: int | None = None
        self._options = options
        self._thread = ThreadPoolExecutor(1, "kafka")
        self._said: str | None = None
        """What the library last said of connections."""
        self._refusal, self._refused = "", 0.0
        """What a broker last refused to this member, and when."""
        self._looked = 0.0
        self._offsets: dict[tuple[str, int], int] = {}
        self._ahead: list[Record] = []
        self._answer: tuple[KafkaError | None, list[TopicPartition]] | None = None
        self._paused: list[TopicPartition] = []
        self._consumer: Consumer | None = None
        ours = sorted(set(OURS) & set(options.options))
        if ours:
            raise InputError.of("kafka-options", f"{ours[0]} is not a setting to be changed", hint=HINT)
        self._made().close()

    def _made(self) -> "Consumer":
        try:
            from confluent_kafka import Consumer, KafkaException  # noqa: PLC0415  optional
        except ImportError as error:
            message = f"reading from Kafka needs more than is installed ({error.name})"
            raise InputError.of("serve-not-installed", message, hint="pip install 'besra[kafka]'") from error
        _log.propagate = False
        _log.addHandler(logging.NullHandler())
        try:
            return Consumer(
                self._options.settings() | {"error_cb": self._heard, "on_commit": self._committed}, logger=_log
            )
        except (KafkaException, ValueError, TypeError) as error:
            raise InputError.of("kafka-options", f"the options for Kafka: {_text(error)}", hint=HINT) from error

    def _heard(self, error: "KafkaError") -> None:
        self._said = error.str()

    async def _call(self, function: Callable[[], T]) -> T:
        """Have it done by the thread. Raises SourceError for the library's errors."""
        from confluent_kafka import KafkaException  # noqa: PLC0415

        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, function)
        except (KafkaException, RuntimeError) as error:
            raise SourceError(_text(error)) from error

    async def open(self) -> None:
        """See Source."""
        await self._call(self._open)

    def _open(self) -> None:
        self._offsets, self._ahead, self._paused, self._said = {}, [], [], None
        self._consumer = self._made()
        self._consumer.subscribe(list(self._options.topics))
        self._look(self._consumer)

    async def poll(self) -> Sequence[Message]:
        """See Source."""
        return await self._call(self._poll)

    def _poll(self) -> list[Message]:
        consumer = self._open_one()
        if self._paused:
            consumer.resume(_among(self._paused, consumer.assignment()))
            self._paused = []
        found = self._ahead or consumer.consume(1, WAIT)
        self._ahead = []
        if found:
            found += consumer.consume(MOST, 0)
        messages = [message for record in found if (message := self._message(record))]
        now = time.monotonic()
        if now - self._looked >= LOOKED_AFTER:
            self.lag = _lag(consumer)
            self._looked = now
            if self.trouble is not None or self._said is not None or self._was_refused():
                self._look(consumer)
        return messages

    def _message(self, record: "Record") -> Message | None:
        if error := record.error():
            if error.fatal():
                raise SourceError(error.str())
            self._refusal, self._refused = error.str(), time.monotonic()
            return None
        topic, partition, offset = record.topic() or "", record.partition() or 0, record.offset() or 0
        self._offsets[topic, partition] = offset + 1
        return Message(f"kafka:{topic}/{partition}@{offset}", record.value() or b"")

    def _look(self, consumer: "Consumer") -> None:
        """Find out whether brokers answer, and have the topics."""
        from confluent_kafka import KafkaException  # noqa: PLC0415

        self._looked = time.monotonic()
        try:
            there = consumer.list_topics(timeout=ASKING).topics
        except KafkaException as error:
            self.trouble = f"{self._options.servers} cannot be used: {self._said or _text(error)}"
            return
        missing = [topic for topic in self._options.topics if not topic.startswith("^") and topic not in there]
        self._said = self.trouble = None
        if missing:
            self.trouble = f"there is no topic {', '.join(missing)}, or it may not be read"
        elif self._was_refused() and not consumer.assignment():
            self.trouble = self._refusal

    def _was_refused(self) -> bool:
        return bool(self._refusal) and time.monotonic() - self._refused < REPEATED

    async def hold(self) -> None:
        """See Source."""
        if self._consumer is not None:
            await self._call(self._hold)

    def _hold(self) -> None:
        # A member that does not ask for messages is taken out of its group: paused, it asks and gets none.
        consumer = self._open_one()
        self._paused = consumer.assignment()
        if self._paused:
            consumer.pause(self._paused)
        self._ahead += consumer.consume(MOST, 0)

    async def acknowledge(self) -> None:
        """See Source."""
        await self._call(self._commit)

    def _commit(self) -> None:
        from confluent_kafka import TopicPartition  # noqa: PLC0415

        consumer = self._open_one()
        reached = [TopicPartition(topic, partition, offset) for (topic, partition), offset in self._offsets.items()]
        # What was given to another member meanwhile is its to commit.
        ours = _among(reached, consumer.assignment())
        if ours:
            self._answer = None
            consumer.commit(offsets=ours, asynchronous=True)
            wrong = self._answered(consumer)
            if wrong is not None:
                raise SourceError(f"offsets are not committed: {wrong}")
        self._offsets = {}

    def _answered(self, consumer: "Consumer") -> str | None:
        """What is wrong with a commit, once there is an answer. To wait for it within the library has no end."""
        until = time.monotonic() + ANSWERING
        while self._answer is None:
            if time.monotonic() > until:
                return self._said or "no answer"
            self._ahead += consumer.consume(1, 0.005)
        error, places = self._answer
        errors = [error, *(place.error for place in places)]
        return next((found.str() for found in errors if found is not None), None)

    def _committed(self, error: "KafkaError | None", places: "list[TopicPartition]") -> None:
        self._answer = error, places

    async def close(self) -> None:
        """See Source."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            try:
                await asyncio.wait_for(self._call(consumer.close), CLOSING)
            except TimeoutError as error:
                self._thread = ThreadPoolExecutor(1, "kafka")  # that one waits
                raise SourceError("the group was not left in time") from error

    def _open_one(self) -> "Consumer":
        if self._consumer is None:
            raise SourceError("not open")
        return self._consumer


HINT = "see https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md for --kafka-option"


def _among(some: "Sequence[TopicPartition]", others: "Sequence[TopicPartition]") -> "list[TopicPartition]":
    there = {(other.topic, other.partition) for other in others}
    return [one for one in some if (one.topic, one.partition) in there]


def _lag(consumer: "Consumer") -> int | None:
    """Messages in the partitions of this member that it has not read; by what the library heard last."""
    lag, is_known = 0, False
    for place in consumer.position(consumer.assignment()):
        _, high = consumer.get_watermark_offsets(place, cached=True)
        is_known = True
        if place.offset >= 0 and high >= 0:
            lag += max(high - place.offset, 0)
    return lag if is_known else None


def _text(error: BaseException) -> str:
    inner = error.args[0] if error.args else error
    text = getattr(inner, "str", None)
    return str(text()) if callable(text) else str(error)

"""Events from real brokers: through outages of either side each is taken once, and its alert comes out."""

import asyncio
import re
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import orjson
import pytest
from tests.brokers import Broker, NoBrokerError, Way, kafka_broker, nats_server
from tests.served import PATIENCE, Served, serving

import besra
from besra.cli.brokers import sources_of
from besra.cli.commands.serve import serve
from besra.demo.stream import demo_documents
from besra.events.identity import document_id

pytest.importorskip("uvicorn")

from besra.service.consumer import Source, SourceError
from besra.service.messages import Message

deltalake = pytest.importorskip("deltalake")

NONSENSE = b"<nonsense>"


class Peer(Protocol):
    """A broker and its client."""

    broker: Broker | Way
    name: str
    options: Sequence[str]

    def prepare(self) -> None:
        """Make what is read from."""

    def publish(self, messages: Sequence[bytes]) -> None:
        """Send messages; they are with the broker then."""

    def is_settled(self) -> bool:
        """Whether all messages are acknowledged."""


class Nats:
    """JetStream, with a consumer that gives again soon what was not acknowledged."""

    name = "nats"

    def __init__(self, broker: Broker, events: str) -> None:
        self.broker = broker
        self.url = f"nats://{broker.address}"
        self.events = events
        self.options = ("--nats", self.url, "--nats-stream", events)

    def _ask(self, act: Callable[[Any], Any]) -> Any:
        import nats  # noqa: PLC0415

        async def asked() -> Any:
            connection = await nats.connect(self.url, max_reconnect_attempts=3)
            try:
                return await act(connection.jetstream())
            finally:
                await connection.close()

        return asyncio.run(asked())

    def prepare(self) -> None:
        from nats.js.api import ConsumerConfig  # noqa: PLC0415

        async def made(stream: Any) -> None:
            await stream.add_stream(name=self.events, subjects=[f"{self.events}.>"])
            await stream.add_consumer(self.events, ConsumerConfig(durable_name="besra", ack_wait=1))

        self._ask(made)

    def publish(self, messages: Sequence[bytes]) -> None:
        async def sent(stream: Any) -> None:
            await asyncio.gather(*(stream.publish(f"{self.events}.x", message) for message in messages))

        self._ask(sent)

    def is_settled(self) -> bool:
        found = self._ask(lambda stream: stream.consumer_info(self.events, "besra"))
        return not found.num_pending and not found.num_ack_pending


class Kafka:
    """Kafka, with a group that takes partitions from members that are gone soon."""

    name = "kafka"

    def __init__(self, broker: Way, events: str) -> None:
        self.broker = broker
        self.events = events
        soon = {
            "session.timeout.ms": 1500,
            "heartbeat.interval.ms": 300,
            "reconnect.backoff.max.ms": 500,
            "topic.metadata.refresh.interval.ms": 500,
        }
        options = (part for name, value in soon.items() for part in ("--kafka-option", f"{name}={value}"))
        self.options = ("--kafka", broker.address, "--kafka-topic", events, "--kafka-group", events, *options)

    def prepare(self) -> None:
        from confluent_kafka.admin import AdminClient  # noqa: PLC0415
        from confluent_kafka.cimpl import NewTopic  # noqa: PLC0415

        admin = AdminClient({"bootstrap.servers": self.broker.address})
        (made,) = admin.create_topics([NewTopic(self.events, 3, 1)]).values()
        made.result(PATIENCE)

    def publish(self, messages: Sequence[bytes]) -> None:
        from confluent_kafka import Producer  # noqa: PLC0415

        producer = Producer({"bootstrap.servers": self.broker.address})
        for message in messages:
            producer.produce(self.events, message)
        assert producer.flush(PATIENCE) == 0

    def is_settled(self) -> bool:
        from confluent_kafka import Consumer, TopicPartition  # noqa: PLC0415

        asking = Consumer({"bootstrap.servers": self.broker.address, "group.id": self.events})
        try:
            places = asking.committed([TopicPartition(self.events, number) for number in range(3)], PATIENCE)
            return all(max(place.offset, 0) == asking.get_watermark_offsets(place, PATIENCE)[1] for place in places)
        finally:
            asking.close()


@pytest.fixture(scope="module", params=["nats", "kafka"])
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker | Way]:
    is_kafka = request.param == "kafka"
    pytest.importorskip("confluent_kafka" if is_kafka else "nats")
    start: Callable[[Path], Any] = kafka_broker if is_kafka else nats_server
    try:
        with start(tmp_path_factory.mktemp("broker")) as started:
            yield started
    except NoBrokerError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def peer(broker: Broker | Way, request: pytest.FixtureRequest) -> Peer:
    """A broker with events under a name of the test's own."""
    name = request.function.__name__
    return Kafka(broker, name) if isinstance(broker, Way) else Nats(broker, name)


def metric(served: Served, name: str) -> float:
    """The value of a metric; 0 if there is none."""
    with urllib.request.urlopen(f"{served.address}/metrics", timeout=PATIENCE) as answer:
        lines = answer.read().decode().splitlines()
    return next((float(line.rpartition(" ")[2]) for line in lines if line.partition("{")[0] == name), 0)


def wait_for(is_so: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < until, f"not in time: {what}"
        time.sleep(0.05)


@contextmanager
def reading(peer: Peer, folder: Path) -> Iterator[Served]:
    with serving(folder, *peer.options) as served:
        yield served


def test_every_event_is_taken_once_whatever_is_away(peer: Peer, tmp_path: Path) -> None:
    documents = list(demo_documents(minutes=1))
    bodies = [orjson.dumps(document) for document in documents]
    third = len(bodies) // 3
    first = [NONSENSE, b"\n".join(bodies[:10]), b"[%b]" % b",".join(bodies[10:20]), *bodies[20:third]]
    peer.broker.stop()
    with reading(peer, tmp_path / "data") as served:
        wait_for(lambda: metric(served, "besra_consumer_failing") == 1, "that the broker is away")
        peer.broker.start()
        peer.prepare()
        peer.publish(first)
        wait_for(lambda: metric(served, "besra_consumer_messages_total") > 0, "the first messages")
        served.process.kill()
    peer.publish(bodies[third : 2 * third])
    with reading(peer, tmp_path / "data") as served:
        wait_for(lambda: metric(served, "besra_consumer_messages_total") > 0, "messages after a kill")
        peer.broker.stop()
        wait_for(lambda: metric(served, "besra_consumer_failing") == 1, "that the broker is away again")
        peer.broker.start()
        peer.publish(bodies[2 * third :])
        wait_for(peer.is_settled, "that all is acknowledged")
        wait_for(lambda: metric(served, "besra_consumer_failing") == 0, "that it says so")
        expected = {alert["kibana.alert.uuid"] for alert in besra.detect(besra.load_rules(), documents)}
        # Not the same: what comes out of order is seen before all of its company is there, and may match otherwise too.
        wait_for(lambda: expected <= set(served.alerts()), "the alerts")
        letters = served.ask("/api/v1/dead_letters")["dead_letters"]
        code, said = served.stop()
    assert code == 0
    assert re.search(rf"Z error +\S+: {peer.name}: ", said), said
    assert f"{peer.name}: reading again" in said
    assert [letter["reason"].partition(":")[0] for letter in letters] == ["not a JSON document"]
    assert letters[0]["origin"].startswith(f"{peer.name}:")
    stored = (
        deltalake.DeltaTable(str(tmp_path / "data" / "events")).to_pyarrow_table(columns=["_id"])["_id"].to_pylist()
    )
    assert sorted(stored) == sorted({document_id(document) for document in documents})


def source_of(peer: Peer) -> Source:
    """The source that a command with the options would have."""
    (source,) = sources_of(serve.make_context("serve", list(peer.options)).params)
    return source


def test_messages_that_are_held_stay_ours_and_the_next_come_after_them(peer: Peer) -> None:
    peer.prepare()
    sent = [b'{"n": %d}' % number for number in range(20)]
    peer.publish(sent[:10])

    async def read(source: Source) -> list[bytes]:
        await source.open()
        found: list[bytes] = []
        while len(found) < len(sent):
            messages = await source.poll()
            found += [message.body for message in messages]
            if messages and len(found) <= 10:
                await asyncio.to_thread(peer.publish, sent[10:] if len(found) == 10 else [])
                for _ in range(5):
                    await asyncio.sleep(0.4)
                    await source.hold()
            if messages:
                await source.acknowledge()
        await source.close()
        return found

    found = asyncio.run(asyncio.wait_for(read(source_of(peer)), PATIENCE))
    assert sorted(found) == sorted(sent)
    wait_for(peer.is_settled, "that all is acknowledged")


def test_what_could_not_be_acknowledged_comes_again(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"besra.service.{peer.name}_source.ANSWERING", 1.0)
    peer.prepare()
    peer.publish([b"{}"])

    async def first(source: Source) -> Sequence[Message]:
        await source.open()
        while not (messages := await source.poll()):
            pass
        return messages

    async def read(source: Source) -> None:
        messages = await first(source)
        peer.broker.stop()
        with pytest.raises(SourceError):
            await source.acknowledge()
        with suppress(SourceError):
            await source.close()
        with suppress(SourceError):
            await source.open()  # it says what is wrong in one way or the other
        peer.broker.start()
        with suppress(SourceError):
            await source.close()
        assert await first(source) == messages
        await source.acknowledge()
        await source.close()

    asyncio.run(asyncio.wait_for(read(source_of(peer)), PATIENCE))
    wait_for(peer.is_settled, "that all is acknowledged")

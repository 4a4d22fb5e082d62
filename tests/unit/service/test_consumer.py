"""A consumer of a broker: what it does while messages cannot be taken, what it notes, what it says."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path

import orjson
import pytest

pytest.importorskip("starlette")

from besra.cli.brokers import sources_of
from besra.errors import InputError
from besra.service import consumer as module
from besra.service.bulk import Done, Item, Put, Refused
from besra.service.consumer import Consumer, SourceError
from besra.service.consumer_metrics import consumer_metrics
from besra.service.dead_letters import DeadLetters
from besra.service.ingest import BusyError, Ingest
from besra.service.messages import DIGEST, Message
from besra.storage.journal import Journal, Note, Verdict


class Source:
    """A broker that does as the test says: what its polls give, and what fails."""

    name = "fake"

    def __init__(self, *polls: Sequence[str] | SourceError) -> None:
        self.trouble: str | None = None
        self.lag: int | None = 7
        self.polls = list(polls)
        self.failing_acknowledgements = 0
        self.done: list[str] = []
        self.consumer: Consumer | None = None

    async def open(self) -> None:
        self.done.append("open")

    async def poll(self) -> Sequence[Message]:
        if not self.polls:
            assert self.consumer
            self.consumer.stop()
            return ()
        found = self.polls.pop(0)
        if isinstance(found, SourceError):
            raise found
        return [Message(f"fake@{text}", b'{"n": "%b"}' % text.encode()) for text in found]

    async def hold(self) -> None:
        self.done.append("hold")

    async def acknowledge(self) -> None:
        if self.failing_acknowledgements:
            self.failing_acknowledgements -= 1
            raise SourceError("no answer")
        self.done.append("acknowledge")

    async def close(self) -> None:
        self.done.append("close")


class Taker:
    """Takes everything, after some refusals."""

    def __init__(self, *refusals: Exception) -> None:
        self.refusals = list(refusals)
        self.taken: list[list[str]] = []
        self.notes: list[int] = []
        self.noted = b""
        self.before: Callable[[], None] = lambda: None

    async def take(self, items: Sequence[Item], origin: str, note: Note | None = None) -> list[Done | Refused]:
        self.before()
        if self.refusals:
            raise self.refusals.pop(0)
        puts = [item for item in items if isinstance(item, Put)]
        self.taken.append([orjson.loads(put.document)["n"] for put in puts if isinstance(put.document, bytes)])
        self.noted = note.value if note else b""
        self.notes.append(len(self.noted) // DIGEST)
        return [Done(put, "", Verdict.CREATED) for put in puts]

    def note(self, name: str) -> bytes:
        return self.noted


class Letters:
    """Dead letters that are kept."""

    def add(self, letter: object) -> "Future[bool]":
        answer: Future[bool] = Future()
        answer.set_result(True)
        return answer


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE", 0)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0)


def consumed(source: Source, taker: Taker) -> tuple[Consumer, list[str]]:
    """A consumer that has run until there was nothing more, and what it said."""
    said: list[str] = []
    source.consumer = Consumer(source, taker, Letters(), said.append)  # type: ignore[arg-type]
    asyncio.run(source.consumer.run())
    return source.consumer, said


def test_messages_that_cannot_be_taken_are_held_and_tried_again() -> None:
    source, taker = Source(["a", "b"]), Taker(BusyError("full"), BusyError("full"))
    consumer, said = consumed(source, taker)
    assert taker.taken == [["a", "b"]]
    assert source.done == ["open", "hold", "hold", "acknowledge", "close"]
    assert said == ["error: fake: full; trying again", "fake: reading again"]
    assert (consumer.messages, consumer.failure) == (2, None)


def test_told_to_stop_it_leaves_what_cannot_be_taken_to_the_broker() -> None:
    source, taker = Source(["a"], ["b"]), Taker(*[BusyError("full")] * 9)
    taker.before = lambda: source.consumer.stop() if source.consumer and len(taker.refusals) == 5 else None
    consumed(source, taker)
    assert not taker.taken
    assert "acknowledge" not in source.done
    assert source.done[-1] == "close"


def test_a_broker_that_fails_is_opened_anew() -> None:
    source, taker = Source(SourceError("away"), ["a"], SourceError("away"), ["b"]), Taker()
    _, said = consumed(source, taker)
    assert source.done == ["open", "close", "open", "acknowledge", "close", "open", "acknowledge", "close"]
    assert said == ["error: fake: away; trying again", "fake: reading again"] * 2


def test_what_comes_again_is_only_acknowledged() -> None:
    source, taker = Source(["a", "b"], ["b", "c"]), Taker()
    source.failing_acknowledgements = 1
    consumer, _ = consumed(source, taker)
    assert taker.taken == [["a", "b"], ["c"]]
    assert (consumer.messages, consumer.repeated) == (3, 1)
    assert 'besra_consumer_repeated_total{source="fake"} 1\n' in consumer_metrics([consumer])
    assert 'besra_consumer_lag{source="fake"} 7\n' in consumer_metrics([consumer])


def test_the_note_holds_what_may_come_again_and_no_more() -> None:
    source, taker = Source(["a", "b"], ["c"], ["d"], ["e"]), Taker()
    source.failing_acknowledgements = 2
    consumed(source, taker)
    # Of the first two lots nobody knows whether they were acknowledged.
    assert taker.notes == [2, 3, 4, 4]
    again, later = Source(["a", "c", "f"]), Taker()
    later.noted = taker.noted
    consumed(again, later)
    assert later.taken == [["f"]]


class Breaking(Taker):
    """Breaks at some documents."""

    def __init__(self, *documents: str) -> None:
        super().__init__()
        self.documents = set(documents)

    async def take(self, items: Sequence[Item], origin: str, note: Note | None = None) -> list[Done | Refused]:
        texts = [item.document for item in items if isinstance(item, Put) and isinstance(item.document, bytes)]
        if any(orjson.loads(text)["n"] in self.documents for text in texts):
            raise RuntimeError("broken")
        return await super().take(items, origin, note)


def test_a_message_that_breaks_what_takes_it_becomes_a_letter_and_the_others_are_taken() -> None:
    source, taker = Source(["a", "b", "c"], ["d"]), Breaking("b")
    consumer, _ = consumed(source, taker)
    assert taker.taken == [["a"], ["c"], ["d"]]
    assert source.done == ["open", "acknowledge", "acknowledge", "close"]
    assert (consumer.messages, consumer.unreadable) == (4, 1)


def test_what_breaks_with_all_messages_is_not_due_to_them() -> None:
    source, taker = Source(["a", "b"], ["b"]), Breaking("a", "b")
    consumer, said = consumed(source, taker)
    assert "acknowledge" not in source.done
    assert consumer.unreadable == 0
    assert said[0] == "error: fake: a defect of besra: RuntimeError: broken; trying again"


def test_the_journal_keeps_documents_and_note_or_neither(tmp_path: Path) -> None:
    def read(*polls: Sequence[str]) -> list[bytes]:
        journal, letters = Journal(tmp_path), DeadLetters(tmp_path, lambda: 0)
        source = Source(*polls)
        source.consumer = Consumer(source, Ingest(journal, tmp_path, lambda: 0), letters, print)
        asyncio.run(source.consumer.run())
        found = [record.line for batch in journal.after(0) for record in batch.records]
        journal.close()
        letters.close()
        return found

    assert len(read(["a", "b"])) == 2
    assert len(read(["b", "c"], ["c", "a"])) == 3


BROKERS = {
    "kafka": None,
    "kafka_topics": (),
    "kafka_group": "besra",
    "kafka_offset_reset": "earliest",
    "kafka_user": None,
    "kafka_password": None,
    "kafka_options": (),
    "nats": None,
    "nats_stream": None,
    "nats_subject": None,
    "nats_consumer": "besra",
    "nats_user": None,
    "nats_password": None,
    "nats_token": None,
    "nats_credentials": None,
}


def test_no_broker() -> None:
    assert sources_of(BROKERS) == []


@pytest.mark.parametrize("options", [(("no.such.setting", "1"),), (("enable.auto.commit", "true"),)])
def test_options_for_kafka_that_cannot_be(options: tuple[tuple[str, str], ...]) -> None:
    pytest.importorskip("confluent_kafka")
    asked = {**BROKERS, "kafka": "127.0.0.1:1", "kafka_topics": ("x",), "kafka_options": options}
    with pytest.raises(InputError, match=options[0][0]):
        sources_of(asked)


def test_settings_of_kafka() -> None:
    from besra.service.kafka_source import KafkaOptions  # noqa: PLC0415

    options = KafkaOptions("h:1", ("x",), user="u", password="p", options={"sasl.mechanism": "SCRAM-SHA-256"})
    settings = options.settings()
    assert settings["security.protocol"] == "SASL_SSL"
    assert settings["sasl.mechanism"] == "SCRAM-SHA-256"
    assert settings["enable.auto.commit"] is False


def test_settings_of_nats() -> None:
    from besra.service.nats_source import NatsOptions  # noqa: PLC0415

    settings = NatsOptions("nats://a, nats://b", "S", token="t").settings()
    assert settings["servers"] == ["nats://a", "nats://b"]
    assert settings["token"] == "t"
    assert "password" not in settings

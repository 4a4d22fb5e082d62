"""What is fuzzed: every reader with files of its format, every normaliser with records of its source, requests."""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from besra.events.document import flatten
from besra.events.event import Event
from besra.events.file_read import FileRead, ReadOptions
from besra.events.files import InputFile
from besra.events.normalise.source import Source
from besra.events.normalise.sources import SOURCES
from besra.events.reader import read_file
from besra.events.recognise import DEFAULTS
from besra.problems import Problem
from besra.service.admission import admitted
from besra.service.bulk import Put
from besra.service.otlp_document import items_of
from besra.service.otlp_request import Encoding, OtlpError, failure, records_of
from besra.storage.journal import Record
from tests.fuzz.mutation import confused, damaged
from tests.fuzz.samples import files, records
from tests.unit.events.readers.evtx_file import event, evtx_file
from tests.unit.service.otlp_samples import as_json, log_record, request

OPTIONS = ReadOptions(document_limit=1 << 20)


@dataclass(frozen=True)
class Target:
    """`make` gives an input, as bytes, from a source of randomness; `check` fails if it is not handled as it should."""

    name: str
    make: Callable[[Random], bytes]
    check: Callable[[bytes], None]


def targets() -> list[Target]:
    """All of them."""
    found = files()
    found["evtx"] = [evtx_file([event(1, data={"Image": "C:\\a.exe"}), event(2, 4688)], [event(3)])]
    everything = [raw for own in found.values() for raw in own]
    readers = [_reader(name, own, everything) for name, own in sorted(found.items())]
    known = records()
    normalisers = [_normaliser(source, known.get(source.name, [])) for source in SOURCES]
    return [*readers, *normalisers, *(_otlp(encoding) for encoding in Encoding)]


def _reader(name: str, samples: Sequence[bytes], others: Sequence[bytes]) -> Target:
    def make(random: Random) -> bytes:
        return damaged(random.choice(samples), random, others)

    return Target(f"read {name}", make, check_reading)


def check_reading(raw: bytes) -> None:
    """Read bytes as the standard input, whatever they are, and look at all that comes out."""
    items = list(read_file(InputFile("-", None), OPTIONS, stdin=io.BytesIO(raw)))
    assert isinstance(items[-1], FileRead)
    for item in items:
        match item:
            case Event():
                assert item.id
                assert item.index
                assert all(item.index)
                flatten(item.source)
            case Problem():
                assert item.render()
                assert item.code
    counted = sum(item.events for item in items if isinstance(item, FileRead))
    assert counted == sum(isinstance(item, Event) for item in items), "events that are in no count"


def _normaliser(source: Source, samples: Sequence[dict[str, Any]]) -> Target:
    def make(random: Random) -> bytes:
        return json.dumps(confused(random.choice(samples), random)).encode()

    def check(raw: bytes) -> None:
        record = json.loads(raw)
        if not source.normaliser.recognises(record):
            return
        document = source.normaliser.to_ecs(record)
        assert json.loads(raw) == record or record != record, "the record was changed"  # noqa: PLR0124  NaN
        json.dumps(document, allow_nan=True)
        flatten(document)

    return Target(f"normalise {source.name}", make, check)


def _otlp(encoding: Encoding) -> Target:
    messages = [
        request(
            log_record(
                "text", {"process.pid": 7, "a": {"b": [1.5, b"x", None]}}, time_unix_nano=1, trace_id=b"abcdefgh"
            ),
            log_record('{"eventName": "x", "eventSource": "a.amazonaws.com"}', severity_number=9, span_id=b"12345678"),
            resource={"host.name": "h", "os.type": "linux", "source.address": "192.0.2.1"},
            scope="scope",
        ),
        request(log_record({"Records": [{"a": 1}, 2]}), log_record("<Event><System/></Event>"), log_record()),
    ]
    is_json = encoding is Encoding.JSON
    samples = [json.dumps(as_json(m)).encode() if is_json else m.SerializeToString() for m in messages]

    def make(random: Random) -> bytes:
        if is_json and random.random() < 0.5:
            return json.dumps(confused(as_json(random.choice(messages)), random)).encode()
        return damaged(random.choice(samples), random, samples)

    def check(raw: bytes) -> None:
        try:
            records = records_of(raw, encoding)
        except OtlpError as error:
            failure(encoding, str(error))
            return
        for item in (item for record in records for item in items_of(record, DEFAULTS)):
            outcome = admitted(item, DEFAULTS, 1) if isinstance(item, Put) else item
            assert outcome.index
            if isinstance(outcome, Record):
                flatten(json.loads(outcome.line))

    return Target(f"otlp {encoding.partition('/')[2]}", make, check)

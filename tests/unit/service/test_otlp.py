"""Log records of OpenTelemetry become documents of ECS, whichever way they are written."""

import asyncio
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from tests.unit.service.otlp_samples import as_json, log_record, request

from besra.events.recognise import DEFAULTS
from besra.service.admission import admitted
from besra.service.bulk import Item, Put, Refused
from besra.service.ingest import BusyError, Ingest
from besra.service.otlp import otlp_routes
from besra.service.otlp_document import ECS_NAMES, INDEX, items_of
from besra.service.otlp_request import (
    MOST_RECORDS,
    Encoding,
    OtlpError,
    encoding_of,
    failure,
    records_of,
    success,
    varint,
)
from besra.service.routing import routes_of
from besra.storage.journal import Journal, JournalError, Note, Record

SECOND = 1_773_740_534
TIME, OBSERVED = SECOND * 10**9 + 5, (SECOND + 1) * 10**9


def puts_of(message: ExportLogsServiceRequest) -> list[Put]:
    """What a request asks for, which has to be the same in both encodings."""
    found = [
        [item for record in records_of(body, encoding) for item in items_of(record, DEFAULTS)]
        for body, encoding in (
            (message.SerializeToString(), Encoding.PROTOBUF),
            (orjson.dumps(as_json(message)), Encoding.JSON),
        )
    ]
    assert found[0] == found[1]
    assert all(isinstance(item, Put) for item in found[0])
    return [item for item in found[0] if isinstance(item, Put)]


def document_of(message: ExportLogsServiceRequest) -> dict[str, Any]:
    (put,) = puts_of(message)
    return dict(put.document)


def test_a_line_of_text() -> None:
    record = log_record(
        "user logged in",
        {"process.executable.path": "/usr/bin/sudo", "process.pid": 7, "http.request.size": 12, "own.thing": [1, "a"]},
        time_unix_nano=TIME,
        observed_time_unix_nano=OBSERVED,
        severity_number=13,
        trace_id=bytes(range(16)),
        span_id=bytes(range(8)),
        event_name="login",
    )
    resource = {"host.name": "h1", "os.type": "darwin", "own.thing": "of the resource", "process.pid": 1}
    assert document_of(request(record, resource=resource, scope="app.auth")) == {
        "@timestamp": "2026-03-17T09:42:14.000000005Z",
        "message": "user logged in",
        "process.executable": "/usr/bin/sudo",
        "process.pid": 7,
        "http.request.bytes": 12,
        "own.thing": [1, "a"],
        "host.name": "h1",
        "host.os.type": "macos",
        "event.severity": 13,
        "event.action": "login",
        "log.level": "WARN",
        "log.logger": "app.auth",
        "trace.id": "000102030405060708090a0b0c0d0e0f",
        "span.id": "0001020304050607",
    }


def test_the_time_it_was_observed_stands_in() -> None:
    assert document_of(request(log_record("x", observed_time_unix_nano=OBSERVED))) == {
        "@timestamp": "2026-03-17T09:42:15.000Z",
        "message": "x",
    }
    assert document_of(request(log_record("x", severity_text="info", severity_number=1)))["log.level"] == "info"


@pytest.mark.parametrize(
    "body", [{"process": {"name": "a"}, "@timestamp": "t"}, '{"process.name":"a","@timestamp":"t"}']
)
def test_an_object_is_the_document(body: Any) -> None:
    attributes = {"process.name": "b", "process.pid": 1}
    (put,) = puts_of(request(log_record(body, attributes, time_unix_nano=TIME), resource={"host.name": "h"}))
    document = body if isinstance(body, dict) else orjson.loads(body)
    assert put.document == {**document, "process.pid": 1, "host.name": "h"}
    assert put.index == INDEX


def test_attributes_that_are_maps_and_values_of_every_kind() -> None:
    body = [1, 2.5, True, None, "a", b"\xff", {"k": {"l": []}}]
    record = log_record(body, {"a": {"b": {"c": 1}, "d": None}, "nothing": None, "source.address": "192.0.2.1"})
    assert document_of(request(record, resource={"server.address": "host.example", "b": b"\0"})) == {
        "message": '[1,2.5,true,null,"a","/w==",{"k":{"l":[]}}]',
        "a.b.c": 1,
        "source.address": "192.0.2.1",
        "source.ip": "192.0.2.1",
        "server.address": "host.example",
        "server.domain": "host.example",
        "b": "AA==",
    }
    assert document_of(request(log_record(None))) == {}


@pytest.mark.parametrize(
    ("body", "attributes", "index"),
    [
        ("x", {}, INDEX),
        ("x", {"data_stream.dataset": "nginx.access"}, ""),
        ({"data_stream": {"dataset": "a"}}, {"data_stream.dataset": "b"}, ""),
        ({"event": {"dataset": "a"}}, {}, ""),
        ({"_index": "logs-own", "_source": {"a": 1}}, {}, "logs-own"),
    ],
)
def test_where_a_document_belongs(body: Any, attributes: dict[str, Any], index: str) -> None:
    (put,) = puts_of(request(log_record(body, attributes)))
    assert put.index == index


def test_records_of_known_sources_become_what_they_are_from_a_file() -> None:
    raw = {"eventSource": "iam.amazonaws.com", "eventName": "CreateUser", "eventTime": "2026-03-17T09:42:14Z"}
    resource = {"host.name": "collector"}
    for body in (raw, orjson.dumps(raw).decode()):
        (put,) = puts_of(request(log_record(body, time_unix_nano=TIME), resource=resource))
        assert put == Put("", None, raw, False)
        record = admitted(put, DEFAULTS, OBSERVED)
        assert isinstance(record, Record)
        assert record.index[0] == "logs-aws.cloudtrail-default"
        assert orjson.loads(record.line)["event"]["action"] == "CreateUser"
    (put,) = puts_of(request(log_record(raw, {"data_stream.dataset": "mine", "data_stream.namespace": "n"})))
    assert put.index == "logs-mine-n"
    first, second = puts_of(request(log_record({"Records": [raw, raw]})))
    assert first == second == Put("", None, raw, False)


def test_a_windows_event_as_xml() -> None:
    body = """<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System>
        <Provider Name="Microsoft-Windows-Security-Auditing"/><EventID>4688</EventID><EventRecordID>7</EventRecordID>
        <TimeCreated SystemTime="2026-03-17T09:42:14.1Z"/><Channel>Security</Channel><Computer>h</Computer></System>
        <EventData><Data Name="NewProcessName">C:\\a.exe</Data></EventData></Event>"""
    (put,) = puts_of(request(log_record(body)))
    assert (put.index, put.aliases) == ("logs-system.security-default", ("winlogbeat-besra",))
    assert put.id
    record = admitted(put, DEFAULTS, OBSERVED)
    assert isinstance(record, Record)
    assert record.index == (put.index, "winlogbeat-besra")
    assert "message" in document_of(request(log_record("<Event> no log")))


def test_what_holds_no_document_is_refused() -> None:
    record = records_of(request(log_record({"Records": [1, {"a": 1}]})).SerializeToString(), Encoding.PROTOBUF)
    refused, put = items_of(record[0], DEFAULTS)
    assert isinstance(refused, Refused)
    assert refused.body == b'{"Records":[1,{"a":1}]}'
    assert isinstance(put, Put)


def test_numbers_that_are_none() -> None:
    assert math.isnan(document_of(request(log_record("x", {"a": math.inf})))["a"] * 0)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"\xff", Encoding.PROTOBUF),
        (b"{}", Encoding.PROTOBUF),
        (b"[]", Encoding.JSON),
        (b"{", Encoding.JSON),
        (b'{"resourceLogs": 1}', Encoding.JSON),
        (b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"traceId": "xyz"}]}]}]}', Encoding.JSON),
        (b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"timeUnixNano": "1x"}]}]}]}', Encoding.JSON),
    ],
)
def test_what_cannot_be_decoded(body: bytes, encoding: Encoding) -> None:
    with pytest.raises(OtlpError, match="ExportLogsServiceRequest"):
        records_of(body, encoding)


@pytest.mark.parametrize("encoding", Encoding)
def test_an_empty_request(encoding: Encoding) -> None:
    assert records_of(b"", encoding) == []
    assert records_of(b'{"resourceLogs":[{}], "unknown": 1}', Encoding.JSON) == []


def test_deep_values_are_refused() -> None:
    written = b""
    for field in (5, 1) * 200 + (5, 2, 2, 1):  # lists in lists, in the body of a record of a scope of a resource
        written = bytes([field << 3 | 2]) + varint(len(written)) + written
    with pytest.raises(OtlpError):
        records_of(written, Encoding.PROTOBUF)
    body = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":%b{"intValue":"1"}%b}]}]}]}'
    deep = body % (b'{"arrayValue":{"values":[' * 200, b"]}}" * 200)
    with pytest.raises(OtlpError):
        records_of(deep, Encoding.JSON)


def test_too_many_records_are_refused() -> None:
    scope = request().resource_logs[0].scope_logs[0].SerializeToString() + b"\x12\0" * (MOST_RECORDS + 1)
    resource = b"\x12" + varint(len(scope)) + scope
    with pytest.raises(OtlpError, match="at most"):
        records_of(b"\x0a" + varint(len(resource)) + resource, Encoding.PROTOBUF)


def test_answers() -> None:
    assert success(Encoding.PROTOBUF) == b""
    assert success(Encoding.JSON) == b"{}"
    told = ExportLogsServiceResponse.FromString(success(Encoding.PROTOBUF, 3, "why")).partial_success
    assert (told.rejected_log_records, told.error_message) == (3, "why")
    partial = {"partialSuccess": {"rejectedLogRecords": "3", "errorMessage": "why"}}
    assert orjson.loads(success(Encoding.JSON, 3, "why")) == partial
    assert failure(Encoding.JSON, "why") == b'{"message":"why"}'


@given(st.text(max_size=400))
def test_a_status_is_a_message_of_protobuf(text: str) -> None:
    # Of the same number and type as the message of google.rpc.Status.
    written = failure(Encoding.PROTOBUF, text)
    read = ExportLogsServiceResponse().partial_success.FromString(written)
    assert read.error_message == text.encode("utf-8", "replace").decode()


def test_content_types() -> None:
    assert encoding_of("application/json; charset=utf-8") is Encoding.JSON
    assert encoding_of("Application/X-Protobuf") is Encoding.PROTOBUF
    assert encoding_of("text/plain") is None


def test_no_field_of_ecs_is_renamed() -> None:
    assert not set(ECS_NAMES) & set(ECS_NAMES.values())


class Broken(Ingest):
    """Takes nothing, and says why."""

    def __init__(self, journal: Journal, folder: Path, why: Exception) -> None:
        super().__init__(journal, folder, lambda: OBSERVED)
        self.why = why

    async def take(self, items: Sequence[Item], origin: str = "_bulk", note: Note | None = None) -> Any:
        raise self.why


@pytest.mark.parametrize(
    ("why", "status", "wait"), [(BusyError("full", 7), 429, "7"), (JournalError("no disk"), 503, "10")]
)
@pytest.mark.parametrize("encoding", Encoding)
def test_what_is_to_be_sent_again(tmp_path: Path, why: Exception, status: int, wait: str, encoding: Encoding) -> None:
    message = request(log_record("x"))
    is_json = encoding is Encoding.JSON
    body = orjson.dumps(as_json(message)) if is_json else message.SerializeToString()
    journal = Journal(tmp_path)
    answered, headers, told = asked(Broken(journal, tmp_path, why), body, encoding)
    journal.close()
    assert (answered, headers["retry-after"], headers["content-type"]) == (status, wait, str(encoding))
    assert str(why).encode() in told


def asked(ingest: Ingest, body: bytes, encoding: Encoding) -> tuple[int, dict[str, str], bytes]:
    """The answer of the route to a request: status, headers and body."""
    (route,) = routes_of(otlp_routes(ingest))
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", encoding.encode())]
    scope = {"type": "http", "method": "POST", "path": "/v1/logs", "headers": headers, "query_string": b""}
    asyncio.run(route.app(scope, receive, send))
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, sent[1]["body"]

"""Requests of OTLP/HTTP to log records, in either encoding, and the answers to them.

The messages are those of opentelemetry-proto. In JSON, ids are hexadecimal where Protobuf's own mapping has Base64, and
keys nobody knows are ignored (OTLP 1.9, "JSON Protobuf Encoding").
"""

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

IDS = ("traceId", "spanId")
MOST_RECORDS = 100_000
"""Log records of a request: two bytes may be one, and in memory each takes hundreds."""


class OtlpError(Exception):
    """A request that cannot be decoded."""


class Encoding(StrEnum):
    """How messages are written, by the content type that says so."""

    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A log record with what its scope and its resource say. Times are in nanoseconds since 1970, None if not told.

    `attributes` are its own; those of its scope and resource come after, where they have other names.
    """

    body: Any
    attributes: Mapping[str, Any]
    time: int | None = None
    observed: int | None = None
    severity: str | None = None
    severity_number: int = 0
    trace_id: str | None = None
    span_id: str | None = None
    event_name: str | None = None
    logger: str | None = None


def encoding_of(content_type: str | None) -> Encoding | None:
    """The encoding a content type names; None for any other."""
    name = (content_type or Encoding.PROTOBUF).partition(";")[0].strip().lower()
    return Encoding(name) if name in list(Encoding) else None


def records_of(body: bytes, encoding: Encoding) -> list[LogRecord]:
    """The log records of a request, in their order. Raises OtlpError."""
    request = _from_json(body) if encoding is Encoding.JSON else _from_protobuf(body)
    count = sum(
        len(of_scope.log_records) for of_resource in request.resource_logs for of_scope in of_resource.scope_logs
    )
    if count > MOST_RECORDS:
        raise OtlpError(f"{count:,} log records in one request; send at most {MOST_RECORDS:,}")
    return list(_records(request))


def _from_protobuf(body: bytes) -> ExportLogsServiceRequest:
    try:
        request: ExportLogsServiceRequest = ExportLogsServiceRequest.FromString(body)
        return request
    except DecodeError as error:
        raise OtlpError(f"the body is no ExportLogsServiceRequest: {error}") from error


def _from_json(body: bytes) -> ExportLogsServiceRequest:
    try:
        value = orjson.loads(body) if body.strip() else {}
        if not isinstance(value, dict):
            raise OtlpError("the body is no ExportLogsServiceRequest: not a JSON object")
        for record in _in_lists(value, "resourceLogs", "scopeLogs", "logRecords"):
            for name in IDS:
                if isinstance(record.get(name), str):
                    record[name] = base64.b64encode(bytes.fromhex(record[name])).decode()
        request: ExportLogsServiceRequest = ParseDict(value, ExportLogsServiceRequest(), ignore_unknown_fields=True)
        return request
    except (ParseError, DecodeError, ValueError, RecursionError) as error:
        raise OtlpError(f"the body is no ExportLogsServiceRequest: {error}") from error


def _in_lists(value: dict[str, Any], *names: str) -> Iterator[dict[str, Any]]:
    """The objects in the lists of that name in the objects in the lists of the name before, and so on."""
    if not names:
        yield value
        return
    members = value.get(names[0])
    for member in members if isinstance(members, list) else ():
        if isinstance(member, dict):
            yield from _in_lists(member, *names[1:])


def _records(request: ExportLogsServiceRequest) -> Iterator[LogRecord]:
    for of_resource in request.resource_logs:
        resource = _attributes(of_resource.resource.attributes)
        for of_scope in of_resource.scope_logs:
            around = {**resource, **_attributes(of_scope.scope.attributes)}
            for record in of_scope.log_records:
                yield LogRecord(
                    value_of(record.body),
                    {**around, **_attributes(record.attributes)},
                    record.time_unix_nano or None,
                    record.observed_time_unix_nano or None,
                    record.severity_text or None,
                    record.severity_number,
                    record.trace_id.hex() or None,
                    record.span_id.hex() or None,
                    record.event_name or None,
                    of_scope.scope.name or None,
                )


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    """Attributes by name; one whose value is a map becomes one for each of its values."""
    found: dict[str, Any] = {}
    for pair in pairs:
        value = value_of(pair.value)
        if isinstance(value, dict):
            found.update(_spelled_out(pair.key, value))
        else:
            found[pair.key] = value
    return {name: value for name, value in found.items() if value is not None}


def _spelled_out(name: str, value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, member in value.items():
        if isinstance(member, dict):
            yield from _spelled_out(f"{name}.{key}", member)
        else:
            yield f"{name}.{key}", member


def value_of(value: AnyValue) -> Any:
    """A value as JSON has it: bytes are in Base64, and no value is null."""
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "int_value":
            return value.int_value
        case "double_value":
            return value.double_value
        case "array_value":
            return [value_of(member) for member in value.array_value.values]
        case "kvlist_value":
            return {pair.key: value_of(pair.value) for pair in value.kvlist_value.values}
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case _:
            return None


def success(encoding: Encoding, rejected: int = 0, message: str = "") -> bytes:
    """The answer to a request that was taken, but for so many records and for this reason."""
    if encoding is Encoding.JSON:
        partial = {"rejectedLogRecords": str(rejected), "errorMessage": message}
        return orjson.dumps({"partialSuccess": partial} if rejected else {})
    if not rejected:
        return b""
    partial_success = ExportLogsPartialSuccess(rejected_log_records=rejected, error_message=message)
    return bytes(ExportLogsServiceResponse(partial_success=partial_success).SerializeToString())


def failure(encoding: Encoding, message: str) -> bytes:
    """The `google.rpc.Status` that says what is wrong with a request; its code is not used in OTLP."""
    if encoding is Encoding.JSON:
        return orjson.dumps({"message": message})
    text = message.encode("utf-8", "replace")
    return b"\x12" + varint(len(text)) + text  # field 2, of a length: a package for one field would be much


def varint(number: int) -> bytes:
    """A number as Protobuf writes it, seven bits a byte."""
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*written, number])

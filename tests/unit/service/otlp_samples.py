"""Requests of OTLP in both encodings, made from plain values."""

from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource


def any_value(value: Any) -> AnyValue:
    match value:
        case None:
            return AnyValue()
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case str():
            return AnyValue(string_value=value)
        case bytes():
            return AnyValue(bytes_value=value)
        case list():
            return AnyValue(array_value=ArrayValue(values=[any_value(member) for member in value]))
        case _:
            return AnyValue(kvlist_value=KeyValueList(values=pairs(value)))


def pairs(values: dict[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=name, value=any_value(value)) for name, value in values.items()]


def log_record(body: Any = None, attributes: dict[str, Any] | None = None, **fields: Any) -> LogRecord:
    return LogRecord(body=any_value(body), attributes=pairs(attributes or {}), **fields)


def request(*records: LogRecord, resource: dict[str, Any] | None = None, scope: str = "") -> ExportLogsServiceRequest:
    logs = ScopeLogs(scope=InstrumentationScope(name=scope), log_records=list(records))
    of = ResourceLogs(resource=Resource(attributes=pairs(resource or {})), scope_logs=[logs])
    return ExportLogsServiceRequest(resource_logs=[of])


def as_json(message: ExportLogsServiceRequest) -> dict[str, Any]:
    """The request in OTLP's JSON, which has ids in hexadecimal."""
    value: dict[str, Any] = MessageToDict(message)
    for of_resource, resource in zip(value.get("resourceLogs", []), message.resource_logs, strict=True):
        for of_scope, scope in zip(of_resource.get("scopeLogs", []), resource.scope_logs, strict=True):
            for record, original in zip(of_scope.get("logRecords", []), scope.log_records, strict=True):
                if original.trace_id:
                    record["traceId"] = original.trace_id.hex().upper()
                if original.span_id:
                    record["spanId"] = original.span_id.hex()
    return value

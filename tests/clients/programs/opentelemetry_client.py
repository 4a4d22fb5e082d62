"""OpenTelemetry's SDK for Python: a provider of loggers, a batch processor, an exporter of OTLP over HTTP."""

import json
import sys
from datetime import datetime

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource

told = json.load(sys.stdin)
compression = Compression(sys.argv[1])
exporter = OTLPLogExporter(endpoint=f"{told['address']}/v1/logs", compression=compression, timeout=30)
provider = LoggerProvider(resource=Resource.create({"service.name": "sensor"}))
provider.add_log_record_processor(BatchLogRecordProcessor(exporter, max_export_batch_size=64))
logger = provider.get_logger("events")

for document in told["documents"]:
    time = round(datetime.fromisoformat(document["@timestamp"]).timestamp() * 1e6) * 1000
    logger.emit(LogRecord(timestamp=time, severity_number=SeverityNumber.INFO, body=document))
flushed = provider.force_flush()
provider.shutdown()
json.dump({"flushed": flushed}, sys.stdout)

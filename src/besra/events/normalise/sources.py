"""The sources besra knows beside ECS documents and Windows event log files (sources.md 5 to 7)."""

from besra.events.normalise.source import Source

FILEBEAT = "filebeat-besra"
"""The name under which events of products that Filebeat collects answer to `filebeat-*`."""

SOURCES: tuple[Source, ...] = ()
"""In the order in which they are tried."""

"""The sources besra knows beside ECS documents and Windows event log files (sources.md 5 to 7)."""

from besra.events.normalise.source import Source

FILEBEAT = "filebeat-besra"
"""The name under which events of products that Filebeat collects answer to `filebeat-*`."""

NORMALISED = ("data_stream.dataset",)
"""What only documents have that went through a pipeline already, even if it left raw names in them."""

SOURCES: tuple[Source, ...] = (
    Source(
        "sentinel_one",
        "SentinelOne Cloud Funnel",
        "sentinel_one",
        ("meta.event.name", "src.process.uid", "mgmt.id", "dataSource.name"),
        NORMALISED,
    ),
    Source(
        "defender_xdr",
        "Microsoft Defender XDR",
        "defender_xdr",
        ("properties.Timestamp", "ActionType", "ReportId", "AlertId"),
        NORMALISED,
    ),
    Source("crowdstrike", "CrowdStrike FDR", "crowdstrike", ("event_simpleName", "#event_simpleName"), NORMALISED),
    Source("auditd", "Linux audit", "auditd", ("auditd_records.type",), also=("auditbeat-besra",)),
)
"""In the order in which they are tried."""

"""The sources besra knows beside ECS documents and Windows event log files (sources.md 5 to 7)."""

from besra.events.normalise.source import Source

FILEBEAT = "filebeat-besra"
"""The name under which events of products that Filebeat collects answer to `filebeat-*`."""

SOURCES: tuple[Source, ...] = (
    Source(
        "sentinel_one",
        "SentinelOne Cloud Funnel",
        "sentinel_one",
        ("meta.event.name", "src.process.uid", "mgmt.id", "dataSource.name"),
    ),
    Source(
        "defender_xdr",
        "Microsoft Defender XDR",
        "defender_xdr",
        ("properties.Timestamp", "ActionType", "ReportId", "AlertId"),
    ),
    Source("crowdstrike", "CrowdStrike FDR", "crowdstrike", ("event_simpleName", "#event_simpleName")),
    Source("auditd", "Linux audit", "auditd", ("auditd_records",), also=("auditbeat-besra",)),
)
"""In the order in which they are tried."""

"""The sources besra knows beside ECS documents and Windows event log files (sources.md 5 to 7)."""

from besra.events.normalise.source import Source

FILEBEAT = "filebeat-besra"
"""The name under which events of products that Filebeat collects answer to `filebeat-*`."""

NORMALISED = ("data_stream.dataset",)
"""What only documents have that went through a pipeline already, even if it left raw names in them."""

DIAGNOSTIC = ("operationName", "operationVersion")
"""Names of which every diagnostic record of Azure has one."""

WINLOGBEAT = "winlogbeat-besra"
"""The name under which events of Windows logs answer to `winlogbeat-*`."""

SHIPPED = ("event.category", "event.ingested", "kibana.alert.uuid")
"""A document of a shipper with one of these has been through its pipeline."""

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
    Source(
        "cloudtrail",
        "AWS CloudTrail",
        "cloudtrail",
        ("eventSource", "CloudTrailEvent", "detail.eventSource"),
        NORMALISED,
        also=(FILEBEAT,),
    ),
    Source("okta", "Okta System Log", "okta", ("published",), NORMALISED, (FILEBEAT,)),
    Source("github", "GitHub audit log", "github", ("action",), NORMALISED),
    Source("kubernetes", "Kubernetes audit log", "kubernetes", ("auditID",), NORMALISED),
    Source(
        "entra_sign_in",
        "Microsoft Entra sign-in log",
        "azure_sign_in",
        (*DIAGNOSTIC, "createdDateTime"),
        NORMALISED,
        also=(FILEBEAT,),
    ),
    Source(
        "entra_audit",
        "Microsoft Entra audit log",
        "azure_audit",
        (*DIAGNOSTIC, "activityDisplayName"),
        NORMALISED,
        also=(FILEBEAT,),
    ),
    Source(
        "entra_id_protection",
        "Microsoft Entra ID Protection",
        "azure_identity_protection",
        (*DIAGNOSTIC, "riskEventType", "riskState"),
        NORMALISED,
        also=(FILEBEAT,),
    ),
    Source("graph_activity", "Microsoft Graph activity log", "azure_graph", DIAGNOSTIC, NORMALISED),
    Source(
        "azure_activity",
        "Azure activity log",
        "azure_activity",
        (*DIAGNOSTIC, "operationName.value"),
        NORMALISED,
        also=(FILEBEAT,),
    ),
    Source("azure_platform", "Azure resource logs", "azure_platform", DIAGNOSTIC, NORMALISED, also=(FILEBEAT,)),
    Source("windows_flat", "Windows events as flat JSON (NXLog)", "nxlog", ("EventID",), also=(WINLOGBEAT,)),
    Source(
        "windows_winlogbeat",
        "Winlogbeat and Elastic Agent before their pipelines",
        "winlogbeat",
        ("winlog.channel", "log_name"),
        unless=SHIPPED,
        also=(WINLOGBEAT,),
    ),
    Source(
        "windows_evtx_json",
        "Windows events as JSON of their XML (evtx_dump, Chainsaw)",
        "evtx_json",
        ("Event.System.Computer", "Event.System.Channel"),
        also=(WINLOGBEAT,),
    ),
    Source("windows_evtxecmd", "EvtxECmd", "evtxecmd", ("EventId",), also=(WINLOGBEAT,)),
    Source(
        "windows_velociraptor",
        "Windows events of Velociraptor",
        "velociraptor",
        ("System.Computer", "System.Channel"),
        also=(WINLOGBEAT,),
    ),
    Source(
        "windows_get_winevent",
        "PowerShell's Get-WinEvent",
        "get_winevent",
        ("LogName", "ProviderName"),
        also=(WINLOGBEAT,),
    ),
    Source("windows_wazuh", "Windows events of Wazuh", "wazuh", ("data.win.system.eventID",), also=(WINLOGBEAT,)),
)
"""In the order in which they are tried."""

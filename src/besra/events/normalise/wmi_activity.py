"""Events of Microsoft-Windows-WMI-Activity/Operational to ECS."""

from besra.events.normalise.channel_table import account, integer, path, table, text

WMI_ACTIVITY = table(
    """
    5857; process; info; wmi-provider-loaded
    5858; process; info; wmi-operation-failed
    5859; configuration; change; wmi-event-filter-started
    5860; process; info; wmi-temporary-event-consumer-registered
    5861; configuration; creation; wmi-permanent-event-consumer-registered
    """,
    (
        ("HostProcess", "process.name", text),
        ("ProcessID", "process.pid", integer),
        ("Processid", "process.pid", integer),
        ("ClientProcessId", "process.pid", integer),
        ("ProviderPath", "file.path", path),
        ("User", "user", account),
        ("ClientMachine", "source.domain", text),
    ),
)

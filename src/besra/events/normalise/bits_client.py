"""Events of Microsoft-Windows-Bits-Client/Operational to ECS."""

from besra.events.normalise.channel_table import account, executable, integer, path, table, url

BITS_CLIENT = table(
    """
    3; network; info; bits-job-created
    4; network; info; bits-job-completed
    5; network; info; bits-job-cancelled
    59; network; start connection; bits-transfer-started
    60; network; end connection; bits-transfer-stopped
    61; network; end connection; bits-transfer-failed
    16403; network; info; bits-job-file-added
    """,
    (
        ("processPath", "process.executable", executable),
        ("processId", "process.pid", integer),
        ("ProcessId", "process.pid", integer),
        ("jobOwner", "user", account),
        ("User", "user", account),
        ("url", "url.full", url),
        ("RemoteName", "url.full", url),
        ("LocalName", "file.path", path),
    ),
)

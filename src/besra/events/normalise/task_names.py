"""Texts of tasks, which live in the providers' message files: of the security audit and of the event log's service.

A shipper on the machine renders them, and sends them as `winlog.task` and, where a pipeline has nothing better, as
`event.action`. They are the same on all machines whose language is English, for which rules are written.
"""

from functools import cache

AUDIT = "Microsoft-Windows-Security-Auditing"
EVENT_LOG = "Microsoft-Windows-Eventlog"

TASKS = {
    AUDIT: """
        12288 Security State Change
        12289 Security System Extension
        12290 System Integrity
        12291 IPsec Driver
        12292 Other System Events
        12544 Logon
        12545 Logoff
        12546 Account Lockout
        12547 IPsec Main Mode
        12548 Special Logon
        12549 IPsec Quick Mode
        12550 IPsec Extended Mode
        12551 Other Logon/Logoff Events
        12552 Network Policy Server
        12553 User / Device Claims
        12554 Group Membership
        12800 File System
        12801 Registry
        12802 Kernel Object
        12803 SAM
        12804 Other Object Access Events
        12805 Certification Services
        12806 Application Generated
        12807 Handle Manipulation
        12808 File Share
        12809 Filtering Platform Packet Drop
        12810 Filtering Platform Connection
        12811 Detailed File Share
        12812 Removable Storage
        12813 Central Policy Staging
        13056 Sensitive Privilege Use
        13057 Non Sensitive Privilege Use
        13312 Process Creation
        13313 Process Termination
        13314 DPAPI Activity
        13315 RPC Events
        13316 Plug and Play Events
        13317 Token Right Adjusted Events
        13568 Audit Policy Change
        13569 Authentication Policy Change
        13570 Authorization Policy Change
        13571 MPSSVC Rule-Level Policy Change
        13572 Filtering Platform Policy Change
        13573 Other Policy Change Events
        13824 User Account Management
        13825 Computer Account Management
        13826 Security Group Management
        13827 Distribution Group Management
        13828 Application Group Management
        13829 Other Account Management Events
        14080 Directory Service Access
        14081 Directory Service Changes
        14082 Directory Service Replication
        14083 Detailed Directory Service Replication
        14336 Credential Validation
        14337 Kerberos Service Ticket Operations
        14338 Other Account Logon Events
        14339 Kerberos Authentication Service
        """,
    EVENT_LOG: """
        103 Service shutdown
        104 Log clear
        105 Log automatic backup
        """,
}


@cache
def _names() -> dict[tuple[str, int], str]:
    rows = [
        (provider, line.strip().partition(" "))
        for provider, text in TASKS.items()
        for line in text.strip().splitlines()
    ]
    return {(provider, int(number)): name for provider, (number, _, name) in rows}


def task_name(provider: str | None, task: int | None) -> str | None:
    """The text of a provider's task; None for one that is not known."""
    return _names().get((provider, task)) if provider is not None and task is not None else None

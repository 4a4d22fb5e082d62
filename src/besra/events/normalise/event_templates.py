"""Names of event data by place, for exports that hold the values alone.

Later versions of an event add names at the end. Names are those of the providers' manifests, as in the log itself.
"""

from functools import cache

SECURITY, SERVICES, POWERSHELL = (
    "Microsoft-Windows-Security-Auditing",
    "Service Control Manager",
    "Microsoft-Windows-PowerShell",
)

SUBJECT = "SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId"
TARGET = "TargetUserName TargetDomainName TargetSid"
LOGON = (
    f"{SUBJECT} TargetUserSid TargetUserName TargetDomainName TargetLogonId LogonType LogonProcessName "
    "AuthenticationPackageName WorkstationName LogonGuid TransmittedServices LmPackageName KeyLength ProcessId "
    "ProcessName IpAddress IpPort ImpersonationLevel RestrictedAdminMode TargetOutboundUserName "
    "TargetOutboundDomainName VirtualAccount TargetLinkedLogonId ElevatedToken"
)
FAILED_LOGON = (
    f"{SUBJECT} TargetUserSid TargetUserName TargetDomainName Status FailureReason SubStatus LogonType "
    "LogonProcessName AuthenticationPackageName WorkstationName TransmittedServices LmPackageName KeyLength ProcessId "
    "ProcessName IpAddress IpPort"
)
EXPLICIT_LOGON = (
    f"{SUBJECT} LogonGuid TargetUserName TargetDomainName TargetLogonGuid TargetServerName TargetInfo ProcessId "
    "ProcessName IpAddress IpPort"
)
NEW_PROCESS = (
    f"{SUBJECT} NewProcessId NewProcessName TokenElevationType ProcessId CommandLine TargetUserSid TargetUserName "
    "TargetDomainName TargetLogonId ParentProcessName MandatoryLabel"
)
TASK = (
    f"{SUBJECT} TaskName TaskContent ClientProcessStartKey ClientProcessId ParentProcessId RpcCallClientLocality FQDN"
)
SERVICE = (
    f"{SUBJECT} ServiceName ServiceFileName ServiceType ServiceStartType ServiceAccount ClientProcessStartKey "
    "ClientProcessId ParentProcessId RpcCallClientLocality FQDN"
)
MEMBER = f"MemberName MemberSid {TARGET} {SUBJECT} PrivilegeList"
SHARE = f"{SUBJECT} ObjectType IpAddress IpPort ShareName ShareLocalPath"
OBJECT = f"{SUBJECT} ObjectServer ObjectType ObjectName HandleId"
FILTERING = (
    "ProcessID Application Direction SourceAddress SourcePort DestAddress DestPort Protocol FilterRTID LayerName "
    "LayerRTID RemoteUserID RemoteMachineID"
)

ROWS = (
    # provider, ids, names in order
    (SECURITY, "4624", LOGON),
    (SECURITY, "4625", FAILED_LOGON),
    (SECURITY, "4634", "TargetUserSid TargetUserName TargetDomainName TargetLogonId LogonType"),
    (SECURITY, "4647", "TargetUserSid TargetUserName TargetDomainName TargetLogonId"),
    (SECURITY, "4648", EXPLICIT_LOGON),
    (
        SECURITY,
        "4657",
        (
            f"{SUBJECT} ObjectName ObjectValueName HandleId OperationType OldValueType OldValue NewValueType "
            "NewValue ProcessId ProcessName"
        ),
    ),
    (
        SECURITY,
        "4656",
        (
            f"{OBJECT} TransactionId AccessList AccessReason AccessMask PrivilegeList RestrictedSidCount "
            "ProcessId ProcessName ResourceAttributes"
        ),
    ),
    (SECURITY, "4658", f"{SUBJECT} ObjectServer HandleId ProcessId ProcessName"),
    (
        SECURITY,
        "4662",
        (
            f"{SUBJECT} ObjectServer ObjectType ObjectName OperationType HandleId AccessList AccessMask "
            "Properties AdditionalInfo AdditionalInfo2"
        ),
    ),
    (SECURITY, "4663", f"{OBJECT} AccessList AccessMask ProcessId ProcessName ResourceAttributes"),
    (SECURITY, "4672", f"{SUBJECT} PrivilegeList"),
    (SECURITY, "4688", NEW_PROCESS),
    (SECURITY, "4689", f"{SUBJECT} Status ProcessId ProcessName"),
    (SECURITY, "4697", SERVICE),
    (SECURITY, "4698 4699 4700 4701", TASK),
    (SECURITY, "4702", TASK.replace("TaskContent", "TaskContentNew")),
    (SECURITY, "4719", f"{SUBJECT} CategoryId SubcategoryId SubcategoryGuid AuditPolicyChanges"),
    (SECURITY, "4722 4724 4725", f"{TARGET} {SUBJECT}"),
    (SECURITY, "4723 4726", f"{TARGET} {SUBJECT} PrivilegeList"),
    (SECURITY, "4728 4729 4732 4733 4756 4757", MEMBER),
    (
        SECURITY,
        "4768",
        (
            "TargetUserName TargetDomainName TargetSid ServiceName ServiceSid TicketOptions Status "
            "TicketEncryptionType PreAuthType IpAddress IpPort CertIssuerName CertSerialNumber CertThumbprint"
        ),
    ),
    (
        SECURITY,
        "4769",
        (
            "TargetUserName TargetDomainName ServiceName ServiceSid TicketOptions TicketEncryptionType "
            "IpAddress IpPort Status LogonGuid TransmittedServices"
        ),
    ),
    (
        SECURITY,
        "4771",
        (
            "TargetUserName TargetSid ServiceName TicketOptions Status PreAuthType IpAddress IpPort "
            "CertIssuerName CertSerialNumber CertThumbprint"
        ),
    ),
    (SECURITY, "4776", "PackageName TargetUserName Workstation Status"),
    (
        SECURITY,
        "5136",
        "OpCorrelationID AppCorrelationID " + SUBJECT + " DSName DSType ObjectDN ObjectGUID ObjectClass "
        "AttributeLDAPDisplayName AttributeSyntaxOID AttributeValue OperationType",
    ),
    (
        SECURITY,
        "5137",
        "OpCorrelationID AppCorrelationID " + SUBJECT + " DSName DSType ObjectDN ObjectGUID ObjectClass",
    ),
    (SECURITY, "5140", f"{SHARE} AccessMask AccessList"),
    (SECURITY, "5145", f"{SHARE} RelativeTargetName AccessMask AccessList AccessReason"),
    (SECURITY, "5156 5157", FILTERING),
    (SERVICES, "7045", "ServiceName ImagePath ServiceType StartType AccountName"),
    (POWERSHELL, "4103", "ContextInfo UserData Payload"),
    (POWERSHELL, "4104", "MessageNumber MessageTotal ScriptBlockText ScriptBlockId Path"),
    (POWERSHELL, "4105 4106", "ScriptBlockId RunspaceId"),
)

HEXADECIMAL = frozenset(
    [
        "AccessMask",
        "HandleId",
        "NewProcessId",
        "ProcessId",
        "ServiceType",
        "Status",
        "SubStatus",
        "SubjectLogonId",
        "TargetLinkedLogonId",
        "TargetLogonId",
        "TicketEncryptionType",
        "TicketOptions",
    ]
)
"""Names of numbers that the log renders as `0x3e7`."""


@cache
def _templates() -> dict[tuple[str, str], tuple[str, ...]]:
    return {(provider, code): tuple(names.split()) for provider, ids, names in ROWS for code in ids.split()}


def template_of(provider: str, event_id: str) -> tuple[str, ...]:
    """The names of an event's data in order; empty for an event that is not in the table."""
    return _templates().get((provider, event_id), ())

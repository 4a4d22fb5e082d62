"""Audit policy subcategories and changes in Security events (4719 and others)."""

from functools import cache

from besra.events.normalise.nested_document import Document, text_of
from besra.events.normalise.parameter_message import message_number, message_text

SUBCATEGORIES = {
    "System": """10 Security State Change|11 Security System Extension|12 System Integrity|13 IPsec Driver|
        14 Other System Events""",
    "Logon/Logoff": """15 Logon|16 Logoff|17 Account Lockout|18 IPsec Main Mode|19 IPsec Quick Mode|
        1A IPsec Extended Mode|1B Special Logon|1C Other Logon/Logoff Events|43 Network Policy Server|
        47 User / Device Claims|49 Group Membership""",
    "Object Access": """1D File System|1E Registry|1F Kernel Object|20 SAM|21 Certification Services|
        22 Application Generated|23 Handle Manipulation|24 File Share|25 Filtering Platform Packet Drop|
        26 Filtering Platform Connection|27 Other Object Access Events|44 Detailed File Share|45 Removable Storage|
        46 Central Policy Staging""",
    "Privilege Use": "28 Sensitive Privilege Use|29 Non Sensitive Privilege Use|2A Other Privilege Use Events",
    "Detailed Tracking": """2B Process Creation|2C Process Termination|2D DPAPI Activity|2E RPC Events|
        48 Plug and Play Events|4A Token Right Adjusted Events""",
    "Policy Change": """2F Audit Policy Change|30 Authentication Policy Change|31 Authorization Policy Change|
        32 MPSSVC Rule-Level Policy Change|33 Filtering Platform Policy Change|34 Other Policy Change Events""",
    "Account Management": """35 User Account Management|36 Computer Account Management|37 Security Group Management|
        38 Distribution Group Management|39 Application Group Management|3A Other Account Management Events""",
    "DS Access": """3B Directory Service Access|3C Directory Service Changes|3D Directory Service Replication|
        3E Detailed Directory Service Replication""",
    "Account Logon": """3F Credential Validation|40 Kerberos Service Ticket Operations|
        41 Other Account Logon Events|42 Kerberos Authentication Service""",
}
"""Category to the two hexadecimal digits that tell its subcategories' GUIDs apart, and their names (MS-GPAC)."""

GUID = "0CCE92{}-69AE-11D9-BED3-505054503030"


@cache
def _by_guid() -> dict[str, tuple[str, str]]:
    rows = [(category, row.split(" ", 1)) for category, text in SUBCATEGORIES.items() for row in _rows(text)]
    return {GUID.format(digits): (category, name) for category, (digits, name) in rows}


def _rows(text: str) -> list[str]:
    return [row.strip() for row in text.split("|")]


def put_audit_policy(data: Document) -> None:
    """Set `Category` and `SubCategory` from the GUID, and the changes in words."""
    guid = text_of(data.get("SubcategoryGuid"))
    known = _by_guid().get(guid.strip("{}").upper()) if guid else None
    if known:
        data["Category"], data["SubCategory"] = known
    changes = text_of(data.get("AuditPolicyChanges"))
    if changes:
        parts = changes.split(",")
        data["AuditPolicyChangesDescription"] = [message_text(part) or message_number(part) for part in parts]

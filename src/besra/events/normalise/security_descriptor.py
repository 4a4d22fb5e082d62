"""Security descriptors (SDDL text) and lists of SIDs in Security events, in words.

Names are those of Microsoft's documentation of event 4715 and of "SID strings" and "ACE strings". The pipelines'
results are kept where they look odd, since rules see those: an unknown account of a domain prints as `null`, the
owner keeps its `O:` prefix, and the entries of the system list count as entries of the access list before it too.
"""

import re

from besra.events.normalise.nested_document import Document, collect, integer_of, text_of

TRUSTEES = {
    "AN": "Anonymous logon",
    "AO": "Account operators",
    "AU": "Authenticated users",
    "BA": "Built-in administrators",
    "BG": "Built-in guests",
    "BO": "Backup operators",
    "BU": "Built-in users",
    "CA": "Certificate server administrators",
    "CG": "Creator group",
    "CO": "Creator owner",
    "DA": "Domain administrators",
    "DC": "Domain computers",
    "DD": "Domain controllers",
    "DG": "Domain guests",
    "DU": "Domain users",
    "EA": "Enterprise administrators",
    "ED": "Enterprise domain controllers",
    "IU": "Interactively logged-on user",
    "LA": "Local administrator",
    "LG": "Local guest",
    "LS": "Local service account",
    "NO": "Network configuration operators",
    "NS": "Network service account",
    "NU": "Network logon user",
    "PA": "Group Policy administrators",
    "PO": "Printer operators",
    "PS": "Personal self",
    "PU": "Power users",
    "RC": "Restricted code",
    "RD": "Terminal server users",
    "RE": "Replicator",
    "RS": "RAS servers group",
    "RU": "Alias to allow previous Windows 2000",
    "SA": "Schema administrators",
    "SO": "Server operators",
    "SU": "Service logon user",
    "SY": "Local system",
    "WD": "Everyone",
}

WELL_KNOWN = {
    "S-1-0": "Null Authority",
    "S-1-0-0": "Nobody",
    "S-1-1": "World Authority",
    "S-1-1-0": "Everyone",
    "S-1-2": "Local Authority",
    "S-1-2-0": "Local",
    "S-1-2-1": "Console Logon",
    "S-1-3": "Creator Authority",
    "S-1-3-0": "Creator Owner",
    "S-1-3-1": "Creator Group",
    "S-1-3-2": "Creator Owner Server",
    "S-1-3-3": "Creator Group Server",
    "S-1-3-4": "Owner Rights",
    "S-1-4": "Non-unique Authority",
    "S-1-5": "NT Authority",
    "S-1-5-1": "Dialup",
    "S-1-5-2": "Network",
    "S-1-5-3": "Batch",
    "S-1-5-4": "Interactive",
    "S-1-5-6": "Service",
    "S-1-5-7": "Anonymous",
    "S-1-5-8": "Proxy",
    "S-1-5-9": "Enterprise Domain Controllers",
    "S-1-5-10": "Principal Self",
    "S-1-5-11": "Authenticated Users",
    "S-1-5-12": "Restricted Code",
    "S-1-5-13": "Terminal Server Users",
    "S-1-5-14": "Remote Interactive Logon",
    "S-1-5-15": "This Organization",
    "S-1-5-17": "This Organization",
    "S-1-5-18": "Local System",
    "S-1-5-19": "NT Authority",
    "S-1-5-20": "NT Authority",
    "S-1-5-32-544": "Administrators",
    "S-1-5-32-545": "Users",
    "S-1-5-32-546": "Guests",
    "S-1-5-32-547": "Power Users",
    "S-1-5-32-548": "Account Operators",
    "S-1-5-32-549": "Server Operators",
    "S-1-5-32-550": "Print Operators",
    "S-1-5-32-551": "Backup Operators",
    "S-1-5-32-552": "Replicators",
    "S-1-5-32-554": "Builtin\\Pre-Windows 2000 Compatible Access",
    "S-1-5-32-555": "Builtin\\Remote Desktop Users",
    "S-1-5-32-556": "Builtin\\Network Configuration Operators",
    "S-1-5-32-558": "Builtin\\Performance Monitor Users",
    "S-1-5-32-559": "Builtin\\Performance Log Users",
    "S-1-5-32-562": "Builtin\\Distributed COM Users",
    "S-1-5-32-569": "Builtin\\Cryptographic Operators",
    "S-1-5-32-573": "Builtin\\Event Log Readers",
    "S-1-5-32-578": "Builtin\\Hyper-V Administrators",
    "S-1-5-32-580": "Builtin\\Remote Management Users",
    "S-1-5-64-10": "NTLM Authentication",
    "S-1-5-64-14": "SChannel Authentication",
    "S-1-5-64-21": "Digest Authentication",
    "S-1-5-80": "NT Service",
    "S-1-5-80-0": "All Services",
    "S-1-5-83-0": "NT Virtual Machine\\Virtual Machines",
    "S-1-5-90-0": "Windows Manager\\Windows Manager Group",
    "S-1-16-0": "Untrusted Mandatory Level",
    "S-1-16-4096": "Low Mandatory Level",
    "S-1-16-8192": "Medium Mandatory Level",
    "S-1-16-8448": "Medium Plus Mandatory Level",
    "S-1-16-12288": "High Mandatory Level",
    "S-1-16-16384": "System Mandatory Level",
    "S-1-16-20480": "Protected Process Mandatory Level",
    "S-1-16-28672": "Secure Process Mandatory Level",
}

DOMAIN_ACCOUNTS = {
    "498": "Enterprise Read-only Domain Controllers",
    "500": "Administrator",
    "501": "Guest",
    "502": "KRBTGT",
    "512": "Domain Admins",
    "513": "Domain Users",
    "514": "Domain Guests",
    "515": "Domain Computers",
    "516": "Domain Controllers",
    "517": "Cert Publishers",
    "518": "Schema Admins",
    "519": "Enterprise Admins",
    "520": "Group Policy Creator Owners",
    "521": "Read-only Domain Controllers",
    "522": "Cloneable Domain Controllers",
    "526": "Key Admins",
    "527": "Enterprise Key Admins",
    "553": "RAS and IAS Servers",
    "571": "Allowed RODC Password Replication Group",
    "572": "Denied RODC Password Replication Group",
}
"""Accounts of any domain by the last part of their SID."""

USERS = frozenset({"Administrator", "Guest", "KRBTGT"})
"""Names above that are users, hence go to `related.user`."""

ENTRY_TYPES = {
    "A": "Access Allowed",
    "AL": "System Alarm",
    "AU": "System Audit",
    "D": "Access Denied",
    "ML": "System Mandatory Label",
    "OA": "Object Access Allowed",
    "OD": "Object Access Denied",
    "OL": "System Object Alarm",
    "OU": "System Object Audit",
    "SP": "Central Policy ID",
}

RIGHTS = {
    "CC": "Create All Child Objects",
    "CR": "All Extended Rights",
    "DC": "Delete All Child Objects",
    "DT": "Delete Subtree",
    "FA": "File All Access",
    "FR": "File Generic Read",
    "FW": "FILE GENERIC WRITE",
    "FX": "FILE GENERIC EXECUTE",
    "GA": "Generic All",
    "GR": "Generic Read",
    "GW": "Generic Write",
    "GX": "Generic Execute",
    "KA": "KEY ALL ACCESS",
    "KR": "KEY READ",
    "KW": "KEY WRITE",
    "KX": "KEY EXECUTE",
    "LC": "List Contents",
    "LO": "List Object",
    "RC": "Read Permissions",
    "RP": "Read All Properties",
    "SD": "Delete",
    "SW": "All Validated",
    "WD": "Modify Permissions",
    "WO": "Modify Owner",
    "WP": "Write All Properties",
}

MASK = {
    0x80000000: "Generic Read",
    0x04000000: "Generic Write",
    0x20000000: "Generic Execute",
    0x10000000: "Generic All",
    0x02000000: "Maximum Allowed",
    0x01000000: "Access System Security",
    0x00100000: "Syncronize",
    0x00080000: "Write Owner",
    0x00040000: "Write DACL",
    0x00020000: "Read Control",
    0x00010000: "Delete",
}
"""Bits of a hexadecimal access mask, with the pipelines' value for Generic Write and their spelling."""

OWNER = re.compile(r"O:[A-Z]{2}")
GROUP = re.compile(r"G:[A-Z]{2}")
ENTRY = re.compile(r"\(([^()]*)\)")


def account_name(sid: str) -> str | None:
    """The name of an SDDL alias or a well-known SID, the SID itself if it has none; None for accounts of a domain
    other than the ones every domain has."""
    name = TRUSTEES.get(sid) or WELL_KNOWN.get(sid)
    if name is not None:
        return name
    if sid.startswith("S-1-5-21"):
        return DOMAIN_ACCOUNTS.get(sid.rpartition("-")[2])
    return sid


def put_descriptors(document: Document, data: Document) -> None:
    """Describe `OldSd`, `NewSd` and `SidList` beside them in event data."""
    for name in ("OldSd", "NewSd"):
        descriptor = text_of(data.get(name))
        if descriptor:
            _put_descriptor(document, data, name, descriptor)
    sids = text_of(data.get("SidList"))
    if sids:
        listed = sids.split(" ")
        data["SidList"] = listed
        data["SidListDesc"] = [account_name(re.sub(r"[%{}]", "", sid)) for sid in listed]


def _put_descriptor(document: Document, data: Document, name: str, descriptor: str) -> None:
    owner, group = OWNER.match(descriptor), GROUP.match(descriptor)
    if owner:
        data[f"{name}Owner"] = owner[0]
    if group:
        data[f"{name}Group"] = group[0]
    for suffix, start in (("Dacl", descriptor.find("D:")), ("Sacl", descriptor.find("S:"))):
        entries = ENTRY.findall(descriptor, start) if start >= 0 else []
        for number, entry in enumerate(entries):
            text, account = _describe_entry(entry)
            data[f"{name}{suffix}{number}"] = text
            if account in USERS:
                collect(document, "related.user", account)


def _describe_entry(entry: str) -> tuple[str, str | None]:
    """An access control entry in words, and the account it is for."""
    parts = entry.split(";")
    account = account_name(parts[5]) if len(parts) > 5 else None
    rights = parts[2] if len(parts) > 2 else ""
    names = _mask_names(rights) if rights.startswith("0x") else _right_names(rights)
    kind = ENTRY_TYPES.get(parts[0], "null")
    return f"{account or 'null'} :{kind} ([{', '.join(names)}])", account


def _right_names(rights: str) -> list[str]:
    return [RIGHTS.get(rights[start : start + 2], "null") for start in range(0, len(rights), 2)]


def _mask_names(mask: str) -> list[str]:
    bits = integer_of(mask) or 0
    return [name for bit, name in MASK.items() if bits & bit] or [mask]

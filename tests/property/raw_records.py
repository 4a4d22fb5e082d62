"""Hypothesis strategies for raw records of sources: real names with any JSON behind them, in any arrangement."""

from typing import Any

from hypothesis import strategies as st

from besra.events.normalise import crowdstrike_fields, defender_fields, sentinel_one
from besra.events.normalise.auditd import FILE_FIELDS, PROCESS_FIELDS, USER_FIELDS
from besra.events.normalise.crowdstrike_events import EVENTS
from besra.events.normalise.defender_tables import ACTIONS, CATEGORIES, TYPES
from besra.events.normalise.raw_values import Move

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8"), max_size=12),
    st.sampled_from(
        ["", "-", "0", "1", "\\", "/", '"', '""', "::1", "::ffff:192.0.2.1", "a\\b", "type: 1 x", "{}", '{"a": [1]}']
    ),
    st.sampled_from(
        ["C:\\a\\b.exe", "/usr/bin/x", "\\Device\\HarddiskVolume1\\x", "HKEY_USERS\\a\\b", "9" * 30, "1e400"]
    ),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab.") | st.text(max_size=3), inner),
    max_leaves=6,
)


def names_in(module: object) -> list[str]:
    """The raw names in the tables of a module."""
    tables = [table for table in vars(module).values() if isinstance(table, tuple)]
    return sorted({move.raw for table in tables for move in table if isinstance(move, Move)})


SENTINEL_ONE = [*names_in(sentinel_one), "event.category", "event.type", "meta.event.name", "src.process.cmdline"]
SENTINEL_ONE += ["tgt.process.cmdline", "src.process.parent.cmdline", "tgt.process.signedStatus", "src.process"]
SENTINEL_ONE += ["event.dns.request", "event.dns.response", "event.login.loginIsSuccessful", "tgt.process.publisher"]
DEFENDER = [*names_in(defender_fields), "category", "ActionType", "AdditionalFields", "FolderPath", "RegistryKey"]
DEFENDER += ["InitiatingProcessFolderPath", "PreviousRegistryKey", "OSPlatform", "ReportId", "EntityType", "Category"]
CROWDSTRIKE = [*names_in(crowdstrike_fields), "event_simpleName", "RegObjectName", "RegOperationType", "DomainName"]
CROWDSTRIKE += ["RequestType", "ConnectionDirection", "IP4Records", "LocalPort", "RemotePort", "LocalAddressIP4"]

WORDS = {
    "event.category": ["process", "dns", "file", "registry", "ip", "logins", "cross_process", "module"],
    "event.type": ["Process Creation", "ProcessExit", "IP Connect", "File Rename", "Registry Value Modified", "Login"],
    "meta.event.name": ["PROCESSCREATION", "REGVALUECREATE", "REGKEYDELETE"],
    "category": [f"AdvancedHunting-{table}" for table in CATEGORIES],
    "ActionType": sorted({word for word, _ in TYPES} | {word for _, word in ACTIONS} | {"OpenProcessApiCall"}),
    "event_simpleName": [row.split("|")[4].split()[0] for row in EVENTS] + ["DnsRequest", "XWritten", "FileRenameInfo"],
    "RegOperationType": list("123456789"),
}
"""Texts that decide what a record is."""


def flat_records(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """A few of these names with any value, and texts that decide for some of those that may."""
    words = {name: st.sampled_from(WORDS[name]) for name in names if name in WORDS}
    return st.builds(
        lambda anything, decided: {**anything, **decided},
        st.dictionaries(st.sampled_from(names), ANYTHING, max_size=8),
        st.fixed_dictionaries({}, optional=words),
    )


AUDIT_TYPES = [
    "SYSCALL",
    "EXECVE",
    "PATH",
    "CWD",
    "SOCKADDR",
    "PROCTITLE",
    "USER_LOGIN",
    "ADD_USER",
    "AVC",
    "UNKNOWN[1]",
]
AUDIT_NAMES = [*PROCESS_FIELDS, *USER_FIELDS, *FILE_FIELDS, "arch", "syscall", "success", "keys", "enriched", "args"]
AUDIT_NAMES += ["nametype", "mode", "proctitle", "sockaddr", "acct", "addr", "terminal", "res", "old-auid", "old_auid"]
AUDIT_RECORDS = st.builds(
    lambda kind, fields: {"type": kind, **fields},
    st.sampled_from(AUDIT_TYPES) | SCALARS,
    flat_records(AUDIT_NAMES),
)
AUDITD = st.fixed_dictionaries(
    {"auditd_records": st.lists(AUDIT_RECORDS | ANYTHING, max_size=5)},
    optional={"timestamp": SCALARS, "sequence": SCALARS, "node": SCALARS, "more": ANYTHING},
)

RECORDS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "sentinel_one": flat_records(SENTINEL_ONE),
    "defender_xdr": flat_records(DEFENDER) | flat_records(DEFENDER).map(lambda row: {"properties": row, "time": "x"}),
    "crowdstrike": flat_records(CROWDSTRIKE),
    "auditd": AUDITD,
}
"""Source to its records."""

NAMES = {"sentinel_one": SENTINEL_ONE, "defender_xdr": DEFENDER, "crowdstrike": CROWDSTRIKE}

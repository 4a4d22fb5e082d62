"""Events of Microsoft-Windows-Windows Defender/Operational to ECS, as the Windows integration makes them.

Names of event data have blanks in this channel; shippers write `Process_Name` for `Process Name`.
"""

from besra.events.normalise.channel_table import account, executable, put_fields, text
from besra.events.normalise.nested_document import Document, event_data, field_text, put, text_of
from besra.events.normalise.path_name import put_file_parts
from besra.events.normalise.winlog import Shipper, take_time_created

ACTIONS = {
    "1116": "malware-detected",
    "1117": "malware-detected",
    "2000": "antivirus-updated",
    "2050": "file-uploaded",
    "5007": "antivirus-configuration-changed",
}
CATEGORIES = {"1116": "malware", "1117": "malware", "2050": "file", "5007": "configuration"}
"""Every other event is of the category `process`, and of the type `info`."""

OWN = {
    "1121": "attack-surface-reduction-blocked",
    "1122": "attack-surface-reduction-audited",
    "1123": "controlled-folder-access-blocked",
    "1124": "controlled-folder-access-audited",
    "1118": "malware-remediation-failed",
    "1119": "malware-remediation-failed",
    "5000": "real-time-protection-enabled",
    "5001": "real-time-protection-disabled",
    "5010": "malware-scanning-disabled",
    "5012": "virus-scanning-disabled",
    "5013": "tamper-protection-blocked-change",
}
"""Actions of events for which the integration has none."""

FIELDS = (
    ("User", "user", account),
    ("Detection_User", "user", account),
    ("Target_Commandline", "process.command_line", text),
    ("Parent_Commandline", "process.parent.command_line", text),
    ("Process_Name", "process.executable", executable),
    ("Destination", "destination.domain", text),
    ("FWLink", "event.reference", text),
    ("Sha256", "file.hash.sha256", text),
)
MOVED = ("Target_Commandline", "Parent_Commandline", "Process_Name")
PATHS = ("FileName", "Path", "Filename")
SUCCESS = "The operation completed successfully."


def normalise_defender(document: Document, _: Shipper) -> None:
    """Make the ECS fields of a Defender event, in place, from `winlog.event_data`."""
    code = field_text(document, "event.code") or ""
    data = event_data(document)
    for name in [name for name in data if " " in name]:
        data.setdefault(name.replace(" ", "_"), data.pop(name))
    take_time_created(document)
    category = CATEGORIES.get(code, "process")
    quarantined = code == "1117" and text_of(data.get("Action_Name")) == "Quarantine"
    put(document, "event.action", "malware-quarantined" if quarantined else ACTIONS.get(code) or OWN.get(code))
    put(document, "event.category", [category])
    put(document, "event.type", ["change" if category == "configuration" else "info"])
    if (text_of(data.get("Error_Description")) or "").strip() == SUCCESS:
        put(document, "event.outcome", "success")
    put_fields(document, list(FIELDS))
    for name in MOVED:
        data.pop(name, None)
    path = next((found for name in PATHS if (found := text_of(data.get(name)))), None)
    if path:
        # `containerfile:_C:\\a.zip; file:_C:\\a.zip->b.exe`: what counts is behind the last kind.
        path = path.rpartition(":_")[2]
        put(document, "file.path", path)
        put_file_parts(document, path)
    if not data:
        del document["winlog"]["event_data"]

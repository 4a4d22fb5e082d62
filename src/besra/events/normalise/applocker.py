"""Events of the AppLocker channels to ECS, as the Windows integration makes them: programs allowed and blocked."""

from besra.events.normalise.channel_table import members_of
from besra.events.normalise.nested_document import Document, field_text, field_value, integer_of, put, text_of
from besra.events.normalise.path_name import name_after_backslash
from besra.events.normalise.winlog import Shipper, take_time_created

LENGTHS = (
    "FileHashLength",
    "FilePathLength",
    "FqbnLength",
    "FullFilePathLength",
    "PolicyNameLength",
    "RuleNameLength",
    "RuleSddlLength",
    "TargetProcessId",
)
"""Members that are numbers."""


def normalise_applocker(document: Document, _: Shipper) -> None:
    """Make the ECS fields of an AppLocker event, in place."""
    take_time_created(document)
    put(document, "event.category", ["process"])
    put(document, "event.type", ["start"])
    put(document, "process.pid", field_value(document, "winlog.process.pid"))
    put(document, "user.id", field_text(document, "winlog.user.identifier"))
    put(document, "user.name", field_text(document, "winlog.user.name"))
    members = members_of(document)
    user_data = field_value(document, "winlog.user_data")
    for name in LENGTHS if isinstance(user_data, dict) else ():
        number = integer_of(text_of(user_data.get(name)))
        if number is not None:
            user_data[name] = number
    path, digest = text_of(members.get("FullFilePath")), text_of(members.get("FileHash"))
    if path and path != "-":
        put(document, "file.path", path)
        put(document, "file.name", name_after_backslash(path) or path)
    put(document, "file.hash.sha256", digest if digest != "-" else None)

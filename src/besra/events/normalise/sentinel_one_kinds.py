"""What kind of event a record of SentinelOne's Cloud Funnel is (sources.md 6)."""

from dataclasses import dataclass
from typing import TypeVar

from besra.events.normalise.raw_values import RawValues

Meaning = TypeVar("Meaning")


@dataclass(frozen=True, slots=True)
class Kind:
    """`event.category`, `.type` and `.action`: words parted by blanks, empty where there are none."""

    category: str = ""
    type: str = ""
    action: str = ""


START, END = Kind("process", "start", "start"), Kind("process", "end", "end")
PROCESSES = {"processcreation": START, "processexit": END, "processtermination": END}
LOOKUP = Kind("network", "info protocol", "lookup_requested")
LOGINS = {"login": "start", "logout": "end"}
CONNECTIONS = {"outgoing": "connection_attempted", "incoming": "connection_accepted"}

FILES = {
    "creat": Kind("file", "creation", "creation"),
    "delet": Kind("file", "deletion", "deletion"),
    "modif": Kind("file", "change", "change"),
    "change": Kind("file", "change", "change"),
    "rename": Kind("file", "change", "rename"),
    "": Kind("file", "info"),
}
REGISTRY_TYPES = {"creat": "creation", "delet": "deletion", "modif": "change", "change": "change", "": ""}
REGISTRY_ACTIONS = {
    "regvaluecreate": "creation",
    "regkeycreate": "creation",
    "regvaluemodified": "modification",
    "regvaluedelete": "deletion",
    "regkeydelete": "deletion",
    "": "",
}
"""What a raw name contains to what that means; the first counts."""


def is_process(category: str) -> bool:
    """Whether events of a raw category are of processes: not of one that reaches into another."""
    return "process" in category and "cross" not in category


def kind_of(values: RawValues, category: str) -> Kind:
    """The kind of a record of a raw category."""
    kind, name = values.word("event.type"), values.word("meta.event.name")
    if "dns" in category:
        return LOOKUP
    if "file" in category:
        return _containing(kind, FILES)
    if "login" in category:
        return Kind("authentication", LOGINS.get(kind, "info"))
    if is_process(category):
        return START if name == "processcreation" else PROCESSES.get(kind, Kind("process"))
    if "registry" in category:
        return Kind("registry", _containing(kind, REGISTRY_TYPES), _containing(name, REGISTRY_ACTIONS))
    if category == "ip" and kind == "ipconnect":
        return Kind("network", "start connection", CONNECTIONS.get(values.word("event.network.direction"), ""))
    return Kind("network", "info") if category == "ip" else Kind()


def _containing(name: str, table: dict[str, Meaning]) -> Meaning:
    return next(meaning for word, meaning in table.items() if word in name)

"""What kind of event a row of an advanced hunting table is (sources.md 7)."""

from dataclasses import dataclass

from besra.events.normalise.raw_values import RawValues

PREFIX = "advancedhunting-"
"""Stands before the name of the table in the `category` of streamed records."""

CATEGORIES = {
    "deviceprocessevents": "process",
    "devicefileevents": "file",
    "devicefilecertificateinfo": "file",
    "deviceregistryevents": "registry",
    "devicenetworkevents": "network",
    "devicenetworkinfo": "network",
    "deviceimageloadevents": "library",
    "devicelogonevents": "authentication",
    "deviceevents": "host",
    "deviceinfo": "host",
    "identitylogonevents": "authentication",
    "identityqueryevents": "",
    "identitydirectoryevents": "",
    "identityinfo": "iam",
    "cloudappevents": "",
    "cloudauditevents": "configuration",
    "emailevents": "email",
    "emailattachmentinfo": "email",
    "emailpostdeliveryevents": "email",
    "emailurlinfo": "email",
    "urlclickevents": "",
    "alertinfo": "",
    "alertevidence": "",
}
"""Table to `event.category`; the empty ones have none."""

ALERT_TABLES = frozenset({"alertinfo", "alertevidence"})
ENTITY_CATEGORIES = {"file": "file", "process": "process", "device": "host", "machine": "host", "user": "iam"}
ALERT_CATEGORIES = {
    "malware": "malware",
    "ransomware": "malware",
    "persistence": "threat",
    "privilegeescalation": "threat",
    "suspiciousactivity": "threat",
    "threatmanagement": "threat",
}

TELLING_COLUMNS = (
    ("AlertId", "alertevidence"),
    ("RegistryKey", "deviceregistryevents"),
    ("PreviousRegistryKey", "deviceregistryevents"),
    ("NetworkMessageId", "emailevents"),
    ("LogonType", "devicelogonevents"),
    ("RemotePort", "devicenetworkevents"),
    ("OSPlatform", "deviceinfo"),
)
TELLING_ACTIONS = (
    ("registry", "deviceregistryevents"),
    ("processcreated", "deviceprocessevents"),
    ("imageloaded", "deviceimageloadevents"),
    ("logonsuccess", "devicelogonevents"),
    ("logonfailed", "devicelogonevents"),
    ("logonattempted", "devicelogonevents"),
    ("filecreated", "devicefileevents"),
    ("filemodified", "devicefileevents"),
    ("filerenamed", "devicefileevents"),
    ("filedeleted", "devicefileevents"),
    ("connection", "devicenetworkevents"),
    ("networksignatureinspected", "devicenetworkevents"),
)
"""What tells the table of a row that was exported without its name."""

TYPES = (
    ("connectionfound", "info"),
    ("networksignatureinspected", "info"),
    ("connectionsuccess", "start"),
    ("connectionrequest", "start"),
    ("connectionfailed", "denied"),
    ("listeningconnectioncreated", "start"),
    ("inboundconnectionaccepted", "start"),
    ("dnsconnectioninspected", "protocol"),
    ("processcreated", "start"),
    ("driverload", "start"),
    ("registrykeycreated", "creation"),
    ("registrykeydeleted", "deletion"),
    ("registryvaluedeleted", "deletion"),
    ("registrykeyrenamed", "change"),
    ("registryvalueset", "change"),
    ("filecreated", "creation"),
    ("filemodified", "change"),
    ("filerenamed", "change"),
    ("filedeleted", "deletion"),
)
"""What `ActionType` contains to `event.type`."""

ACTIONS = {
    ("process", "processcreated"): "start",
    ("library", "imageloaded"): "load",
    ("file", "filecreated"): "creation",
    ("file", "filemodified"): "modification",
    ("file", "filerenamed"): "rename",
    ("file", "filedeleted"): "deletion",
    ("registry", "registrykeycreated"): "creation",
    ("registry", "registryvalueset"): "modification",
}
"""Category and `ActionType` to `event.action`; otherwise it is `ActionType` in lower case, with hyphens for blanks."""

ACTS_ON_NO_PROCESS = frozenset(
    {
        "namedpipeevent",
        "dpapiaccessed",
        "getclipboarddata",
        "browserlaunchedtoopenurl",
        "processprimarytokenmodified",
        "powershellcommand",
        "clrunbackedmoduleloaded",
        "ldapsearch",
        "dnsqueryresponse",
        "memoryremoteprotect",
        "screenshottaken",
        "antivirusscancompleted",
        "antivirusscancancelled",
        "antivirusscanfailed",
        "exploitguardwin32systemcallblocked",
        "exploitguardacgenforced",
        "appguardcreatecontainer",
        "appguardlaunchedwithurl",
        "appguardresumecontainer",
        "appguardbrowsetourl",
        "writetolsassprocessmemory",
        "controlflowguardviolation",
        "appcontrolpolicyapplied",
        "auditpolicymodification",
        "smartscreenurlwarning",
        "otheralertrelatedactivity",
    }
)
"""Actions of `DeviceEvents` in which the initiating process is `process`, not its parent."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a row says about itself: its table and its action, in lower case without blanks, and that as it came."""

    table: str
    action: str
    action_as_written: str = ""

    @property
    def category(self) -> str:
        """`event.category`, empty where rows of the table have none."""
        if self.table == "deviceevents" and self.action.endswith("apicall"):
            return "api"
        if self.table == "deviceevents" and "driverload" in self.action:
            return "driver"
        return CATEGORIES.get(self.table, "")

    @property
    def types(self) -> list[str]:
        """`event.type`, in the order of the table of types."""
        found = [kind for word, kind in TYPES if word in self.action]
        if self.category in ("host", "authentication"):
            found = ["info", *found]
        if self.category == "library":
            found.append("start")
        if not found:
            found = [self._type_of_call()] if self.category == "api" else ["info"]
        return list(dict.fromkeys(found)) if self.category != "process" or found != ["info"] else []

    def _type_of_call(self) -> str:
        return "access" if self.action.startswith("open") else "change" if self.action.startswith("write") else "info"

    @property
    def event_action(self) -> str | None:
        """`event.action`."""
        if self.category == "driver":
            return "load"
        written = self.action_as_written.lower().replace(" ", "-")
        return ACTIONS.get((self.category, self.action), written) or None

    @property
    def has_created_process(self) -> bool:
        """Whether the row is about a process that another one started, which then is its parent."""
        if self.category == "process":
            return True
        return self.table == "deviceevents" and self.category == "host" and self.action not in ACTS_ON_NO_PROCESS


def row_of(values: RawValues) -> Row:
    """What a row is."""
    action = values.word("ActionType")
    return Row(_table(values, action), action, values.text("ActionType") or "")


def _table(values: RawValues, action: str) -> str:
    """The table as a streamed record or an export names it; without a name, what action and columns tell."""
    for name in ("category", "Type", "$table", "TableName"):
        table = values.word(name).removeprefix(PREFIX)
        if table in CATEGORIES:
            return table
    by_action = (table for word, table in TELLING_ACTIONS if word in action)
    by_column = (table for column, table in TELLING_COLUMNS if column in values)
    return next(by_action, None) or next(by_column, "deviceevents")

"""Windows event log records to ECS: which normaliser, which data stream, and what a scan of a file has to add.

An agent on the machine knows more than the log holds: its host metadata and the data stream it writes to. Rules test
both, so reading a file means adding them (sources.md 1, 4.2 last paragraph, 9.12). The fields added that way are named
in `besra.derived` of every document.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from besra.events.normalise.applocker import normalise_applocker
from besra.events.normalise.bits_client import BITS_CLIENT
from besra.events.normalise.nested_document import Document, field_text, nested, put
from besra.events.normalise.powershell import normalise_powershell
from besra.events.normalise.stream_fields import NAMESPACE, note_derived, put_stream
from besra.events.normalise.sysmon import normalise_sysmon
from besra.events.normalise.task_names import task_name
from besra.events.normalise.task_scheduler import TASK_SCHEDULER
from besra.events.normalise.terminal_services import CONNECTIONS, SESSIONS
from besra.events.normalise.windows_defender import normalise_defender
from besra.events.normalise.windows_security import normalise_security
from besra.events.normalise.windows_system import normalise_system
from besra.events.normalise.winlog import RawRecord, Shipper, to_winlog
from besra.events.normalise.wmi_activity import WMI_ACTIVITY

Normaliser = Callable[[Document, Shipper], None]

WINLOGBEAT_INDEX = "winlogbeat-besra"
"""The name under which events from files answer to `winlogbeat-*`."""

DERIVED = ("data_stream", "event.dataset", "event.module", "host.id", "host.os.type")

ECS_VERSIONS = {Shipper.AGENT: "8.11.0", Shipper.WINLOGBEAT: "1.12.0"}
"""The ECS version each shipper's pipelines stamp on their documents."""


@dataclass(frozen=True)
class Stream:
    """The data set the Agent puts a channel into, and its normaliser if it has one."""

    dataset: str
    normalise: Normaliser | None = None

    @cached_property
    def module(self) -> str:
        """The integration: `windows` or `system`."""
        return self.dataset.partition(".")[0]

    @cached_property
    def name(self) -> str:
        """The data stream, `logs-<dataset>-<namespace>`."""
        return f"logs-{self.dataset}-{NAMESPACE}"

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What its events from files answer to: the data stream, their home, and the Winlogbeat index."""
        return (self.name, WINLOGBEAT_INDEX)


FORWARDED = "windows.forwarded"
"""For every channel without an integration of its own: the one data set that takes any channel."""

STREAMS = {
    "microsoft-windows-sysmon/operational": Stream("windows.sysmon_operational", normalise_sysmon),
    "security": Stream("system.security", normalise_security),
    "windows powershell": Stream("windows.powershell", normalise_powershell),
    "microsoft-windows-powershell/operational": Stream("windows.powershell_operational", normalise_powershell),
    "powershellcore/operational": Stream("windows.powershell_operational", normalise_powershell),
    "system": Stream("system.system", normalise_system),
    "application": Stream("system.application"),
    "microsoft-windows-windows defender/operational": Stream("windows.windows_defender", normalise_defender),
    "microsoft-windows-applocker/exe and dll": Stream("windows.applocker_exe_and_dll", normalise_applocker),
    "microsoft-windows-applocker/msi and script": Stream("windows.applocker_msi_and_script", normalise_applocker),
    "microsoft-windows-applocker/packaged app-deployment": Stream(
        "windows.applocker_packaged_app_deployment", normalise_applocker
    ),
    "microsoft-windows-applocker/packaged app-execution": Stream(
        "windows.applocker_packaged_app_execution", normalise_applocker
    ),
    "microsoft-windows-taskscheduler/operational": Stream(FORWARDED, TASK_SCHEDULER.normalise),
    "microsoft-windows-wmi-activity/operational": Stream(FORWARDED, WMI_ACTIVITY.normalise),
    "microsoft-windows-bits-client/operational": Stream(FORWARDED, BITS_CLIENT.normalise),
    "microsoft-windows-terminalservices-localsessionmanager/operational": Stream(FORWARDED, SESSIONS.normalise),
    "microsoft-windows-terminalservices-remoteconnectionmanager/operational": Stream(FORWARDED, CONNECTIONS.normalise),
}
OTHER = Stream(FORWARDED)

PROVIDERS = {
    "Microsoft-Windows-Sysmon": "microsoft-windows-sysmon/operational",
    "Microsoft-Windows-Security-Auditing": "security",
    "Microsoft-Windows-PowerShell": "microsoft-windows-powershell/operational",
    "PowerShell": "windows powershell",
    "Microsoft-Windows-Windows Defender": "microsoft-windows-windows defender/operational",
    "Microsoft-Windows-TaskScheduler": "microsoft-windows-taskscheduler/operational",
    "Microsoft-Windows-WMI-Activity": "microsoft-windows-wmi-activity/operational",
    "Microsoft-Windows-Bits-Client": "microsoft-windows-bits-client/operational",
    "Service Control Manager": "system",
}
"""Providers that say what a record is where its channel does not, as in logs copied into a channel of another name."""


@lru_cache(maxsize=1024)
def stream_by(channel: str | None, provider: str | None) -> Stream:
    """The data stream of a channel, else of a provider."""
    return STREAMS.get((channel or "").lower()) or STREAMS.get(PROVIDERS.get(provider or "", "")) or OTHER


def stream_of(document: Document) -> Stream:
    """The data stream of a winlog document, by channel, else by provider."""
    channel = field_text(document, "winlog.channel")
    return stream_by(channel, field_text(document, "winlog.provider_name") or field_text(document, "event.provider"))


def names_of(record: RawRecord) -> tuple[str, ...]:
    """The names an event from a file answers to: its data stream (its home) and the Winlogbeat index."""
    return stream_by(record.channel, record.provider).names


def to_ecs(record: RawRecord) -> Document:
    """The ECS document of a log record, as the Agent's integrations make it, with the scanner's additions."""
    document = to_winlog(record)
    event = document["event"]
    derived = list(DERIVED)
    if record.rendering.task is None and (task := task_name(record.provider, record.task)):
        document["winlog"]["task"] = event["action"] = task
        derived.append("winlog.task")
    document["ecs"] = {"version": ECS_VERSIONS[Shipper.AGENT]}
    stream = stream_by(record.channel, record.provider)
    if stream.normalise is not None:
        stream.normalise(document, Shipper.AGENT)
    document["data_stream"] = {"type": "logs", "dataset": stream.dataset, "namespace": NAMESPACE}
    event["dataset"], event["module"] = stream.dataset, stream.module
    if record.computer is None:
        derived.remove("host.id")
        document["host"] = {"os": {"type": "windows"}}
    else:
        document["host"] = {"name": record.computer, "id": record.computer, "os": {"type": "windows"}}
    document["besra"] = {"derived": derived}
    return document


def winlog_to_ecs(document: Mapping[str, Any], shipper: Shipper = Shipper.AGENT) -> Document:
    """The ECS document of a winlog document whose pipeline has not run: Winlogbeat's output sent elsewhere.

    Nothing is added that only the machine or the Agent would know. The document given is not changed.
    """
    result = nested(document)
    _normalise(result, shipper)
    return result


def _normalise(document: Document, shipper: Shipper) -> None:
    event_id = field_text(document, "event.code") or field_text(document, "winlog.event_id")
    put(document, "event.code", event_id)
    put(document, "winlog.event_id", event_id)
    put(document, "winlog.record_id", field_text(document, "winlog.record_id"))
    put(document, "ecs.version", ECS_VERSIONS[shipper])
    put(document, "log.level", field_text(document, "winlog.level"))
    normalise = stream_of(document).normalise
    if normalise is None:
        return
    normalise(document, shipper)
    if isinstance(document.get("winlog"), dict):
        document["winlog"].pop("level", None)


def add_scan_fields(document: Document) -> None:
    """Add the data stream, the host's id and its operating system, where nothing stands, and name them as derived."""
    stream = stream_of(document)
    if field_text(document, "data_stream.dataset") is None:
        put_stream(document, stream.dataset)
    host_id = field_text(document, "host.name")
    for field, value in (("host.id", host_id), ("host.os.type", "windows")):
        if value is not None and field_text(document, field) is None:
            put(document, field, value)
            note_derived(document, field)

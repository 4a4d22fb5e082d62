"""The stories with one thing changed each: the edges of both seed rules, and how many alerts each must give.

Expected numbers hold for the seed rules as published (`Variant.expected`) and for the later texts of the same rules
(`Variant.expected_newer`); sources.md 8 says how the texts differ.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from besra.demo.activity import Activity, FileChange, ProcessStart, RegistryAccess, Story
from besra.demo.benign import BENIGN, control_action
from besra.demo.defend import defend_documents
from besra.demo.document import DEFAULT_BASE, DEFAULT_SEED, Document, to_nanos
from besra.demo.installer import start_installer_service
from besra.demo.machine import workstation
from besra.demo.malicious_msi import malicious_msi
from besra.demo.persistence import CURRENT_VERSION, LINK_HEADER, persistence
from besra.demo.program import PROGRAMS, Program
from besra.demo.scene import Scene, scene
from besra.demo.sentinel_one import sentinel_one_records
from besra.demo.sysmon import sysmon_records
from besra.schema.timestamp import NANOS

NETWORK = "msiexec-network"
"""The first seed rule, "MsiExec Service Child Process With Network Connection"."""
PERSISTENCE = "installer-persistence"
"""The second seed rule, "Persistence via a Windows Installer"."""

CALLS = ("a8", "a9", "a10", "a11")
"""The network activities of the malicious MSI."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A small stream by itself. Both mappings say how many alerts `NETWORK` and `PERSISTENCE` give."""

    name: str
    build: Callable[[], Iterable[Document]]
    expected: Mapping[str, int]
    expected_newer: Mapping[str, int]

    def documents(self) -> list[Document]:
        """The documents in order of time, made afresh: the caller may change them."""
        return list(self.build())


def _variant(
    name: str,
    build: Callable[[], Iterable[Document]],
    network: int = 0,
    persistence: int = 0,
    *,
    newer_network: int | None = None,
) -> Variant:
    newer = network if newer_network is None else newer_network
    return Variant(
        name,
        build,
        MappingProxyType({NETWORK: network, PERSISTENCE: persistence}),
        MappingProxyType({NETWORK: newer, PERSISTENCE: persistence}),
    )


def _scene(label: str, host: int = 0) -> Scene:
    base = to_nanos(DEFAULT_BASE)
    return scene(workstation(host, base, DEFAULT_SEED), base, DEFAULT_SEED, label)


def _attack(implant: Program | None = None) -> Story:
    return malicious_msi(_scene("malicious-msi"), implant)


def _in_order(activities: Iterable[Activity]) -> list[Activity]:
    return sorted(activities, key=lambda activity: activity.time)


def _defend(activities: Iterable[Activity]) -> Iterator[Document]:
    return defend_documents(_in_order(activities))


def _quiet(story: Story, **changed: Activity) -> dict[str, Activity]:
    """The story with no network activity but those given."""
    return {label: activity for label, activity in story.items() if label not in CALLS} | changed


def _late_by(story: Story, seconds: float) -> dict[str, Activity]:
    """The story with its network activity, and the end, so that a8 comes that long after a6."""
    shift = story["a6"].time + round(seconds * NANOS) - story["a8"].time
    return {
        label: replace(activity, time=activity.time + shift) if label in (*CALLS, "a12") else activity
        for label, activity in story.items()
    }


def _plain() -> Iterator[Document]:
    return _defend(_attack().values())


def _only_connection() -> Iterator[Document]:
    story = _attack()
    return _defend(_quiet(story, a10=story["a10"], a11=story["a11"]).values())


def _lookup_after(seconds: float) -> Iterator[Document]:
    return _defend(_late_by(_attack(), seconds).values())


def _lookup_by_service() -> Iterator[Document]:
    story = _attack()
    return _defend(_quiet(story, a8=replace(story["a8"], process=story["a2"].process)).values())


def _lookup_first() -> Iterator[Document]:
    story = _attack()
    return _defend(_quiet(story, a8=replace(story["a8"], time=story["a6"].time - NANOS // 5)).values())


def _lookup_same_instant() -> Iterator[Document]:
    story = _attack()
    return _defend(_quiet(story, a8=replace(story["a8"], time=story["a6"].time)).values())


def _lookup_unnamed() -> Iterator[Document]:
    story = _attack()
    for document in _defend(_quiet(story, a8=story["a8"]).values()):
        if document["event"]["action"] == "lookup_requested":
            del document["process"]["name"]
        yield document


def _lookup_of_category_dns() -> Iterator[Document]:
    story = _attack()
    for document in _defend(_quiet(story, a8=story["a8"]).values()):
        if document["event"]["action"] == "lookup_requested":
            document["event"]["category"] = ["dns"]
        yield document


def _powershell() -> Iterator[Document]:
    return _defend(_attack(PROGRAMS["powershell32"]).values())


def _path_inside_argument() -> Iterator[Document]:
    argument = r'"/d:C:\Program Files\Vendor\helper.dll,Entry"'
    return _defend(control_action(_scene("path-inside-argument"), argument))


def _persistence() -> Iterator[Document]:
    return _defend(persistence(_scene("persistence", 1)).values())


def _startup_of_all_users() -> Iterator[Document]:
    def change(service: ProcessStart, time: int) -> Activity:
        path = r"C:\ProgramData\Microsoft\Windows\Start Menu\Programs\StartUp\x.lnk"
        return FileChange(time, service.process, "creation", path, 1_102, LINK_HEADER)

    return _one_change("startup-all-users", change)


def _run_value(key: str) -> Iterator[Document]:
    def change(service: ProcessStart, time: int) -> Activity:
        program = (r"C:\ProgramData\InvoiceViewer\updsvc.exe",)
        key_name, _, value = key.rpartition("\\")
        return RegistryAccess(time, service.process, "modification", "HKLM", key_name, value, program)

    return _one_change(f"run-value:{key}", change)


def _capital_name() -> Iterator[Document]:
    def change(service: ProcessStart, time: int) -> Activity:
        process = replace(service.process, program=Program(r"C:\Windows\System32\MsiExec.exe", "Microsoft Windows"))
        value = (r"C:\ProgramData\InvoiceViewer\updsvc.exe",)
        key = rf"{process.machine.user.sid}\{CURRENT_VERSION}\Run"
        return RegistryAccess(time, process, "modification", "HKEY_USERS", key, "InvoiceViewer", value)

    return _one_change("capital-name", change)


def _one_change(label: str, change: Callable[[ProcessStart, int], Activity]) -> Iterator[Document]:
    """An installer service and one thing it does two seconds later."""
    place = _scene(label, 1)
    service = start_installer_service(place, 0.0)
    return _defend([service, change(service, place.at(2.0))])


def _benign(name: str) -> Iterator[Document]:
    return _defend(BENIGN[name](_scene(name, 2)))


def _sysmon_attack() -> Iterator[Document]:
    return sysmon_records(_in_order(_attack().values()))


def _sysmon_persistence() -> Iterator[Document]:
    return sysmon_records(_in_order(persistence(_scene("persistence", 1)).values()))


def _sentinel_one_attack() -> Iterator[Document]:
    return sentinel_one_records(_in_order(_attack().values()))


RUN_WOW6432 = r"Software\WOW6432Node\Microsoft\Windows\CurrentVersion\Run\x"
RUN_POLICIES = r"Software\Microsoft\Windows\CurrentVersion\Policies\Explorer\Run\1"
RUN_WOW6432_POLICIES = r"Software\WOW6432Node\Microsoft\Windows\CurrentVersion\Policies\Explorer\Run\1"

VARIANTS: tuple[Variant, ...] = (
    _variant("malicious-msi", _plain, network=1),
    _variant("connection-without-lookup", _only_connection, network=1),
    _variant("lookup-after-62.8-s", partial(_lookup_after, 62.8)),
    _variant("lookup-after-exactly-60-s", partial(_lookup_after, 60.0), network=1),
    _variant("lookup-after-60.001-s", partial(_lookup_after, 60.001)),
    _variant("lookup-by-the-service", _lookup_by_service),
    _variant("lookup-before-start", _lookup_first),
    _variant("lookup-at-the-same-instant", _lookup_same_instant, network=1),
    _variant("lookup-without-process-name", _lookup_unnamed),
    _variant("lookup-of-category-dns", _lookup_of_category_dns, network=1, newer_network=0),
    _variant("powershell-implant", _powershell, network=1, newer_network=0),
    _variant("path-inside-argument", _path_inside_argument, network=1),
    _variant("persistence", _persistence, persistence=3),
    _variant("startup-of-all-users", _startup_of_all_users, persistence=1),
    _variant("run-value-wow6432", partial(_run_value, RUN_WOW6432), persistence=1),
    _variant("run-value-policies", partial(_run_value, RUN_POLICIES), persistence=1),
    _variant("run-value-wow6432-policies", partial(_run_value, RUN_WOW6432_POLICIES), persistence=1),
    _variant("capital-process-name", _capital_name, persistence=1),
    *(_variant(f"benign-{name}", partial(_benign, name)) for name in BENIGN),
    _variant("sysmon-malicious-msi", _sysmon_attack, network=1),
    _variant("sysmon-persistence", _sysmon_persistence),
    _variant("sentinel-one-malicious-msi", _sentinel_one_attack, network=1),
)

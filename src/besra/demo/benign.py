"""Story (c) of demo-events.md: twelve ordinary happenings that look like the two attacks and must stay silent.

Each function's docstring says which condition of the seed rules keeps it silent.
"""

from collections.abc import Callable, Sequence
from types import MappingProxyType

from besra.demo.activity import (
    Activity,
    Connection,
    DnsLookup,
    FileChange,
    ProcessEnd,
    ProcessStart,
    RegistryAccess,
)
from besra.demo.installer import SERVICE_COMMAND_LINE, run_from_installer, start_installer_service
from besra.demo.machine import wine_machine
from besra.demo.malicious_msi import payload
from besra.demo.persistence import CURRENT_VERSION, LINK_HEADER, STARTUP
from besra.demo.process import Process
from besra.demo.program import PROGRAMS, Program, teams
from besra.demo.scene import Scene, child

VENDOR_IP = "198.51.100.7"
TASK_HEADER = "fffe3c003f0078006d006c0020007600"


def browser_update(scene: Scene) -> list[Activity]:
    """The updater's path is excluded: `?:\\Program Files\\*.exe`."""
    service, updater = run_from_installer(
        scene, 0.9, PROGRAMS["firefox-updater"], r'"C:\ProgramData\Mozilla\updates\0" /first-run'
    )
    lookup = _lookup(scene, 1.6, updater.process, "aus5.mozilla.org", "35.244.181.201")
    return [service, updater, *lookup, *_connection(scene, 1.7, updater.process, "35.244.181.201", 443)]


def custom_action(scene: Scene) -> list[Activity]:
    """Excluded: `?:\\Windows\\Installer\\MSI*.tmp`. A blind spot that real malware uses."""
    service, action = run_from_installer(scene, 0.8, PROGRAMS["custom-action"])
    return [service, action, *_connection(scene, 1.5, action.process, VENDOR_IP, 80)]


def dotnet_registration(scene: Scene) -> list[Activity]:
    """Excluded: `?:\\Windows\\Microsoft.NET\\Framework*\\RegSvcs.exe`."""
    service, tool = run_from_installer(
        scene, 0.7, PROGRAMS["regsvcs"], r'/nologo "C:\Program Files\Vendor\Vendor.Components.dll"'
    )
    lookup = _lookup(scene, 1.3, tool.process, "crl.microsoft.com", "23.36.162.10")
    return [service, tool, *lookup, ProcessEnd(scene.at(3.2), tool.process)]


def control_action(scene: Scene, argument: str = r'"C:\Program Files\Vendor\helper.dll,Entry"') -> list[Activity]:
    """Excluded by name and argument; not if `argument` has anything before the path."""
    service, host = run_from_installer(scene, 0.8, PROGRAMS["rundll32"], argument)
    return [service, host, *_lookup(scene, 1.4, host.process, "licensing.vendor.example", VENDOR_IP)]


def update_helper(scene: Scene) -> list[Activity]:
    """The first step is true ten times, the second never: ten pending sequences that expire."""
    service = start_installer_service(scene, 0.0)
    lines = [
        (PROGRAMS["schtasks32"], rf"schtasks.exe /Change /TN \Vendor\Task{number} /DISABLE") for number in range(1, 8)
    ] + [
        (PROGRAMS["reg32"], rf"reg.exe query HKLM\SOFTWARE\Vendor\Update /v {value}")
        for value in ("Channel", "Version", "LastRun")
    ]
    found: list[Activity] = [service]
    for number, (program, line) in enumerate(lines):
        start = scene.start(0.6 + 0.31 * number, service.process, program, line)
        found += [start, ProcessEnd(scene.at(0.78 + 0.31 * number), start.process)]
    return found


def restore_point(scene: Scene) -> list[Activity]:
    """Excluded: `?:\\Windows\\system32\\srtasks.exe`; and it makes no connection."""
    service, tool = run_from_installer(
        scene, 0.6, PROGRAMS["srtasks"], "ExecuteScopeRestorePoint /WaitForRestorePoint:2"
    )
    return [service, tool, ProcessEnd(scene.at(9.8), tool.process)]


def interactive_install(scene: Scene) -> list[Activity]:
    """The parent's arguments lack `/V`: it is the user's msiexec, not the service."""
    user = scene.machine.user.name
    setup = scene.start(0.0, scene.running["explorer"], PROGRAMS["msiexec"], "msiexec.exe /i setup.msi")
    window = Program(rf"C:\Users\{user}\AppData\Local\Temp\setup_ui.exe", "Vendor Software Inc.", "setup_ui.exe")
    ui = scene.start(1.9, setup.process, window, f"{window.executable} /lang 1033")
    return [setup, ui, *_connection(scene, 2.6, ui.process, VENDOR_IP, 443)]


def installer_online(scene: Scene) -> list[Activity]:
    """The service itself connects: its own parent is services.exe."""
    service = start_installer_service(scene, 0.0)
    return [service, *_connection(scene, 1.2, service.process, VENDOR_IP, 443)]


def slow_vendor_agent(scene: Scene) -> list[Activity]:
    """The first connection comes 75 s after the start: outside maxspan."""
    service, agent = run_from_installer(scene, 0.7, PROGRAMS["vendor-agent"], "--service")
    return [service, agent, *_connection(scene, 75.7, agent.process, VENDOR_IP, 443)]


def run_key_by_others(scene: Scene) -> list[Activity]:
    """Run values and a Startup link, but none by msiexec.exe."""
    user, explorer = scene.machine.user, scene.running["explorer"]
    run_key = rf"{user.sid}\{CURRENT_VERSION}\Run"
    line = rf'reg.exe add HKCU\{CURRENT_VERSION}\Run /v VpnTray /d "C:\Program Files\Vendor\vpntray.exe" /f'
    reg = scene.start(0.0, explorer, PROGRAMS["reg"], line)
    setup_line = r"C:\Windows\System32\OneDriveSetup.exe /thfirstsetup"
    setup = scene.start(2.1, explorer, PROGRAMS["onedrivesetup"], setup_line)
    tray = r"C:\Program Files\Vendor\vpntray.exe"
    onedrive = f"{setup_line} /silent"
    start_teams = f'"{teams(user.name).executable}" --process-start-args "--system-initiated"'
    link = rf"C:\Users\{user.name}\{STARTUP}\Timesheet.lnk"
    return [
        reg,
        RegistryAccess(scene.at(0.1), reg.process, "modification", "HKEY_USERS", run_key, "VpnTray", (tray,)),
        setup,
        RegistryAccess(
            scene.at(2.9), setup.process, "modification", "HKEY_USERS", run_key, "OneDriveSetup", (onedrive,)
        ),
        RegistryAccess(
            scene.at(4.4),
            scene.running["teams"],
            "modification",
            "HKEY_USERS",
            run_key,
            "com.squirrel.Teams.Teams",
            (start_teams,),
        ),
        FileChange(scene.at(7.5), explorer, "creation", link, 1_873, LINK_HEADER),
    ]


def task_by_others(scene: Scene) -> list[Activity]:
    """A task file written for schtasks.exe: neither the process nor the effective process is msiexec.exe."""
    line = r'schtasks.exe /Create /SC DAILY /TN "\Vendor\Cleanup" /TR "C:\Program Files\Vendor\cleanup.exe"'
    tool = scene.start(0.0, scene.running["explorer"], PROGRAMS["schtasks"], line)
    task = r"C:\Windows\System32\Tasks\Vendor\Cleanup"
    schedule = scene.running["schedule"]
    written = FileChange(scene.at(0.2), schedule, "creation", task, 3_118, TASK_HEADER, effective=tool.process)
    return [tool, written, ProcessEnd(scene.at(0.3), tool.process)]


def other_system(scene: Scene) -> list[Activity]:
    """The same names on Linux, under wine: `host.os.type` is not windows."""
    machine = wine_machine(scene.machine)
    drive = f"/home/{machine.user.name}/.wine/drive_c"
    shell = Process(
        machine, Program("/usr/bin/bash"), next(scene.pids), machine.booted, "-bash", machine.user, "medium"
    )
    installer = Program(f"{drive}/windows/system32/msiexec.exe")
    time = scene.at(0.0)
    service = child(shell, installer, next(scene.pids), time, SERVICE_COMMAND_LINE)
    dos_path = payload(machine.user.name).executable
    path = dos_path.removeprefix("C:").replace("\\", "/")
    implanted = scene.start(1.1, service, Program(drive + path), dos_path)
    link = rf"C:\users\{machine.user.name}\{STARTUP}\InvoiceViewer.lnk"
    return [
        ProcessStart(time, service),
        FileChange(scene.at(0.7), service, "creation", link, 1_214, LINK_HEADER),
        implanted,
        *_lookup(scene, 1.9, implanted.process, "cdn-updates.example", "203.0.113.24"),
        *_connection(scene, 2.0, implanted.process, "203.0.113.24", 443),
    ]


BENIGN: MappingProxyType[str, Callable[[Scene], Sequence[Activity]]] = MappingProxyType(
    {
        "browser-update": browser_update,
        "custom-action": custom_action,
        "dotnet-registration": dotnet_registration,
        "control-action": control_action,
        "update-helper": update_helper,
        "restore-point": restore_point,
        "interactive-install": interactive_install,
        "installer-online": installer_online,
        "slow-vendor-agent": slow_vendor_agent,
        "run-key-by-others": run_key_by_others,
        "task-by-others": task_by_others,
        "other-system": other_system,
    }
)


def _lookup(scene: Scene, seconds: float, process: Process, name: str, ip: str) -> list[Activity]:
    return [DnsLookup(scene.at(seconds), process, name), DnsLookup(scene.at(seconds + 0.037), process, name, (ip,))]


def _connection(scene: Scene, seconds: float, process: Process, ip: str, port: int) -> list[Activity]:
    local = 49_152 + process.pid % 16_000
    return [
        Connection(scene.at(seconds), process, "connection_attempted", ip, port, local),
        Connection(scene.at(seconds + 6.4), process, "disconnect_received", ip, port, local, 1_388, 20_961),
    ]

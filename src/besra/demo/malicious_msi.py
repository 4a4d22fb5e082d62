"""Story (a) of demo-events.md: a malicious MSI whose payload runs from the user's profile and calls home.

The first seed rule gives exactly one alert: a6 (the start) with a8 (the DNS lookup).
"""

from besra.demo.activity import Connection, DnsLookup, FileChange, LibraryLoad, ProcessEnd, Story
from besra.demo.installer import start_installer_service
from besra.demo.program import PROGRAMS, Program, system_library
from besra.demo.scene import Scene

CALL_HOME = "cdn-updates.example"
CALL_HOME_IP = "203.0.113.24"
LOCAL_PORT = 51544


def payload(user: str) -> Program:
    """The implant's path in that user's profile. Unsigned, without version information."""
    return Program(rf"C:\Users\{user}\AppData\Roaming\InvoiceViewer\updsvc.exe")


def malicious_msi(scene: Scene, implant: Program | None = None) -> Story:
    """a1 to a12. `implant` replaces the program that the installer service starts in a6."""
    user = scene.machine.user.name
    program = implant or payload(user)
    package = rf"C:\Users\{user}\Downloads\invoice_viewer.msi"
    a1 = scene.start(
        0.000, scene.running["explorer"], PROGRAMS["msiexec"], rf'"C:\Windows\System32\msiexec.exe" /i "{package}" /qn'
    )
    a2 = start_installer_service(scene, 0.412)
    server_line = r"C:\Windows\syswow64\MsiExec.exe -Embedding 7B2C51D80E3F4A96B1C7D25E98F0A43C C"
    a4 = scene.start(1.604, a2.process, PROGRAMS["msiexec32"], server_line)
    a6 = scene.start(2.731, a2.process, program, f"{program.executable} -k 7f3a")
    service, implanted = a2.process, a6.process
    return {
        "a1": a1,
        "a2": a2,
        "a3": FileChange(
            scene.at(0.958), service, "creation", r"C:\Windows\Installer\4f1c2a.msi", 2_871_296, "d0cf11e0a1b11ae1"
        ),
        "a4": a4,
        "a5": FileChange(
            scene.at(2.317), service, "creation", payload(user).executable, 413_184, "4d5a90000300000004000000ffff0000"
        ),
        "a6": a6,
        "a7": LibraryLoad(scene.at(3.020), implanted, system_library("winhttp.dll")),
        "a8": DnsLookup(scene.at(4.455), implanted, CALL_HOME),
        "a9": DnsLookup(scene.at(4.502), implanted, CALL_HOME, (CALL_HOME_IP,)),
        "a10": Connection(scene.at(4.618), implanted, "connection_attempted", CALL_HOME_IP, 443, LOCAL_PORT),
        "a11": Connection(
            scene.at(61.9), implanted, "disconnect_received", CALL_HOME_IP, 443, LOCAL_PORT, 2_914, 148_377
        ),
        "a12": ProcessEnd(scene.at(62.0), implanted),
    }

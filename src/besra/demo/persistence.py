"""Story (b) of demo-events.md: an installer that makes its program start at every logon.

The second seed rule gives three alerts: b2 (Startup folder), b3 (Run key), b4 (scheduled task, through
`Effective_process`).
"""

from besra.demo.activity import FileChange, RegistryAccess, Story
from besra.demo.installer import start_installer_service
from besra.demo.malicious_msi import payload
from besra.demo.scene import Scene

CURRENT_VERSION = r"Software\Microsoft\Windows\CurrentVersion"
STARTUP = r"AppData\Roaming\Microsoft\Windows\Start Menu\Programs\Startup"
UNINSTALL = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\{8A3F52D1-6C0E-4B7A-9E15-2D4C7F60B1A9}"
LINK_HEADER = "4c0000000114020000000000c0000000"


def persistence(scene: Scene) -> Story:
    """b1 to b8."""
    user = scene.machine.user
    b1 = start_installer_service(scene, 0.0)
    service = b1.process
    link = rf"C:\Users\{user.name}\{STARTUP}\InvoiceViewer.lnk"
    run_key = rf"{user.sid}\{CURRENT_VERSION}\Run"
    program = payload(user.name).executable
    return {
        "b1": b1,
        "b2": FileChange(scene.at(3.1), service, "creation", link, 1_214, LINK_HEADER),
        "b3": RegistryAccess(
            scene.at(3.4), service, "modification", "HKEY_USERS", run_key, "InvoiceViewer", (program,)
        ),
        "b4": FileChange(
            scene.at(3.9),
            scene.running["schedule"],
            "creation",
            r"C:\Windows\System32\Tasks\InvoiceViewerUpdate",
            3_402,
            "fffe3c003f0078006d006c0020007600",
            effective=service,
        ),
        "b5": RegistryAccess(
            scene.at(4.0), service, "modification", "HKLM", UNINSTALL, "DisplayName", ("Invoice Viewer",)
        ),
        "b6": RegistryAccess(
            scene.at(4.1),
            service,
            "modification",
            "HKLM",
            r"SOFTWARE\Microsoft\Windows\CurrentVersion\RunOnce",
            "x",
            (r'cmd.exe /c rd /s /q "C:\Config.Msi"',),
        ),
        "b7": FileChange(scene.at(4.2), service, "modification", link, 1_214, LINK_HEADER),
        "b8": RegistryAccess(scene.at(4.3), service, "query", "HKEY_USERS", run_key, "InvoiceViewer"),
    }

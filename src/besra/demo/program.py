"""Programs and libraries: where they are on disk, who signed them, and the table of those that occur in the demo.

Hashes are made from the path: stable, equal on every machine, and found in no reputation service.
"""

import hashlib
import re
from dataclasses import dataclass

SEPARATOR = re.compile(r"[\\/]")


@dataclass(frozen=True, slots=True)
class Program:
    """An executable or library file. `signer` None means unsigned, `original_name` None no version information."""

    executable: str
    signer: str | None = None
    original_name: str | None = None

    @property
    def name(self) -> str:
        """The last component of the path, case as on disk."""
        return SEPARATOR.split(self.executable)[-1]

    def hashes(self) -> dict[str, str]:
        """md5, sha1 and sha256 in hexadecimal."""
        content = f"{self.executable.lower()}|{self.signer}".encode()
        names = ("md5", "sha1", "sha256")
        return {name: hashlib.new(name, content, usedforsecurity=False).hexdigest() for name in names}


WINDOWS = "Microsoft Windows"
PUBLISHER = "Microsoft Windows Publisher"
MICROSOFT = "Microsoft Corporation"

PROGRAMS = {
    "wininit": Program(r"C:\Windows\System32\wininit.exe", PUBLISHER, "WinInit.exe"),
    "winlogon": Program(r"C:\Windows\System32\winlogon.exe", WINDOWS, "WINLOGON.EXE"),
    "userinit": Program(r"C:\Windows\System32\userinit.exe", WINDOWS, "USERINIT.EXE"),
    "services": Program(r"C:\Windows\System32\services.exe", PUBLISHER, "services.exe"),
    "svchost": Program(r"C:\Windows\System32\svchost.exe", PUBLISHER, "svchost.exe"),
    "explorer": Program(r"C:\Windows\explorer.exe", WINDOWS, "EXPLORER.EXE"),
    "msiexec": Program(r"C:\Windows\System32\msiexec.exe", WINDOWS, "msiexec.exe"),
    "msiexec32": Program(r"C:\Windows\SysWOW64\msiexec.exe", WINDOWS, "msiexec.exe"),
    "rundll32": Program(r"C:\Windows\System32\rundll32.exe", WINDOWS, "RUNDLL32.EXE"),
    "schtasks": Program(r"C:\Windows\System32\schtasks.exe", WINDOWS, "sctasks.exe"),
    "schtasks32": Program(r"C:\Windows\SysWOW64\schtasks.exe", WINDOWS, "sctasks.exe"),
    "reg": Program(r"C:\Windows\System32\reg.exe", WINDOWS, "reg.exe"),
    "reg32": Program(r"C:\Windows\SysWOW64\reg.exe", WINDOWS, "reg.exe"),
    "srtasks": Program(r"C:\Windows\System32\srtasks.exe", WINDOWS, "srtasks.exe"),
    "powershell32": Program(r"C:\Windows\SysWOW64\WindowsPowerShell\v1.0\powershell.exe", WINDOWS, "PowerShell.EXE"),
    "regsvcs": Program(r"C:\Windows\Microsoft.NET\Framework64\v4.0.30319\RegSvcs.exe", MICROSOFT, "RegSvcs.exe"),
    "mousocore": Program(r"C:\Windows\System32\mousocoreworker.exe", WINDOWS, "MoUSOCoreWorker.exe"),
    "dllhost": Program(r"C:\Windows\System32\dllhost.exe", WINDOWS, "dllhost.exe"),
    "runtimebroker": Program(r"C:\Windows\System32\RuntimeBroker.exe", WINDOWS, "RuntimeBroker.exe"),
    "taskhostw": Program(r"C:\Windows\System32\taskhostw.exe", WINDOWS, "taskhostw.exe"),
    "searchindexer": Program(r"C:\Windows\System32\SearchIndexer.exe", WINDOWS, "SearchIndexer.exe"),
    "searchprotocolhost": Program(r"C:\Windows\System32\SearchProtocolHost.exe", WINDOWS, "SearchProtocolHost.exe"),
    "msmpeng": Program(
        r"C:\ProgramData\Microsoft\Windows Defender\Platform\4.18.24020.7-0\MsMpEng.exe", PUBLISHER, "MsMpEng.exe"
    ),
    "mpcmdrun": Program(
        r"C:\ProgramData\Microsoft\Windows Defender\Platform\4.18.24020.7-0\MpCmdRun.exe", PUBLISHER, "MpCmdRun.exe"
    ),
    "chrome": Program(r"C:\Program Files\Google\Chrome\Application\chrome.exe", "Google LLC", "chrome.exe"),
    "onedrive": Program(r"C:\Program Files\Microsoft OneDrive\OneDrive.exe", MICROSOFT, "OneDrive.exe"),
    "onedrivesetup": Program(r"C:\Windows\System32\OneDriveSetup.exe", MICROSOFT, "OneDriveSetup.exe"),
    "outlook": Program(r"C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE", MICROSOFT, "Outlook.exe"),
    "firefox-updater": Program(r"C:\Program Files\Mozilla Firefox\updater.exe", "Mozilla Corporation", "updater.exe"),
    "vendor-agent": Program(r"C:\ProgramData\Vendor\agent.exe", "Vendor Software Inc.", "agent.exe"),
    "custom-action": Program(r"C:\Windows\Installer\MSI4A1F.tmp"),
}


def teams(user: str) -> Program:
    """Microsoft Teams, which installs itself into a user's profile."""
    return Program(rf"C:\Users\{user}\AppData\Local\Microsoft\Teams\current\Teams.exe", MICROSOFT, "Teams.exe")


def system_library(name: str) -> Program:
    """A library of Windows, by its file name."""
    return Program(rf"C:\Windows\System32\{name}", WINDOWS, name)

"""What ordinary programs load, read, write and connect to: the tables behind the background noise.

`{user}`, `{sid}`, `{hex}` and `{number}` are filled in for each activity.
"""

from dataclasses import dataclass

AT_START = (
    "ntdll.dll",
    "kernel32.dll",
    "KernelBase.dll",
    "ucrtbase.dll",
    "msvcrt.dll",
    "rpcrt4.dll",
    "sechost.dll",
    "advapi32.dll",
    "combase.dll",
    "bcryptprimitives.dll",
    "user32.dll",
    "gdi32full.dll",
    "ole32.dll",
)
"""Libraries that programs load as they start, roughly in this order; the first three always are."""

LATER = (
    "clbcatq.dll",
    "cryptbase.dll",
    "imm32.dll",
    "propsys.dll",
    "shlwapi.dll",
    "uxtheme.dll",
    "version.dll",
    "windows.storage.dll",
    "wldp.dll",
)
"""Libraries of Windows that any program may load while it runs."""


@dataclass(frozen=True, slots=True)
class Habit:
    """The ordinary doings of one role of `scene.RUNNING`.

    `weight` says how much of the noise is its; `registry` holds (hive, key, value, data, data type), data None for a
    value that is only read; `files` holds (path, first bytes in hexadecimal); `sites` holds (DNS name, address);
    `libraries` without a path are in System32.
    """

    weight: int
    libraries: tuple[str, ...] = ()
    registry: tuple[tuple[str, str, str, str | None, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    sites: tuple[tuple[str, str], ...] = ()


DEFENDER = r"C:\ProgramData\Microsoft\Windows Defender\Platform\4.18.24020.7-0"
OFFICE = r"C:\Program Files\Microsoft Office\root\Office16"
POLICIES = r"SOFTWARE\Policies\Microsoft"
CURRENT_VERSION = r"SOFTWARE\Microsoft\Windows\CurrentVersion"
USER_ASSIST = rf"{{sid}}\{CURRENT_VERSION}\Explorer\UserAssist\{{{{CEBFF5CD-ACE2-4F4F-9178-9926F41749EA}}}}\Count"
SQLITE = "53514c69746520666f726d6174203300"
JSON = "7b22"
PLAIN = "00000000"

HABITS = {
    "update": Habit(
        4,
        ("wuaueng.dll", "wups2.dll", "winhttp.dll", "bitsproxy.dll", "updatepolicy.dll"),
        (
            ("HKLM", rf"{CURRENT_VERSION}\WindowsUpdate\Auto Update", "LastOnlineScanTimeForAppCategory", None, ""),
            ("HKLM", rf"{CURRENT_VERSION}\WindowsUpdate\Orchestrator", "ScanInterval", "22", "REG_DWORD"),
            ("HKLM", rf"{POLICIES}\Windows\WindowsUpdate", "WUServer", None, ""),
            ("HKLM", r"SYSTEM\CurrentControlSet\Services\BITS", "Start", "3", "REG_DWORD"),
        ),
        (
            (r"C:\Windows\SoftwareDistribution\DataStore\Logs\edb.log", PLAIN),
            (r"C:\Windows\SoftwareDistribution\Download\{hex}\{hex}.cab", "4d534346"),
            (r"C:\Windows\Logs\WindowsUpdate\WindowsUpdate.{hex}.etl", PLAIN),
        ),
        (
            ("slscr.update.microsoft.com", "20.12.23.50"),
            ("fe3cr.delivery.mp.microsoft.com", "20.166.126.56"),
            ("ctldl.windowsupdate.com", "23.36.76.226"),
        ),
    ),
    "dnscache": Habit(
        2,
        ("dnsrslvr.dll", "dnsapi.dll", "IPHLPAPI.DLL", "nsi.dll"),
        (
            ("HKLM", r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters", "NameServer", None, ""),
            ("HKLM", r"SYSTEM\CurrentControlSet\Services\Dnscache\Parameters", "ServiceDll", None, ""),
        ),
    ),
    "time": Habit(
        1,
        ("w32time.dll", "logoncli.dll"),
        (
            (
                "HKLM",
                r"SYSTEM\CurrentControlSet\Services\W32Time\Config",
                "LastKnownGoodTime",
                "13418214067",
                "REG_QWORD",
            ),
        ),
        (),
        (("time.windows.com", "20.101.57.9"),),
    ),
    "msmpeng": Habit(
        6,
        (
            rf"{DEFENDER}\mpsvc.dll",
            rf"{DEFENDER}\MpClient.dll",
            "wintrust.dll",
            "crypt32.dll",
            "fltLib.dll",
            "amsi.dll",
        ),
        (
            ("HKLM", r"SOFTWARE\Microsoft\Windows Defender\Signature Updates", "SignaturesLastUpdated", None, ""),
            ("HKLM", r"SOFTWARE\Microsoft\Windows Defender\Diagnostics", "LastScanRun", "{number}", "REG_DWORD"),
            ("HKLM", rf"{POLICIES}\Windows Defender\Exclusions", "Exclusions_Paths", None, ""),
        ),
        (
            (r"C:\ProgramData\Microsoft\Windows Defender\Scans\mpcache-{hex}.bin", PLAIN),
            (r"C:\ProgramData\Microsoft\Windows Defender\Scans\History\Service\{hex}.tmp", PLAIN),
            (r"C:\Windows\Temp\MpCmdRun.log", "fffe"),
        ),
        (
            ("wdcp.microsoft.com", "20.73.130.64"),
            ("definitionupdates.microsoft.com", "23.36.77.39"),
        ),
    ),
    "explorer": Habit(
        5,
        ("thumbcache.dll", "shell32.dll", "StructuredQuery.dll", "edputil.dll", "linkinfo.dll", "ntshrui.dll"),
        (
            ("HKEY_USERS", rf"{{sid}}\{CURRENT_VERSION}\Explorer\RecentDocs", "MRUListEx", "{hex}", "REG_BINARY"),
            ("HKEY_USERS", rf"{{sid}}\{CURRENT_VERSION}\Explorer\Advanced", "HideFileExt", None, ""),
            ("HKEY_USERS", USER_ASSIST, "HRZR_PGYFRFFVBA", "{hex}", "REG_BINARY"),
            ("HKLM", rf"{CURRENT_VERSION}\Explorer\FolderDescriptions", "Category", None, ""),
        ),
        (
            (r"C:\Users\{user}\AppData\Roaming\Microsoft\Windows\Recent\Quarterly figures {number}.lnk", "4c000000"),
            (r"C:\Users\{user}\AppData\Local\Microsoft\Windows\Explorer\thumbcache_256.db", "434d4d4d"),
            (r"C:\Users\{user}\Documents\Offer {number}.docx", "504b0304"),
        ),
    ),
    "chrome": Habit(
        7,
        ("dwmapi.dll", "dxgi.dll", "d3d11.dll", "mscms.dll", "WindowManagementAPI.dll"),
        (
            ("HKEY_USERS", r"{sid}\SOFTWARE\Google\Chrome\BLBeacon", "state", "1", "REG_DWORD"),
            ("HKEY_USERS", r"{sid}\SOFTWARE\Google\Chrome\ThirdParty", "StatusCodes", "0", "REG_DWORD"),
            ("HKLM", r"SOFTWARE\Policies\Google\Chrome", "ExtensionInstallForcelist", None, ""),
        ),
        (
            (r"C:\Users\{user}\AppData\Local\Google\Chrome\User Data\Default\Cache\Cache_Data\f_{hex}", "1f8b0800"),
            (r"C:\Users\{user}\AppData\Local\Google\Chrome\User Data\Default\History-journal", SQLITE),
            (r"C:\Users\{user}\AppData\Local\Google\Chrome\User Data\Default\{hex}.tmp", JSON),
            (r"C:\Users\{user}\Downloads\minutes-{number}.pdf", "255044462d312e37"),
        ),
    ),
    "chrome-network": Habit(
        8,
        ("mswsock.dll", "dnsapi.dll", "IPHLPAPI.DLL", "ncrypt.dll", "nlansp_c.dll"),
        (),
        ((r"C:\Users\{user}\AppData\Local\Google\Chrome\User Data\Default\Network\Cookies-journal", SQLITE),),
        (
            ("www.google.com", "142.250.184.228"),
            ("update.googleapis.com", "142.250.185.99"),
            ("fonts.gstatic.com", "142.250.186.67"),
            ("en.wikipedia.org", "185.15.59.224"),
            ("intranet.corp.example", "10.0.0.20"),
            ("www.bing.com", "204.79.197.200"),
        ),
    ),
    "onedrive": Habit(
        4,
        (
            r"C:\Program Files\Microsoft OneDrive\24.020.0128.0003\FileSyncShell64.dll",
            "wininet.dll",
            "urlmon.dll",
            "cldapi.dll",
            "webio.dll",
        ),
        (
            (
                "HKEY_USERS",
                r"{sid}\SOFTWARE\Microsoft\OneDrive\Accounts\Business1",
                "LastUpdate",
                "{number}",
                "REG_DWORD",
            ),
            ("HKEY_USERS", r"{sid}\SOFTWARE\Microsoft\OneDrive", "ClientEverSignedIn", None, ""),
        ),
        (
            (r"C:\Users\{user}\AppData\Local\Microsoft\OneDrive\logs\Business1\SyncEngine-{number}.odl", PLAIN),
            (r"C:\Users\{user}\OneDrive - Example Corp\Budget {number}.xlsx", "504b0304"),
            (r"C:\Users\{user}\AppData\Local\Microsoft\OneDrive\settings\Business1\{hex}.dat", PLAIN),
        ),
        (
            ("oneclient.sfx.ms", "23.36.77.32"),
            ("my.sharepoint.com", "13.107.136.10"),
            ("g.live.com", "13.107.42.16"),
        ),
    ),
    "teams": Habit(
        5,
        ("mfplat.dll", "AudioSes.dll", "MMDevAPI.dll", "dhcpcsvc.dll", "WinTypes.dll"),
        (
            ("HKEY_USERS", r"{sid}\SOFTWARE\Microsoft\Office\Teams", "LoggedInOnce", None, ""),
            ("HKEY_USERS", r"{sid}\SOFTWARE\IM Providers\Teams", "UpAndRunning", "2", "REG_DWORD"),
        ),
        (
            (r"C:\Users\{user}\AppData\Roaming\Microsoft\Teams\logs.txt", "546875"),
            (r"C:\Users\{user}\AppData\Roaming\Microsoft\Teams\Local Storage\leveldb\000{number}.log", PLAIN),
            (r"C:\Users\{user}\AppData\Roaming\Microsoft\Teams\Cache\f_{hex}", "1f8b0800"),
        ),
        (
            ("teams.microsoft.com", "52.113.194.132"),
            ("presence.teams.microsoft.com", "52.112.120.204"),
            ("statics.teams.cdn.office.net", "23.36.162.81"),
        ),
    ),
    "outlook": Habit(
        4,
        (rf"{OFFICE}\OUTLMIME.DLL", rf"{OFFICE}\MSO.DLL", "mapi32.dll", "webservices.dll", "msftedit.dll"),
        (
            ("HKEY_USERS", r"{sid}\SOFTWARE\Microsoft\Office\16.0\Outlook", "BootTime", "{number}", "REG_DWORD"),
            ("HKEY_USERS", r"{sid}\SOFTWARE\Microsoft\Office\16.0\Common\Identity", "EnableADAL", None, ""),
        ),
        (
            (r"C:\Users\{user}\AppData\Local\Microsoft\Outlook\{user}@corp.example.ost", "2142444e"),
            (r"C:\Users\{user}\AppData\Local\Temp\Outlook Logging\Agenda {number}.docx", "504b0304"),
        ),
        (
            ("outlook.office365.com", "52.97.133.178"),
            ("nexus.officeapps.live.com", "52.109.28.46"),
        ),
    ),
}

# role of the parent, key of the program, whether it runs as the user, command line (`{path}` is the executable)
SHORT_LIVED = (
    ("chrome", "chrome", True, '"{path}" --type=renderer --lang=en-US --renderer-client-id={number} /prefetch:1'),
    ("dcom", "dllhost", True, r"C:\Windows\system32\DllHost.exe /Processid:{{AB8902B4-09CA-4BB6-B78D-A8F59079A8D5}}"),
    ("dcom", "runtimebroker", True, r"C:\Windows\System32\RuntimeBroker.exe -Embedding"),
    ("schedule", "taskhostw", True, "taskhostw.exe /RuntimeWide"),
    ("services", "svchost", False, r"C:\Windows\system32\svchost.exe -k wsappx -p -s AppXSvc"),
    ("services", "svchost", False, r"C:\Windows\system32\svchost.exe -k netsvcs -p -s BITS"),
    ("msmpeng", "mpcmdrun", False, '"{path}" GetDeviceTicket -AccessKey {hex}'),
    ("update", "mousocore", False, r"C:\Windows\System32\mousocoreworker.exe -Embedding"),
    ("search", "searchprotocolhost", False, r'"{path}" Global\UsGthrFltPipeMssGthrPipe{number}_ 1 -2147483646'),
)
"""Programs that come and go."""

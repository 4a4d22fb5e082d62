"""The programs of the fleet: a handful run all the time, hundreds now and then; their arguments hardly repeat."""

from dataclasses import dataclass
from itertools import accumulate
from random import Random

KNOWN = {
    "windows": (
        r"C:\Windows\System32\backgroundTaskHost.exe",
        r"C:\Windows\explorer.exe",
        r"C:\Windows\System32\cmd.exe",
        r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe",
        r"C:\Windows\System32\conhost.exe",
        r"C:\Windows\System32\rundll32.exe",
        r"C:\Windows\System32\reg.exe",
        r"C:\Windows\System32\msiexec.exe",
        r"C:\Windows\System32\notepad.exe",
        r"C:\Program Files\Mozilla Firefox\firefox.exe",
        r"C:\Program Files\Meadow Mail\meadowmail.exe",
    ),
    "linux": (
        "/usr/bin/bash",
        "/usr/lib/systemd/systemd",
        "/usr/sbin/cron",
        "/usr/bin/python3.11",
        "/usr/bin/sed",
        "/usr/bin/find",
        "/usr/bin/curl",
        "/usr/sbin/sshd",
        "/usr/bin/git",
        "/usr/bin/dpkg",
    ),
    "macos": (
        "/sbin/launchd",
        "/bin/zsh",
        "/usr/libexec/mdworker_shared",
        "/usr/bin/xcrun",
        "/usr/bin/osascript",
        "/Applications/Safari.app/Contents/MacOS/Safari",
        "/usr/sbin/softwareupdated",
    ),
}
SIGNERS = {
    "windows": ("Microsoft Windows", "Microsoft Windows Publisher", "Northlight Software GmbH", "Birch & Sons Ltd."),
    "macos": ("Software Signing", "Developer ID Application: Northlight Software GmbH (N0RTHL1GHT)"),
}
WORDS = (
    *("anchor", "amber", "basalt", "beacon", "birch", "cedar", "cobalt", "coral", "delta", "ember"),
    *("fable", "flint", "garnet", "glade", "harbor", "hazel", "indigo", "juniper", "kestrel", "lantern"),
    *("larch", "maple", "meadow", "nimbus", "oak", "onyx", "opal", "pebble", "quartz", "raven"),
    *("reed", "saffron", "slate", "thistle", "topaz", "umber", "velvet", "willow", "yarrow", "zephyr"),
)
FLAGS = ("--config", "--verbose", "--session", "--profile", "--output", "--type=worker", "-n", "-q", "-t", "--retry=3")
ENDINGS = ("json", "log", "tmp", "db", "txt", "dll", "so")
SKEW = 1.1
"""The exponent of the Zipf distribution: the n-th program runs n^-SKEW times as often as the first."""


@dataclass(frozen=True, slots=True)
class Program:
    """An executable: path, hash material, and who signed it (None: nobody)."""

    executable: str
    name: str
    hashes: dict[str, str]
    signer: str | None


@dataclass(frozen=True, slots=True)
class Programs:
    """All programs of one operating system, the most frequent first, with cumulative weights to draw by."""

    system: str
    all: tuple[Program, ...]
    weights: tuple[float, ...]

    @classmethod
    def of(cls, random: Random, system: str, size: int = 220) -> "Programs":
        """So many programs: those known everywhere first, then the company's own."""
        paths = [*KNOWN[system]]
        while len(paths) < size:
            paths.append(_invented_path(random, system, len(paths)))
        weights = accumulate(1 / (rank + 1) ** SKEW for rank in range(size))
        return cls(system, tuple(_program(random, path, system) for path in paths), tuple(weights))

    def draw(self, random: Random) -> Program:
        """A program, the frequent ones often."""
        return random.choices(self.all, cum_weights=self.weights)[0]


def _program(random: Random, path: str, system: str) -> Program:
    sizes = {"md5": 32, "sha1": 40, "sha256": 64}
    hashes = {name: f"{random.getrandbits(4 * digits):0{digits}x}" for name, digits in sizes.items()}
    signers = SIGNERS.get(system)
    signer = random.choice(signers) if signers and random.random() < 0.9 else None
    if path in KNOWN[system] and signers:
        signer = signers[0]
    return Program(path, path.replace("\\", "/").rpartition("/")[2], hashes, signer)


def _invented_path(random: Random, system: str, number: int) -> str:
    name, vendor = random.choice(WORDS), random.choice(WORDS)
    match system:
        case "windows":
            folder = random.choice(
                (rf"C:\Program Files\{vendor.title()}", r"C:\Windows\System32", rf"D:\Tools\{vendor}")
            )
            return rf"{folder}\{name}{number}.exe"
        case "linux":
            return random.choice((f"/usr/bin/{name}{number}", f"/opt/{vendor}/bin/{name}{number}"))
        case _:
            return random.choice(
                (f"/usr/libexec/{name}{number}", f"/Applications/{name.title()}{number}.app/Contents/MacOS/{name}")
            )


def arguments(random: Random, program: Program, system: str) -> list[str]:
    """What a program is started with: half of the time something never seen before."""
    made = [program.executable]
    for _ in range(random.randrange(1, 6)):
        roll = random.random()
        if roll < 0.5:
            made.append(random.choice(FLAGS))
        elif roll < 0.75:
            made.append(file_path(random, system))
        else:
            made.append(f"{random.choice(WORDS)}={random.getrandbits(40):x}")
    return made


def file_path(random: Random, system: str) -> str:
    """A file somebody wrote; nearly always a new one."""
    name = f"{random.choice(WORDS)}-{random.getrandbits(32):08x}.{random.choice(ENDINGS)}"
    word = random.choice(WORDS)
    match system:
        case "windows":
            folder = random.choice(
                (
                    rf"C:\Users\{word}\AppData\Local\{word.title()}\Cache",
                    r"C:\Windows\Temp",
                    rf"C:\ProgramData\{word.title()}",
                )
            )
            return rf"{folder}\{name}"
        case "linux":
            return f"{random.choice((f'/home/{word}/.cache/{word}', '/tmp', f'/var/lib/{word}', '/var/log'))}/{name}"
        case _:
            return (
                f"{random.choice((f'/Users/{word}/Library/Caches/{word}', '/private/tmp', f'/Library/{word}'))}/{name}"
            )

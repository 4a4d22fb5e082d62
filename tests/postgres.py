"""A PostgreSQL server for tests: the one BESRA_TEST_POSTGRES names, else one of our own where it is installed."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

ENVIRONMENT = "BESRA_TEST_POSTGRES"
DEBIAN = Path("/usr/lib/postgresql")
ACCOUNT = "postgres"
"""Who runs the server where the tests are run by root, which PostgreSQL refuses to be."""


class NoServerError(Exception):
    """There is no server to test with; the text says why."""


@contextmanager
def server() -> Iterator[str]:
    """The URL of a server while the block runs. Raises NoServerError."""
    if url := os.environ.get(ENVIRONMENT):
        yield url
        return
    folder = Path(tempfile.mkdtemp(prefix="besra-pg-"))
    try:
        with started(folder) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def started(folder: Path) -> Iterator[str]:
    """The URL of a server of our own in an empty folder. Raises NoServerError."""
    with controlled(folder) as own:
        yield own.url


@dataclass(frozen=True)
class Server:
    """A server of our own, which can be stopped and started again."""

    folder: Path
    programs: Path
    account: str | None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"postgresql://besra@/postgres?host={quote(str(self.folder), safe='')}"

    def start(self) -> None:
        """Start it, and wait until it takes connections. Raises NoServerError."""
        options = f"-c listen_addresses='' -k '{self.folder}' -F"
        self.call("pg_ctl", "-D", self._data, "-l", str(self.folder / "log"), "-w", "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it: `immediate` is a crash, `fast` ends what connections are doing. Raises NoServerError."""
        self.call("pg_ctl", "-D", self._data, "-w", "-m", mode, "stop")

    def create(self) -> None:
        """Make its files. Raises NoServerError."""
        self.call("initdb", "-D", self._data, "-A", "trust", "-U", "besra", "-E", "UTF8", "--locale=C", "--no-sync")

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def call(self, program: str, *arguments: str) -> None:
        """Run one of its programs. Raises NoServerError if that fails."""
        done = subprocess.run(
            [self.programs / program, *arguments],
            user=self.account,
            group=self.account,
            extra_groups=[] if self.account else None,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            raise NoServerError(f"{program}: {done.stderr.strip()}")


@contextmanager
def controlled(folder: Path) -> Iterator[Server]:
    """A server of our own in an empty folder, running when the block begins. Raises NoServerError."""
    own = Server(folder, _programs(), _account())
    if own.account:
        shutil.chown(folder, own.account)
    own.create()
    own.start()
    try:
        yield own
    finally:
        own.stop()


def _programs() -> Path:
    found = shutil.which("pg_ctl")
    if found:
        return Path(found).resolve().parent
    folders = sorted(DEBIAN.glob("*/bin/pg_ctl"), key=lambda path: float(path.parts[-3]))
    if not folders:
        raise NoServerError(f"no PostgreSQL: set {ENVIRONMENT} to a URL, or install the server")
    return folders[-1].parent


def _account() -> str | None:
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(ACCOUNT).pw_name
    except KeyError:
        raise NoServerError(f"PostgreSQL is not run by root, and there is no account {ACCOUNT}") from None

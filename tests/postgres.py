"""A PostgreSQL server for tests: the one BESRA_TEST_POSTGRES names, else one of our own where it is installed."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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
    """A server of our own in an empty folder. Raises NoServerError."""
    programs = _programs()
    account = _account()
    data = folder / "data"
    if account:
        shutil.chown(folder, account)

    def call(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [programs / program, *arguments],
            user=account,
            group=account,
            extra_groups=[] if account else None,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            raise NoServerError(f"{program}: {done.stderr.strip()}")

    call("initdb", "-D", str(data), "-A", "trust", "-U", "besra", "-E", "UTF8", "--locale=C", "--no-sync")
    options = f"-c listen_addresses='' -k '{folder}' -F"
    call("pg_ctl", "-D", str(data), "-l", str(folder / "log"), "-w", "-o", options, "start")
    try:
        yield f"postgresql://besra@/postgres?host={quote(str(folder), safe='')}"
    finally:
        call("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")


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

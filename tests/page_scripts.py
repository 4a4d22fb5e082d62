"""The scripts of the project's pages, run word for word against a service that has users."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.documents import Block, blocks_of
from tests.guarded import PASSWORD, basic
from tests.served import Served, serving

OWNER = "ann"
"""The first user, who may do all."""
JSON = {"content-type": "application/json", "kbn-xsrf": "x"}

needs_curl = pytest.mark.skipif(not (shutil.which("jq") and shutil.which("curl")), reason="curl or jq is not installed")


@contextmanager
def serving_users(folder: Path, *options: str) -> Iterator[Served]:
    """A service with its first user, as whom its tests ask."""
    with serving(folder, *options, users=True) as served:
        token = (folder / "setup-token").read_text("utf-8").strip()
        body = json.dumps({"token": token, "name": OWNER, "password": PASSWORD}).encode()
        served.plain("/api/v1/setup", body, **JSON)
        served.headers = basic(OWNER)
        yield served


def key_of(served: Served, role: str) -> str:
    """A new key of a role in all spaces, as the header has it."""
    body = json.dumps({"name": role, "roles": {"*": [role]}}).encode()
    return str(json.loads(served.plain("/api/v1/keys", body, **JSON))["encoded"])


def run_block(block: Block, folder: Path, **variables: str) -> str:
    """What a script prints that is run in a folder, with `besra` on the path."""
    command = folder / "bin" / "besra"
    command.parent.mkdir(exist_ok=True)
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m besra.cli "$@"\n', "utf-8")
    command.chmod(0o755)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-ec", block.text],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        timeout=120,
        env={**os.environ, "PATH": path, **variables},
    )
    assert done.returncode == 0, f"{block.page.name}:{block.line}\n{done.stderr}{done.stdout}"
    return done.stdout


def run_page(page: Path, folder: Path, served: Served, role: str) -> list[str]:
    """What each script of a page prints behind the first, which makes `besra.env`; with a key of a role."""
    key = key_of(served, role)
    first, *printed = [run_block(one, folder, BESRA=served.address, KEY=key) for one in blocks_of(page, "sh")]
    assert first == ""
    assert "Authorization" in (folder / "besra.env").read_text("utf-8")
    return printed

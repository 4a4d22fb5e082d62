"""Which clients there are, where they live, and how they are brought there.

Each has a folder of its own, since versions exclude each other and none of them is any part of besra. What is pinned is
the client with all it needs.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / ".clients"
PINNED = HERE / "pinned"
PROGRAMS = HERE / "programs"
PYTHON = ("elasticsearch-python-8", "elasticsearch-python-9", "opensearch-python", "opentelemetry-python")
NODE = "node"
TIMEOUT = 60
"""Seconds for a client's work, which takes one or two."""


@dataclass(frozen=True, slots=True)
class Client:
    """A client that is there: what runs its programs, and the environment they need."""

    command: tuple[str, ...]
    environment: Mapping[str, str]

    def run(self, program: str, *arguments: str, **told: Any) -> Any:
        """What a program prints, as JSON; it is told things on its standard input, as JSON too."""
        done = subprocess.run(
            [*self.command, str(PROGRAMS / program), *arguments],
            input=json.dumps(told),
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def needs_any() -> None:
    """Skips the test if no client is there, before a service is started for it."""
    if not FOLDER.is_dir():
        pytest.skip("clients are not installed: make clients")


def python_client(name: str) -> Client:
    """A client for Python, without what else is installed here. Skips the test if it is not there."""
    folder = FOLDER / name
    _needs(folder)
    return Client((sys.executable, "-S"), {"PYTHONPATH": str(folder)})


def node_client(package: str) -> Client:
    """A client for Node.js. Skips the test if it is not there."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed (Debian: nodejs npm)")
    folder = FOLDER / NODE / "node_modules"
    _needs(folder / package)
    return Client((node,), {"NODE_PATH": str(folder)})


def _needs(folder: Path) -> None:
    if not folder.is_dir():
        pytest.skip(f"{folder.name} is not installed: make clients")


def install() -> list[str]:
    """Bring all clients that are not there yet; what could not be had, and why."""
    failed = []
    for name in PYTHON:
        wanted = PINNED / f"{name}.txt"
        options = ("--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:")
        command = [sys.executable, "-m", "pip", "install", *options, "--target", str(FOLDER / name), "-r", str(wanted)]
        failed += _brought(name, [wanted], command)
    npm = shutil.which("npm")
    files = [PINNED / "package.json", PINNED / "package-lock.json"]
    if npm is None:
        failed.append(f"{NODE}: npm is not installed")
    else:
        options = ("--no-audit", "--no-fund", "--ignore-scripts", "--silent")
        failed += _brought(NODE, files, [npm, "ci", *options, "--prefix", str(FOLDER / NODE)])
    return failed


def _brought(name: str, wanted: list[Path], command: list[str]) -> list[str]:
    """Bring a client unless what is there is what is wanted."""
    folder, wish = FOLDER / name, "".join(file.read_text("utf-8") for file in wanted)
    mark = folder / "brought"
    if mark.is_file() and mark.read_text("utf-8") == wish:
        return []
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in wanted:
        shutil.copy(file, folder)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(folder)
        return [f"{name}: {done.stderr.strip() or done.stdout.strip()}"]
    mark.write_text(wish, "utf-8")
    return []

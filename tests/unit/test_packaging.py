"""The container file and the unit, as far as that can be seen without running them."""

import configparser
import re
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.documents import ROOT

from besra.cli.command_line import besra

UNIT = ROOT / "packaging" / "besra.service"
CONTAINER = ROOT / "Containerfile"
VARIABLE = re.compile(r"BESRA_SERVE__([A-Z_]+)=")


def instructions() -> list[tuple[str, str]]:
    """The instructions of the container file, each on one line."""
    text = re.sub(r"\\\n\s*", " ", CONTAINER.read_text("utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines]


def test_the_image_runs_as_nobody_in_particular_and_keeps_no_secret() -> None:
    told = instructions()
    assert {name for name, _ in told} <= {
        *("FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL"),
        *("HEALTHCHECK", "ENTRYPOINT", "CMD"),
    }
    last = [name for name, _ in told][::-1].index("FROM")
    final = dict(told[-last:])
    assert final["USER"] == "10001:10001"
    assert {"HEALTHCHECK", "VOLUME", "EXPOSE"} <= final.keys()
    assert not re.search(r"password|token|secret", CONTAINER.read_text("utf-8"), re.IGNORECASE)
    for name, argument in told:
        if name == "COPY" and not argument.startswith("--from"):
            assert all((ROOT / source).exists() for source in argument.split()[:-1]), argument


@pytest.mark.parametrize("path", [CONTAINER, UNIT])
def test_settings_are_those_of_the_command(path: Path) -> None:
    names = {name.lower() for name in VARIABLE.findall(path.read_text("utf-8"))}
    assert names
    options = {option.lstrip("-").replace("-", "_") for p in besra.commands["serve"].params for option in p.opts}
    assert names <= options


def test_the_unit_is_one_systemd_takes(tmp_path: Path) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read(UNIT)
    service = unit["Service"]
    assert service["user"] == "besra"
    assert service["nonewprivileges"] == service["privatetmp"] == "yes"
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text("utf-8").replace("/opt/besra/bin/besra", "/bin/true"), "utf-8")
    done = subprocess.run([program, "verify", str(copy)], capture_output=True, text=True, check=False)
    if "Failed to initialize manager" in done.stderr:
        pytest.skip("systemd-analyze does not work here")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_health_check_tells_whether_somebody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BESRA_SERVE__PORT", "1")
    told = runpy.run_path(str(ROOT / "packaging" / "healthcheck.py"))
    assert not told["answers"]("http")
    assert not told["answers"]("https")

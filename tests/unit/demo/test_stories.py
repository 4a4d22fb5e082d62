"""Both attacks, document by document, against the tables of demo-events.md."""

from typing import Any

import pytest

from besra.demo import DEFAULT_BASE, DEFAULT_SEED, Document
from besra.demo.activity import Story
from besra.demo.defend import defend_documents
from besra.demo.machine import workstation
from besra.demo.malicious_msi import malicious_msi
from besra.demo.persistence import persistence
from besra.demo.scene import scene
from besra.schema.timestamp import NANOS

SERVICE_ARGS = [r"C:\Windows\system32\msiexec.exe", "/V"]
IMPLANT = r"C:\Users\jdoe\AppData\Roaming\InvoiceViewer\updsvc.exe"


def told(story: Story) -> dict[str, Document]:
    """The story's documents by label."""
    ordered = sorted(story.items(), key=lambda item: item[1].time)
    documents = defend_documents(activity for _, activity in ordered)
    return dict(zip((label for label, _ in ordered), documents, strict=True))


@pytest.fixture(scope="module")
def msi_story() -> Story:
    return malicious_msi(scene(workstation(0, DEFAULT_BASE, DEFAULT_SEED), DEFAULT_BASE, DEFAULT_SEED, "test"))


@pytest.fixture(scope="module")
def msi(msi_story: Story) -> dict[str, Document]:
    return told(msi_story)


@pytest.fixture(scope="module")
def installed() -> dict[str, Document]:
    return told(persistence(scene(workstation(1, DEFAULT_BASE, DEFAULT_SEED), DEFAULT_BASE, DEFAULT_SEED, "test")))


def field(document: Document, name: str) -> Any:
    found: Any = document
    for part in name.split("."):
        found = found[part]
    return found


def test_offsets_of_the_malicious_msi(msi_story: Story) -> None:
    offsets = {
        "a1": 0.0,
        "a2": 0.412,
        "a3": 0.958,
        "a4": 1.604,
        "a5": 2.317,
        "a6": 2.731,
        "a7": 3.020,
        "a8": 4.455,
        "a9": 4.502,
        "a10": 4.618,
        "a11": 61.9,
        "a12": 62.0,
    }
    found = {label: (activity.time - DEFAULT_BASE) / NANOS for label, activity in msi_story.items()}
    assert found == pytest.approx(offsets, abs=1e-9)
    assert list(msi_story) == list(offsets)


@pytest.mark.parametrize(
    ("label", "name", "value"),
    [
        ("a1", "process.parent.name", "explorer.exe"),
        ("a1", "process.Ext.token.integrity_level_name", "medium"),
        ("a1", "user.name", "jdoe"),
        ("a1", "user.domain", "WKS-0042"),
        (
            "a1",
            "process.args",
            [r"C:\Windows\System32\msiexec.exe", "/i", r"C:\Users\jdoe\Downloads\invoice_viewer.msi", "/qn"],
        ),
        ("a2", "process.parent.name", "services.exe"),
        ("a2", "process.executable", r"C:\Windows\System32\msiexec.exe"),
        ("a2", "process.args", SERVICE_ARGS),
        ("a2", "user.id", "S-1-5-18"),
        ("a3", "file.path", r"C:\Windows\Installer\4f1c2a.msi"),
        ("a3", "file.extension", "msi"),
        ("a4", "process.executable", r"C:\Windows\SysWOW64\msiexec.exe"),
        ("a4", "process.parent.args", SERVICE_ARGS),
        ("a5", "file.path", IMPLANT),
        ("a5", "event.type", ["creation"]),
        ("a6", "process.executable", IMPLANT),
        ("a6", "process.parent.args", SERVICE_ARGS),
        ("a6", "process.parent.name", "msiexec.exe"),
        ("a6", "process.args", [IMPLANT, "-k", "7f3a"]),
        ("a6", "process.code_signature", {"exists": False}),
        ("a6", "user.name", "SYSTEM"),
        ("a7", "dll.path", r"C:\Windows\System32\winhttp.dll"),
        ("a7", "event.category", ["library"]),
        ("a8", "event.action", "lookup_requested"),
        ("a8", "event.type", ["connection", "protocol", "info"]),
        ("a8", "dns.question.name", "cdn-updates.example"),
        ("a8", "network.protocol", "dns"),
        ("a8", "destination.port", 53),
        ("a9", "event.action", "lookup_result"),
        ("a9", "dns.resolved_ip", ["203.0.113.24"]),
        ("a10", "event.action", "connection_attempted"),
        ("a10", "event.type", ["start"]),
        ("a10", "source.ip", "10.0.4.42"),
        ("a10", "source.port", 51544),
        ("a10", "destination.ip", "203.0.113.24"),
        ("a10", "destination.port", 443),
        ("a10", "network", {"direction": "egress", "transport": "tcp", "type": "ipv4"}),
        ("a11", "event.type", ["end"]),
        ("a12", "process.exit_code", 0),
        ("a12", "event.type", ["end"]),
    ],
)
def test_values_of_the_malicious_msi(msi: dict[str, Document], label: str, name: str, value: object) -> None:
    assert field(msi[label], name) == value


def test_the_implant_is_one_process(msi: dict[str, Document]) -> None:
    assert len({msi[f"a{number}"]["process"]["entity_id"] for number in range(6, 13)}) == 1
    assert msi["a6"]["process"]["parent"]["entity_id"] == msi["a2"]["process"]["entity_id"]
    assert msi["a3"]["process"]["entity_id"] == msi["a5"]["process"]["entity_id"] == msi["a2"]["process"]["entity_id"]
    assert msi["a5"]["file"]["Ext"]["header_bytes"].startswith("4d5a")
    assert msi["a11"]["source"]["bytes"] > 0 < msi["a11"]["destination"]["bytes"]


RUN = r"\Software\Microsoft\Windows\CurrentVersion\Run"


@pytest.mark.parametrize(
    ("label", "name", "value"),
    [
        ("b1", "process.args", SERVICE_ARGS),
        (
            "b2",
            "file.path",
            r"C:\Users\jdoe\AppData\Roaming\Microsoft\Windows\Start Menu\Programs\Startup\InvoiceViewer.lnk",
        ),
        ("b2", "event.action", "creation"),
        ("b3", "event.action", "modification"),
        ("b3", "event.type", ["change"]),
        ("b3", "registry.hive", "HKEY_USERS"),
        ("b3", "registry.value", "InvoiceViewer"),
        ("b3", "registry.data", {"strings": [IMPLANT], "type": "REG_SZ"}),
        ("b4", "process.name", "svchost.exe"),
        ("b4", "Effective_process.name", "msiexec.exe"),
        ("b4", "file.path", r"C:\Windows\System32\Tasks\InvoiceViewerUpdate"),
        ("b5", "registry.value", "DisplayName"),
        ("b6", "registry.path", r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\RunOnce\x"),
        ("b7", "event.action", "modification"),
        ("b8", "event.action", "query"),
        ("b8", "event.type", ["access"]),
    ],
)
def test_values_of_the_persistence(installed: dict[str, Document], label: str, name: str, value: object) -> None:
    assert field(installed[label], name) == value


def test_the_installer_acts_for_itself_except_in_the_task(installed: dict[str, Document]) -> None:
    service = installed["b1"]["process"]["entity_id"]
    for label in ("b2", "b3", "b5", "b6", "b7", "b8"):
        assert installed[label]["process"]["entity_id"] == service
        assert "Effective_process" not in installed[label]
    assert installed["b4"]["Effective_process"]["entity_id"] == service
    assert installed["b3"]["registry"]["key"].endswith(RUN)
    assert installed["b3"]["registry"]["key"].startswith("S-1-5-21-")
    assert installed["b3"]["registry"]["path"] == installed["b8"]["registry"]["path"]
    assert installed["b7"]["file"]["path"] == installed["b2"]["file"]["path"]
    assert "data" not in installed["b8"]["registry"]

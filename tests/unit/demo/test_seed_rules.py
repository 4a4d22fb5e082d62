"""Both seed rules, written out by hand in the plainest Python, over everything the demo makes.

Not the engine: an independent reading of the rules, so that the demo's expected numbers do not rest on the engine.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import pytest

from besra.demo import VARIANTS, Document, Variant, demo_documents, sentinel_one_documents, sysmon_documents
from besra.demo.variants import NETWORK, PERSISTENCE
from besra.schema.timestamp import NANOS, parse_timestamp

NETWORK_SETS = {
    "endpoint.events.process",
    "endpoint.events.network",
    "windows.sysmon_operational",
    "sentinel_one_cloud_funnel.event",
}
PERSISTENCE_SETS = {"endpoint.events.registry", "endpoint.events.file"}
EXCLUDED = (
    r"?:\Windows\System32\msiexec.exe",
    r"?:\Windows\sysWOW64\msiexec.exe",
    r"?:\Windows\system32\srtasks.exe",
    r"?:\Windows\syswow64\srtasks.exe",
    r"?:\Windows\sys*\taskkill.exe",
    r"?:\Program Files\*.exe",
    r"?:\Program Files (x86)\*.exe",
    r"?:\Windows\Installer\MSI*.tmp",
    r"?:\Windows\Microsoft.NET\Framework*\RegSvcs.exe",
)
EXCLUDED_LATER = (*EXCLUDED, r"C:\Windows\SysWOW64\WindowsPowerShell\v1.0\powershell.exe")
PROGRAM_FILES = (r"?:\Program Files\*", r"?:\Program Files (x86)\*")
RUN_KEYS = tuple(
    rf"H*\Software{wow}\Microsoft\Windows\CurrentVersion{policies}\Run\*"
    for wow in ("", r"\WOW6432Node")
    for policies in ("", r"\Policies\Explorer")
)
STARTUP = (
    r"?:\Windows\System32\Tasks\*",
    r"?:\programdata\microsoft\windows\start menu\programs\startup\*",
    r"?:\Users\*\AppData\Roaming\Microsoft\Windows\Start Menu\Programs\Startup\*",
)


def values(document: Document, field: str) -> list[Any]:
    found: Any = document
    for part in field.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found if isinstance(found, list) else [] if found is None else [found]


@cache
def pattern(text: str) -> re.Pattern[str]:
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in text.lower())
    return re.compile("".join(parts), re.DOTALL)


def like(document: Document, field: str, *patterns: str) -> bool:
    return any(pattern(text).fullmatch(str(value).lower()) for value in values(document, field) for text in patterns)


def first_step(document: Document, excluded: tuple[str, ...]) -> bool:
    return (
        "process" in values(document, "event.category")
        and values(document, "host.os.type") == ["windows"]
        and like(document, "event.type", "start")
        and like(document, "process.parent.name", "msiexec.exe")
        and like(document, "process.parent.args", "/v")
        and not like(document, "process.executable", *excluded)
        and not (
            like(document, "process.name", "rundll32.exe", "regsvr32.exe")
            and like(document, "process.args", *PROGRAM_FILES)
        )
    )


def second_step(document: Document, categories: set[str]) -> bool:
    return (
        values(document, "host.os.type") == ["windows"]
        and bool(categories & set(values(document, "event.category")))
        and bool(values(document, "process.name"))
    )


def network_alerts(
    documents: Iterable[Document],
    excluded: tuple[str, ...] = EXCLUDED,
    categories: frozenset[str] = frozenset({"network", "dns"}),
) -> list[tuple[Document, Document]]:
    pending: dict[str, Document] = {}
    alerts = []
    for document in documents:
        if document["data_stream"]["dataset"] not in NETWORK_SETS:
            continue
        key = document["process"]["entity_id"]
        if second_step(document, set(categories)) and key in pending:
            start = pending.pop(key)
            if nanos(document) - nanos(start) <= 60 * NANOS:
                alerts.append((start, document))
        if first_step(document, excluded):
            pending[key] = document
    return alerts


def nanos(document: Document) -> int:
    time = parse_timestamp(document["@timestamp"])
    assert time is not None
    return time


def persistence_alerts(documents: Iterable[Document]) -> list[Document]:
    return [
        document
        for document in documents
        if document["data_stream"]["dataset"] in PERSISTENCE_SETS and is_persistence(document)
    ]


def is_persistence(document: Document) -> bool:
    by_installer = like(document, "process.name", "msiexec.exe") or like(
        document, "Effective_process.name", "msiexec.exe"
    )
    file_created = (
        "file" in values(document, "event.category")
        and values(document, "event.action") == ["creation"]
        and like(document, "file.path", *STARTUP)
    )
    value_set = (
        "registry" in values(document, "event.category")
        and values(document, "event.action") == ["modification"]
        and like(document, "registry.path", *RUN_KEYS)
    )
    return values(document, "host.os.type") == ["windows"] and by_installer and (file_created or value_set)


@pytest.mark.parametrize(
    ("seed", "minutes", "hosts"), [(20, 5, 4), (20, 0, 2), (1, 1, 2), (2, 1, 3), (3, 2, 9)], ids=str
)
def test_the_demo_gives_one_alert_and_three(seed: int, minutes: int, hosts: int) -> None:
    documents = list(demo_documents(seed=seed, minutes=minutes, hosts=hosts))
    assert len(network_alerts(documents)) == 1
    assert len(persistence_alerts(documents)) == 3


def test_the_alert_is_the_implant_and_its_first_lookup() -> None:
    [(start, lookup)] = network_alerts(demo_documents())
    assert start["process"]["executable"] == r"C:\Users\jdoe\AppData\Roaming\InvoiceViewer\updsvc.exe"
    assert lookup["event"]["action"] == "lookup_requested"
    assert lookup["dns"]["question"]["name"] == "cdn-updates.example"


def test_the_three_persistence_alerts_in_order() -> None:
    documents = persistence_alerts(demo_documents())
    assert [document["event"]["dataset"].rpartition(".")[2] for document in documents] == ["file", "registry", "file"]
    assert [document["process"]["name"] for document in documents] == ["msiexec.exe", "msiexec.exe", "svchost.exe"]
    assert documents[2]["Effective_process"]["entity_id"] == documents[0]["process"]["entity_id"]
    assert len({document["host"]["name"] for document in documents}) == 1


@pytest.mark.parametrize(
    ("source", "network", "persistence"),
    [(sysmon_documents, 1, 0), (sentinel_one_documents, 1, 0)],
    ids=["sysmon", "sentinel-one"],
)
def test_other_sources_tell_the_same(source: Callable[[], Iterable[Document]], network: int, persistence: int) -> None:
    documents = list(source())
    assert len(network_alerts(documents)) == network
    assert len(persistence_alerts(documents)) == persistence


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_a_variant_gives_the_alerts_it_says(variant: Variant) -> None:
    documents = variant.documents()
    assert {NETWORK: len(network_alerts(documents)), PERSISTENCE: len(persistence_alerts(documents))} == (
        variant.expected
    )


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_a_variant_gives_the_alerts_it_says_for_the_later_rules(variant: Variant) -> None:
    documents = variant.documents()
    alerts = network_alerts(documents, EXCLUDED_LATER, frozenset({"network"}))
    with_data = [
        found for found in persistence_alerts(documents) if "registry" not in found or "data" in found["registry"]
    ]
    assert {NETWORK: len(alerts), PERSISTENCE: len(with_data)} == variant.expected_newer


def test_the_benign_cases_are_silent_for_the_reason_they_name() -> None:
    """Each would be caught if its one excuse were taken away: otherwise it proves nothing."""
    streams = {variant.name: variant.documents() for variant in VARIANTS}
    for name in ("browser-update", "custom-action", "dotnet-registration"):
        assert len(network_alerts(streams[f"benign-{name}"], excluded=())) == 1, name
    [found] = [found for found in streams["benign-control-action"] if first_step(_renamed(found), EXCLUDED)]
    assert found["process"]["name"] == "rundll32.exe"
    assert sum(first_step(found, EXCLUDED) for found in streams["benign-update-helper"]) == 10
    assert sum(first_step(found, ()) for found in streams["benign-restore-point"]) == 1
    assert sum(first_step(found, EXCLUDED) for found in streams["benign-slow-vendor-agent"]) == 1
    linux = streams["benign-other-system"]
    for found in linux:
        found["host"]["os"]["type"] = "windows"
    assert (len(network_alerts(linux)), len(persistence_alerts(linux))) == (1, 1)
    assert sum(is_persistence(_by_installer(found)) for found in streams["benign-run-key-by-others"]) == 4
    assert sum(is_persistence(_by_installer(found)) for found in streams["benign-task-by-others"]) == 1


def _renamed(document: Document) -> Document:
    return document | {"process": document["process"] | {"args": []}}


def _by_installer(document: Document) -> Document:
    return document | {"process": document["process"] | {"name": "msiexec.exe"}}

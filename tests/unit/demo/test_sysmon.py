"""The same attacks as Sysmon documents: what Sysmon records, under its own names (sources.md 4)."""

import re
from collections import Counter

import pytest

from besra.demo import Document, sysmon_documents

ACTIONS = {
    "1": "Process creation",
    "3": "Network connection",
    "7": "Image loaded",
    "11": "FileCreate",
    "13": "RegistryEvent (Value Set)",
    "22": "DNSEvent (DNS query)",
}


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return list(sysmon_documents())


def test_the_records_of_both_attacks(documents: list[Document]) -> None:
    hosts = [document["host"]["name"] for document in documents]
    first = Counter(d["event"]["code"] for d in documents if d["host"]["name"] == hosts[0])
    second = Counter(d["event"]["code"] for d in documents if d["host"]["name"] == hosts[-1])
    assert first == {"1": 4, "11": 2, "7": 1, "22": 1, "3": 1}
    assert second == {"1": 1, "11": 2, "13": 3}


def test_documents_belong_to_the_integration(documents: list[Document]) -> None:
    for document in documents:
        event = document["event"]
        assert document["data_stream"]["dataset"] == event["dataset"] == "windows.sysmon_operational"
        assert event["action"] == ACTIONS[event["code"]]
        assert event["code"] == document["winlog"]["event_id"]
        assert document["host"]["os"]["type"] == "windows"
        assert document["user"]["id"] == "S-1-5-18"
        assert re.fullmatch(r"\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}", document["process"]["entity_id"])
        assert "code_signature" not in document["process"]
        assert ("parent" in document["process"]) == (event["code"] == "1")


def test_record_ids_count_up_on_each_machine(documents: list[Document]) -> None:
    for host in {document["host"]["name"] for document in documents}:
        ids = [int(d["winlog"]["record_id"]) for d in documents if d["host"]["name"] == host]
        assert ids == list(range(ids[0], ids[0] + len(ids)))


def test_the_implant_joins_start_lookup_and_connection(documents: list[Document]) -> None:
    implant = [document for document in documents if document["process"]["name"] == "updsvc.exe"]
    assert [document["event"]["code"] for document in implant] == ["1", "7", "22", "3"]
    assert len({document["process"]["entity_id"] for document in implant}) == 1
    start, image, lookup, connection = implant
    assert start["process"]["parent"]["command_line"] == r"C:\Windows\system32\msiexec.exe /V"
    assert start["process"]["parent"]["args"] == [r"C:\Windows\system32\msiexec.exe", "/V"]
    assert image["event"]["category"] == ["process"]
    assert image["file"]["name"] == "winhttp.dll"
    assert "dll" not in image
    assert (lookup["event"]["category"], lookup["dns"]["question"]["name"]) == (["network"], "cdn-updates.example")
    assert connection["destination"] == {"ip": "203.0.113.24", "port": 443}


def test_process_guids_tell_processes_apart(documents: list[Document]) -> None:
    seen: dict[str, tuple[int, str]] = {}
    for document in documents:
        for block in filter(None, (document["process"], document["process"].get("parent"))):
            identity = (block["pid"], block["executable"])
            assert seen.setdefault(block["entity_id"], identity) == identity
    assert len(set(seen.values())) == len(seen)


def test_a_registry_key_holds_the_value_name(documents: list[Document]) -> None:
    run = next(d["registry"] for d in documents if d["event"]["code"] == "13")
    assert run["path"] == f"HKU\\{run['key']}"
    assert run["key"].endswith(r"\CurrentVersion\Run\InvoiceViewer")
    assert (run["hive"], run["value"]) == ("HKU", "InvoiceViewer")

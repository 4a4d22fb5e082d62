"""The malicious MSI as SentinelOne Cloud Funnel documents (sources.md 6)."""

import re

import pytest

from besra.demo import Document, sentinel_one_documents


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return list(sentinel_one_documents())


def test_the_events_of_the_attack(documents: list[Document]) -> None:
    assert [(d["event"]["category"][0], d["event"]["action"][0]) for d in documents] == [
        ("process", "start"),
        ("process", "start"),
        ("file", "creation"),
        ("process", "start"),
        ("file", "creation"),
        ("process", "start"),
        ("network", "lookup_requested"),
        ("network", "connection_attempted"),
        ("process", "end"),
    ]


def test_documents_belong_to_the_integration(documents: list[Document]) -> None:
    for document in documents:
        event = document["event"]
        assert document["data_stream"]["dataset"] == event["dataset"] == "sentinel_one_cloud_funnel.event"
        assert all(isinstance(event[name], list) for name in ("action", "category", "type"))
        assert document["host"]["os"]["type"] == "windows"
        assert re.fullmatch(r"[0-9A-F]{16}", document["process"]["entity_id"])
        assert "user" not in document
        assert document["process"]["user"]["name"].count("\\") == 1
        assert "pe" not in document["process"]
    assert len({document["event"]["id"] for document in documents}) == len(documents)


def test_the_implant_joins_start_lookup_and_connection(documents: list[Document]) -> None:
    implant = [document for document in documents if document["process"]["name"] == "updsvc.exe"]
    assert [document["event"]["action"] for document in implant] == [
        ["start"],
        ["lookup_requested"],
        ["connection_attempted"],
        ["end"],
    ]
    assert len({document["process"]["entity_id"] for document in implant}) == 1
    parent = implant[0]["process"]["parent"]
    assert (parent["name"], parent["args"]) == ("msiexec.exe", [r"C:\Windows\system32\msiexec.exe", "/V"])
    assert implant[0]["process"]["code_signature"] == {"exists": False}


def test_uids_tell_processes_apart(documents: list[Document]) -> None:
    seen: dict[str, tuple[int, str]] = {}
    for document in documents:
        for block in filter(None, (document["process"], document["process"].get("parent"))):
            identity = (block["pid"], block["executable"])
            assert seen.setdefault(block["entity_id"], identity) == identity
    assert len(set(seen.values())) == len(seen)

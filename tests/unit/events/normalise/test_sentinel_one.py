from typing import Any

import pytest

from besra.events.normalise.nested_document import Document
from besra.events.normalise.sentinel_one import recognises, to_ecs


def document(**fields: Any) -> Document:
    """Of a record whose names have underscores for dots."""
    return to_ecs({name.replace("_", "."): value for name, value in fields.items()})


@pytest.mark.parametrize(
    ("category", "kind", "name", "expected"),
    [
        ("process", "Process Creation", "PROCESSCREATION", (["process"], ["start"], ["start"])),
        ("process", "ProcessCreation", None, (["process"], ["start"], ["start"])),
        ("process", "ProcessExit", "PROCESSEXIT", (["process"], ["end"], ["end"])),
        ("process", "Process Termination", "X", (["process"], ["end"], ["end"])),
        ("process", "Process Modification", "X", (["process"], None, None)),
        ("cross_process", "Remote Thread Creation", "X", (None, None, None)),
        ("dns", "DNS Resolved", "DNS", (["network"], ["info", "protocol"], ["lookup_requested"])),
        ("ip", "IP Listen", "TCPV4", (["network"], ["info"], None)),
        ("ip", "IP Connect", "TCPV4", (["network"], ["start", "connection"], None)),
        ("file", "File Creation", "X", (["file"], ["creation"], ["creation"])),
        ("file", "File Scan", "X", (["file"], ["info"], None)),
        ("file", "File Rename", "X", (["file"], ["change"], ["rename"])),
        ("registry", "Registry Key Create", "REGKEYCREATE", (["registry"], ["creation"], ["creation"])),
        ("registry", "Registry Value Modified", "REGVALUEMODIFIED", (["registry"], ["change"], ["modification"])),
        ("registry", "Registry Value Delete", "REGVALUEDELETE", (["registry"], ["deletion"], ["deletion"])),
        ("registry", "Registry Key Security Changed", "X", (["registry"], ["change"], None)),
        ("registry", "Registry Key Export", "X", (["registry"], None, None)),
        ("logins", "Logout", "X", (["authentication"], ["end"], None)),
        ("module", "Module Load", "X", (None, None, None)),
    ],
)
def test_kinds(category: str, kind: str, name: str | None, expected: tuple[Any, ...]) -> None:
    event = document(event_category=category, event_type=kind, meta_event_name=name)["event"]
    assert (event.get("category"), event.get("type"), event.get("action")) == expected


@pytest.mark.parametrize(
    ("direction", "action", "way"),
    [("OUTGOING", "connection_attempted", "egress"), ("INCOMING", "connection_accepted", "ingress")],
)
def test_directions(direction: str, action: str, way: str) -> None:
    made = document(event_category="ip", event_type="IPConnect", event_network_direction=direction)
    assert made["event"]["action"] == [action]
    assert made["network"]["direction"] == way


@pytest.mark.parametrize("system", ["Windows", "windows legacy", "", None, 1])
def test_only_known_words_are_a_system(system: Any) -> None:
    """sources.md 6: `host.os.type` is left out for any other word, of whatever case."""
    assert "type" not in document(event_category="dns", endpoint_os=system).get("host", {}).get("os", {})


def test_quotes_around_all_of_a_command_line() -> None:
    """The target's and that of the actor's parent lose them, the actor's own does not (sources.md 6)."""
    line = '"C:\\a b.exe" "c"'
    created = document(event_category="process", tgt_process_cmdline=line, src_process_cmdline=line)
    assert created["process"]["command_line"] == 'C:\\a b.exe" "c'
    assert created["process"]["parent"]["command_line"] == line
    acted = document(event_category="file", src_process_cmdline=line, src_process_parent_cmdline=line)
    assert acted["process"]["command_line"] == line
    assert acted["process"]["parent"]["command_line"] == 'C:\\a b.exe" "c'
    assert document(event_category="file", src_process_cmdline='"')["process"]["command_line"] == '"'


def test_a_process_event_without_a_target_is_about_the_actor() -> None:
    made = document(
        event_category="process", event_type="Process Exit", src_process_uid="A", src_process_parent_uid="B"
    )
    assert (made["process"]["entity_id"], made["process"]["parent"]["entity_id"]) == ("A", "B")


@pytest.mark.parametrize(
    ("signed", "verified", "expected"),
    [
        ("signed", "verified", {"exists": True, "trusted": True}),
        ("signed", "unverified", {"exists": True, "trusted": False}),
        ("unsigned", None, {"exists": False}),
        (None, None, None),
    ],
)
def test_signatures_of_created_processes(signed: str | None, verified: str | None, expected: Any) -> None:
    names = {"tgt_process_signedStatus": signed, "tgt_process_verifiedStatus": verified}
    assert document(event_category="process", tgt_process_uid="A", **names)["process"].get("code_signature") == expected


def test_other_products_of_the_same_lake_are_not_ours() -> None:
    assert recognises({"event.type": "Process Creation", "dataSource.name": "SentinelOne"})
    assert recognises({"event": {"category": "process"}, "mgmt.id": "1"})
    assert not recognises({"event.type": "login", "dataSource.name": "Quay Identity"})
    assert not recognises({"dataSource.name": "SentinelOne"})

"""Every document of the Defend stream has the shape that demo-events.md asks for."""

import base64
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from besra.demo import Document, demo_documents
from besra.schema.catalogue import bundled_catalogue
from besra.schema.timestamp import NANOS, parse_timestamp

REQUIRED = (
    "@timestamp",
    "message",
    "agent.id",
    "agent.type",
    "agent.version",
    "ecs.version",
    "event.created",
    "event.ingested",
    "event.kind",
    "event.module",
    "event.dataset",
    "event.id",
    "event.sequence",
    "event.action",
    "event.category",
    "event.type",
    "data_stream.type",
    "data_stream.dataset",
    "data_stream.namespace",
    "host.id",
    "host.name",
    "host.hostname",
    "host.ip",
    "host.mac",
    "host.architecture",
    "host.os.type",
    "host.os.family",
    "host.os.platform",
    "host.os.name",
    "host.os.version",
    "host.os.full",
    "user.id",
    "user.name",
    "user.domain",
    "process.entity_id",
    "process.Ext.ancestry",
    "process.pid",
    "process.name",
    "process.executable",
    "process.code_signature.exists",
)
OF_STARTS = (
    "process.args",
    "process.args_count",
    "process.command_line",
    "process.working_directory",
    "process.hash.md5",
    "process.hash.sha1",
    "process.hash.sha256",
    "process.Ext.token.integrity_level_name",
    "process.parent.entity_id",
    "process.parent.pid",
    "process.parent.name",
    "process.parent.executable",
    "process.parent.args",
    "process.parent.args_count",
    "process.parent.command_line",
)
MESSAGES = {
    "process": "Endpoint process event",
    "network": "Endpoint network event",
    "file": "Endpoint file event",
    "registry": "Endpoint registry event",
    "library": "Endpoint DLL load event",
}


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return list(demo_documents(minutes=2, hosts=3))


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value


def nanos(text: str) -> int:
    found = parse_timestamp(text)
    assert found is not None
    return found


def is_start(document: Document) -> bool:
    return (document["event"]["category"], document["event"]["action"]) == (["process"], "start")


def test_required_fields_are_present(documents: list[Document]) -> None:
    for document in documents:
        fields = dict(leaves(document))
        missing = [name for name in REQUIRED if fields.get(name) in (None, "")]
        if is_start(document):
            missing += [name for name in OF_STARTS if fields.get(name) in (None, "")]
        assert not missing, (missing, document)


def test_all_fields_are_known_and_of_the_right_kind(documents: list[Document]) -> None:
    catalogue = bundled_catalogue()
    for document in documents:
        for name, value in leaves(document):
            assert name in catalogue, name
            # A list in every document of Defend, though the package's field list does not say so.
            if name != "process.Ext.ancestry":
                assert isinstance(value, list) == catalogue.is_array(name), name


def test_constants_and_repeated_values_agree(documents: list[Document]) -> None:
    for document in documents:
        event, stream = document["event"], document["event"]["dataset"].removeprefix("endpoint.events.")
        assert document["message"] == MESSAGES[stream]
        assert event["category"] == [stream]
        assert document["data_stream"] == {"type": "logs", "dataset": event["dataset"], "namespace": "default"}
        assert (event["kind"], event["module"]) == ("event", "endpoint")
        assert (document["agent"]["type"], document["agent"]["version"]) == ("endpoint", "9.1.0")
        assert isinstance(event["type"], list)
        assert isinstance(event["action"], str)


def test_times_have_seven_digits_and_documents_come_in_order(documents: list[Document]) -> None:
    for document in documents:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", document["@timestamp"])
        assert document["event"]["created"] == document["@timestamp"]
    times = [nanos(document["@timestamp"]) for document in documents]
    assert times == sorted(times)


def test_documents_arrive_soon_and_few_of_them_late(documents: list[Document]) -> None:
    lags = [nanos(d["event"]["ingested"]) / NANOS - nanos(d["@timestamp"]) / NANOS for d in documents]
    late = [lag for lag in lags if lag > 41]
    assert all(1.99 <= lag <= 40.01 or 239.9 <= lag <= 420.1 for lag in lags)
    assert 0.005 < len(late) / len(lags) < 0.05


def test_event_ids_are_unique(documents: list[Document]) -> None:
    ids = [document["event"]["id"] for document in documents]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z0-9+/]{24}", text) for text in ids)


def test_sequence_counts_the_documents_of_an_agent(documents: list[Document]) -> None:
    numbers = defaultdict(list)
    for document in documents:
        numbers[document["agent"]["id"]].append(document["event"]["sequence"])
    assert len(numbers) == 4
    for found in numbers.values():
        assert found == list(range(found[0], found[0] + len(found)))


def test_a_host_has_one_agent_and_one_identity(documents: list[Document]) -> None:
    for key in ("id", "name"):
        assert len({(d["host"][key], d["agent"]["id"]) for d in documents}) == 4
    assert {d["host"]["name"] for d in documents} == {"wks-0042", "wks-0049", "wks-0056", "dev-lnx-07"}


def test_entity_ids_name_agent_process_and_start(documents: list[Document]) -> None:
    for document in documents:
        process = document["process"]
        agent, pid, start = base64.b64decode(process["entity_id"]).decode().rsplit("-", 2)
        assert (agent, int(pid)) == (document["agent"]["id"], process["pid"])
        seconds, _, decimals = start.partition(".")
        assert len(decimals) == 9
        started = (int(seconds) - 11_644_473_600) * NANOS + int(decimals)
        assert started <= nanos(document["@timestamp"])
        if is_start(document):
            assert started == nanos(document["@timestamp"])


def test_one_entity_id_means_one_process_in_all_streams(documents: list[Document]) -> None:
    seen: dict[str, tuple[Any, ...]] = {}
    for document in documents:
        blocks = [document["process"], document["process"].get("parent"), document.get("Effective_process")]
        for block in filter(None, blocks):
            identity = (block["pid"], block["name"], block["executable"])
            assert seen.setdefault(block["entity_id"], identity) == identity


def test_ancestry_is_the_same_in_all_documents_of_a_process(documents: list[Document]) -> None:
    lines: dict[str, list[str]] = {}
    for document in documents:
        process = document["process"]
        assert lines.setdefault(process["entity_id"], process["Ext"]["ancestry"]) == process["Ext"]["ancestry"]
        if is_start(document):
            assert process["Ext"]["ancestry"][0] == process["parent"]["entity_id"]
    for line in lines.values():
        for position, entity_id in enumerate(line):
            assert lines.get(entity_id, line[position + 1 :]) == line[position + 1 :]


def test_only_process_starts_carry_a_parent(documents: list[Document]) -> None:
    assert {is_start(document) for document in documents if "parent" in document["process"]} == {True}
    assert all("parent" in document["process"] for document in documents if is_start(document))


def test_arguments_are_the_command_line_without_its_quotes(documents: list[Document]) -> None:
    for document in filter(is_start, documents):
        for block in (document["process"], document["process"]["parent"]):
            assert block["args_count"] == len(block["args"]) > 0
            assert " ".join(block["args"]) == block["command_line"].replace('"', "").strip()
    arguments = [argument for document in filter(is_start, documents) for argument in document["process"]["args"]]
    assert r"C:\Program Files\Vendor\helper.dll,Entry" in arguments


def test_signatures_are_trusted_or_absent(documents: list[Document]) -> None:
    unsigned = {d["process"]["name"] for d in documents if not d["process"]["code_signature"]["exists"]}
    assert unsigned == {"updsvc.exe", "MSI4A1F.tmp", "msiexec.exe"}  # the last on Linux only
    for document in documents:
        signature = document["process"]["code_signature"]
        if signature["exists"]:
            assert (signature["status"], signature["trusted"]) == ("trusted", True)
            assert signature["subject_name"]
        else:
            assert signature == {"exists": False}


def test_registry_paths_are_put_together_from_their_parts(documents: list[Document]) -> None:
    found = [document["registry"] for document in documents if "registry" in document]
    assert len(found) > 100
    for registry in found:
        assert registry["path"] == "\\".join((registry["hive"], registry["key"], registry["value"]))
        assert registry["hive"] in ("HKLM", "HKEY_USERS")
        assert "{user}" not in registry["path"]


def test_file_names_and_extensions_follow_from_the_path(documents: list[Document]) -> None:
    for document in documents:
        if "file" in document:
            file = document["file"]
            assert file["path"].endswith("\\" + file["name"])
            assert file.get("extension", "") == (file["name"].rpartition(".")[2] if "." in file["name"] else "")

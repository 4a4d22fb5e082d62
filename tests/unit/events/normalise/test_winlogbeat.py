from typing import Any

import pytest

from besra.events.normalise.windows import PROVIDERS, STREAMS
from besra.events.normalise.winlogbeat import recognises, to_ecs
from besra.events.recognise import bundled_recogniser

SHIPPED: dict[str, Any] = {
    "winlog": {
        "channel": "Security",
        "event_id": "4688",
        "provider_name": "Microsoft-Windows-Security-Auditing",
        "computer_name": "desk-7.example.com",
        "record_id": 9,
        "event_data": {"NewProcessName": "C:\\a.exe"},
    }
}


@pytest.mark.parametrize(
    ("more", "raw"),
    [
        ({}, True),
        ({"event": {"category": ["process"]}}, False),
        ({"event": {"ingested": "2024-05-01T10:00:00Z"}}, False),
        ({"kibana.alert.uuid": "x"}, False),
        ({"winlog": {"channel": "Security", "event_id": "4688"}}, False),
    ],
)
def test_what_is_a_document_before_its_pipeline(more: dict[str, Any], raw: bool) -> None:
    source = bundled_recogniser().source_of({**SHIPPED, **more})
    assert (source is not None) is raw


def test_dotted_names_are_known_too() -> None:
    assert recognises({f"winlog.{name}": value for name, value in SHIPPED["winlog"].items()})


def test_what_the_shipper_said_stays() -> None:
    stream = {"type": "logs", "dataset": "windows.forwarded", "namespace": "lab"}
    document = to_ecs({**SHIPPED, "data_stream": stream, "host": {"name": "h", "id": "7"}, "labels": {"a": "b"}})
    assert document["data_stream"] == stream
    assert document["host"] == {"name": "h", "id": "7", "os": {"type": "windows"}}
    assert document["labels"] == {"a": "b"}
    assert document["besra"]["derived"] == ["host.os.type"]
    assert document["process"]["name"] == "a.exe"


def test_outcome_comes_from_the_keywords_of_older_versions() -> None:
    winlog = {**SHIPPED["winlog"], "keywords": ["Audit Failure"]}
    assert to_ecs({"winlog": winlog})["event"]["outcome"] == "failure"
    assert to_ecs({"winlog": winlog, "event": {"outcome": "success"}})["event"]["outcome"] == "success"


@pytest.mark.parametrize("channel", sorted(STREAMS))
def test_a_document_without_anything_but_its_channel_becomes_one(channel: str) -> None:
    for document in ({"winlog.channel": channel}, {"winlog": {"channel": channel, "event_data": 7, "user_data": []}}):
        assert to_ecs(document)["data_stream"]["dataset"]


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_a_document_of_a_provider_without_members_becomes_one(provider: str) -> None:
    for winlog in ({}, {"winlog": 7}):
        assert to_ecs({"event.provider": provider, "event.code": "104", **winlog})["data_stream"]["dataset"]

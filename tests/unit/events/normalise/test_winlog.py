from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.events.normalise.records import parsed_event

from besra.events.normalise.evtx_json import parse_record, shipped_value
from besra.events.normalise.winlog import RawRecord, keyword_names, to_winlog


def test_system_fields_become_winlog_fields() -> None:
    event = parsed_event(
        4624,
        Correlation={"#attributes": {"ActivityID": "BE129571-63F8-0000-A795-12BEF863D601"}},
        Keywords="0x8020000000000000",
        Level=0,
    )
    document = to_winlog(parse_record(event))
    assert document["@timestamp"] == "2024-05-01T10:00:01.500000Z"
    assert document["event"] == {"kind": "event", "code": "4624", "provider": "Test-Provider", "outcome": "success"}
    assert document["host"] == {"name": "host1.example.org"}
    assert document["log"] == {"level": "information"}
    winlog = document["winlog"]
    assert winlog["provider_guid"] == "{5770385f-c22a-43e0-bf4c-06f5698ffbd9}"
    assert winlog["activity_id"] == "{be129571-63f8-0000-a795-12bef863d601}"
    assert winlog["record_id"] == "77"
    assert winlog["event_id"] == "4624"
    assert winlog["process"] == {"pid": 4, "thread": {"id": 8}}
    assert winlog["keywords"] == ["Audit Success"]
    assert "task" not in winlog
    assert "opcode" not in winlog


def test_event_id_may_carry_attributes_and_numbers_may_be_text() -> None:
    event = parsed_event(
        {"#attributes": {"Qualifiers": 0}, "#text": 400}, Level="3", EventRecordID="12", Keywords="0x80000000000000"
    )
    record = parse_record(event)
    assert (record.event_id, record.level, record.record_id) == ("400", 3, 12)
    assert keyword_names(record.keywords or 0) == ("Classic",)


def test_failure_keyword_gives_failure_outcome() -> None:
    document = to_winlog(parse_record(parsed_event(4625, Keywords="0x8010000000000000")))
    assert document["event"]["outcome"] == "failure"
    assert document["winlog"]["keywords"] == ["Audit Failure"]


def test_no_audit_keyword_gives_no_outcome_and_no_keywords() -> None:
    document = to_winlog(parse_record(parsed_event(1)))
    assert "outcome" not in document["event"]
    assert "keywords" not in document["winlog"]


@pytest.mark.parametrize(
    ("parsed", "sent"),
    [
        ("365ABB72-9B75-5C8E-0000-0010013F1200", "{365abb72-9b75-5c8e-0000-0010013f1200}"),
        ("365abb72-9b75-5c8e-0000-0010013f1200", "365abb72-9b75-5c8e-0000-0010013f1200"),
        ("{365ABB72-9B75-5C8E-0000-0010013F1200}", "{365ABB72-9B75-5C8E-0000-0010013F1200}"),
        ("a\r\nb", "a\nb"),
        (True, "true"),
        (False, "false"),
        (1856, "1856"),
        ("", None),
        (None, None),
        ("%%TEMP%%", "%%TEMP%%"),
    ],
)
def test_values_are_written_as_shippers_write_them(parsed: Any, sent: str | None) -> None:
    assert shipped_value(parsed) == sent


def test_unnamed_data_is_numbered_and_empty_ones_keep_their_number() -> None:
    data = {"Data": {"#text": ["Available", "", "x=1"]}, "Binary": None}
    assert parse_record(parsed_event(400, data)).event_data == {"param1": "Available", "param3": "x=1"}


def test_single_unnamed_data() -> None:
    assert parse_record(parsed_event(1, {"Data": {"#text": "only"}})).event_data == {"param1": "only"}
    assert parse_record(parsed_event(1, {"Data": "only"})).event_data == {"param1": "only"}


def test_user_data_keeps_its_element_name() -> None:
    user_data = {"LogFileCleared": {"#attributes": {"xmlns": "x"}, "SubjectUserName": "admin", "Nothing": ""}}
    record = parse_record(parsed_event(1102, None, user_data=user_data))
    assert record.user_data == {"xml_name": "LogFileCleared", "SubjectUserName": "admin"}
    assert "event_data" not in to_winlog(record)["winlog"]


def test_well_known_account_of_the_record_is_named() -> None:
    winlog = to_winlog(parse_record(parsed_event(1)))["winlog"]
    assert winlog["user"] == {
        "identifier": "S-1-5-18",
        "domain": "NT AUTHORITY",
        "name": "SYSTEM",
        "type": "Well Known Group",
    }
    other = parsed_event(1, Security={"#attributes": {"UserID": "S-1-5-21-1-2-3-1001"}})
    assert to_winlog(parse_record(other))["winlog"]["user"] == {"identifier": "S-1-5-21-1-2-3-1001"}


def test_texts_of_a_forwarded_record_are_used() -> None:
    event = parsed_event(1)
    event["RenderingInfo"] = {
        "#attributes": {"Culture": "en-US"},
        "Message": "hello",
        "Task": "Logon",
        "Opcode": "Info",
    }
    document = to_winlog(parse_record(event))
    assert document["message"] == "hello"
    assert document["event"]["action"] == "Logon"
    assert (document["winlog"]["task"], document["winlog"]["opcode"]) == ("Logon", "Info")


def test_empty_record_gives_a_document() -> None:
    assert to_winlog(RawRecord()) == {"event": {"kind": "event"}, "winlog": {"api": "wineventlog"}}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["#text", "#attributes", "Data", "Name", "Guid"]) | st.text(max_size=5), inner
        )
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["System", "EventData", "UserData", "RenderingInfo"]), JSON),
    st.dictionaries(st.sampled_from(list(parsed_event(1)["System"])), JSON),
)
def test_any_json_gives_a_record_of_text(event: dict[str, Any], system: dict[str, Any]) -> None:
    record = parse_record({**event, "System": system} if system else event)
    document = to_winlog(record)
    assert document["event"]["kind"] == "event"
    for value in (record.provider, record.channel, record.event_id, record.computer, record.time):
        assert value is None or isinstance(value, str)

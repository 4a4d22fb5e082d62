"""Rows of exported logs, part by part."""

from typing import Any

import orjson
import pytest

from besra.events.local_date import DateOrder
from besra.events.normalise.exported_log import HEADERS, LogExport, export_of, record_of
from besra.events.normalise.winlog import AUDIT_FAILURE, AUDIT_SUCCESS, RawRecord


def evtxecmd(**cells: Any) -> RawRecord:
    texts = {name: cell if isinstance(cell, str) else orjson.dumps(cell).decode() for name, cell in cells.items()}
    return record_of(texts, LogExport.EVTXECMD, DateOrder.DAY_FIRST)


def powershell(**cells: str) -> RawRecord:
    return record_of(cells, LogExport.POWERSHELL, DateOrder.DAY_FIRST)


@pytest.mark.parametrize("export", LogExport)
def test_whose_a_table_is(export: LogExport) -> None:
    assert export_of(HEADERS[export] | {"more"}) is export
    assert export_of(HEADERS[export] - {min(HEADERS[export])}) is None


def test_event_data_is_as_in_the_log() -> None:
    data = [
        {"@Name": "LogonGuid", "#text": "aaaa774d-8d1e-6175-0000-000000000000"},
        {"@Name": "SubjectLogonId", "#text": "0x3E7"},
        {"@Name": "Empty"},
        "first",
        {"@Name": 7, "#text": "odd"},
    ]
    record = evtxecmd(Payload={"EventData": {"Data": data, "Binary": "00FF"}})
    assert record.event_data == {
        "LogonGuid": "{aaaa774d-8d1e-6175-0000-000000000000}",
        "SubjectLogonId": "0x3e7",
        "Binary": "00FF",
        "param1": "first",
        "param2": "odd",
    }


def test_a_single_datum_and_user_data() -> None:
    assert evtxecmd(Payload={"EventData": {"Data": "words"}}).event_data == {"param1": "words"}
    record = evtxecmd(Payload={"UserData": {"EventXML": {"@xmlns": "x", "Subject": "ada"}}})
    assert record.user_data == {"xml_name": "EventXML", "Subject": "ada"}
    assert record.event_data == {}


@pytest.mark.parametrize(
    "payload", ["no json", "7", "[1]", '{"a": 1}', '{"EventData": ' + '{"a":' * 990 + "1" + "}" * 991]
)
def test_a_payload_that_is_none_is_kept(payload: str) -> None:
    assert evtxecmd(Payload=payload).event_data == {"Payload": payload}


def test_keywords_and_levels() -> None:
    assert powershell(Keywords="-9214364837600034816").keywords == 0x8020000000000000
    assert powershell(KeywordsDisplayNames="{Audit Failure}", Keywords="1").keywords == AUDIT_FAILURE
    assert evtxecmd(Keywords="Audit success").keywords == AUDIT_SUCCESS
    assert [powershell(Level=text).level for text in ("Warning", "4", "odd", "")] == [3, 4, None, None]


def test_only_identifiers_are_user_ids() -> None:
    assert powershell(UserId="S-1-5-18").user_id == "S-1-5-18"
    assert powershell(UserId="EXAMPLE\\ada").user_id is None

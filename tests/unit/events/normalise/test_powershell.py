import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.events.normalise.records import ecs_of, shipped

from besra.events.normalise.powershell import key_values
from besra.events.normalise.winlog import Shipper

CLASSIC = "Windows PowerShell"
OPERATIONAL = "Microsoft-Windows-PowerShell/Operational"

ENGINE = (
    "\tNewEngineState=Available\r\n\tPreviousEngineState=None\r\n\r\n\tSequenceNumber=13\r\n\r\n"
    "\tHostName=ConsoleHost\r\n"
    "\tHostVersion=5.1\r\n\tHostId=2458050c-5e21-47a6-bbdf-41ef2151b519\r\n"
    '\tHostApplication=powershell.exe -enc "a b"\r\n'
    "\tEngineVersion=5.1\r\n\tRunspaceId=405e84eb\r\n\tPipelineId=\r\n\tCommandName=\r\n\tCommandLine="
)


def test_engine_start() -> None:
    document = ecs_of(400, {"Data": {"#text": ["Available", "None", ENGINE]}}, CLASSIC)
    assert document["event"]["category"] == "process"
    assert document["event"]["type"] == "start"
    assert document["event"]["sequence"] == 13
    assert document["process"] == {
        "entity_id": "2458050c-5e21-47a6-bbdf-41ef2151b519",
        "command_line": 'powershell.exe -enc "a b"',
        "title": "ConsoleHost",
        "args": ["powershell.exe", "-enc", "a b"],
        "args_count": 3,
    }
    assert document["powershell"] == {
        "engine": {"new_state": "Available", "previous_state": "None", "version": "5.1"},
        "process": {"executable_version": "5.1"},
        "runspace_id": "405e84eb",
    }
    assert "event_data" not in document["winlog"]


@pytest.mark.parametrize(("event_id", "kind"), [(403, "end"), (600, "info"), (40961, "info")])
def test_types_of_other_events(event_id: int, kind: str) -> None:
    assert ecs_of(event_id, None, CLASSIC)["event"]["type"] == kind


def test_pipeline_details_of_event_800() -> None:
    lines = "\tDetailSequence=1\r\n\tDetailTotal=2\r\n\r\n\tUserId=CORP\\jane\r\n"
    lines += "\tScriptName=C:\\a\\b.ps1\r\n\tCommandLine=x"
    details = (
        'CommandInvocation(New-Item): "New-Item"\r\nParameterBinding(New-Item): name="Path"; value="C:\\(1): x"\r\n'
    )
    document = ecs_of(800, {"Data": {"#text": ["", lines, details + "odd line\r\n"]}}, CLASSIC)
    assert document["powershell"]["sequence"] == 1
    assert document["powershell"]["total"] == 2
    assert document["powershell"]["command"] == {
        "value": "x",
        "invocation_details": [
            {"type": "CommandInvocation", "related_command": "New-Item", "value": '"New-Item"'},
            {"type": "ParameterBinding", "related_command": "New-Item", "name": '"Path"', "value": '"C:\\(1): x"'},
            {"value": "odd line"},
        ],
    }
    assert document["user"] == {"id": "S-1-5-18", "domain": "CORP", "name": "jane"}
    assert document["file"] == {"path": "C:\\a\\b.ps1", "name": "b.ps1", "directory": "C:\\a", "extension": "ps1"}


def test_module_logging() -> None:
    context = (
        "        Severity = Informational\r\n        Host Name = ServerRemoteHost\r\n        Host ID = ed57\r\n"
        "        Host Application = wsmprovhost.exe -Embedding\r\n        Command Name = cmd.exe\r\n"
        "        Command Type = Application\r\n        User = CORP\\jane\r\n        Connected User = CORP\\admin\r\n"
        "        Shell ID = Microsoft.PowerShell\r\n        Script Name = \r\n"
    )
    data = {"ContextInfo": context, "UserData": "", "Payload": 'CommandInvocation(cmd.exe): "cmd.exe"'}
    document = ecs_of(4103, data, OPERATIONAL)
    assert document["process"]["title"] == "ServerRemoteHost"
    assert document["process"]["entity_id"] == "ed57"
    assert document["powershell"]["command"]["name"] == "cmd.exe"
    assert document["powershell"]["command"]["type"] == "Application"
    assert document["powershell"]["id"] == "Microsoft.PowerShell"
    assert document["user"] == {"id": "S-1-5-18", "domain": "CORP", "name": "admin"}
    assert document["source"] == {"user": {"domain": "CORP", "name": "admin"}}
    assert document["destination"] == {"user": {"domain": "CORP", "name": "jane"}}
    assert document["related"] == {"user": ["jane", "admin"]}
    assert "file" not in document
    assert "event_data" not in document["winlog"]


def test_script_block() -> None:
    data = {
        "MessageNumber": 2,
        "MessageTotal": 3,
        "ScriptBlockText": "aab\r\nc",
        "ScriptBlockId": "50d2dbda-7361-4926-a94d-d9eadfdb43fa",
        "Path": "C:\\s\\x.ps1",
    }
    document = ecs_of(4104, data, OPERATIONAL)
    assert document["event"]["category"] == "process"
    assert document["event"]["type"] == "info"
    assert document["powershell"]["sequence"] == 2
    assert document["powershell"]["total"] == 3
    file = document["powershell"]["file"]
    assert file["script_block_id"] == "50d2dbda-7361-4926-a94d-d9eadfdb43fa"
    assert file["script_block_text"] == "aab\nc"
    assert document["file"]["path"] == "C:\\s\\x.ps1"
    assert document["winlog"].get("event_data") is None


def test_statistics_of_a_script_block_leave_out_its_signature() -> None:
    text = "aabb\n"
    file = ecs_of(4104, {"ScriptBlockText": text + "# SIG # Begin signature block\n# MIIx"}, OPERATIONAL)["powershell"][
        "file"
    ]
    assert file["script_block_length"] == 5
    assert file["script_block_unique_symbols"] == 3
    assert file["script_block_entropy_bits"] == pytest.approx(2 * 0.4 * math.log2(2.5) + 0.2 * math.log2(5))
    assert file["script_block_surprisal_stdev"] == pytest.approx(0.4)


def test_winlogbeat_has_no_statistics() -> None:
    document = shipped("4104", {"ScriptBlockText": "abc"}, OPERATIONAL)
    assert document["powershell"]["file"] == {"script_block_text": "abc"}
    assert document["event"]["module"] == "powershell"


@pytest.mark.parametrize(("event_id", "kind"), [(4105, "start"), (4106, "end")])
def test_script_start_and_end(event_id: int, kind: str) -> None:
    document = ecs_of(event_id, {"ScriptBlockId": "a", "RunspaceId": "b"}, OPERATIONAL)
    assert document["event"]["type"] == kind
    assert document["powershell"] == {"file": {"script_block_id": "a"}, "runspace_id": "b"}


def test_lines_without_equals_sign_continue_the_value_before() -> None:
    text = "\tHostApplication=powershell -c $a\n\tmore\n\tEngineVersion=2.0"
    assert key_values(text, "\n\t") == {"HostApplication": "powershell -c $a\n\tmore", "EngineVersion": "2.0"}


VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=40)
    | st.lists(st.text(max_size=4), max_size=4)
    | st.sampled_from(["=", "\n\t=", "a=\n\tb", "x(y): ", "ParameterBinding(a): name=", "((((:", "a=b\n\t" * 3000])
    | st.sampled_from(["(a" * 20_000 + ")", " " * 30_000, "x(" + "y" * 30_000])
)
NAMES = st.sampled_from(
    [
        "param1",
        "param2",
        "param3",
        "ContextInfo",
        "Payload",
        "ScriptBlockText",
        "Path",
        "User",
        "UserId",
        "ConnectedUser",
        "MessageNumber",
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["400", "600", "800", "4103", "4104", "4105", "53504"]),
    st.dictionaries(NAMES, VALUES, max_size=6),
    st.sampled_from([CLASSIC, OPERATIONAL]),
    st.sampled_from(Shipper),
)
def test_no_event_data_breaks_the_normaliser(
    event_id: str, data: dict[str, Any], channel: str, shipper: Shipper
) -> None:
    assert shipped(event_id, data, channel, shipper)["event"]["category"] == "process"

import pytest
from tests.unit.events.normalise.records import ecs_of

from besra.events.normalise.bits_client import BITS_CLIENT
from besra.events.normalise.channel_table import Table
from besra.events.normalise.security_events import agent_kinds
from besra.events.normalise.task_scheduler import TASK_SCHEDULER
from besra.events.normalise.terminal_services import CONNECTIONS, SESSIONS
from besra.events.normalise.windows_system import ROWS
from besra.events.normalise.wmi_activity import WMI_ACTIVITY

TASKS = "Microsoft-Windows-TaskScheduler/Operational"
TABLES = (TASK_SCHEDULER, WMI_ACTIVITY, BITS_CLIENT, SESSIONS, CONNECTIONS)


def test_channels_without_a_pipeline_have_a_meaning() -> None:
    document = ecs_of(140, {"TaskName": "\\Night job", "UserName": "EXAMPLE\\anna"}, TASKS)
    assert document["event"]["category"] == ["configuration"]
    assert document["event"]["type"] == ["change"]
    assert document["event"]["action"] == "Task registration updated"
    assert document["user"] == {"domain": "EXAMPLE", "name": "anna"}
    assert document["winlog"]["event_data"] == {"TaskName": "\\Night job", "UserName": "EXAMPLE\\anna"}


@pytest.mark.parametrize("table", TABLES)
def test_nothing_but_a_process_creation_is_one(table: Table) -> None:
    kinds = [(meaning.category, meaning.type) for meaning in table.meanings.values()]
    kinds += [(kind.category, kind.type) for kind in agent_kinds().values()]
    assert not [kind for kind in kinds if "process" in kind[0] and "start" in kind[1]]
    assert not [line for rows in ROWS.values() for line in rows.splitlines() if "; process; start" in line]


def test_an_unknown_id_keeps_what_the_log_says() -> None:
    document = ecs_of(999, {"TaskName": "\\Night job"}, TASKS)
    assert "category" not in document["event"]
    assert document["winlog"]["event_data"] == {"TaskName": "\\Night job"}


@pytest.mark.parametrize(
    ("user", "fields"), [("S-1-5-18", {"id": "S-1-5-18"}), ("anna", {"name": "anna"}), ("-", None)]
)
def test_accounts_in_every_notation(user: str, fields: dict[str, str] | None) -> None:
    assert ecs_of(140, {"UserName": user}, TASKS).get("user") == fields


def test_members_of_user_data_count_like_those_of_event_data() -> None:
    channel = "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"
    members = {"User": "EXAMPLE\\anna", "Address": "192.0.2.77"}
    in_user_data = ecs_of(21, None, channel, user_data={"EventXML": members})
    in_event_data = ecs_of(21, members, channel)
    assert in_user_data["source"] == in_event_data["source"] == {"ip": "192.0.2.77"}
    assert in_user_data["user"] == in_event_data["user"]


def test_a_definition_that_declares_entities_or_is_no_xml_is_left_alone() -> None:
    bomb = '<!DOCTYPE t [<!ENTITY a "aaaa">]><Task><Actions><Exec><Command>&a;</Command></Exec></Actions></Task>'
    for content in (bomb, "<Task><Actions>", "no xml", "<a>" * 100 + "</a>" * 100):
        document = ecs_of(4698, {"TaskName": "\\Night job", "TaskContent": content})
        assert document["winlog"]["scheduled_task"] == {"name": "\\Night job"}
        assert document["winlog"]["event_data"]["TaskContent"] == content

"""Every event id of Windows that has a meaning has a pair of files, and Sysmon's a third: Winlogbeat's document.

Records are `sources/windows_evtx_json/CHANNEL-ID.raw.json`; `test_sources.py` holds the Agent's documents to them.
"""

import json
from pathlib import Path

import pytest
from tests.golden.compare import check

from besra.events.normalise.bits_client import BITS_CLIENT
from besra.events.normalise.evtx_json import parse_record
from besra.events.normalise.security_events import agent_kinds, security_kinds
from besra.events.normalise.sysmon import EVENTS
from besra.events.normalise.task_scheduler import TASK_SCHEDULER
from besra.events.normalise.terminal_services import CONNECTIONS, SESSIONS
from besra.events.normalise.windows import winlog_to_ecs
from besra.events.normalise.windows_defender import ACTIONS, OWN
from besra.events.normalise.windows_system import ROWS
from besra.events.normalise.winlog import Shipper, to_winlog
from besra.events.normalise.wmi_activity import WMI_ACTIVITY

NAME = "sources/windows_evtx_json"
FOLDER = Path(__file__).parent / NAME
CHANNELS = {
    "sysmon": EVENTS,
    "security": {**security_kinds(), **agent_kinds()},
    "powershell": ("400", "403", "600", "800", "4103", "4104", "4105", "4106"),
    "system": [line.split(";")[0].strip() for rows in ROWS.values() for line in rows.strip().splitlines()],
    "defender": {**ACTIONS, **OWN},
    "tasks": TASK_SCHEDULER.meanings,
    "wmi": WMI_ACTIVITY.meanings,
    "bits": BITS_CLIENT.meanings,
    "sessions": SESSIONS.meanings,
    "connections": CONNECTIONS.meanings,
}


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_id_has_a_record(channel: str) -> None:
    ids = {path.name.removesuffix(".raw.json") for path in FOLDER.glob(f"{channel}-*.raw.json")}
    assert {f"{channel}-{code}" for code in CHANNELS[channel]} - ids == set()


@pytest.mark.parametrize("code", EVENTS)
def test_winlogbeat_makes_its_own_document_of_sysmon(code: str, update_golden: bool) -> None:
    event = json.loads((FOLDER / f"sysmon-{code}.raw.json").read_text("utf-8"))["Event"]
    document = winlog_to_ecs(to_winlog(parse_record(event)), Shipper.WINLOGBEAT)
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    check(text, f"{NAME}/sysmon-{code}.winlogbeat.json", update=update_golden)

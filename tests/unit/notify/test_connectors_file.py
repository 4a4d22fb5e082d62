"""The connectors file: what it says is used, and everything that is wrong in it is said, but for secrets."""

from pathlib import Path

import pytest

from besra.errors import InputError, SettingsError
from besra.notify.connectors_file import PER_MINUTE, read_connectors
from besra.schema.timestamp import NANOS

WHOLE = """
[outgoing]
allow_private = ["10.0.0.0/8", "hooks.internal"]
ports = [443, 9443]
per_minute = 30
together = 300
public_url = "https://soc.example/"

[[connector]]
id = "chat"
name = "SOC chat"
type = ".slack"
space = "*"
secrets.webhookUrl = { variable = "CHAT" }

[[connector]]
id = "ticket"
type = ".webhook"
[connector.config]
url = "https://tickets.example/in"
maxPerMinute = 120
[connector.secrets]
signingKey = { file = "FILE" }

[[notify]]
connector = "chat"
severity = "high"
kql = "not host.name: lab-*"
params.message = "{{rule.name}}"

[[notify]]
id = "daily"
connector = "ticket"
throttle = "24h"
only_without_actions = true
space = "red"
timeframe = { days = [1, 2, 3, 4, 5], hours = { start = "08:00", end = "18:00" }, timezone = "Europe/Madrid" }
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "connectors.toml"
    (folder / "key").write_text("s3cr3t\n")
    path.write_text(text.replace("FILE", str(folder / "key")))
    return path


def test_a_file_is_read(tmp_path: Path) -> None:
    found = read_connectors(written(tmp_path, WHOLE), 0, {"CHAT": "https://chat.example/x"})
    chat, ticket = found.connectors
    assert (chat.id, chat.space, chat.secrets) == ("chat", "*", {"webhookUrl": "https://chat.example/x"})
    assert (ticket.name, ticket.secrets, ticket.per_minute) == ("ticket", {"signingKey": "s3cr3t"}, 120)
    every, daily = found.defaults
    assert (every.uuid, every.least, every.waits, every.space) == ("notify:chat", "high", None, None)
    assert (daily.uuid, daily.waits, daily.space) == ("notify:daily", 24 * 3600 * NANOS, "red")
    assert daily.only_without_actions
    assert daily.condition.timeframe is not None
    assert found.outgoing.ports == {443, 9443}
    assert found.outgoing.hosts == {"hooks.internal"}
    assert (found.per_minute, found.together, found.public_url) == (30, 300 * NANOS, "https://soc.example")


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    assert read_connectors(written(tmp_path, ""), 0).per_minute == PER_MINUTE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[nothing]", "no section nothing"),
        ("[outgoing]\nport = [1]", "no port here"),
        ("[outgoing]\nports = ['a']", "ports is a list of numbers"),
        ("[outgoing]\nallow_private = 5", "allow_private is a list"),
        ("[outgoing]\nper_minute = 0", "per_minute is a number"),
        ("[outgoing]\ntogether = true", "together is a number"),
        ("[outgoing]\npublic_url = 'soc'", "public_url is of the form"),
        ("[connector]\nid = 'a'", "write [[connector]]"),
        ("[[connector]]\ntype = '.slack'", "has an `id`"),
        ("[[connector]]\nid = 'a b'", "has an `id`"),
        ("[[connector]]\nid = 'a'\ntype = '.fax'", "no type of connectors '.fax'"),
        ("[[connector]]\nid = 'a'\ntype = '.slack'", "lacks secrets: webhookUrl"),
        ("[[connector]]\nid = 'a'\ntype = '.webhook'", "config.url is missing"),
        ("[[connector]]\nid='a'\ntype='.server-log'\n[[connector]]\nid='a'\ntype='.server-log'", "two connectors 'a'"),
        ("[[connector]]\nid='a'\ntype='.slack'\nsecrets.webhookUrl={variable='NONE'}", "variable NONE is not set"),
        ("[[connector]]\nid='a'\ntype='.slack'\nsecrets.webhookUrl={file='/none'}", "/none cannot be read"),
        ("[[notify]]\nseverity='high'", "has a `connector`"),
        ("[[notify]]\nconnector='a'\nseverity='urgent'", "severity is one of"),
        ("[[notify]]\nconnector='a'\nkql='a: (b'", "error"),
        ("[[notify]]\nconnector='a'\nthrottle='soon'", "no time such as 1h"),
        ("[[notify]]\nconnector='a'\n[[notify]]\nconnector='a'", "one id"),
        ("[[connector]]\nid='a'\ntype='.server-log'\n[[notify]]\nconnector='a'\nparams.body='x'", "params.body"),
        ("[[notify]]\nconnector='a'\ntimeframe={timezone='Nowhere/At_All'}", "timeframe"),
        ("a = ", "error"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError) as error:
        read_connectors(written(tmp_path, text), 0, {})
    assert said in str(error.value)


def test_all_that_is_wrong_is_said_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        read_connectors(written(tmp_path, "[outgoing]\nport = 1\n[[notify]]\nconnector = 5\n"), 0, {})
    assert len(error.value.problems) == 2
    assert {problem.place.line for problem in error.value.problems} == {2, 3}


def test_a_secret_in_the_file_is_refused_and_not_shown(tmp_path: Path) -> None:
    text = "[[connector]]\nid = 'a'\ntype = '.slack'\nsecrets.webhookUrl = 'https://chat.example/s3cr3t'\n"
    with pytest.raises(InputError) as error:
        read_connectors(written(tmp_path, text), 0, {})
    assert "a secret does not stand in this file" in str(error.value)
    assert "s3cr3t" not in str(error.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        read_connectors(tmp_path / "none.toml", 0)
    assert error.value.problem.code == "connectors-file"

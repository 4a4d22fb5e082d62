"""Settings from a file and from variables: what counts, what is wrong and where, and what is not shown."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.documents import ROOT, section_of, table_rows

from besra.cli.command_line import besra as command_line
from besra.cli.command_line import run
from besra.cli.secrets import MASK, masked
from besra.cli.setting_keys import NEVER, SECTIONS, keys_of
from besra.cli.settings import read_source, settings_in, variable_of
from besra.errors import InputError, SettingsError

Options = Mapping[str, Any]


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BESRA_CONFIG", raising=False)
    return tmp_path


def command(name: str) -> click.Command:
    return command_line.commands[name]


def parsed(name: str, *arguments: str) -> Options:
    """What a command gets."""
    return command(name).make_context(name, list(arguments)).params


def problems(text: str, section: str = "serve", environ: Mapping[str, str] | None = None) -> list[str]:
    """The messages of all that is wrong, with their places."""
    Path("besra.toml").write_text(text, "utf-8")
    context = click.Context(command(section), info_name=section)
    with pytest.raises(SettingsError) as wrong:
        settings_in(read_source(None, environ or {}), section, context)
    return str(wrong.value).splitlines()


def test_flags_count_before_variables_and_variables_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("besra.toml").write_text('[serve]\nport = 1\nhost = "file"\ndata = "file"\n', "utf-8")
    monkeypatch.setenv("BESRA_SERVE__HOST", "variable")
    monkeypatch.setenv("BESRA_SERVE__DATA", "variable")
    given = parsed("serve", "--data", "flag")
    assert (given["port"], given["host"], given["folder"]) == (1, "variable", "flag")


def test_a_file_is_named_or_in_the_folder(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("besra.toml").write_text("[serve]\nport = 1\n", "utf-8")
    Path("other.toml").write_text("[serve]\nport = 2\n", "utf-8")
    assert parsed("serve")["port"] == 1
    assert parsed("serve", "--config", "other.toml")["port"] == 2
    monkeypatch.setenv("BESRA_CONFIG", str(desk / "other.toml"))
    assert parsed("serve")["port"] == 2
    assert parsed("serve", "--config", "besra.toml")["port"] == 1


def test_values_of_every_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'rules = ["a", "b"]\nany_index = true\nfrom = 2026-03-01\nmemory-limit = "1K"\ntag = "x"\nmax-alerts = 5\n'
    Path("besra.toml").write_text(f"[scan]\n{text}", "utf-8")
    monkeypatch.setenv("BESRA_SCAN__RULE", '["*x", "y, z"]')
    monkeypatch.setenv("BESRA_SCAN__BUILDING_BLOCKS", "yes")
    given = parsed("scan", "evidence")
    assert given["rules"] == ("a", "b")
    assert given["any_index"] is True
    assert given["start"] == 1772323200 * 10**9
    assert given["memory_limit"] == 1024
    assert given["tags"] == ("x",)
    assert given["names"] == ("*x", "y, z")
    assert given["max_alerts"] == 5
    assert given["building_blocks"] is True


def test_a_switch_is_switched_off() -> None:
    Path("besra.toml").write_text("[serve]\nlive = false\n", "utf-8")
    assert parsed("serve")["live"] is False
    assert parsed("serve", "--live")["live"] is True


def test_what_nobody_knows_is_an_error_with_its_place() -> None:
    assert problems("[serve]\nprt = 1\n")[0] == "besra.toml:2:1: error: there is no setting prt [settings-unknown]"
    assert "  hint: did you mean port?" in problems("[serve]\nprt = 1\n")
    assert problems("", environ={"BESRA_SERVE__PRT": "1"})[0].startswith("BESRA_SERVE__PRT: error: there is no setting")
    for environ, place in (({}, "besra.toml:1:1"), ({"BESRA_SERV__PORT": "1"}, "BESRA_SERV__PORT")):
        told = problems("" if environ else "[serv]\n", environ=environ)
        assert told[0].startswith(f"{place}: error: there is no section")
        assert told[-1] == "  hint: did you mean serve?"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('port = "x"', "port: 'x' is not a valid integer"),
        ("port = 70000", "port: 70000 is not in the range"),
        ("port = [1]", "port: takes one value, not a list"),
        ("port = true", "port: takes a text or a number"),
        ("any-index = 3", "any-index: is true or false"),
        ("rules = [[1]]", "rules: takes a text or a number"),
        ("rules = {a = 1}", "rules: takes a text or a number"),
        ('kafka-option = "x"', "kafka-option: 'x' is not NAME=VALUE"),
        ('alerts-file = "missing"', "alerts-file: missing: No such file or directory"),
        ('kafka-offset-reset = "never"', "kafka-offset-reset: 'never' is not one of"),
        ("any-index = true\nany_index = true", "any-index and any-index are one setting"),
        ('output = "x"', "there is no setting output"),
        ('config = "x"', "there is no setting config"),
    ],
)
def test_values_a_setting_cannot_have(line: str, said: str) -> None:
    told = problems(f"[serve]\n{line}\n")
    assert told[0].startswith(f"besra.toml:{1 + len(line.splitlines())}:1: error: {said}")


@pytest.mark.parametrize("text", ["[", "[1", "[" * 100_000, '["a"]\nother = 1\n[', "[[1]]", "[{}]"])
def test_lists_in_variables_that_are_none(text: str) -> None:
    assert problems("", environ={"BESRA_SERVE__RULES": text})[0].startswith("BESRA_SERVE__RULES: error: rules: ")


def test_everything_that_is_wrong_is_told_at_once() -> None:
    told = problems("[serve]\nprt = 1\nport = true\n", environ={"BESRA_SERVE__RULES": "[1"})
    assert [line.partition(": error")[0] for line in told if ": error" in line] == [
        "besra.toml:2:1",
        "besra.toml:3:1",
        "BESRA_SERVE__RULES",
    ]


@pytest.mark.parametrize("text", ["[serve\n", "serve = 1\n", "\x00", "[serve]\nport = \n"])
def test_what_is_no_settings_file(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("besra.toml").write_text(text, "utf-8")
    assert run(["serve"]) == 3
    assert capsys.readouterr().err.startswith("besra.toml:1:") or text.startswith("[serve]")


def test_a_file_that_is_named_has_to_be_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", "--config", "missing.toml"]) == 3
    assert "missing.toml: error: the settings file cannot be read" in capsys.readouterr().err
    Path("besra.toml").write_bytes(b"\xff")
    with pytest.raises(InputError, match="not a text in UTF-8"):
        read_source(None, {})


def test_a_file_others_may_write_is_not_used_unless_it_is_named() -> None:
    Path("besra.toml").write_text("[serve]\nport = 1\n", "utf-8")
    Path("besra.toml").chmod(0o666)
    with pytest.raises(InputError, match="others may write"):
        read_source(None, {})
    assert read_source("besra.toml", {}).tables == {"serve": {"port": 1}}


def test_secrets(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for line in (
        'kafka-password = "geheim"',
        'alerts = "postgresql://u:geheim@h/d"',
        'kafka-option = "sasl.password=geheim"',
    ):
        told = problems(f"[serve]\n{line}\n")
        assert told[0].endswith("[settings-secret]")
        assert not any("geheim" in line for line in told)
    Path("password").write_text("geheim\n", "utf-8")
    Path("besra.toml").write_text('[serve]\nkafka-password-file = "password"\nnats = "nats://h"\n', "utf-8")
    assert parsed("serve")["kafka_password"] == "geheim"
    monkeypatch.setenv("BESRA_SERVE__NATS_TOKEN", "geheim2")
    monkeypatch.setenv("BESRA_SERVE__ALERTS", "postgresql://u:geheim3@h/d")
    monkeypatch.setenv("BESRA_SERVE__KAFKA_OPTION", "sasl.password=geheim4")
    given = parsed("serve")
    assert given["nats_token"] == "geheim2"
    assert given["alerts"] == "postgresql://u:geheim3@h/d"
    assert given["kafka_options"] == (("sasl.password", "geheim4"),)
    assert "geheim" not in repr(given["nats_token"])
    for form in ("table", "json"):
        assert run(["config", "show", "--format", form]) == 0
        shown = capsys.readouterr().out
        assert "geheim" not in shown
        assert MASK in shown


def test_settings_are_shown_with_their_origin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("besra.toml").write_text("[serve]\nport = 1\n", "utf-8")
    monkeypatch.setenv("BESRA_SERVE__HOST", "h")
    assert run(["config", "show", "serve"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["file"] == "besra.toml"
    found = {row["key"]: (row["value"], row["origin"]) for row in shown["settings"]}
    assert found["port"] == (1, "besra.toml:2:1")
    assert found["host"] == ("h", "BESRA_SERVE__HOST")
    assert found["data"] == ("besra-data", "default")
    assert found["rules"] == ([], "default")


def test_a_command_says_which_file_it_has_settings_from(capsys: pytest.CaptureFixture[str]) -> None:
    Path("events.ndjson").write_text("{}\n", "utf-8")
    Path("besra.toml").write_text("[scan]\nany-index = true\n", "utf-8")
    assert run(["scan", "events.ndjson"]) == 0
    assert "settings: besra.toml" in capsys.readouterr().err
    assert run(["search", "any where true", "events.ndjson"]) == 0
    assert "settings" not in capsys.readouterr().err


def test_the_sections_are_the_commands_with_settings() -> None:
    has_some = [name for name, held in command_line.commands.items() if any(p.name == "config" for p in held.params)]
    assert sorted(has_some) == list(SECTIONS)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_option_is_a_setting_and_every_setting_described(section: str) -> None:
    keys = keys_of(command(section))
    options = {max(p.opts, key=len).lstrip("-") for p in command(section).params if isinstance(p, click.Option)}
    assert options - set(NEVER) <= keys.keys()
    rows = {
        row[0].strip("`"): row[1].strip("`") for row in table_rows(section_of(ROOT / "docs/configuration.md", section))
    }
    assert rows == {name: variable_of(section, name) for name in keys}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:p@h:5/d?sslmode=require", f"postgresql://u:{MASK}@h:5/d?sslmode=require"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        ("postgresql:///d?host=/run&password=p", f"postgresql:///d?host=/run&password={MASK}"),
        ("nats://token@h:4222", f"nats://{MASK}@h:4222"),
        ("http://[", MASK),
        ("s3://bucket/path?", "s3://bucket/path?"),
        ("besra.sqlite", "besra.sqlite"),
    ],
)
def test_passwords_of_urls_are_masked(url: str, shown: str) -> None:
    assert masked(url) == shown


@given(st.text(max_size=80))
def test_any_text_is_a_settings_file_or_an_input_error(text: str) -> None:
    path = Path("any.toml")
    path.write_text(text, "utf-8", errors="replace")
    context = click.Context(command("serve"), info_name="serve")
    try:
        settings_in(read_source(str(path), {}), "serve", context)
    except InputError as error:
        assert str(error)

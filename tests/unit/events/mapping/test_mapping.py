"""Mapping files: what they make of records, and what is said of those that cannot be used (docs/events.md)."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import besra
from besra.errors import InputError, MappingError
from besra.events.mapping.file import load_mapping, load_mappings, parse_mapping
from besra.events.mapping.step import After, Lower, Split, Time, Translate, Unit, nanos_of, taken
from besra.events.recognise import recogniser_with

HEAD = '[[source]]\nname = "acme-proxy"\ndataset = "acme.proxy"\n'
WHEN = 'when = { product = "acme*" }\n'


def document(fields: str, record: Mapping[str, Any], when: str = WHEN) -> dict[str, Any]:
    made = parse_mapping(f"{HEAD}{when}[source.fields]\n{fields}\n")
    assert not made.problems, made.problems
    (source,) = made.sources
    assert source.recognises(record)
    return source.to_ecs(record)


def recognised(when: str, record: Mapping[str, Any]) -> bool:
    (source,) = parse_mapping(f"{HEAD}when = {when}\n[source.fields]\n").sources
    return recogniser_with([source]).source_of(record) is source


RECORD = {
    "product": "acme 2",
    "at": 1700000000.25,
    "client": {"ip": "10.0.0.1"},
    "account": "BOB",
    "command": 'C:\\a\\b.exe "c d" e',
    "tags": "x,y,,z",
    "status": 404,
    "names": ["A", "B"],
}


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ('"client.ip"', "10.0.0.1"),
        ("{ value = 'fixed' }", "fixed"),
        ("{ value = ['a', 1] }", ["a", 1]),
        ("{ from = 'account', lower = true }", "bob"),
        ("{ from = 'account', lower = false }", "BOB"),
        ("{ from = 'names', lower = true }", ["a", "b"]),
        ("{ from = 'tags', split = ',' }", ["x", "y", "z"]),
        ("{ from = 'account', split = ',' }", ["BOB"]),
        ("{ from = 'command', split = 'windows' }", ["C:\\a\\b.exe", "c d", "e"]),
        ("{ from = 'command', after = '\\' }", 'b.exe "c d" e'),
        ("{ from = 'account', after = '/' }", None),
        ("{ from = 'status', translate = { 404 = 'failure' } }", "failure"),
        ("{ from = 'status', translate = { 200 = 'success' } }", None),
        ("{ from = 'status', translate = { 200 = 'success', '*' = 'other' } }", "other"),
        ("{ from = 'at', time = 's' }", "2023-11-14T22:13:20.250Z"),
        ("{ from = 'account', time = 's' }", None),
        ("[{ value = 'no', when = { status = 200 } }, { value = 'yes', when = { status = '4*' } }]", "yes"),
        ("['absent', 'account']", "BOB"),
        ("'absent'", None),
    ],
)
def test_a_field_is_filled(field: str, expected: object) -> None:
    assert document(f'"user.name" = {field}', RECORD).get("user", {}).get("name") == expected


def test_the_record_is_kept_and_has_its_home() -> None:
    made = document('"event.action" = "account"', RECORD)
    assert made["acme_proxy"] == RECORD
    assert made["data_stream"] == {"type": "logs", "dataset": "acme.proxy", "namespace": "default"}
    assert made["event"]["action"] == "BOB"


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ('{ product = "acme*" }', True),
        ('{ product = "Acme*" }', False),
        ('{ product = ["other", "acme ?"] }', True),
        ("{ product = true, status = 404 }", True),
        ("{ product = true, status = 405 }", False),
        ("{ absent = true }", False),
        ('{ "client.ip" = "10.*" }', True),
    ],
)
def test_conditions(when: str, expected: bool) -> None:
    assert recognised(when, RECORD) is expected


def test_unless() -> None:
    text = f'{HEAD}{WHEN}unless = ["client.ip"]\n[source.fields]\n'
    (source,) = parse_mapping(text).sources
    assert recogniser_with([source]).source_of(RECORD) is None
    assert recogniser_with([source]).source_of({"product": "acme"}) is source


@pytest.mark.parametrize(
    ("text", "unit", "nanos"),
    [
        ("1700000000", Unit.SECONDS, 1_700_000_000_000_000_000),
        ("1700000000.5", Unit.SECONDS, 1_700_000_000_500_000_000),
        ("-1.5", Unit.SECONDS, -1_500_000_000),
        ("1700000000123.5", Unit.MILLIS, 1_700_000_000_123_500_000),
        ("1700000000123456", Unit.MICROS, 1_700_000_000_123_456_000),
        ("1700000000123456789", Unit.NANOS, 1_700_000_000_123_456_789),
        ("133444736000000000", Unit.FILETIME, 1_700_000_000_000_000_000),
        ("1e9", Unit.SECONDS, None),
        ("", Unit.SECONDS, None),
    ],
)
def test_units(text: str, unit: Unit, nanos: int | None) -> None:
    assert nanos_of(text, unit) == nanos


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("14/Nov/2023:23:13:20 +0100", "%d/%b/%Y:%H:%M:%S %z", ["2023-11-14T22:13:20.000Z"]),
        ("2023-11-14 22:13:20", "%Y-%m-%d %H:%M:%S", ["2023-11-14T22:13:20.000Z"]),
        ("yesterday", "%Y-%m-%d", []),
    ],
)
def test_forms_of_times(text: str, form: str, expected: list[str]) -> None:
    assert taken([Time(form)], [text]) == expected


STEPS = st.lists(
    st.one_of(
        st.just(Lower()),
        st.builds(Split, st.sampled_from([",", "windows", "a"])),
        st.builds(After, st.sampled_from([",", "/"])),
        st.builds(Translate, st.dictionaries(st.text(max_size=2), st.text(max_size=3), max_size=2)),
        st.builds(Time, st.sampled_from([*Unit, "%Y-%m-%d", "%s"])),
    ),
    max_size=4,
)
SCALARS = st.one_of(st.text(), st.integers(), st.floats(), st.booleans())


@given(STEPS, st.lists(SCALARS, max_size=3))
def test_steps_take_whatever_comes(steps: list[Any], values: list[Any]) -> None:
    assert all(isinstance(value, (str, int, float, bool)) for value in taken(steps, values))


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", None, "there is no [[source]]"),
        ("source = 3\n", 1, "there is no [[source]]"),
        (f"other = 1\n{HEAD}{WHEN}[source.fields]\n", 1, "other means nothing here"),
        (f'{HEAD}{WHEN}colour = "red"\n[source.fields]\n', 5, "colour means nothing here"),
        ('[[source]]\ndataset = "a"\nwhen = { a = 1 }\n[source.fields]\n', 1, "name is missing"),
        ('[[source]]\nname = "A b"\ndataset = "a"\nwhen = { a = 1 }\n[source.fields]\n', 2, "name is 'A b'"),
        (f"{HEAD}[source.fields]\n", 1, "when is missing"),
        (f"{HEAD}when = {{}}\n[source.fields]\n", 4, "when has no condition"),
        (f"{HEAD}when = {{ a = [] }}\n[source.fields]\n", 4, "the condition on a cannot be used"),
        (f"{HEAD}{WHEN}", 1, "fields is missing"),
        (f'{HEAD}{WHEN}[source.fields]\n"a b" = "c"\n', 6, "'a b' is no field name"),
        (f'{HEAD}{WHEN}[source.fields]\n"a" = 3\n', 6, "a field cannot be filled with 3"),
        (f'{HEAD}{WHEN}[source.fields]\n"a" = {{ lower = true }}\n', 6, "from or value"),
        (f'{HEAD}{WHEN}[source.fields]\n"a" = {{ value = "x", lower = true }}\n', 6, "lower has nothing to work on"),
        (f'{HEAD}{WHEN}[source.fields]\n"a" = {{ value = {{}} }}\n', 6, "a value is text"),
        (f'{HEAD}{WHEN}[source.fields]\n"a" = {{ from = "b", time = "%Q" }}\n', 6, "time cannot be '%Q'"),
        (f'{HEAD}{WHEN}[source.fields]\n"a" = {{ from = "b", time = "soon" }}\n', 6, "time cannot be 'soon'"),
        (f'{HEAD}{WHEN}[source.fields]\n"a" = {{ from = "b", split = "" }}\n', 6, "split cannot be ''"),
        (f'{HEAD}{WHEN}also = "x"\n[source.fields]\n', 5, "also is a list of names"),
        (f"{HEAD}when = \n", 4, "value"),
    ],
)
def test_what_cannot_be_used_is_located(text: str, line: int | None, words: str) -> None:
    made = parse_mapping(text, "m.toml")
    assert made.sources == ()
    (problem,) = made.problems
    assert (problem.place.path, problem.place.line) == ("m.toml", line)
    assert words.lower() in problem.message.lower()


def test_all_problems_of_all_files_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("[[source]]\n[[source]]\n", "utf-8")
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(MappingError) as raised:
        load_mappings([tmp_path / "a.toml", tmp_path / "b.toml", tmp_path / "c.toml"])
    assert [problem.code for problem in raised.value.problems] == [
        "mapping-invalid",
        "mapping-invalid",
        "mapping-unreadable",
        "mapping-unreadable",
    ]
    assert isinstance(raised.value, InputError)
    assert str(raised.value).count("mapping-") == 4


def test_a_folder_is_no_mapping(tmp_path: Path) -> None:
    assert load_mapping(tmp_path).problems[0].code == "mapping-unreadable"


def test_a_rule_fires_on_records_of_a_mapping(tmp_path: Path) -> None:
    mapping = tmp_path / "acme.toml"
    mapping.write_text(
        '[[source]]\nname = "acme"\ndataset = "acme.edr"\nwhen = { kind = "exec" }\n'
        'also = ["logs-endpoint.events.file-x"]\n'
        '[source.fields]\n"@timestamp" = { from = "t", time = "s" }\n"event.category" = { value = "file" }\n'
        '"event.action" = { value = "creation" }\n"process.name" = "p"\n"file.path" = "f"\n'
        '"host.os.type" = { value = "windows" }\n',
        "utf-8",
    )
    events = tmp_path / "a.ndjson"
    record = {"kind": "exec", "t": 1700000000, "p": "msiexec.exe", "f": "C:\\Windows\\System32\\Tasks\\x"}
    events.write_text(json.dumps(record) + "\n", "utf-8")
    alerts = list(besra.scan([events], mappings=[mapping]))
    assert [alert["kibana.alert.rule.name"] for alert in alerts] == ["Persistence via a Windows Installer"]
    assert alerts[0]["acme"]["kind"] == "exec"
    assert list(besra.scan([events])) == []

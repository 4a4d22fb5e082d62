"""`besra scan` as a new user meets it: paths, pipes, formats, filters, exit codes."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard
from tests.e2e.command import besra, inside

from besra.demo.variants import NETWORK, PERSISTENCE
from besra.rules.ruleset import load_rules

NAMES = {
    NETWORK: "MsiExec Service Child Process With Network Connection",
    PERSISTENCE: "Persistence via a Windows Installer",
}
TOTALS = [NAMES[NETWORK], *[NAMES[PERSISTENCE]] * 3]
"""The visible alerts of the demo, in the order they are written."""

RULE = """\
[metadata]
creation_date = "2026/01/01"
maturity = "production"
updated_date = "2026/01/01"

[rule]
author = ["besra"]
description = "A process starts."
index = ["logs-*"]
language = "eql"
name = "{name}"
risk_score = 73
rule_id = "{rule_id}"
severity = "{severity}"
tags = ["OS: Windows", "Noise"]
type = "eql"
query = '''
{query}
'''
"""
START = 'process where event.type == "start"'


def write_rule(
    path: Path, *, name: str = "Process start", number: int = 1, severity: str = "high", query: str = START
) -> Path:
    rule_id = f"10000000-0000-4000-8000-{number:012}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(RULE.format(name=name, rule_id=rule_id, severity=severity, query=query), "utf-8")
    return path


# --- where the input comes from ---------------------------------------------------------------------------------------


def test_relative_paths_from_another_folder(demo: Path, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (tmp_path / "demo").symlink_to(demo)
    done = besra("scan", "../demo/defend", cwd=here)
    assert done.code == 0
    assert done.rules == TOTALS
    files = {event["file"] for alert in done.documents for event in alert["besra"]["events"]}
    assert files == {"../demo/defend/defend.ndjson"}


def test_in_a_pipe_stdout_is_ndjson_and_nothing_else(events: Path) -> None:
    done = besra("scan", events)
    assert done.code == 0
    assert all(document["event.kind"] == "signal" for document in done.documents)
    assert len(done.documents) == 6  # two building blocks and their shell, and three single alerts
    assert "90 events" in done.err
    assert "\x1b" not in done.out + done.err


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress], ids=["plain", "gzip", "zstd"])
def test_standard_input(pack: Any, events: Path) -> None:
    done = besra("scan", "-", stdin=pack(events.read_bytes()))
    assert done.rules == TOTALS
    assert {event["file"] for alert in done.documents for event in alert["besra"]["events"]} == {"-"}


def test_folders_files_and_the_same_file_twice(demo: Path, events: Path) -> None:
    done = inside("scan", demo, events, demo / "defend")
    assert done.rules.count(NAMES[NETWORK]) == 3  # as each of three sources saw it
    assert done.rules.count(NAMES[PERSISTENCE]) == 3
    assert "read 3 files" in done.err


def test_the_order_of_arguments_changes_nothing(demo: Path) -> None:
    parts = [demo / "defend", demo / "sysmon", demo / "sentinel-one"]
    first, second = (inside("scan", *order, "--now", "2026-03-18") for order in (parts, parts[::-1]))
    assert first.out == second.out


def test_events_that_say_no_index(events: Path, tmp_path: Path) -> None:
    documents = [json.loads(line) for line in events.read_text("utf-8").splitlines()]
    for document in documents:
        del document["data_stream"], document["event"]["dataset"]
    file = tmp_path / "bare.ndjson"
    file.write_text("\n".join(map(json.dumps, documents)), "utf-8")
    assert inside("scan", file).rules == []
    assert inside("scan", file, "--any-index").rules == TOTALS
    assert inside("scan", file, "--index", "logs-endpoint.events.file-default").rules == TOTALS[1:]


# --- formats ----------------------------------------------------------------------------------------------------------


def test_ndjson_and_json_hold_the_same_documents(events: Path) -> None:
    ndjson = inside("scan", events, "--now", "2026-03-18", "--format", "ndjson")
    array = inside("scan", events, "--now", "2026-03-18", "--format", "json")
    assert json.loads(array.out) == ndjson.documents


def test_table(events: Path) -> None:
    done = inside("scan", events, "--format", "table")
    header, first, second = (line.split("  ") for line in done.out.splitlines())
    assert header[0] == "SEVERITY"
    assert [cell.strip() for cell in first if cell.strip()][:3] == ["medium", NAMES[NETWORK], "1"]
    assert [cell.strip() for cell in second if cell.strip()][:3] == ["medium", NAMES[PERSISTENCE], "3"]


def test_table_without_alerts(events: Path) -> None:
    done = inside("scan", events, "--format", "table", "--to", "2020-01-01")
    assert done.out == "no alerts\n"
    assert done.err.splitlines()[-1] == "0 alerts"


def test_csv(events: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(inside("scan", events, "--format", "csv").out)))
    assert [row["rule"] for row in rows] == TOTALS
    sequence, link, value, task = rows
    assert sequence["command_line"] == r"C:\Users\jdoe\AppData\Roaming\InvoiceViewer\updsvc.exe -k 7f3a"
    assert sequence["parent"] == "msiexec.exe"
    assert [place.rpartition(":")[0] for place in sequence["events"].split("; ")] == [str(events)] * 2
    assert link["file"].endswith("InvoiceViewer.lnk")
    assert value["registry"].endswith(r"\CurrentVersion\Run\InvoiceViewer")
    assert task["process"] == "svchost.exe"


def test_csv_cells_are_no_formulas(tmp_path: Path) -> None:
    rule = write_rule(tmp_path / "rule.toml", query="process where true")
    event = {
        "@timestamp": "2026-03-17T09:00:00Z",
        "event": {"category": "process"},
        "process": {"name": "=cmd|'/c'!A1"},
    }
    done = besra("scan", "-", "--any-index", "--rules", rule, "--format", "csv", stdin=json.dumps(event).encode())
    [row] = csv.DictReader(io.StringIO(done.out))
    assert row["process"] == "'=cmd|'/c'!A1"


def test_timesketch(events: Path) -> None:
    rows = inside("scan", events, "--format", "timesketch").documents
    assert [row["rule"] for row in rows] == TOTALS
    assert all({"message", "datetime", "timestamp_desc"} <= row.keys() for row in rows)
    assert rows[0]["tag"] == ["T1218.007"]
    assert rows[0]["datetime"] == "2026-03-17T09:42:14.962845600Z"


def test_ocsf(events: Path) -> None:
    rows = inside("scan", events, "--format", "ocsf").documents
    assert [row["finding_info"]["title"] for row in rows] == TOTALS
    assert {(row["class_uid"], row["category_uid"], row["type_uid"]) for row in rows} == {(2004, 2, 200401)}
    attack = rows[0]["finding_info"]["attacks"][0]
    assert attack["tactic"]["uid"] == "TA0005"
    assert (attack["technique"]["uid"], attack["sub_technique"]["uid"]) == ("T1218", "T1218.007")
    techniques = [attack.get("technique", {}).get("uid") for attack in rows[1]["finding_info"]["attacks"]]
    assert {"T1053", "T1218"} <= set(techniques)
    assert rows[0]["time"] == 1_773_740_534_962


def test_markdown(events: Path) -> None:
    lines = inside("scan", events, "--format", "markdown").out.splitlines()
    assert lines[1].count("|") == lines[0].count("|")
    assert [line.split(" | ")[2] for line in lines[2:]] == TOTALS
    assert all("<br>" in line for line in lines[2:3])


def test_an_unknown_format_names_the_known_ones(events: Path) -> None:
    done = inside("scan", events, "--format", "xml")
    assert done.code == 3
    for name in ("table", "ndjson", "json", "csv", "timesketch", "ocsf", "markdown"):
        assert name in done.err


# --- where the output goes --------------------------------------------------------------------------------------------


def test_output_to_a_file(events: Path, tmp_path: Path) -> None:
    file = tmp_path / "alerts.ndjson"
    done = inside("scan", events, "-o", file, "--now", "2026-03-18")
    assert (done.code, done.out) == (0, "")
    assert "4 alerts" in done.err
    assert file.read_text("utf-8") == inside("scan", events, "--now", "2026-03-18").out


@pytest.mark.parametrize("where", ["missing/alerts.ndjson", "."], ids=["no-folder", "a-folder"])
def test_output_that_cannot_be_written_is_told_before_the_scan(where: str, events: Path, tmp_path: Path) -> None:
    done = inside("scan", events, "-o", tmp_path / where)
    assert done.code == 3
    assert "cannot write" in done.err
    assert "hint: choose another file with -o" in done.err
    assert "events" not in done.err


def test_quiet_leaves_data_and_errors(events: Path, tmp_path: Path) -> None:
    done = inside("scan", events, tmp_path / "missing", "-q")
    assert done.rules == TOTALS
    assert [line.partition(": ")[2] for line in done.err.splitlines()[:1]] == [
        "error: no such file or folder [input-missing]"
    ]
    assert "read" not in done.err


# --- which rules run --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "rules"),
    [
        (["--severity", "medium"], TOTALS),
        (["--severity", "high"], []),
        (["--tag", "Tactic: Persistence"], TOTALS[1:]),
        (["--tag", "tactic: p*"], TOTALS[1:]),
        (["--tag", "Tactic: Persistence", "--tag", "Data Source: Sysmon"], TOTALS),
        (["--tag", "nothing"], []),
        (["--rule", "persistence*"], TOTALS[1:]),
        (["--rule", "65432F4A-*"], TOTALS[:1]),
        (["--rule", "65432f4a-*", "--rule", "*installer"], TOTALS),
        (["--rule", "65432f4a-*", "--tag", "Tactic: Persistence"], []),
    ],
    ids=lambda value: " ".join(value) if value and value[0].startswith("--") else None,
)
def test_filters(options: list[str], rules: list[str], events: Path) -> None:
    done = inside("scan", events, *options)
    assert (done.code, done.rules) == (0, rules)
    assert ("no rule fits" in done.err) is (not rules)


def test_own_rules_replace_the_bundled_ones(events: Path, tmp_path: Path) -> None:
    rule = write_rule(tmp_path / "rule.toml")
    assert set(inside("scan", events, "--rules", rule).rules) == {"Process start"}
    assert set(inside("scan", events, "--rules", rule, "--rules", "bundled").rules) == {"Process start", *TOTALS}


def test_of_two_copies_of_a_rule_the_user_is_told_which_counts(events: Path, tmp_path: Path) -> None:
    """The user's copy here finds nothing, so whether it counts shows in the alerts too."""
    [bundled] = [rule for rule in load_rules() if rule.name == NAMES[PERSISTENCE]]
    assert bundled.rule
    mine = dict(bundled.rule.parameters) | {"query": "file where false", "version": 307}
    file = tmp_path / "mine.ndjson"
    file.write_text(json.dumps(mine), "utf-8")
    done = inside("scan", events, "--rules", "bundled", "--rules", file)
    assert done.rules == TOTALS[:1]
    [warning] = [line for line in done.err.splitlines() if "rule-duplicate" in line]
    assert str(bundled.rule_id) in warning
    assert f"{file} counts (version 307)" in warning
    assert "bundled/" in warning
    assert "(version 2)" in warning


def test_alerts_come_most_severe_first(events: Path, tmp_path: Path) -> None:
    for number, severity in enumerate(["low", "critical", "medium", "high"]):
        write_rule(tmp_path / f"{severity}.toml", name=severity, number=number, severity=severity)
    done = inside("scan", events, "--rules", tmp_path)
    assert list(dict.fromkeys(done.rules)) == ["critical", "high", "medium", "low"]


# --- which time -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "rules"),
    [
        (["--from", "2026-03-17T09:43:00Z"], TOTALS[1:]),
        (["--to", "2026-03-17T09:43:00Z"], TOTALS[:1]),
        (["--from", "2026-03-17T09:42:16Z", "--to", "2026-03-17T09:42:17Z"], []),  # half a sequence
        (["--from", "2026-03-17T09:43:08.3318456Z", "--to", "2026-03-17T09:43:08.3318456Z"], TOTALS[1:2]),
        (["--from", "now-2m", "--now", "2026-03-17T09:45:00Z"], TOTALS[1:]),
        (["--from", "2026-03-17||/d", "--to", "2026-03-17||+1d"], TOTALS),
    ],
    ids=lambda value: " ".join(value) if value and value[0].startswith("--") else None,
)
def test_windows(options: list[str], rules: list[str], events: Path) -> None:
    assert inside("scan", events, *options).rules == rules


def test_now_is_when_alerts_are_created(events: Path) -> None:
    for now, shown in (("2026-03-18", "2026-03-18T00:00:00.000Z"), ("1970-01-01", "1970-01-01T00:00:00.000Z")):
        alerts = inside("scan", events, "--now", now).documents
        assert {alert["@timestamp"] for alert in alerts} == {shown}


# --- limits -----------------------------------------------------------------------------------------------------------


def test_max_alerts_tells_the_total(events: Path) -> None:
    done = inside("scan", events, "--max-alerts", "1")
    assert done.code == 0
    assert done.rules == TOTALS[:2]
    assert [alert["besra"]["total_matches"] for alert in done.documents] == [1, 1, 1, 3]
    assert 'rule "Persistence via a Windows Installer" matched 3 times' in done.err
    assert "--max-alerts (0 for all)" in done.err
    table = inside("scan", events, "--max-alerts", "1", "--format", "table", "-q")
    assert "1 of 3" in table.out


def test_max_alerts_zero_is_no_limit(tmp_path: Path) -> None:
    rule = write_rule(tmp_path / "rule.toml", query="process where true")
    event = {"event": {"category": "process"}, "data_stream": {"type": "logs", "dataset": "x", "namespace": "y"}}
    file = tmp_path / "many.ndjson"
    file.write_text("\n".join(json.dumps(event | {"number": number}) for number in range(120)), "utf-8")
    limited = inside("scan", file, "--rules", rule)
    assert len(limited.documents) == 100
    assert "matched 120 times; alerts are limited to the first 100 (its max_signals)" in limited.err
    everything = inside("scan", file, "--rules", rule, "--max-alerts", "0")
    assert len(everything.documents) == 120
    assert "limited" not in everything.err


# --- exit codes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("severity", "code"), [("low", 1), ("medium", 1), ("high", 0), ("critical", 0)], ids=str)
def test_fail_on(severity: str, code: int, events: Path) -> None:
    assert inside("scan", events, "--fail-on", severity).code == code


def test_fail_on_without_alerts(events: Path) -> None:
    assert inside("scan", events, "--fail-on", "low", "--to", "2020-01-01").code == 0


def test_a_bad_rule_is_2_and_the_others_run(events: Path, tmp_path: Path) -> None:
    write_rule(tmp_path / "good.toml")
    bad = write_rule(tmp_path / "bad.toml", number=2, query="process where process.name = 1")
    done = inside("scan", events, "--rules", tmp_path)
    assert done.code == 2
    assert set(done.rules) == {"Process start"}
    assert f"{bad}:18:28: error: `=` is not an operator" in done.err
    assert "1 ran of 2 loaded; not evaluable: 1 (invalid 1)" in done.err


def test_a_rule_besra_cannot_run_yet_is_not_bad(events: Path, tmp_path: Path) -> None:
    write_rule(tmp_path / "good.toml")
    text = RULE.format(name="Jobs", rule_id="10000000-0000-4000-8000-000000000009", severity="low", query="x")
    head = text.partition("query = ")[0].replace('type = "eql"', 'type = "machine_learning"')
    (tmp_path / "jobs.toml").write_text(
        head.replace('language = "eql"\n', "") + 'anomaly_threshold = 50\nmachine_learning_job_id = "job"\n', "utf-8"
    )
    (tmp_path / "notes.json").write_text('{"about": "no rule"}', "utf-8")
    done = inside("scan", events, "--rules", tmp_path)
    assert done.code == 0
    assert "not evaluable: 1 (machine learning 1)" in done.err
    assert "notes.json: warning: no rules found" in done.err


def test_a_missing_path_is_3_and_the_others_are_read(events: Path) -> None:
    done = inside("scan", "no/such/folder", events)
    assert done.code == 3
    assert done.rules == TOTALS
    assert "no/such/folder: error: no such file or folder" in done.err
    assert "hint: check the spelling" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Missing argument 'PATH...'"),
        (["--frm", "now", "."], "--from"),
        (["--from", "yesterday", "."], "'yesterday' is not a date"),
        (["--from", "now", "--to", "now-1d", "."], "exchange the two"),
        (["--from", "now-1x", "."], "now-1x"),
        (["--severity", "hihg", "."], "'low', 'medium', 'high', 'critical'"),
        (["--fail-on", "5", "."], "'low', 'medium', 'high', 'critical'"),
        (["--max-alerts", "-1", "."], "x>=0"),
        (["--max-alerts", "many", "."], "'many'"),
        (["--rules", "no/such/rules", "."], "there is no file or folder no/such/rules"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_arguments(arguments: list[str], words: str) -> None:
    done = inside("scan", *arguments)
    assert done.code == 3
    assert words in done.err
    assert done.out == ""
    errors = [line for line in done.err.splitlines() if "error:" in line.lower()]
    assert len(errors) == 1


def test_an_unknown_command_is_3() -> None:
    done = inside("scna", ".")
    assert done.code == 3
    assert "No such command 'scna'" in done.err


def test_a_defect_is_4_and_says_so(monkeypatch: pytest.MonkeyPatch, events: Path) -> None:
    def explode(*_: object) -> None:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr("besra.cli.commands.scan.gather", explode)
    done = inside("scan", events)
    assert done.code == 4
    assert "ZeroDivisionError: on purpose" in done.err
    assert done.err.rstrip().endswith("this is a defect in besra; please report it with the lines above")


# --- indicators -------------------------------------------------------------------------------------------------------

INDICATOR_RULE = """\
[metadata]
creation_date = "2026/01/01"
maturity = "production"
updated_date = "2026/01/01"

[rule]
author = ["besra"]
description = "An address that is known to be bad."
index = ["logs-*"]
language = "kuery"
name = "Known to be bad"
risk_score = 73
rule_id = "10000000-0000-4000-8000-000000000009"
severity = "high"
threat_index = ["logs-ti_*"]
threat_query = "threat.indicator.ip : *"
type = "threat_match"
query = "destination.ip : *"

[[rule.threat_mapping]]

[[rule.threat_mapping.entries]]
field = "destination.ip"
type = "mapping"
value = "threat.indicator.ip"
"""


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """A folder with a rule, three connections and indicators in two forms: lines, and a search response."""
    (tmp_path / "rule.toml").write_text(INDICATOR_RULE, "utf-8")
    events = [
        {"@timestamp": f"2026-03-17T09:00:0{number}Z", "_index": "logs-x", "destination.ip": f"203.0.113.{number}"}
        for number in range(3)
    ]
    (tmp_path / "events.ndjson").write_text("".join(json.dumps(event) + "\n" for event in events), "utf-8")
    indicators = tmp_path / "indicators"
    indicators.mkdir()
    plain = [{"threat": {"indicator": {"ip": f"203.0.113.{number}"}}} for number in (1, 8, 9)]
    with gzip.open(indicators / "plain.ndjson.gz", "wt") as packed:
        packed.write("".join(json.dumps(indicator) + "\n" for indicator in plain))
    hit = {"_index": "logs-ti_x", "_id": "two", "_source": {"threat": {"indicator": {"ip": "203.0.113.2"}}}}
    (indicators / "response.json").write_text(json.dumps({"hits": {"hits": [hit]}}, indent=1), "utf-8")
    return tmp_path


@pytest.mark.parametrize("engine", ["columnar", "reference"])
@pytest.mark.parametrize("apart", [True, False], ids=["files", "a folder"])
def test_indicators_given_apart(apart: bool, engine: str, known: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(known)
    paths = ["indicators/plain.ndjson.gz", "indicators/response.json"] if apart else ["indicators"]
    options = [word for path in paths for word in ("--indicators", path)]
    done = inside("scan", "events.ndjson", "--rules", "rule.toml", *options, "--engine", engine)
    assert done.code == 0
    assert [alert["destination.ip"] for alert in done.documents] == ["203.0.113.1", "203.0.113.2"]
    assert [alert["besra"]["indicators"][0]["file"] for alert in done.documents] == [
        "indicators/plain.ndjson.gz",
        "indicators/response.json",
    ]
    assert "read 1 file, 3 events in " in done.err
    assert "; before that 4 indicators in " in done.err
    assert "warning" not in done.err, "that indicators have no time is nothing to tell"


def test_no_indicators(known: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(known)
    done = inside("scan", "events.ndjson", "--rules", "rule.toml")
    assert done.code == 0
    assert not done.documents
    assert done.err.count("no-indicators") == 1
    assert "indicators in" not in done.err


def test_indicators_without_a_rule_for_them(known: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(known)
    done = inside("scan", "events.ndjson", "--indicators", "no/such/file")
    assert done.code == 0
    assert done.err.count("indicators-not-used") == 1


def test_indicators_that_are_not_there(known: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(known)
    done = inside("scan", "events.ndjson", "--rules", "rule.toml", "--indicators", "no/such/file")
    assert done.code == 3
    assert "no/such/file: error: no such file or folder [input-missing]" in done.err


def test_indicators_from_standard_input(known: Path) -> None:
    rule = ("--rules", known / "rule.toml")
    line = b'{"threat.indicator.ip": "203.0.113.2"}\n'
    done = besra("scan", known / "events.ndjson", *rule, "--indicators", "-", stdin=line)
    assert [alert["destination.ip"] for alert in done.documents] == ["203.0.113.2"]
    done = besra("scan", "-", *rule, "--indicators", "-", stdin=line)
    assert done.code == 3
    assert "events or indicators, not both" in done.err

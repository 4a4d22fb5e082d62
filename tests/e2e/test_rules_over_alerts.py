"""Building block rules and rules over alerts, as a user meets them: what is shown, counted, failed on and said."""

import json
from pathlib import Path

import pytest
from tests.e2e.command import Outcome, inside
from tests.golden.desk import CHORUS, DOCUMENTS, OVER_ALERTS, WHISPER, write_rules

import besra
from besra.events.file_read import FileRead
from besra.problems import Problem

SHOWN_ONLY = ("csv", "timesketch", "markdown", "ocsf")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_rules(tmp_path / "over", OVER_ALERTS)
    write_rules(tmp_path / "pair", {"whisper.toml": WHISPER, "chorus.toml": CHORUS})
    (tmp_path / "events.ndjson").write_text("".join(f"{json.dumps(document)}\n" for document in DOCUMENTS), "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def scan(*options: str) -> Outcome:
    return inside("scan", "events.ndjson", "--rules", "pair", "--now", "2026-03-18", *options)


def rows(done: Outcome) -> int:
    """Lines that say which of the two rules an alert is of."""
    return sum("Shell Starts" in line for line in done.out.splitlines())


@pytest.mark.parametrize("form", SHOWN_ONLY)
def test_formats_for_reading_leave_building_blocks_out_unless_asked(form: str, desk: Path) -> None:
    assert rows(scan("--format", form, "-q")) == 1
    # Five of the building block rule; the members of the sequence stay out.
    assert rows(scan("--format", form, "-q", "--building-blocks")) == 6


def test_whole_documents_hold_all_either_way(desk: Path) -> None:
    all_of_them = scan("--format", "ndjson", "-q")
    assert len(all_of_them.documents) == 5 + 3
    assert scan("--format", "ndjson", "-q", "--building-blocks").out == all_of_them.out
    assert json.loads(scan("--format", "json", "-q").out) == all_of_them.documents


def test_counts_tell_them_apart(desk: Path) -> None:
    told = scan().err.splitlines()[-1]
    assert told == "1 alert of 1 rule: 1 high; 5 alerts of 1 building block rule not shown (--building-blocks)"
    assert scan("--building-blocks").err.splitlines()[-1] == "6 alerts of 2 rules: 1 high, 5 low"


def test_a_scan_fails_on_what_it_counts(desk: Path) -> None:
    only = ("--rule", "shell starts", "--fail-on", "low")
    assert scan(*only).code == 0
    assert scan(*only, "--building-blocks").code == 1
    assert scan("--fail-on", "high").code == 1
    assert scan("--fail-on", "critical", "--building-blocks").code == 0


def test_a_rule_whose_input_does_not_run_is_told(desk: Path) -> None:
    done = scan("--severity", "high")
    assert done.documents == []
    assert 'rule "Shell Starts and Connects" is over alerts that no rule of this scan makes [rule-unfed]' in done.err
    assert "rule-unfed" not in scan().err


def test_cycles_are_told_to_callers_from_python(desk: Path) -> None:
    told: list[Problem | FileRead] = []
    list(besra.scan(["events.ndjson"], besra.load_rules("over"), on_item=told.append))
    assert sorted(item.code for item in told if isinstance(item, Problem)) == ["rule-cycle", "rule-unfed"]


def test_engines_workers_and_limits_give_the_same_alerts(desk: Path) -> None:
    expected = scan("-q").out
    assert len(expected.splitlines()) == 8
    for options in (["--engine", "reference"], ["--workers", "2"], ["--memory-limit", "0"], ["--any-index"]):
        assert scan("-q", *options).out == expected


def test_alerts_of_one_scan_are_input_of_the_next(desk: Path) -> None:
    assert scan("-o", "before.ndjson", "--rule", "shell starts").code == 0
    Path("network.ndjson").write_text(json.dumps(DOCUMENTS[1]), "utf-8")
    # Created now, which is behind the connection: the order of earlier alerts is that of their creation.
    late = json.loads(Path("before.ndjson").read_text("utf-8").splitlines()[0])
    Path("before.ndjson").write_text(json.dumps(late | {"@timestamp": "2026-03-17T09:41:02Z"}) + "\n", "utf-8")
    for extra in ((), ("--engine", "reference")):
        done = inside("scan", "before.ndjson", "network.ndjson", "--rules", "pair/chorus.toml", "-q", *extra)
        assert done.rules == ["Shell Starts and Connects"]
        assert done.documents[-1]["besra"]["events"][0]["file"] == "before.ndjson"


def test_earlier_alerts_are_no_events_of_other_rules(desk: Path) -> None:
    assert scan("-o", "before.ndjson").code == 0
    done = inside("scan", "before.ndjson", "--rules", "pair/whisper.toml")
    assert done.documents == []
    assert "read 1 file, 8 events" in done.err
    assert inside("scan", "before.ndjson", "--rules", "pair/whisper.toml", "--any-index", "-q").documents == []


def test_converted_alerts_stay_alerts(desk: Path) -> None:
    assert scan("-o", "before.ndjson").code == 0
    echo = ("--rules", "over/first_echo.toml", "--rules", "over/second_echo.toml", "-q")
    Path("echo.toml").write_text(OVER_ALERTS["first_echo.toml"].replace("Echo Two", "Shell Starts"), "utf-8")
    expected = inside("scan", "before.ndjson", "--rules", "echo.toml", "-q")
    assert len(expected.documents) == 5
    for form in ("parquet", "ndjson"):
        assert inside("convert", "before.ndjson", "--to", form, "-o", f"again.{form}", "-q").code == 0
        again = inside("scan", f"again.{form}", "--rules", "echo.toml", "-q")
        ids = [[alert["kibana.alert.uuid"] for alert in done.documents] for done in (expected, again)]
        assert ids[0] == ids[1]
    assert inside("scan", "before.ndjson", *echo).documents == []


def test_profile_of_rules_over_alerts(desk: Path) -> None:
    done = scan("--profile")
    assert done.code == 0
    assert done.out == scan("-q").out
    assert "Shell Starts and Connects" in done.err

"""`besra doctor`: what it says of evidence and of the installation, wherever its output goes."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.command import COLOUR, besra, in_terminal, inside, screen

from besra.cli.evidence import written


def report(*arguments: str | Path) -> Any:
    done = inside("doctor", *arguments, "--format", "json", "-q")
    assert done.code == 0, done.err
    assert done.err == ""
    return json.loads(done.out)


def test_the_demo_is_good_for_its_rules(demo: Path) -> None:
    found = report(demo)
    assert found["read"]["events"] == sum(source["events"] for source in found["sources"])
    assert found["rules"]["can_run"] == found["rules"]["ready"] == 2
    assert found["rules"]["cannot_run"] == []
    sources = {source["index"]: source for source in found["sources"]}
    sysmon = sources["logs-windows.sysmon_operational-default"]
    assert "process.parent.args" in sysmon["fields"]
    assert sysmon["rules"] == 1
    hosts = {host["host"]: host for host in found["hosts"]}
    assert hosts["wks-0042"]["first"] < hosts["wks-0042"]["last"]


def test_a_missing_field_is_worth_the_rules_it_makes_run(events: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.ndjson"
    with cut.open("w") as out:
        for line in events.read_text("utf-8").splitlines():
            document = json.loads(line)
            document["process"].get("parent", {}).pop("name", None)
            document["process"].pop("name", None)
            document.pop("Effective_process", None)
            out.write(f"{json.dumps(document)}\n")
    found = report(cut)["rules"]
    assert found["can_run"] == 0
    assert found["lacking"] == {"index": 0, "kind_of_event": 0, "one_field": 1, "several_fields": 1}
    assert {field["field"] for field in found["missing_fields"]} == {"Effective_process.name", "process.name"}
    assert {tuple(rule["fields"]) for rule in found["cannot_run"]} == {(), ("Effective_process.name", "process.name")}


def test_index_names_and_any_index(tmp_path: Path) -> None:
    path = tmp_path / "bare.ndjson"
    path.write_text('{"event": {"category": "process"}, "process": {"name": "cmd.exe"}}\n')
    assert report(path)["rules"]["lacking"]["index"] == 2
    assert report(path, "--any-index")["rules"]["lacking"]["index"] == 0
    (source,) = report(path, "--index", "logs-made.up-default")["sources"]
    assert source["index"] == "logs-made.up-default"


def test_pipes_and_compressed_input_are_read(events: Path) -> None:
    done = besra("doctor", "-", "--format", "json", "-q", stdin=gzip.compress(events.read_bytes()))
    assert done.code == 0, done.err
    assert json.loads(done.out)["read"]["files"] == 1


def test_without_format_a_pipe_gets_json_and_a_terminal_a_table(events: Path, tmp_path: Path) -> None:
    assert json.loads(besra("doctor", events).out)["sources"]
    shown = in_terminal(80, "doctor", events, "-q", cwd=tmp_path)
    assert "SOURCE" in shown.out
    out = tmp_path / "report.txt"
    assert inside("doctor", events, "--format", "table", "-o", out, "-q").out == ""
    assert "rules: 2 of 2 ready rules can run on these events" in out.read_text("utf-8")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_tables_fit_the_terminal(width: int, demo: Path) -> None:
    done = in_terminal(width, "doctor", ".", "-q", cwd=demo, env={"NO_COLOR": "1"})
    assert done.code == 0
    assert not COLOUR.search(done.out)
    lines = screen(done.out)
    assert max(map(len, lines)) <= width
    assert any("windows.sysmon_operational" in line for line in lines)


def test_clock_trouble_is_told_with_its_code(tmp_path: Path) -> None:
    path = tmp_path / "late.ndjson"
    path.write_text(
        "".join(
            f'{{"@timestamp": "2026-03-17T12:{minute:02d}:00", "host.name": "wks-0042", "event.kind": "event",'
            f' "event.created": "2026-03-17T10:{minute:02d}:01Z"}}\n'
            for minute in range(40)
        )
    )
    # Written when the last of them happened, by the clock of the host.
    os.utime(path, (1_773_743_940, 1_773_743_940))
    found = report(path)
    assert [problem["code"] for problem in found["clocks"]] == ["clock-skew", "clock-future"]
    shown = inside("doctor", path, "--format", "table").out
    assert "dated 1 h 59 min after they were recorded (median), as far as time zones are apart [clock-skew]" in shown
    assert "hint: local time was taken for UTC" in shown


def test_events_nobody_knows_and_events_without_a_time_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "odd.ndjson"
    path.write_text('{"@timestamp": "2026-03-17T12:00:00Z", "made": "up"}\n{"host": {"name": "a\\u001bb"}}\n')
    found = report(path)["read"]
    assert found["unknown_shape"] == {"events": 1, "first": f"{path}:1"}
    assert found["without_time"] == 1
    shown = inside("doctor", path, "--format", "table").out
    assert f"1 event of an unknown shape, first: {path}:1" in shown
    assert "1 event without a time" in shown
    assert "\x1b" not in shown


def test_nothing_to_look_at_is_said(tmp_path: Path) -> None:
    done = inside("doctor", tmp_path, "--format", "table")
    assert (done.code, done.out) == (0, "no events\n")
    assert report(tmp_path)["sources"] == []


def test_exit_codes_are_those_of_the_other_commands(tmp_path: Path, events: Path) -> None:
    assert inside("doctor", tmp_path / "gone").code == 3
    assert inside("doctor", events, "--rules", tmp_path / "gone").code == 3
    bad = tmp_path / "bad.toml"
    bad.write_text("[rule]\n")
    done = inside("doctor", events, "--rules", bad)
    assert done.code == 2
    assert "rule-missing-field" in done.err
    assert inside("doctor", events, "-o", tmp_path / "no" / "folder").code == 3


def test_without_a_path_the_installation_is_looked_at(tmp_path: Path) -> None:
    done = inside("doctor", "--format", "table")
    assert done.code == 0
    assert "ok    python" in done.out
    checks = json.loads(besra("doctor").out)["checks"]
    assert {"name": "click", "state": "ok"}.items() <= checks[1].items()
    assert "name a PATH" in inside("doctor", "--rules", "bundled").err
    assert inside("doctor", "--any-index").code == 3
    out = tmp_path / "checks.json"
    assert inside("doctor", "--format", "json", "-o", out).out == ""
    assert json.loads(out.read_text("utf-8"))["checks"]


def test_a_broken_installation_is_told_and_not_a_traceback(tmp_path: Path) -> None:
    broken = "import sys; sys.modules.update(dict.fromkeys(['numpy', 'numba', 'orjson', 'rich', 'evtx', 'pyarrow']))"
    command = f"{broken}; from besra.cli.command_line import run; sys.exit(run(['doctor', '--format', 'table']))"
    done = subprocess.run([sys.executable, "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert done.stderr == ""
    bad = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("bad")}
    assert {"numpy", "numba", "orjson", "rich", "evtx", "pyarrow", "kernels"} <= bad
    assert "ok    click" in done.stdout


def test_the_time_a_file_was_written(tmp_path: Path) -> None:
    file = tmp_path / "outer.zip"
    file.write_bytes(b"")
    at = file.stat().st_mtime_ns
    assert written(str(file), 5) == at
    assert written(f"{file}/inner/log.json", 5) == at
    assert written("-", 5) == 5
    assert written(str(tmp_path / "gone"), 5) is None
    assert written("a\0b", 5) is None

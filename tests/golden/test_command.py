"""What the command shows, word for word, over the small folder of `desk`."""

from pathlib import Path

import pytest
from tests.e2e.command import inside
from tests.golden.compare import check
from tests.golden.desk import OVER_ALERTS, write_desk, write_rules

NOW = ("--now", "2026-03-18T12:00:00Z")
GOOD = ("--rules", "rules/shell.toml", "--rules", "rules/call.toml")
QUERY = 'sequence by process.entity_id [process where process.name : "cmd.exe"] [network where true]'
WRONG_QUERY = 'process where\n\tprocess.name = "cmd.exe"'

CASES: dict[str, tuple[str, ...]] = {
    "alert/ndjson": ("scan", "events.ndjson", *GOOD, *NOW, "-q"),
    "alert/json": ("scan", "events.ndjson", "--rules", "rules/shell.toml", *NOW, "-q", "--format", "json"),
    "alert/csv": ("scan", "events.ndjson", *GOOD, *NOW, "-q", "--format", "csv"),
    "alert/markdown": ("scan", "events.ndjson", *GOOD, *NOW, "-q", "--format", "markdown"),
    "alert/timesketch": ("scan", "events.ndjson", *GOOD, *NOW, "-q", "--format", "timesketch"),
    "alert/ocsf": ("scan", "events.ndjson", *GOOD, *NOW, "-q", "--format", "ocsf"),
    "scan/all": ("scan", ".", "--rules", "rules", "--format", "table"),
    "scan/limited": ("scan", "events.ndjson", *GOOD, "--max-alerts", "2", "--format", "table"),
    "scan/nothing": ("scan", "events.ndjson", *GOOD, "--to", "2020-01-01", "--format", "table"),
    "scan/filtered_out": ("scan", "events.ndjson", *GOOD, "--tag", "no such tag", "--format", "table"),
    "scan/missing": ("scan", "no/such/folder", "notes.txt", *GOOD, "--format", "table"),
    "scan/wrong_time": ("scan", "events.ndjson", "--from", "yesterday"),
    "scan/wrong_order": ("scan", "events.ndjson", "--from", "2026-03-18", "--to", "2026-03-17"),
    "scan/no_rules": ("scan", "events.ndjson", "--rules", "no/such/rules"),
    "scan/only_unsupported": ("scan", "events.ndjson", "--rules", "rules/job.toml", "--format", "table"),
    "search/table": ("search", QUERY, "events.ndjson", "--format", "table"),
    "search/wrong_query": ("search", WRONG_QUERY, "events.ndjson"),
    "search/unknown_field": ("search", 'process where proces.name : "cmd.exe"', "events.ndjson"),
    "rules/check": ("rules", "check", "rules"),
    "rules/check_json": ("rules", "check", "rules", "--format", "json"),
    "rules/list": ("rules", "list", "rules", "--format", "table"),
    "rules/show": ("rules", "show", "rules/shell.toml"),
    "rules/show_bad": ("rules", "show", "rules/bad.toml"),
    "rules/show_unknown": ("rules", "show", "no such rule", "rules"),
}

OVER = ("scan", "events.ndjson", "--rules", "over")
CASES_OVER_ALERTS: dict[str, tuple[str, ...]] = {
    "over_alerts/scan": (*OVER, "--format", "table"),
    "over_alerts/building_blocks": (*OVER, "--format", "table", "--building-blocks"),
    "over_alerts/csv": (*OVER, *NOW, "--format", "csv", "-q"),
    "over_alerts/csv_building_blocks": (*OVER, *NOW, "--format", "csv", "-q", "--building-blocks"),
    "over_alerts/list": ("rules", "list", "over", "--format", "table"),
    "over_alerts/list_ndjson": ("rules", "list", "over/whisper.toml", "--format", "ndjson"),
    "over_alerts/show": ("rules", "show", "over/whisper.toml"),
}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_desk(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


def run(*arguments: str) -> str:
    """A command, its exit code and what it wrote, as a golden file shows them."""
    done = inside(*arguments)
    shown = " ".join(repr(argument) if " " in argument else argument for argument in arguments)
    parts = [f"$ besra {shown}\n"]
    parts += [f"--- {name}\n{text}" for name, text in (("stdout", done.out), ("stderr", done.err)) if text]
    return "".join([*parts, f"--- exit code\n{int(done.code)}\n"])


@pytest.mark.parametrize("name", CASES)
def test_output(name: str, desk: Path, update_golden: bool) -> None:
    check(run(*CASES[name]), f"command/{name}.txt", update=update_golden)


@pytest.mark.parametrize("name", CASES_OVER_ALERTS)
def test_output_of_rules_over_alerts(name: str, desk: Path, update_golden: bool) -> None:
    write_rules(desk / "over", OVER_ALERTS)
    check(run(*CASES_OVER_ALERTS[name]), f"command/{name}.txt", update=update_golden)


@pytest.mark.parametrize("columns", [60, 100, 140])
@pytest.mark.parametrize("name", ["scan/all", "search/table", "rules/list"])
def test_widths(name: str, columns: int, desk: Path, monkeypatch: pytest.MonkeyPatch, update_golden: bool) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    out = "".join(f"{line.rstrip()}\n" for line in inside(*CASES[name]).out.splitlines())
    assert max(map(len, out.splitlines())) <= columns
    check(out, f"command/{name}_{columns}.txt", update=update_golden)


def test_no_golden_file_is_left_over() -> None:
    folder = Path(__file__).parent / "command"
    names = {str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.txt")}
    widths = {f"{name}_{columns}" for name in ("scan/all", "search/table", "rules/list") for columns in (60, 100, 140)}
    assert names == CASES.keys() | CASES_OVER_ALERTS.keys() | widths

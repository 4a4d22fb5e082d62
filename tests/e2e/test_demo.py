"""`besra demo`, `besra version`, the help; and the demo's promises kept by the engine."""

from collections import Counter
from pathlib import Path

import pytest
from tests.e2e.command import besra, in_terminal, inside, screen
from tests.e2e.test_rules import IDS
from tests.shared import SHARED, needs_shared

from besra import api
from besra.demo import VARIANTS, Variant, demo_documents, sentinel_one_documents, sysmon_documents
from besra.demo.variants import NETWORK, PERSISTENCE
from besra.rules.ruleset import RuleSet, load_rules
from besra.version import __version__

RULE_OF = {rule_id: rule for rule, rule_id in IDS.items()}


def alerts_of(rules: RuleSet, documents: list[dict[str, object]]) -> dict[str, int]:
    """Alerts a rule, building blocks left out."""
    alerts = api.detect(rules, documents)
    counts = Counter(
        RULE_OF[alert["kibana.alert.rule.rule_id"]]
        for alert in alerts
        if "kibana.alert.building_block_type" not in alert
    )
    return {NETWORK: counts[NETWORK], PERSISTENCE: counts[PERSISTENCE]}


@pytest.fixture(scope="module")
def bundled() -> RuleSet:
    return load_rules()


def test_the_whole_demo(bundled: RuleSet) -> None:
    assert alerts_of(bundled, list(demo_documents())) == {NETWORK: 1, PERSISTENCE: 3}


def test_sysmon(bundled: RuleSet) -> None:
    assert alerts_of(bundled, list(sysmon_documents())) == {NETWORK: 1, PERSISTENCE: 0}


def test_sentinel_one(bundled: RuleSet) -> None:
    assert alerts_of(bundled, list(sentinel_one_documents())) == {NETWORK: 1, PERSISTENCE: 0}


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_variants(variant: Variant, bundled: RuleSet) -> None:
    assert alerts_of(bundled, variant.documents()) == variant.expected


@pytest.fixture(scope="module")
def newer() -> RuleSet:
    folder = SHARED / "data" / "rules" / "rules" / "windows"
    names = ("defense_evasion_msiexec_child_proc_netcon.toml", "persistence_msi_installer_task_startup.toml")
    return load_rules(*(folder / name for name in names))


@needs_shared
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_variants_under_the_later_texts_of_the_rules(variant: Variant, newer: RuleSet) -> None:
    assert alerts_of(newer, variant.documents()) == variant.expected_newer


def test_the_alert_shows_both_steps(bundled: RuleSet) -> None:
    [shell] = [alert for alert in api.detect(bundled, list(demo_documents())) if "sequence" in alert["besra"]]
    start, lookup = shell["besra"]["sequence"]
    assert start["fields"]["process.executable"] == r"C:\Users\jdoe\AppData\Roaming\InvoiceViewer\updsvc.exe"
    assert lookup["fields"]["dns.question.name"] == "cdn-updates.example"
    assert shell["besra"]["join_keys"] == {"process.entity_id": start["fields"]["process.entity_id"]}
    assert shell["kibana.alert.risk_score"] == 47


def test_the_command_shows_a_table_and_what_to_try_next() -> None:
    done = besra("demo")
    assert done.code == 0
    rows = [[cell for cell in line.split("  ") if cell] for line in done.out.splitlines()]
    assert [(row[1], row[2].strip()) for row in rows[1:]] == [
        ("MsiExec Service Child Process With Network Connection", "1"),
        ("Persistence via a Windows Installer", "3"),
    ]
    assert "4 alerts of 2 rules: 4 medium" in done.err
    assert "What to try next" in done.err


def test_what_it_says_to_try_next_works(tmp_path: Path) -> None:
    done = besra("demo", "-q", "--write", "demo", cwd=tmp_path)
    assert done.code == 0
    assert done.out.split() == [
        "demo/defend/defend.ndjson",
        "demo/sysmon/sysmon.ndjson",
        "demo/sentinel-one/sentinel_one.ndjson",
    ]
    assert all((tmp_path / line).is_file() for line in done.out.split())
    assert Counter(besra("scan", "demo/sysmon", cwd=tmp_path).rules).total() == 1
    assert Counter(inside("scan", tmp_path / "demo" / "defend").rules).total() == 4
    assert inside("rules", "show", "bundled").code == 0


def test_in_a_terminal(tmp_path: Path) -> None:
    lines = screen(in_terminal(80, "demo", cwd=tmp_path).out)
    table = lines[: lines.index("4 alerts of 2 rules: 4 medium") - 3]
    assert [line.split()[0] for line in table if line[0] != " "] == ["SEVERITY", "medium", "medium"]
    assert max(map(len, lines)) <= 120
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_other_formats(form: str) -> None:
    done = inside("demo", "--format", form, "-q")
    assert done.code == 0
    assert "Persistence via a Windows Installer" in done.out
    assert done.err == ""


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    done = inside("demo", "--write", tmp_path / "file")
    assert done.code == 3
    assert "cannot write the demo" in done.err


def test_version() -> None:
    done = inside("version")
    assert done.code == 0
    assert done.out.startswith(f"besra {__version__}\n")
    assert "2 rules" in done.out
    assert __version__ in inside("--version").out


@pytest.mark.parametrize(
    "command",
    ["", "scan", "search", "rules", "rules list", "rules show", "rules check", "rules convert", "demo", "version"],
)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help(command: str, flag: str) -> None:
    done = inside(*command.split(), flag)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: besra {command}".rstrip())
    assert max(map(len, done.out.splitlines())) <= 100
    assert "..." not in done.out.replace("PATH...", "").replace("ARGS]...", "").replace("RULE|PATH...", "")


def test_without_a_command_the_help_is_shown() -> None:
    done = inside()
    assert done.code == 3
    assert "Commands:" in done.err

"""Public rules over public event logs, read in place: what must be found is found, and nothing else fires."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from tests.corpus.__main__ import run_folder, summary
from tests.e2e.command import besra
from tests.shared import SHARED, needs_shared

pytestmark = needs_shared

DATA = SHARED / "data"
Found = set[tuple[str, str, tuple[str, ...]]]
"""File, rule id, and the record ids of one match."""


def expected() -> Found:
    files = json.loads((DATA / "evtx" / "expected.json").read_text("utf-8"))["files"]
    return {
        (file, rule["rule_id"], tuple(records))
        for file, rules in files.items()
        for rule in rules
        for records in rule["records"]
    }


def matches(alerts: list[dict[str, Any]]) -> Found:
    """The matches of EQL rules in a scan: single alerts, and the shells of groups."""
    found = set()
    for alert in alerts:
        if "kibana.alert.group.index" in alert or alert["kibana.alert.rule.type"] != "eql":
            continue
        events = alert["besra"]["events"]
        files = {Path(event["file"]).name for event in events}
        assert len(files) == 1
        found.add((files.pop(), alert["kibana.alert.rule.rule_id"], tuple(event["record"] for event in events)))
    return found


def test_event_logs_give_the_expected_alerts_and_no_others(tmp_path: Path) -> None:
    """From another folder, with relative paths, as a user would try it."""
    logs, rules = (os.path.relpath(DATA / name, tmp_path) for name in ("evtx", "rules"))
    scanned = besra("scan", logs, "--rules", rules, "--max-alerts", "0", cwd=tmp_path)
    found = matches(scanned.documents)
    assert sorted(expected() - found) == []
    assert sorted(found - expected()) == []
    files = {event["file"] for alert in scanned.documents for event in alert["besra"]["events"]}
    assert all(file.startswith("..") and file.endswith(".evtx") for file in files)
    assert scanned.code == 0
    assert "ran of 1,224 loaded; not evaluable: " in scanned.err
    assert "(ES|QL 132, machine learning 55" in scanned.err
    assert "mit_bad_chunk_magic.evtx: warning: chunks 1 to 6 are damaged" in scanned.err
    assert "Traceback" not in scanned.err


CONTRADICTORY = {"2af7f1d7-d02c-476f-a130-e17ea4e556e6", "563a38e9-9790-4a6a-8889-24d26055b832"}
"""Rules that ask for a star in quotes, which is a star (eql.md 8.1); the documents made for them have other verbs."""

READY = {"eql": 602, "query": 282, "new_terms": 140, "threshold": 11, "threat_match": 2}


def test_every_rule_is_ready_and_fires_where_it_should_and_only_there() -> None:
    outcomes = run_folder(DATA / "rules", DATA / "rule-events")
    assert Counter(o.type for o in outcomes if o.status == "ready") == Counter(READY)
    others = [outcome for outcome in outcomes if outcome.status != "ready"]
    assert Counter(outcome.status for outcome in others) == {"unsupported": 187}
    assert all(outcome.detail for outcome in others)
    wrong = {o.rule_id: o.detail for o in outcomes if not o.is_good}
    assert wrong.keys() == CONTRADICTORY
    counts = summary(outcomes)
    assert (counts["eql"]["with_positive"], counts["eql"]["fire_on_all"]) == (501, 501)
    assert (counts["eql"]["with_negative"], counts["eql"]["silent_on_all"]) == (492, 492)


def expected_of_archives() -> Counter[tuple[str, str]]:
    """Archive and rule id, with the number of matches there have to be."""
    files = json.loads((DATA / "mordor" / "expected.json").read_text("utf-8"))["files"]
    pairs = {(file, rule["rule_id"]): rule["matches"] for file, rules in files.items() for rule in rules}
    return Counter(pairs)


def test_flat_events_give_the_expected_alerts(tmp_path: Path) -> None:
    """Every pair is found, as often as expected or more: an event of another channel may tell the same. Files that are
    to stay silent do."""
    archives, rules = (os.path.relpath(DATA / name, tmp_path) for name in ("mordor", "rules"))
    scanned = besra("scan", archives, "--rules", rules, "--max-alerts", "0", cwd=tmp_path)
    found: Counter[tuple[str, str]] = Counter()
    for alert in scanned.documents:
        if "kibana.alert.group.index" not in alert and alert["kibana.alert.rule.type"] == "eql":
            (archive_name,) = {Path(event["file"]).parent.name for event in alert["besra"]["events"]}
            found[archive_name, alert["kibana.alert.rule.rule_id"]] += 1
    assert not expected_of_archives() - found
    assert found.keys() == expected_of_archives().keys()
    assert scanned.code == 0
    assert "Traceback" not in scanned.err

"""`python -m tests.corpus RULES_DIR EVENTS_DIR [--json FILE]`: which rules load, are ready, fire and stay silent."""

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from besra.errors import BesraError
from besra.rules.ruleset import load_rules
from tests.corpus.run import RuleOutcome, run_rule


def main() -> int:
    """Run the corpus; 0 if every ready rule did what it should, 1 if not, 3 if there is nothing to run."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("rules", type=Path)
    parser.add_argument("events", type=Path)
    parser.add_argument("--json", type=Path, help="write the report here")
    known_help = "a rule whose sets are known to contradict the language: it has to fail"
    parser.add_argument("--known", action="append", default=[], metavar="RULE_ID", help=known_help)
    args = parser.parse_args()
    try:
        outcomes = run_folder(args.rules, args.events)
    except (BesraError, OSError) as error:
        print(error, file=sys.stderr)
        return 3
    if args.json:
        args.json.write_text(json.dumps(report(outcomes), indent=1), "utf-8")
    _show(outcomes)
    return int(any(outcome.is_good == (outcome.rule_id in args.known) for outcome in outcomes))


def run_folder(rules: Path, events: Path) -> list[RuleOutcome]:
    """The outcome of every rule of the folder; those the manifest does not know have no sets."""
    manifest = json.loads((events / "manifest.json").read_text("utf-8"))["rules"]
    entries = {entry["rule_id"]: entry for entry in manifest}
    return [run_rule(loaded, entries.get(str(loaded.rule_id), {}), events) for loaded in load_rules(rules)]


def report(outcomes: list[RuleOutcome]) -> dict[str, Any]:
    """The report interfaces.md 5 asks for."""
    return {
        "rules": [
            {
                "rule_id": o.rule_id,
                "type": o.type,
                "status": o.status,
                "positive": {"sets": o.positive, "fired": o.fired},
                "negative": {"sets": o.negative, "silent": o.silent},
                "detail": o.detail,
            }
            for o in outcomes
        ],
        "summary": summary(outcomes),
    }


def summary(outcomes: list[RuleOutcome]) -> dict[str, dict[str, int]]:
    """Per rule type: rules, ready, with positive sets, firing on all of them, with negative sets, silent on all."""
    found: defaultdict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(COLUMNS, 0))
    for outcome in outcomes:
        row = found[outcome.type]
        row["rules"] += 1
        row["ready"] += outcome.status == "ready"
        row["with_positive"] += outcome.positive > 0
        row["fire_on_all"] += outcome.positive > 0 and outcome.fired == outcome.positive
        row["with_negative"] += outcome.negative > 0
        row["silent_on_all"] += outcome.negative > 0 and outcome.silent == outcome.negative
        row["positive_sets"] += outcome.positive
        row["fired_sets"] += outcome.fired
        row["negative_sets"] += outcome.negative
        row["silent_sets"] += outcome.silent
    return dict(found)


COLUMNS = ("rules", "ready", "with_positive", "fire_on_all", "with_negative", "silent_on_all")
COLUMNS += ("positive_sets", "fired_sets", "negative_sets", "silent_sets")


def _show(outcomes: list[RuleOutcome]) -> None:
    for outcome in outcomes:
        if not outcome.is_good:
            print(f"{outcome.rule_id} {outcome.type}: {outcome.detail}")
    print(f"{'type':18}" + " ".join(f"{name:>14}" for name in COLUMNS))
    for kind, row in sorted(summary(outcomes).items()):
        print(f"{kind:18}" + " ".join(f"{row[name]:14}" for name in COLUMNS))


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tests.conformance CASES_DIR [--json FILE] [--semantics es]`: run a folder of cases, report by feature."""

import argparse
import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

from tests.conformance.cases import Outcome, run

STATUSES = ("passed", "failed", "refused", "crashed")


def main() -> int:
    """Run the cases; 0 if all passed, 1 if not, 3 if the folder holds none."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path, help="write the report here")
    parser.add_argument("--semantics", default="es", help="run cases of this semantics only (default: es)")
    args = parser.parse_args()
    outcomes = run_folder(args.folder, args.semantics)
    if not outcomes:
        print(f"no {args.semantics} cases in {args.folder}", file=sys.stderr)
        return 3
    if args.json:
        args.json.write_text(json.dumps(report(outcomes), indent=1), "utf-8")
    _show(outcomes)
    return int(any(outcome.status != "passed" for outcome in outcomes))


def run_folder(folder: Path, semantics: str = "es") -> list[Outcome]:
    """The outcomes of every case of the folder with these semantics."""
    outcomes = []
    for path in sorted(folder.glob("cases-*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            case = json.loads(line) if line.strip() else {}
            if case.get("semantics") == semantics:
                outcomes.append(run(case, folder))
    return outcomes


def report(outcomes: list[Outcome]) -> dict[str, object]:
    """The report interfaces.md 5 asks for."""
    counts = Counter(outcome.status for outcome in outcomes)
    cases = [{"id": o.id, "status": o.status, "detail": o.detail} for o in outcomes]
    features: dict[str, dict[str, int]] = {
        feature: {status: found[status] for status in STATUSES}
        for feature, found in sorted(_by_feature(outcomes).items())
    }
    summary = {"cases": len(outcomes), **{status: counts[status] for status in STATUSES}, "features": features}
    return {"cases": cases, "summary": summary}


def _by_feature(outcomes: list[Outcome]) -> dict[str, Counter[str]]:
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for outcome in outcomes:
        for feature in outcome.features:
            found[feature][outcome.status] += 1
    return found


def _show(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.status != "passed":
            print(f"{outcome.status:8} {outcome.id}\n         {outcome.detail}")
    print(f"{'feature':24} " + " ".join(f"{status:>8}" for status in STATUSES))
    for feature, found in sorted(_by_feature(outcomes).items()):
        print(f"{feature:24} " + " ".join(f"{found[status]:8}" for status in STATUSES))
    counts = Counter(outcome.status for outcome in outcomes)
    print(", ".join(f"{counts[status]} {status}" for status in STATUSES) + f" of {len(outcomes)} cases")


if __name__ == "__main__":
    sys.exit(main())

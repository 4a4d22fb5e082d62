"""`python -m tests.crash [--quick] [--kills N] [--seed S] [--list] [NAME…]`: crash tests of the service.

Prints a line a scenario and a closing line with the figures; the exit status is 1 if anything was lost, doubled or
wrong. `--quick` is the short form. NAME chooses scenarios by how their names begin. The folder of a scenario that
failed is kept, and its seed makes the same plan again.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.crash.clocks import set_clock
from tests.crash.databases import postgres_restarted
from tests.crash.disks import PARTS, broken_disk, full_disk, nearly_full_disk, read_only_disk, read_only_start
from tests.crash.kills import Killed, kill_round
from tests.crash.notifying import killed_notifying
from tests.crash.outcome import Outcome, SkippedError
from tests.crash.serving import ServingError
from tests.crash.syncs import traced_syncs
from tests.crash.verdict import Verdict

PER_ROUND = 20
"""Kills of one folder: what a service has to read when it starts grows with its folder."""
QUICK_KILLS = 8
NOTIFY_KILLS = 50

Scenario = Callable[[Path], Outcome]


def scenarios(seed: int, kills: int, *, quick: bool, killed: Killed) -> dict[str, Scenario]:
    """All scenarios by name; what they kill is counted in `killed`."""

    def killing(number: int, count: int, folder: Path) -> Outcome:
        done = kill_round(folder, seed * 1000 + number, count)
        killed.add(done)
        where = ", ".join(f"{count} {point}" for point, count in sorted(done.points.items()))
        return Outcome(f"{done.kills} kills, {done.points.total()} of them at points ({where})", done.verdict)

    notify_kills = min(kills, NOTIFY_KILLS)
    rounds: dict[str, Scenario] = {
        f"kill-{number}": partial(killing, number, min(PER_ROUND, kills - first))
        for number, first in enumerate(range(0, kills, PER_ROUND))
    }
    others: dict[str, Scenario] = {
        **{f"full-{part}": partial(full_disk, part=part, seed=seed) for part in PARTS},
        "full-nearly": partial(nearly_full_disk, seed=seed),
        **{f"read-only-{part}": partial(read_only_disk, part=part, seed=seed) for part in PARTS},
        "read-only-start": partial(read_only_start, seed=seed),
        **{f"broken-{part}": partial(broken_disk, part=part, seed=seed) for part in ("journal", "alerts")},
        "notify": partial(killed_notifying, seed=seed, kills=notify_kills, killed=killed),
        "syncs": traced_syncs,
        "postgres": partial(postgres_restarted, seed=seed, restarts=2 if quick else 6),
        "clock-back": partial(set_clock, hours=-2, seed=seed),
        "clock-forward": partial(set_clock, hours=0.15, seed=seed),
        "clock-leap": partial(set_clock, hours=49, seed=seed, under_load=False),
    }
    if quick:
        others = {name: others[name] for name in ("full-journal", "full-events", "notify", "syncs", "postgres")}
    return {**rounds, **others}


def main() -> int:
    """Run the scenarios asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--kills", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    killed = Killed()
    kills = args.kills if args.kills is not None else QUICK_KILLS if args.quick else 100
    found = scenarios(args.seed, kills, quick=args.quick, killed=killed)
    found = {name: run for name, run in found.items() if not args.names or name.startswith(tuple(args.names))}
    if args.list:
        print("\n".join(found))
        return 0
    work = Path(tempfile.mkdtemp(prefix="besra-crash-"))
    total, ends = Verdict(), Counter[str]()
    for name, scenario in found.items():
        total.add(_run(name, scenario, work / name, ends))
    if not total.faults:
        shutil.rmtree(work, ignore_errors=True)
    counts = ", ".join(f"{count} {end}" for end, count in ends.items())
    print(
        f"crash: {killed.kills} kills ({killed.points.total()} at points), {counts} of {len(found)} scenarios;"
        f" {total.events:,} events acknowledged, {total.alerts:,} alerts, {len(total.faults)} faults"
    )
    return int(bool(total.faults))


def _run(name: str, scenario: Scenario, folder: Path, ends: Counter[str]) -> Verdict:
    """Run one and say what came of it."""
    started = time.monotonic()
    try:
        outcome = scenario(folder)
    except SkippedError as error:
        ends["skipped"] += 1
        print(f"{name}: skipped: {error}", flush=True)
        return Verdict()
    except ServingError as error:
        outcome = Outcome("given up", Verdict(faults=[str(error)]))
    verdict = outcome.verdict
    ends["failed" if verdict.faults else "passed"] += 1
    print(
        f"{name}: {outcome.told}; {verdict.events:,} events, {verdict.alerts:,} alerts"
        f" ({time.monotonic() - started:.0f} s)",
        flush=True,
    )
    for fault in verdict.faults[:20]:
        print(f"  FAULT {fault}", flush=True)
    if verdict.faults:
        print(f"  kept in {folder}", flush=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return verdict


if __name__ == "__main__":
    sys.exit(main())

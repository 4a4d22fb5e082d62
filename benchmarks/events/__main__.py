"""Write made-up events: `python -m benchmarks.events --count N --seed S -o FILE [--rules DIR]`."""

import argparse
from pathlib import Path

from benchmarks.events.sprinkling import Sprinkling
from benchmarks.events.stream import NO_RULES, lines
from besra.api import runnable
from besra.rules.ruleset import load_rules


def main() -> None:
    """Write them, one JSON document a line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.events", description="Write made-up ECS events.")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rules", type=Path, help="rules some of whose constants are put into the events")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    sprinkling = NO_RULES
    if options.rules:
        sprinkling = Sprinkling.of(plan for _, plan in runnable(load_rules(options.rules)))
    with options.output.open("wb") as out:
        out.writelines(lines(options.count, options.seed, sprinkling))


if __name__ == "__main__":
    main()

"""The cost of cold values: every distinct value of every field, tested once against all leaves of the field.

    python -m benchmarks.matching EVENTS --rules DIR [--fields 20] [--repeat 5]

Process CPU time, medians. A value is met for the first time by a matcher that was built but has seen nothing: working
out sets of leaves not met before is part of the time, building the matcher is not and is shown beside it. The second
table is for the rules and six variations of each, whose constants differ. `orjson.loads` of the same lines is measured
in the same run: on a shared machine only ratios can be compared.

What was tried instead, µs a value with familiar sets of leaves (one run, busy 2-core virtual machine, 602 public rules
over 30,000 synthetic events):

| field (leaves, values)         | this | Aho-Corasick + dict, unverified | the same, verified | no kernels |
| ------------------------------ | ---- | ------------------------------- | ------------------ | ---------- |
| process.command_line (162, 5.8k) | 1.60 | 5.08 | 27.4 | 97 |
| process.args (663, 7.6k)         | 0.71 | 1.93 | 59.9 | 72 |
| file.path (119, 9.6k)            | 0.74 | 2.12 | 16.1 | 39 |
| registry.path (41, 4.7k)         | 0.30 | 1.02 |  4.7 | 14 |

Aho-Corasick is `ahocorasick_rs`, one automaton for each case over the longest literal of each glob, verified by
`glob_matches`. One call of google-re2 costs 3 to 4 µs, more than all tests of a value together.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import orjson
import zstandard

from besra.engine.matcher import FieldMatcher
from besra.engine.pack import FieldLeaf, field_leaves
from besra.events.document import flatten
from besra.language.expr import Equals, Exists, InNetwork, Like, Range, Regex
from besra.language.glob import Glob, Wild
from besra.rules.ruleset import load_rules
from besra.schema.fieldtype import Scalar

VARIATIONS = 7
PER = 100_000


@dataclass(frozen=True)
class FieldCost:
    """What one field costs; seconds of CPU."""

    name: str
    leaves: int
    values: int
    build: float
    match: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.matching", description="Cost of testing distinct values.")
    parser.add_argument("events", type=Path, help="NDJSON, plain or zstd")
    parser.add_argument("--rules", required=True, help="rule file or folder, or `bundled`")
    parser.add_argument("--fields", type=int, default=20, help="fields shown, the dearest first")
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args(arguments)
    lines = read_lines(options.events)
    decode = median(seconds(lambda: decode_all(lines)) for _ in range(options.repeat))
    values = values_by_field(map(orjson.loads, lines))
    rules = [loaded.plan for loaded in load_rules(options.rules).ready]
    leaves = leaves_by_field(
        leaf for plan in rules for clause in plan.clauses for leaf in field_leaves(clause.predicate)
    )
    print(f"{len(lines)} events, {len(rules)} rules, orjson.loads {1e6 * decode / len(lines):.2f} µs/event")
    for times in (1, VARIATIONS):
        varied = {name: list(variations(of_field, times)) for name, of_field in leaves.items()}
        costs = [
            cost(name, varied[name], values[name], options.repeat) for name in sorted(varied.keys() & values.keys())
        ]
        show(costs, times, len(lines), decode, options.fields)


def show(costs: Sequence[FieldCost], times: int, events: int, decode: float, fields: int) -> None:
    """Print the table of one set of rules."""
    print(f"\nrules x {times}\n{'field':42}{'leaves':>7}{'values':>8}{'build ms':>10}{'µs/value':>10}{'ms':>9}")
    for row in sorted(costs, key=lambda row: -row.match)[:fields]:
        each = 1e6 * row.match / row.values
        print(f"{row.name:42}{row.leaves:7}{row.values:8}{1e3 * row.build:10.1f}{each:10.3f}{1e3 * row.match:9.2f}")
    total, build = sum(row.match for row in costs), sum(row.build for row in costs)
    leaves, values = sum(row.leaves for row in costs), sum(row.values for row in costs)
    print(f"{f'all {len(costs)} fields':42}{leaves:7}{values:8}{1e3 * build:10.1f}", end="")
    print(f"{1e6 * total / values:10.3f}{1e3 * total:9.2f}")
    print(
        f"per {PER} events {1e3 * total * PER / events:.0f} ms, {1e6 * total / events:.2f} µs/event,"
        f" {total / decode:.2f} of orjson.loads"
    )


def cost(name: str, leaves: Sequence[FieldLeaf], values: Sequence[Scalar], repeat: int) -> FieldCost:
    """The cost of a field: each repetition with a new matcher that has met two values."""
    builds, matches = [], []
    for _ in range(repeat + 1):
        matcher = FieldMatcher.of(leaves)
        builds.append(seconds(lambda matcher=matcher: matcher.match([values[0], ""])))
        matches.append(seconds(lambda matcher=matcher: matcher.match(values)))
    # The first repetition may load a compiled kernel.
    return FieldCost(name, len(leaves), len(values), median(builds[1:]), median(matches[1:]))


def seconds(work: Callable[[], object]) -> float:
    """The CPU time of this process a piece of work takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


def decode_all(lines: Iterable[bytes]) -> None:
    """Decode lines, keeping nothing."""
    for line in lines:
        orjson.loads(line)


# --- inputs -----------------------------------------------------------------------------------------------------------


def read_lines(path: Path) -> list[bytes]:
    """The lines of an NDJSON file."""
    with path.open("rb") as file:
        data = zstandard.ZstdDecompressor().stream_reader(file).read() if path.suffix == ".zst" else file.read()
    return [line for line in data.splitlines() if line.strip()]


def values_by_field(documents: Iterable[Mapping[str, Any]]) -> dict[str, list[Scalar]]:
    """The distinct values of every field, in the order they are met."""
    found: dict[str, dict[tuple[type, Scalar], None]] = {}
    for document in documents:
        for name, values in flatten(document).items():
            found.setdefault(name, {}).update(((type(value), value), None) for value in values)
    return {name: [value for _, value in values] for name, values in found.items()}


def leaves_by_field(leaves: Iterable[FieldLeaf]) -> dict[str, list[FieldLeaf]]:
    """The distinct leaves of every field."""
    found: dict[str, dict[FieldLeaf, None]] = {}
    for leaf in leaves:
        found.setdefault(leaf.field.name, {})[leaf] = None
    return {name: list(of_field) for name, of_field in found.items()}


def variations(leaves: Iterable[FieldLeaf], times: int) -> Iterator[FieldLeaf]:
    """Each leaf, and `times` - 1 variations of it."""
    return (varied(leaf, number) for leaf in leaves for number in range(times))


def varied(leaf: FieldLeaf, number: int) -> FieldLeaf:
    """The leaf with its constants changed; number 0 changes nothing."""
    if number == 0:
        return leaf
    match leaf:
        case Equals():
            return replace(leaf, values=frozenset(varied_constant(value, number) for value in leaf.values))
        case Like():
            return replace(leaf, globs=tuple(varied_glob(glob, number) for glob in leaf.globs))
        case Regex():
            return replace(leaf, patterns=tuple(f"{pattern}{number}" for pattern in leaf.patterns))
        case Range():
            return replace(leaf, value=varied_constant(leaf.value, number))
        case InNetwork():
            return replace(leaf, networks=tuple((a + (number << 16), b + (number << 16)) for a, b in leaf.networks))
        case Exists():
            return leaf


def varied_constant(value: Any, number: int) -> Any:
    """Another constant of the same type, of about the same length."""
    if isinstance(value, str):
        return f"{value[: len(value) // 2]}{number}{value[len(value) // 2 :]}"
    return value + number if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def varied_glob(glob: Glob, number: int) -> Glob:
    """The glob with a digit in the middle of its longest literal part."""
    literals = [part for part in glob.parts if not isinstance(part, Wild)]
    longest = max(literals, key=len, default=None)
    return Glob(tuple(varied_constant(part, number) if part is longest else part for part in glob.parts))


if __name__ == "__main__":
    sys.exit(main())

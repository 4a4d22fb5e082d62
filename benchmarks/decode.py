"""What decoding costs: `python -m benchmarks.decode FILE --rules DIR`.

FILE holds one JSON document a line, plain or zst. The fields decoded are those that the rules read. Prints CPU and wall
time per event and the ratio to `orjson.loads` on the same lines, medians of repeats in one run; ratios are medians of
the ratios of each repeat, so a machine that is busy for a while bears on both sides alike.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import orjson
import zstandard

import besra
from besra.events.columns import Projection, ValueTable, columns_of, decode_lines
from besra.language.expr import fields_of

Ways = dict[str, Callable[[], object]]


@dataclass(frozen=True)
class Cost:
    """Seconds of one run."""

    cpu: float
    wall: float


def main() -> None:
    """Measures and prints."""
    options = arguments()
    lines = lines_of(options.file, options.events)
    projection = projection_of(options.rules)
    chunks = chunks_of(lines, options.chunk)
    text_size = sum(map(len, lines))
    print(f"{len(lines):,} events, {text_size / len(lines):,.0f} bytes each, {len(projection.fields)} fields")
    describe(chunks, projection)
    costs = measure(ways_of(lines, chunks, projection), options.repeats)
    report(costs, len(lines))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What decoding costs, beside orjson.loads.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--rules", type=Path, required=True, help="folder of rules, whose fields are decoded")
    parser.add_argument("--events", type=int, default=10_000, help="events from the start of the file")
    parser.add_argument("--chunk", type=int, default=10_000, help="events in a buffer")
    parser.add_argument("--repeats", type=int, default=9)
    return parser.parse_args()


def lines_of(path: Path, count: int) -> list[bytes]:
    content = path.read_bytes()
    if path.suffix == ".zst":
        content = zstandard.ZstdDecompressor().decompressobj().decompress(content)
    return [line for line in content.split(b"\n")[:count] if line.strip()]


def projection_of(rules: Path) -> Projection:
    clauses = [clause for rule in besra.load_rules(rules).ready for clause in rule.plan.clauses]
    read = {field.name for clause in clauses for field in fields_of(clause.predicate)}
    joined = {key.field.name for clause in clauses for key in clause.keys}
    return Projection(tuple(sorted(read | joined)))


def chunks_of(lines: list[bytes], size: int) -> list[bytes]:
    return [b"\n".join(lines[start : start + size]) + b"\n" for start in range(0, len(lines), size)]


def describe(chunks: list[bytes], projection: Projection) -> None:
    values = ValueTable()
    decoded = [decode_lines(chunk, projection, values) for chunk in chunks]
    rows = sum(len(part.starts) for part in decoded)
    held = sum(len(column.rows) for part in decoded for column in part.columns.values())
    slow = sum(int(part.slow.sum()) for part in decoded)
    distinct = len(values)
    print(
        f"{held / rows:.1f} values an event, {distinct / rows:.2f} of them new; {slow} slow lines; {values.nbytes:,} B"
    )


def ways_of(lines: list[bytes], chunks: list[bytes], projection: Projection) -> Ways:
    """What is measured, in this order. The cold table is cleared before, the familiar one holds all values."""
    cold, fresh, familiar = ValueTable(), [ValueTable()], ValueTable()
    for chunk in chunks:
        decode_lines(chunk, projection, familiar)

    def orjson_only() -> None:
        for line in lines:
            orjson.loads(line)

    def decode_cold() -> None:
        cold.clear()
        for chunk in chunks:
            decode_lines(chunk, projection, cold)

    def decode_new_table() -> None:
        fresh[0] = ValueTable()
        for chunk in chunks:
            decode_lines(chunk, projection, fresh[0])

    def decode_familiar() -> None:
        for chunk in chunks:
            decode_lines(chunk, projection, familiar)

    def scalars() -> None:
        familiar.scalars(0)

    def plain_python() -> None:
        columns_of([orjson.loads(line) for line in lines[: len(lines) // 10]], projection, ValueTable())

    return {
        "orjson.loads only": orjson_only,
        "decode_lines, cold": decode_cold,
        "decode_lines, cold, new table": decode_new_table,
        "decode_lines, familiar values": decode_familiar,
        "ValueTable.scalars, all new ones": scalars,
        "orjson.loads + columns_of (a tenth)": plain_python,
    }


def measure(ways: Ways, repeats: int) -> dict[str, list[Cost]]:
    """The costs of every way, repeat by repeat: all ways take turns."""
    costs: dict[str, list[Cost]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, run in ways.items():
            cpu, wall = time.process_time(), time.perf_counter()
            run()
            costs[name].append(Cost(time.process_time() - cpu, time.perf_counter() - wall))
    return costs


def report(costs: dict[str, list[Cost]], events: int) -> None:
    yardstick = next(iter(costs.values()))
    print(f"{'microseconds an event':36} {'CPU':>8} {'least':>8} {'wall':>8} {'÷ orjson':>9} {'events/s CPU':>13}")
    for name, runs in costs.items():
        count = events // 10 if name.endswith("(a tenth)") else events
        cpu = statistics.median(run.cpu for run in runs) / count
        least = min(run.cpu for run in runs) / count
        wall = statistics.median(run.wall for run in runs) / count
        pairs = zip(runs, yardstick, strict=True)
        ratio = statistics.median(run.cpu / count / (base.cpu / events) for run, base in pairs)
        print(f"{name:36} {cpu * 1e6:8.2f} {least * 1e6:8.2f} {wall * 1e6:8.2f} {ratio:9.2f} {1 / cpu:13,.0f}")


if __name__ == "__main__":
    main()

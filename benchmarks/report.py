"""The report, as plain text: tables of what was measured, matches before speeds."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.acceptance import Results, acceptance, seconds
from benchmarks.measure import ratios, spread

WAYS = {"orjson": "orjson.loads only", "familiar": "besra, second pass", "alerts": "  of that: matches and alerts"}
Row = Sequence[str]


def table(head: Row, rows: Sequence[Row]) -> str:
    """Columns as wide as their longest cell; the first to the left, the others to the right."""
    widths = [max(len(row[number]) for row in (head, *rows)) for number in range(len(head))]
    lines = []
    for row in (head, ["-" * width for width in widths], *rows):
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join([row[0].ljust(widths[0]), *cells[1:]]).rstrip())
    return "\n".join(lines)


Runs = Sequence[dict[str, float]]


def cost_row(name: str, runs: Runs, events: int, base: Runs, base_events: int | None = None) -> Row:
    """Microseconds of CPU and wall an event, the ratio to the baseline run by run, events a second of CPU.

    The baseline is of as many events unless it says of how many.
    """
    cpu, wall = spread(seconds(runs)), spread(seconds(runs, "wall"))
    micro, scale = 1e6 / events, (base_events or events) / events
    over = ratios([scale * cpu for cpu in seconds(runs)], seconds(base)) if len(runs) == len(base) else None
    return (
        name,
        f"{cpu.median * micro:.2f}",
        f"{cpu.least * micro:.2f} to {cpu.most * micro:.2f}",
        f"{wall.median * micro:.2f}",
        f"{over:.2f}" if over else "",
        f"{events / cpu.median:,.0f}" if cpu.median else "",
        f"{events / wall.median:,.0f}" if wall.median else "",
    )


COSTS = ("µs an event", "CPU", "least to most", "wall", "÷ baseline", "events/s a core", "events/s wall")


def rule_sets(name: str, result: Results) -> Iterator[str]:
    """besra with 64, 256, all, 4,096 rules."""
    yield f"## besra and orjson.loads: {name}"
    if unavailable(result):
        yield unavailable(result)
        return
    each = result["bytes"] / result["events"]
    yield f"{result['events']:,} events of {each:,.0f} bytes; {result['rules']:,} EQL rules"
    yield f"every type: {result['rules of every type']:,} rules, those included"
    matched = [(way, len(of), sum(of.values())) for way, of in result["matches"].items()]
    yield table(
        ("matches", "rules that match", "matches"), [(way, f"{some:,}", f"{total:,}") for way, some, total in matched]
    )
    load = result["rule loading"]
    yield f"reading and planning all rules: {load['cpu']:.2f} s CPU, {load['wall']:.2f} s wall (without memory)"
    for way, runs in result["preparing"].items():
        yield f"preparing {way}: {spread(seconds(runs)):.2f} s CPU"
    costs = result["costs"]
    yield table(
        COSTS,
        [
            cost_row(WAYS.get(way, f"besra, {way}"), runs, result["events"], costs["orjson"])
            for way, runs in costs.items()
        ],
    )
    yield f"peak memory of all of it in one process: {result['peak memory'] / 2**20:,.0f} MB"


def batches(result: Results) -> Iterator[str]:
    """Micro-batches."""
    yield "## Micro-batches, all rules, cold values at the start"
    if unavailable(result):
        yield unavailable(result)
        return
    totals = {size: sum(found.values()) for size, found in result["matches"].items()}
    same = len({tuple(sorted(found.items())) for found in result["matches"].values()}) == 1
    yield f"matches: {totals}" + ("" if same else " — THEY DIFFER: the speeds cannot be compared")
    costs = result["costs"]
    names = {way: WAYS.get(way) or f"besra, {int(way):,} a batch" for way in costs}
    yield table(COSTS, [cost_row(names[way], runs, result["events"], costs["orjson"]) for way, runs in costs.items()])


def peer(name: str, result: Results) -> Iterator[str]:
    """besra beside another engine."""
    yield f"## {name}, single-event rules"
    if unavailable(result):
        yield unavailable(result)
        return
    events = result["events"]
    some = "" if events["peer"] == events["besra"] else f", {name}: {events['peer']:,} of them, compared by event"
    yield (
        f"{events['besra']:,} events{some}; of {result['rules']} rules {len(result['rejected'])} cannot be run, "
        f"{result['agreed']} agree ({result['matches']:,} matches), {len(result['differing'])} differ"
    )
    for reason, count in Counter(result["rejected"].values()).most_common(5):
        yield f"  cannot be run: {count} × {reason}"
    for reason, count in Counter(differing["why"] for differing in result["differing"].values()).most_common():
        yield f"  differ: {count} × {reason}"
    for differing in list(result["differing"].values())[:5]:
        yield f"    {differing['name']}: besra {differing['besra']}, {name} {differing['peer']}"
    yield f"preparing: events {result['preparing events']['cpu']:.2f} s, rules {result['preparing rules']['cpu']:.2f} s"
    costs = result["costs"]
    names = {"besra": "besra, decoding included", "peer": f"{name}, events prepared"}
    names["peer, all cores"] = f"{name}, all cores"
    base = costs["besra"], events["besra"]
    rows = [cost_row(names[way], runs, events[way.partition(",")[0]], *base) for way, runs in costs.items()]
    yield table(COSTS, rows)


def scans(results: Results) -> Iterator[str]:
    """Memory, workers, start."""
    yield "## besra scan, the command"
    memory = results["memory"]
    if unavailable(memory):
        yield f"memory: {unavailable(memory)}"
    else:
        yield from (
            f"peak memory, {'10x' if name == 'more_events' else '1x'}: {run['memory'] / 2**20:,.0f} MB, "
            f"{run['alerts']:,} alerts, {run['cpu']:.1f} s CPU, {run['wall']:.1f} s wall"
            for name, run in memory.items()
        )
    workers = results["workers"]
    if unavailable(workers):
        yield f"workers: {unavailable(workers)}"
    else:
        for count, runs in workers["workers"].items():
            alerts = sorted({int(run["alerts"]) for run in runs})
            wall, cpu = spread(seconds(runs, "wall")), spread(seconds(runs))
            yield f"workers {count}: {wall:.2f} s wall, {cpu:.2f} s CPU, alerts {alerts}"
    start = results["start"]
    if unavailable(start):
        yield f"start: {unavailable(start)}"
    else:
        first, later = start["first"]["wall"], spread(seconds(start["later"], "wall"))
        yield f"start on {start['bytes'] / 1e6:.1f} MB: first {first:.2f} s, then {later:.2f} s wall"


def unavailable(result: Results) -> str:
    """Why a result is not there; empty if it is."""
    return str(result.get("missing") or result.get("failed") or "")


def verdicts(results: Results) -> Iterator[str]:
    """The acceptance table."""
    yield "## Acceptance"
    rows = []
    for row in acceptance(results):
        value: Any = row["measured"]
        shown = f"{value['median']:.2f} ({value['least']:.2f} to {value['most']:.2f})" if value else ""
        rows.append((row["figure"], row["must"], row["aim"], shown, row["verdict"]))
    yield table(("figure", "must", "aim", "measured (least to most)", "verdict"), rows)

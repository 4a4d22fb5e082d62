"""The findings of `besra doctor` on events, for people: tables that give up columns where the terminal is narrow."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from besra.cli.evidence_report import EvidenceReport
from besra.cli.summary import STREAM, counted
from besra.cli.tables import MIDDLE, plain, print_table, short_time
from besra.cli.terminal import printable
from besra.detection.readiness import Readiness
from besra.schema.timestamp import format_timestamp

MOST_HOSTS, MOST_FIELDS = 15, 10
"""Rows shown; JSON has all."""


def print_report(report: EvidenceReport, console: Console) -> None:
    """The whole report."""
    for part in report_parts(report, console.width):
        if isinstance(part, Table):
            print_table(console, part)
        else:
            # Paths stay whole, to be copied.
            console.print(part, soft_wrap=True)


def report_parts(report: EvidenceReport, width: int) -> Iterator[Table | Text | str]:
    """Tables, and lines between them."""
    counts = report.counts
    if not counts.events:
        yield "no events"
        return
    yield source_table(report, width)
    if counts.unknown:
        yield printable(f"{counted(counts.unknown, 'event')} of an unknown shape, first: {counts.first_unknown}")
    if counts.without_time:
        yield f"{counted(counts.without_time, 'event')} without a time (no part in sequences)"
    yield ""
    yield host_table(report, width)
    more = len(report.hosts) - MOST_HOSTS
    if more > 0:
        yield f"and {counted(more, 'more host')} (--format json has all)"
    yield ""
    yield from _rule_parts(report)
    yield ""
    yield from _clock_parts(report)


def source_table(report: EvidenceReport, width: int) -> Table:
    """One row a source: how many events of how many kinds, with how many fields, and the rules that can run on it."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("SOURCE", overflow="fold")
    for name in ("EVENTS", *(("KINDS",) if width >= MIDDLE else ()), "FIELDS", "RULES"):
        table.add_column(name, justify="right", no_wrap=True)
    for source, on_it in zip(report.sources, report.by_source, strict=True):
        kinds = [Text(f"{len(source.kinds):,}")] if width >= MIDDLE else []
        cells = [Text(f"{source.events:,}"), *kinds, Text(f"{len(source.fields):,}")]
        table.add_row(plain(STREAM.sub(r"\1", source.home)), *cells, Text(f"{on_it.counts[Readiness.READY]:,}"))
    return table


def host_table(report: EvidenceReport, width: int) -> Table:
    """One row a host: how many events, and the times of the first and the last."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("HOST", overflow="fold")
    table.add_column("EVENTS", justify="right", no_wrap=True)
    # Sixty columns hold two dates, not two times.
    length = 19 if width >= MIDDLE else 10
    table.add_column("FIRST (UTC)", no_wrap=True)
    table.add_column("LAST (UTC)", no_wrap=True)
    for host, span in report.hosts[:MOST_HOSTS]:
        times = [short_time(format_timestamp(t))[:length] if t is not None else "-" for t in (span.first, span.last)]
        table.add_row(plain(host) if host else Text("(no host)"), Text(f"{span.events:,}"), *times)
    return table


LACKING = {
    Readiness.FIELD: "lack one field",
    Readiness.FIELDS: "lack several fields",
    Readiness.KIND: "are about kinds of events that are not there",
    Readiness.INDEX: "read indices of which there are no events",
}


def _rule_parts(report: EvidenceReport) -> Iterator[Table | str]:
    counts, ready = report.together.counts, len(report.rules.ready)
    yield f"rules: {counts[Readiness.READY]:,} of {ready:,} ready rules can run on these events"
    for readiness, what in LACKING.items():
        if counts[readiness]:
            yield f"  {counts[readiness]:,} {what}"
    missing = report.together.missing
    if missing:
        yield ""
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        table.add_column("MISSING FIELD", overflow="fold")
        table.add_column("MORE RULES", justify="right", no_wrap=True)
        for field in missing[:MOST_FIELDS]:
            table.add_row(plain(field.name), Text(f"{field.rules:,}"))
        yield table
        if len(missing) > MOST_FIELDS:
            yield f"and {counted(len(missing) - MOST_FIELDS, 'more field')}"


def _clock_parts(report: EvidenceReport) -> Iterator[Text | str]:
    if not report.clocks:
        yield "clocks: nothing is wrong with the times"
    for problem in report.clocks:
        head, _, rest = printable(problem.render()).partition("\n")
        yield Text(head, style="yellow")
        yield rest

"""`besra demo`: the bundled rules over the bundled events."""

import tempfile
from pathlib import Path

import click

from besra.cli.commands.scan import ScanOptions, run_scan
from besra.cli.options import output_options
from besra.demo import write_demo

NEXT = """\
The demo is made-up telemetry of Elastic Defend: a malicious installer that calls home, and one that settles in.
What to try next:
  besra demo --write demo              keep the events (Elastic Defend, Sysmon, SentinelOne)
  besra scan demo/sysmon               the same attack as Sysmon saw it
  besra scan demo/defend --format ndjson | head -1
                                       the alerts themselves, as Elastic writes them
  besra scan ./evidence --rules ./rules
                                       your own events and rules (EVTX, NDJSON; gz, zst, zip)
  besra rules show bundled             the two rules, with their investigation guides"""


@click.command(short_help="Scan made-up events, to see what an alert looks like.")
@click.option("--write", "folder", metavar="DIR", help="Write the demo events into this folder and stop.")
@output_options("table", "ndjson", "json", "csv", "timesketch", "ocsf", "markdown", default="table")
@click.pass_context
def demo(context: click.Context, /, folder: str | None, **given: object) -> None:
    """Scan made-up events with the bundled rules, to see what an alert looks like."""
    if folder is not None:
        for path in write_demo(Path(folder)):
            click.echo(path)
        return
    options = ScanOptions.of({**given, "form": given.get("form") or "table"})
    with tempfile.TemporaryDirectory(prefix="besra-demo-") as scratch:
        events = write_demo(Path(scratch))[0]
        code = run_scan([str(events)], (), options)
    if not given.get("quiet"):
        click.echo(f"\n{NEXT}", err=True)
    context.exit(code)

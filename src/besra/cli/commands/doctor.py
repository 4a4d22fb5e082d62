"""`besra doctor`: what evidence is good for; without any, whether besra itself is well."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import orjson

from besra.cli.evidence_report import EvidenceReport, as_json
from besra.cli.exit_codes import EXIT_CODE_HELP, ExitCode
from besra.cli.loading import has_bad_rule, load_named, telling
from besra.cli.options import OutputOptions, mapping_option, output_options, rules_option
from besra.cli.progress import Progress
from besra.cli.reading import ScanCounts, read_all, read_options
from besra.cli.self_check import Check, State, run_checks
from besra.cli.summary import not_used_lines, read_line
from besra.cli.terminal import check_writable, output_to
from besra.events.clock_trouble import clock_problems
from besra.events.event import Event
from besra.events.files import STDIN
from besra.events.inventory import Inventory


@click.command(epilog=EXIT_CODE_HELP, short_help="Say what events are good for, or whether besra is well.")
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@rules_option
@click.option("--any-index", is_flag=True, help="Take every rule to read every event, whatever its index patterns.")
@click.option("--index", metavar="NAME", help="Index name of events that do not say where they belong.")
@mapping_option
@output_options("table", "json", default="table on a terminal, else json")
@click.pass_context
def doctor(context: click.Context, /, paths: tuple[str, ...], rules: tuple[str, ...], **given: Any) -> None:
    """Say what events are good for: sources, hosts, times, fields, and which rules can run on them.

    Reads files, folders and `-` (standard input) as a scan does. Without a PATH it looks at the installation instead.
    """
    output = OutputOptions.of({**given, "form": given["form"] or _usual_form(given)})
    check_writable(output.path)
    if not paths and (rules or given["any_index"] or given["index"] or given["mappings"]):
        raise click.UsageError("--rules, --any-index, --index and --mapping are about events: name a PATH")
    if paths:
        context.exit(examine(paths, rules, given, output))
    context.exit(check_installation(output))


def _usual_form(given: dict[str, Any]) -> str:
    return "json" if OutputOptions.of(given).form == "ndjson" else "table"


def examine(paths: Sequence[str], rule_paths: Sequence[str], given: dict[str, Any], output: OutputOptions) -> ExitCode:
    """Read everything, write the report."""
    terminal = output.terminal()
    rules = load_named(rule_paths)
    for problem in telling(rules):
        terminal.show(problem)
    read, counts, inventory = read_options(given), ScanCounts(), Inventory()
    now = time.time_ns()
    with Progress(terminal) as progress:
        for item in read_all(paths, read, progress, counts):
            if isinstance(item, Event):
                inventory.add(item)
    clocks = tuple(clock_problems(inventory.clocks, lambda path: written(path, now)))
    report = EvidenceReport.of(inventory, counts, rules, clocks, match_index=not given["any_index"])
    _write_report(report, output)
    for line in (read_line(counts), *not_used_lines(counts)):
        terminal.say(line)
    if counts.is_bad_input:
        return ExitCode.BAD_INPUT
    return ExitCode.BAD_RULE if has_bad_rule(rules) else ExitCode.OK


def written(name: str, now: int) -> int | None:
    """When a file of events was last written, in nanoseconds since 1970; of a member of an archive, the archive.

    What comes from the standard input cannot have been written later than now.
    """
    if name == STDIN:
        return now
    for path in (Path(name), *Path(name).parents):
        try:
            if path.is_file():
                return os.stat(path).st_mtime_ns  # noqa: PTH116  as above: a name that is no path raises
        except (OSError, ValueError):
            return None
    return None


def _write_report(report: EvidenceReport, output: OutputOptions) -> None:
    with output_to(output.path) as out:
        if output.form == "json":
            out.write(_json(as_json(report)))
            return
        from besra.cli.evidence_tables import print_report  # noqa: PLC0415  rich, which JSON does without

        print_report(report, output.console_on(out, output.terminal()))


def check_installation(output: OutputOptions) -> ExitCode:
    """Look at the installation and say what was found."""
    checks = list(run_checks())
    with output_to(output.path) as out:
        if output.form == "json":
            found = [{"name": c.name, "state": c.state, "detail": c.detail, "hint": c.hint} for c in checks]
            out.write(_json({"checks": found}))
        else:
            # Not by a table of rich's: it may be what is broken.
            out.writelines(f"{line}\n" for check in checks for line in _lines_of(check))
    return ExitCode.INTERNAL if any(check.state is State.BAD for check in checks) else ExitCode.OK


def _lines_of(check: Check) -> list[str]:
    line = f"{check.state:<4}  {check.name:<10}  {check.detail}"
    return [line, f"      hint: {check.hint}"] if check.hint else [line]


def _json(value: object) -> str:
    return f"{orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()}\n"

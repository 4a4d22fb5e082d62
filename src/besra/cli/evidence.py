"""Examining events for `besra doctor`: everything is read, nothing is run, the report is written."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from besra.cli.evidence_report import EvidenceReport, as_json
from besra.cli.exit_codes import ExitCode
from besra.cli.loading import has_bad_rule, load_named, telling
from besra.cli.options import OutputOptions
from besra.cli.progress import Progress
from besra.cli.reading import ScanCounts, read_all, read_options
from besra.cli.summary import not_used_lines, read_line
from besra.cli.terminal import output_to
from besra.events.clock_trouble import clock_problems
from besra.events.event import Event
from besra.events.files import STDIN
from besra.events.inventory import Inventory


def examine(
    paths: Sequence[str], rule_paths: Sequence[str], given: Mapping[str, Any], output: OutputOptions
) -> ExitCode:
    """Read everything, write the report. `given` is what click parsed of the other options."""
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
            out.write(f"{orjson.dumps(as_json(report), option=orjson.OPT_INDENT_2).decode()}\n")
            return
        from besra.cli.evidence_tables import print_report  # noqa: PLC0415  rich, which JSON does without

        print_report(report, output.console_on(out, output.terminal()))

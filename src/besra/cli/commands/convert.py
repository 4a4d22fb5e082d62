"""`besra convert`: everything besra reads, as ECS documents in NDJSON or in the Parquet a scan reads fastest."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice

import click

from besra.cli.exit_codes import EXIT_CODE_HELP, ExitCode
from besra.cli.options import mapping_option
from besra.cli.progress import Progress
from besra.cli.reading import ScanCounts, read_all, read_options
from besra.cli.replacing import replacing
from besra.cli.summary import counted, not_used_lines, read_line, source_lines
from besra.cli.terminal import Terminal, check_writable
from besra.errors import InputError
from besra.events.event import Event
from besra.events.json_line import line_of
from besra.problems import Problem

FORMS = ("ndjson", "parquet")


@click.command(epilog=EXIT_CODE_HELP, short_help="Write events as ECS documents, in NDJSON or Parquet.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--to", "form", type=click.Choice(FORMS), required=True, help="The format to write.")
@click.option("-o", "--output", metavar="FILE", help="Write to this file; Parquet needs one.  [standard output]")
@click.option("--index", metavar="NAME", help="Index name of events that do not say where they belong.")
@mapping_option
@click.option("-q", "--quiet", is_flag=True, help="Only data and errors, no warnings, no summary.")
@click.option("--no-color", is_flag=True, help="No colours (also: the variable NO_COLOR).")
@click.pass_context
def convert(context: click.Context, /, paths: tuple[str, ...], form: str, output: str | None, **given: object) -> None:
    """Write the events of files, folders and `-` (standard input) as ECS documents.

    A scan of what is written gives the alerts a scan of the input gives. Parquet is for events that are scanned more
    than once: rules read only the fields they ask for.
    """
    if form == "parquet" and output in (None, "-"):
        raise InputError.of("output-missing", "Parquet is not written to standard output", hint="name a file with -o")
    check_writable(output)
    read = read_options(given)
    terminal = Terminal.of(quiet=bool(given["quiet"]), no_color=bool(given["no_color"]))
    counts = ScanCounts()
    with Progress(terminal) as progress:
        writing = Writing(terminal, read_all(paths, read, progress, counts))
        writing.to_parquet(output) if form == "parquet" and output else writing.to_ndjson(output)
    terminal.say(read_line(counts))
    for line in (*source_lines(counts), *not_used_lines(counts)):
        terminal.say(line)
    terminal.say(f"wrote {counted(writing.written, 'event')}")
    context.exit(ExitCode.BAD_INPUT if counts.is_bad_input else ExitCode.OK)


@dataclass
class Writing:
    """Events on their way out: `written` counts those that got there, the others are told to the terminal."""

    terminal: Terminal
    events: Iterable[object]
    written: int = 0

    def to_ndjson(self, path: str | None) -> None:
        """Write a line an event."""
        events = self._events()
        # Opened when the input has been found: a folder that is read may be the one that is written to.
        first = list(islice(events, 1))
        with output_to(path) as write:
            for event in chain(first, events):
                line = line_of(event)
                if isinstance(line, Problem):
                    self.terminal.show(line)
                else:
                    write(line + b"\n")
                    self.written += 1

    def to_parquet(self, path: str) -> None:
        """Write one file in besra's layout."""
        # pyarrow is large: only those who write Parquet wait for it.
        from besra.events.parquet.writing import ParquetWriter  # noqa: PLC0415

        with ParquetWriter() as writer:
            for event in self._events():
                problem = writer.add(event)
                if problem:
                    self.terminal.show(problem)
                else:
                    self.written += 1
            with replacing(path) as out:
                writer.write(out)

    def _events(self) -> Iterator[Event]:
        return (event for event in self.events if isinstance(event, Event))


@contextmanager
def output_to(path: str | None) -> Iterator[Callable[[bytes], object]]:
    """What takes the bytes of a file, or of standard output."""
    if path is None or path == "-":
        yield lambda line: sys.stdout.write(line.decode())
        return
    with replacing(path) as out:
        yield out.write

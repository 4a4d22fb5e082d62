"""`besra search`: hunt with one query."""

import time
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, get_args

import click

from besra.api import lower_text
from besra.cli.exit_codes import EXIT_CODE_HELP, ExitCode
from besra.cli.formats import as_json
from besra.cli.match_table import match_table
from besra.cli.options import OutputOptions, mapping_option, output_options, time_option
from besra.cli.progress import Progress
from besra.cli.reading import ScanCounts, read_all, read_options
from besra.cli.settings import config_option, tell_settings
from besra.cli.summary import counted
from besra.cli.tables import print_table
from besra.cli.terminal import check_writable, output_to
from besra.detection.search import ResultPosition, SearchResult, limited, search_read, with_samples_per_key
from besra.errors import InputError
from besra.events.event_time import TIMESTAMP
from besra.language.eql.lower import QueryFields
from besra.language.expr import fields_of
from besra.language.plan import Plan
from besra.language.relative import resolved
from besra.problems import Problem, Severity
from besra.schema.catalogue import Catalogue, bundled_catalogue


@click.command(epilog=EXIT_CODE_HELP, short_help="Find events, sequences or samples with an EQL or KQL query.")
@click.argument("query")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@config_option
@click.option(
    "--language",
    type=click.Choice(["eql", "kuery", "kql"]),
    default="eql",
    show_default=True,
    help="The query's language; `kql` is another name of `kuery`.",
)
@click.option("--size", type=click.IntRange(0), metavar="N", help="Most results.  [all]")
@click.option(
    "--result-position",
    type=click.Choice(get_args(ResultPosition)),
    default="tail",
    show_default=True,
    help="Which results --size keeps: the last or the first.",
)
@click.option("--max-samples-per-key", type=click.IntRange(1), default=1, show_default=True, metavar="N")
@click.option("--event-category-field", default="event.category", show_default=True, metavar="FIELD")
@click.option("--timestamp-field", default="@timestamp", show_default=True, metavar="FIELD")
@click.option("--tiebreaker-field", metavar="FIELD", help="What orders events of equal timestamp.")
@click.option(
    "--field-type", "types", multiple=True, metavar="FIELD=TYPE", help="Mapping type of a field (repeatable)."
)
@time_option("--now", "now", help="What `now` in a KQL query means, instead of the clock's time.")
@mapping_option
@output_options("table", "ndjson", "json")
@click.pass_context
def search(context: click.Context, /, query: str, paths: tuple[str, ...], **given: Any) -> None:
    """Find the events, sequences or samples of an EQL QUERY, or the events of a KQL one, in files and folders.

    The folder of a running service (`besra serve --data`) may be one of them: what it stored is searched.

    With --format json the answer has the shape of Elasticsearch's EQL search; ndjson writes its events or sequences,
    one a line.
    """
    output = OutputOptions.of(given)
    terminal = output.terminal()
    tell_settings(context, terminal)
    fields = QueryFields(given["event_category_field"], given["timestamp_field"], given["tiebreaker_field"])
    catalogue = bundled_catalogue().with_types(dict(_field_type(text) for text in given["types"]))
    lowered = lower_text(query, catalogue, language=given["language"], fields=fields)
    plan = resolved(lowered.plan, time.time_ns() if given["now"] is None else given["now"])
    plan = with_samples_per_key(limited(plan, given["size"], given["result_position"]), given["max_samples_per_key"])
    read = replace(read_options(given), timestamp_field=fields.timestamp)
    check_writable(output.path)
    for warning in lowered.warnings:
        terminal.show(warning)
    counts = ScanCounts()
    with Progress(terminal) as progress:
        result = search_read(
            plan,
            # Blocks tell of events without a time by `@timestamp` only.
            lambda decoder: read_all(
                paths, replace(read, decoder=decoder) if fields.timestamp == TIMESTAMP else read, progress, counts
            ),
            read.recogniser,
        )
    _write(result, output)
    if not result.matches:
        for problem in unknown_fields(plan, catalogue):
            terminal.show(problem)
    terminal.say(f"{counted(len(result.matches), 'result')} in {counted(counts.events, 'event')}")
    context.exit(ExitCode.BAD_INPUT if counts.is_bad_input else ExitCode.OK)


def unknown_fields(plan: Plan, catalogue: Catalogue) -> list[Problem]:
    """A warning for every field of the query that is in no known schema: a custom one, or one misspelt."""
    read = {field.name for clause in plan.clauses for field in fields_of(clause.predicate)}
    read |= {key.field.name for clause in plan.clauses for key in clause.keys}
    found = []
    for name in sorted(name for name in read if name not in catalogue):
        near = get_close_matches(name, catalogue.fields, n=1)
        hint = f"did you mean {near[0]}?" if near else None
        message = f"the field {name} is in no schema besra knows"
        found.append(Problem("search-unknown-field", message, Severity.WARNING, hint=hint))
    return found


def _field_type(text: str) -> tuple[str, str]:
    name, separator, mapping = text.partition("=")
    if not separator or not name or not mapping:
        raise InputError.of("bad-field-type", f"--field-type {text!r} has no type", hint="write process.pid=keyword")
    return name, mapping


def _write(result: SearchResult, output: OutputOptions) -> None:
    body = result.to_dict()
    with output_to(output.path) as out:
        if output.form == "json":
            out.write(as_json(body, indent=True) + "\n")
        elif output.form == "ndjson":
            for row in body["hits"].get("events", body["hits"].get("sequences", ())):
                out.write(as_json(row) + "\n")
        else:
            console = output.console_on(out, output.terminal())
            print_table(console, match_table(result, console.width))

"""`besra doctor`: what evidence is good for; without any, whether besra itself is well."""

import json
from pathlib import Path
from typing import Any

import click

from besra.cli.exit_codes import EXIT_CODE_HELP, ExitCode
from besra.cli.options import OutputOptions, mapping_option, output_options, rules_option
from besra.cli.self_check import Check, State, run_checks
from besra.cli.service_place import serves_at
from besra.cli.settings import config_option, tell_settings
from besra.cli.terminal import check_writable, output_to


@click.command(epilog=EXIT_CODE_HELP, short_help="Say what events are good for, or whether besra is well.")
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@config_option
@rules_option
@click.option("--any-index", is_flag=True, help="Take every rule to read every event, whatever its index patterns.")
@click.option("--index", metavar="NAME", help="Index name of events that do not say where they belong.")
@mapping_option
@click.option("--data", metavar="DIR", help="Look at the folder of `besra serve` as well.  [its setting]")
@click.option("--port", type=click.IntRange(1, 65535), default=9200, show_default=True, metavar="N", help="Its port.")
@output_options("table", "json", default="table on a terminal, else json")
@click.pass_context
def doctor(context: click.Context, /, paths: tuple[str, ...], rules: tuple[str, ...], **given: Any) -> None:
    """Say what events are good for: sources, hosts, times, fields, and which rules can run on them.

    Reads files, folders and `-` (standard input) as a scan does. Without a PATH it looks at the installation instead.
    """
    output = OutputOptions.of({**given, "form": given["form"] or _usual_form(given)})
    check_writable(output.path)
    folder, _ = (None, None) if paths else serves_at(given["data"], None, context)
    tell_settings(context, output.terminal())
    if not paths and (rules or given["any_index"] or given["index"] or given["mappings"]):
        raise click.UsageError("--rules, --any-index, --index and --mapping are about events: name a PATH")
    if paths and given["data"]:
        raise click.UsageError("--data is about a service: leave PATH out, or name its events as PATH only")
    if paths:
        # The self-check has to run where this cannot be loaded.
        from besra.cli.evidence import examine  # noqa: PLC0415

        context.exit(examine(paths, rules, given, output))
    service = (Path(folder), int(given["port"])) if folder else None
    context.exit(check_installation(output, service))


def _usual_form(given: dict[str, Any]) -> str:
    return "json" if OutputOptions.of(given).form == "ndjson" else "table"


def check_installation(output: OutputOptions, service: tuple[Path, int] | None = None) -> ExitCode:
    """Look at the installation, perhaps at the folder and port of a service, and say what was found."""
    from besra.cli.service_check import service_checks  # noqa: PLC0415  it may be what cannot be loaded

    checks = [*run_checks(), *(service_checks(*service) if service else ())]
    with output_to(output.path) as out:
        if output.form == "json":
            found = [{"name": c.name, "state": c.state, "detail": c.detail, "hint": c.hint} for c in checks]
            out.write(f"{json.dumps({'checks': found}, indent=2)}\n")
        else:
            # Not by a table of rich's: it may be what is broken.
            out.writelines(f"{line}\n" for check in checks for line in _lines_of(check))
    return ExitCode.INTERNAL if any(check.state is State.BAD for check in checks) else ExitCode.OK


def _lines_of(check: Check) -> list[str]:
    line = f"{check.state:<4}  {check.name:<10}  {check.detail}"
    return [line, f"      hint: {check.hint}"] if check.hint else [line]

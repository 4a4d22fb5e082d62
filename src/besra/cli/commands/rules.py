"""`besra rules`: list, show, check and convert rules."""

import time
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, cast

import click

from besra.cli.exceptions import exception_files, exception_options
from besra.cli.exit_codes import EXIT_CODE_HELP, ExitCode
from besra.cli.formats import as_json
from besra.cli.loading import has_bad_rule, telling
from besra.cli.options import OutputOptions, output_options
from besra.cli.rule_text import rule_text
from besra.cli.tables import print_table, rule_table
from besra.cli.terminal import output_to, printable
from besra.errors import InputError
from besra.rules.check import check_report
from besra.rules.convert import Form, convert
from besra.rules.exception_loading import load_exceptions
from besra.rules.ruleset import LoadedRule, RuleSet, load_rules

paths_argument = click.argument("paths", nargs=-1, metavar="[PATH...]")


@click.group(short_help="List, show, check and convert detection rules.")
def rules() -> None:
    """Look at, check and convert detection rules (TOML, Kibana NDJSON or JSON).

    PATHs are files and folders; `bundled`, or no path at all, means the rules that come with besra.
    """


@rules.command("list")
@paths_argument
@output_options("table", "json", "ndjson")
@click.pass_context
def list_rules(context: click.Context, /, paths: tuple[str, ...], **given: Any) -> None:
    """List rules: status, type, severity, name, id."""
    output = OutputOptions.of(given)
    loaded = _load(paths, output)
    with output_to(output.path) as out:
        if output.form == "table":
            console = output.console_on(out, output.terminal())
            print_table(console, rule_table(loaded, console.width))
        else:
            rows = [_row(rule) for rule in loaded]
            texts = [as_json(rows, indent=True)] if output.form == "json" else [as_json(row) for row in rows]
            out.writelines(f"{text}\n" for text in texts)
    output.terminal().say(_status_line(loaded))
    context.exit(_code(loaded))


def _row(loaded: LoadedRule) -> dict[str, Any]:
    rule = loaded.rule
    known: dict[str, Any] = {}
    if rule:
        known = {"severity": str(rule.severity), "risk_score": rule.risk_score, "tags": list(rule.tags)}
        known["building_block"] = rule.building_block
    head = {"rule_id": loaded.rule_id, "name": loaded.name, "type": loaded.type, "status": str(loaded.status)}
    return {**head, **known, "path": loaded.path}


def _load(paths: Sequence[str], output: OutputOptions) -> RuleSet:
    """The rules, problems of whole files told."""
    loaded = load_rules(*paths)
    for problem in loaded.file_problems:
        output.terminal().show(problem)
    return loaded


def _status_line(loaded: RuleSet) -> str:
    counts = check_report(loaded)["summary"]["status"]
    return f"{len(loaded):,} rules: " + ", ".join(f"{count:,} {status}" for status, count in counts.items())


def _code(loaded: RuleSet) -> ExitCode:
    return ExitCode.BAD_RULE if has_bad_rule(loaded) else ExitCode.OK


@rules.command(short_help="Show rules whole, with query and investigation guide.")
@click.argument("names", nargs=-1, required=True, metavar="RULE|PATH...")
@output_options("table", "json", default="table")
@click.pass_context
def show(context: click.Context, /, names: tuple[str, ...], **given: Any) -> None:
    """Show rules whole: what they look for, where, the query, the guide.

    A RULE is the id or name (glob) of a rule in the PATHs, or of a bundled one; without a RULE all rules are shown.
    """
    output = OutputOptions.of({**given, "form": given.get("form") or "table"})
    paths = [name for name in names if name == "bundled" or Path(name).exists()]
    wanted = [name for name in names if name not in paths]
    loaded = _load(paths, output)
    chosen = [rule for rule in loaded if not wanted or any(_is_called(rule, name) for name in wanted)]
    if not chosen:
        hint = "give its id or name, and the PATH of its file or folder"
        raise InputError.of("no-such-rule", f"no rule is called {', '.join(wanted)}", hint=hint)
    with output_to(output.path) as out:
        if output.form == "json":
            rows = [{**_row(rule), **({"rule": dict(rule.rule.parameters)} if rule.rule else {})} for rule in chosen]
            out.write(as_json(rows, indent=True) + "\n")
        else:
            console = output.console_on(out, output.terminal())
            for rule in chosen:
                rule_text(console, rule)
    context.exit(_code(loaded))


def _is_called(loaded: LoadedRule, name: str) -> bool:
    texts = [loaded.rule_id or "", loaded.name or ""]
    return any(fnmatchcase(text.lower(), name.lower()) for text in texts)


@rules.command(epilog=EXIT_CODE_HELP, short_help="Say which rules are ready, and why others are not.")
@paths_argument
@exception_options
@output_options("text", "json", default="text")
@click.pass_context
def check(context: click.Context, /, paths: tuple[str, ...], **given: Any) -> None:
    """Check rules: which are ready, which cannot run, and why, with file, line and column."""
    output = OutputOptions.of({**given, "form": given.get("form") or "text"})
    loaded = load_exceptions(load_rules(*paths), exception_files(given), now=time.time_ns()).rules
    report = check_report(loaded)
    with output_to(output.path) as out:
        if output.form == "json":
            out.write(as_json(report, indent=True) + "\n")
        else:
            out.writelines(f"{printable(problem.render())}\n" for problem in telling(loaded))
            for kind, counts in report["summary"]["types"].items():
                shown = ", ".join(f"{count:,} {status}" for status, count in counts.items() if count)
                out.write(f"{kind}: {shown}\n")
            out.write(_status_line(loaded) + "\n")
    context.exit(_code(loaded))


@rules.command("convert")
@paths_argument
@click.option("--to", "form", type=click.Choice(["ndjson", "json", "toml"]), required=True, help="The form to write.")
@click.option("--metadata", is_flag=True, help="Keep the TOML [metadata] in NDJSON and JSON, under `meta`.")
@click.option("-o", "--output", metavar="PATH", help="File for ndjson and json, folder for toml.  [standard output]")
@click.option("-q", "--quiet", is_flag=True, help="Only data and errors.")
@click.pass_context
def convert_rules(context: click.Context, /, paths: tuple[str, ...], **given: Any) -> None:
    """Convert rules between TOML, NDJSON and JSON, without loss.

    Exception lists, their items and connectors go along.
    """
    options = OutputOptions("ndjson", given["output"], given["quiet"])
    loaded = _load(paths, options)
    texts = convert(loaded, cast(Form, given["form"]), include_metadata=given["metadata"])
    if given["form"] == "toml" and given["output"]:
        _write_folder(Path(given["output"]), {text.file_name: text.text for text in texts})
    else:
        with output_to(given["output"]) as out:
            out.write("\n".join(text.text for text in texts))
    problems = [problem for rule in loaded if rule.rule is None for problem in rule.problems]
    for problem in (*problems, *(problem for text in texts for problem in text.problems)):
        options.terminal().show(problem)
    options.terminal().say(f"{sum(rule.rule is not None for rule in loaded):,} of {len(loaded):,} rules converted")
    context.exit(_code(loaded))


def _write_folder(folder: Path, texts: dict[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, "utf-8")
    except OSError as error:
        message = f"cannot write: {error.strerror}"
        raise InputError.of("output-write", message, path=str(folder), hint="choose another folder with -o") from error

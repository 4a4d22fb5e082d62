"""`besra scan`: every rule over files and folders."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial

import click

from besra.cli.alert_rows import row_of, visible
from besra.cli.exceptions import exception_files, exception_line, exception_options
from besra.cli.exit_codes import EXIT_CODE_HELP, ExitCode
from besra.cli.formats import WRITERS
from besra.cli.loading import has_bad_rule, load_named, telling
from besra.cli.options import OutputOptions, SizeType, cores, output_options, rules_option, time_option
from besra.cli.progress import Progress
from besra.cli.reading import ScanCounts, read_all
from besra.cli.summary import summary_lines
from besra.cli.terminal import Terminal, check_writable, output_to
from besra.detection.detect import Engine, Gathered, Job, Resources, conclude, gather
from besra.detection.execution import Execution, Limits
from besra.detection.rule_cost import Concluded, rule_costs, timed
from besra.detection.run import RunInfo
from besra.detection.window import Window
from besra.errors import InputError
from besra.events.file_read import ReadOptions
from besra.events.row_store import MEMORY_LIMIT
from besra.rules.exception_loading import ExceptionFiles, load_exceptions
from besra.rules.loaded import RuleSet
from besra.rules.rule import Rule, RuleSeverity
from besra.schema.timestamp import format_timestamp

SEVERITIES = click.Choice([str(severity) for severity in RuleSeverity])


@dataclass(frozen=True, slots=True)
class RuleFilter:
    """Which of the loaded rules run: from a severity up, with one of the tags, with a name or id like one of these."""

    severity: str | None = None
    tags: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def takes(self, rule: Rule) -> bool:
        """Whether the rule runs."""
        if self.severity and rule.severity.rank < RuleSeverity(self.severity).rank:
            return False
        if self.tags and not any(_like(tag, wanted) for tag in rule.tags for wanted in self.tags):
            return False
        return not self.names or any(_like(rule.name, n) or _like(rule.rule_id, n) for n in self.names)


def _like(text: str, pattern: str) -> bool:
    return fnmatchcase(text.lower(), pattern.lower())


@click.command(epilog=EXIT_CODE_HELP)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@rules_option
@exception_options
@click.option("--any-index", is_flag=True, help="Run every rule on every event, whatever its index patterns.")
@time_option("--from", "start", help="Only events from this time on (ISO date or date math such as now-24h).")
@time_option("--to", "end", help="Only events up to this time.")
@click.option("--severity", type=SEVERITIES, help="Only rules of this severity or above.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only rules with this tag (glob; repeatable).")
@click.option("--rule", "names", multiple=True, metavar="GLOB", help="Only rules of this name or id (repeatable).")
@click.option("--index", metavar="NAME", help="Index name of events that do not say where they belong.")
@click.option("--max-alerts", type=click.IntRange(0), metavar="N", help="Most alerts a rule, 0 for all.  [rule's own]")
@click.option("--fail-on", type=SEVERITIES, help="Exit with 1 if there is an alert of this severity or above.")
@time_option("--now", "now", help="The time the alerts are created at, instead of the clock's.", is_eager=True)
@click.option(
    "--workers",
    type=click.IntRange(1),
    metavar="N",
    envvar="BESRA_SCAN__WORKERS",
    help="Processes that evaluate; alerts are the same with any number.  [number of processors]",
)
@click.option(
    "--memory-limit",
    type=SizeType(),
    metavar="SIZE",
    envvar="BESRA_SCAN__MEMORY_LIMIT",
    help="Memory for what is kept until the end; more goes to temporary files.  [512M]",
)
@click.option(
    "--engine",
    type=click.Choice([str(engine) for engine in Engine]),
    default=str(Engine.COLUMNAR),
    show_default=True,
    help="What evaluates; `reference` is slow and plain, to check the other.",
)
@click.option(
    "--profile",
    is_flag=True,
    help="Show what rules, fields and conditions cost, after the summary. The scan may take twice as long.",
)
@output_options("table", *WRITERS)
@click.pass_context
def scan(context: click.Context, /, paths: tuple[str, ...], rules: tuple[str, ...], **given: object) -> None:
    """Run detection rules over files, folders and `-` (standard input).

    NDJSON, JSON, EVTX and Parquet, plain or compressed with gzip or Zstandard, are recognised by content. The table is
    for people; in a pipe alerts come as NDJSON.
    """
    options = ScanOptions.of(given)
    if options.resources.profile and options.engine is not Engine.COLUMNAR:
        raise click.UsageError("--profile is about --engine columnar, which evaluates all rules together")
    context.exit(run_scan(paths, rules, options))


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """The options of a scan, typed. Times are nanoseconds since 1970."""

    filter: RuleFilter
    read: ReadOptions
    window: Window
    limits: Limits
    now: int
    match_index: bool
    engine: Engine
    resources: Resources
    exceptions: ExceptionFiles
    fail_on: str | None
    output: OutputOptions

    @classmethod
    def of(cls, given: dict[str, object]) -> "ScanOptions":
        """From what click parsed. Raises InputError for times in the wrong order."""
        pick = given.get
        return cls(
            RuleFilter(pick("severity"), pick("tags") or (), pick("names") or ()),  # type: ignore[arg-type]
            ReadOptions(index=pick("index")),  # type: ignore[arg-type]
            _window(pick("start"), pick("end")),  # type: ignore[arg-type]
            Limits(pick("max_alerts")),  # type: ignore[arg-type]
            time.time_ns() if pick("now") is None else pick("now"),  # type: ignore[arg-type]
            not pick("any_index"),
            Engine(pick("engine") or Engine.COLUMNAR),  # type: ignore[arg-type]
            _resources(given),
            exception_files(given),
            pick("fail_on"),  # type: ignore[arg-type]
            OutputOptions.of(given),
        )


def _resources(given: dict[str, object]) -> Resources:
    workers, memory = given.get("workers") or cores(), given.get("memory_limit") or MEMORY_LIMIT
    return Resources(workers, memory, profile=bool(given.get("profile")))  # type: ignore[arg-type]


def _window(start: int | None, end: int | None) -> Window:
    if start is not None and end is not None and start > end:
        message = f"--from {format_timestamp(start)} is later than --to {format_timestamp(end)}"
        raise InputError.of("bad-window", message, hint="no event can lie between them; exchange the two")
    return Window(start, end)


def run_scan(paths: Sequence[str], rule_paths: Sequence[str], options: ScanOptions) -> ExitCode:
    """Scan, write the alerts, say how it went."""
    terminal = options.output.terminal()
    check_writable(options.output.path)
    excepted = load_exceptions(load_named(rule_paths), options.exceptions, now=options.now)
    loaded = excepted.rules
    for problem in telling(loaded):
        terminal.show(problem)
    chosen = tuple((rule, plan) for rule, plan in loaded.runnable if options.filter.takes(rule))
    if not chosen:
        terminal.say(_no_rules(loaded, options.filter))
    how = options.engine, options.resources, loaded.fingerprint
    job = Job(chosen, options.match_index, options.window, options.limits, *how, now=options.now)
    counts = ScanCounts()
    with Progress(terminal) as progress:
        gathered = gather(
            job,
            lambda decoder: read_all(paths, replace(options.read, decoder=decoder), progress, counts),
            progress.compiling,
        )
    concluding = partial(conclude, job, gathered.hits, RunInfo(options.now, seen_from=gathered.oldest))
    concluded = list(timed(concluding)) if gathered.profile else []
    executions = [done.execution for done in concluded] if gathered.profile else list(concluding())
    _write(executions, options.output, terminal)
    for execution in executions:
        for warning in execution.warnings:
            terminal.show(warning)
    if said := exception_line(excepted):
        terminal.say(said)
    for line in summary_lines(counts, loaded, len(chosen), executions):
        terminal.say(line)
    if gathered.profile:
        _print_profile(job, gathered, concluded, terminal)
    return _exit_code(options, loaded, counts, executions)


def _print_profile(job: Job, gathered: Gathered, concluded: Sequence[Concluded], terminal: Terminal) -> None:
    # rich, and numba for the leaves
    from besra.cli.profile_table import ProfileView, print_profile  # noqa: PLC0415
    from besra.engine.leaf_cost import leaf_costs  # noqa: PLC0415

    assert gathered.profile is not None
    leaves = leaf_costs(gathered.profile)
    rules = rule_costs(job, gathered.profile, gathered.hits, concluded, leaves)
    print_profile(ProfileView(gathered.profile, rules, leaves, sum(done.seconds for done in concluded)), terminal)


def _no_rules(loaded: RuleSet, wanted: RuleFilter) -> str:
    if loaded.ready and wanted != RuleFilter():
        return "no rule fits --severity, --tag and --rule; see `besra rules list`"
    return "no rule can run; `besra rules check` says why"


def _write(executions: Sequence[Execution], output: OutputOptions, terminal: Terminal) -> None:
    alerts = [alert for execution in executions for alert in execution.alerts]
    if output.form != "table":
        with output_to(output.path) as out:
            WRITERS[output.form](alerts, out)
        return
    from besra.cli.tables import alert_table, print_table  # noqa: PLC0415  rich, which other formats do without

    rows = [row_of(execution) for execution in executions if visible(execution.alerts)]
    with output_to(output.path) as out:
        console = output.console_on(out, terminal)
        if rows:
            print_table(console, alert_table(rows, console.width))
        else:
            console.print("no alerts")


def _exit_code(options: ScanOptions, loaded: RuleSet, counts: ScanCounts, executions: Sequence[Execution]) -> ExitCode:
    if counts.is_bad_input:
        return ExitCode.BAD_INPUT
    if has_bad_rule(loaded):
        return ExitCode.BAD_RULE
    if options.fail_on:
        floor = RuleSeverity(options.fail_on).rank
        if any(execution.alerts and execution.rule.severity.rank >= floor for execution in executions):
            return ExitCode.FINDINGS
    return ExitCode.OK

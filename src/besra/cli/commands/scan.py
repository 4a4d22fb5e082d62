"""`besra scan`: every rule over files and folders."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial

import click

from besra.cli.alert_rows import Shown, highest_severity, row_of
from besra.cli.exceptions import exception_files, exception_line, exception_options
from besra.cli.exit_codes import EXIT_CODE_HELP, ExitCode
from besra.cli.formats import WRITERS, write_alerts
from besra.cli.garbage import staying
from besra.cli.loading import has_bad_rule, load_named, telling
from besra.cli.options import OutputOptions, SizeType, cores, mapping_option, output_options, rules_option, time_option
from besra.cli.progress import Progress
from besra.cli.reading import ScanCounts, read_all, read_indicators, read_options
from besra.cli.settings import config_option, tell_settings
from besra.cli.summary import summary_lines
from besra.cli.terminal import Terminal, check_writable, output_to
from besra.detection.conclude import conclude, in_stages, most_severe_first
from besra.detection.detect import Engine, Gathered, Job, Resources, gather
from besra.detection.execution import Execution, Limits
from besra.detection.indicators import missing_indicators, needs_indicators, unused_indicators
from besra.detection.overrides import possible_severities
from besra.detection.rule_cost import Concluded, rule_costs, timed
from besra.detection.run import RunInfo
from besra.detection.stages import stage_problems
from besra.detection.visibility import Clock, seen_in
from besra.detection.window import EVERYTHING, Window
from besra.errors import InputError
from besra.events.event import Event
from besra.events.file_read import ReadOptions
from besra.events.line_block import Decoder, LineBlock
from besra.events.row_store import MEMORY_LIMIT
from besra.events.table_part import TablePart
from besra.language.plan import Plan
from besra.rules.exception_loading import ExceptionFiles, load_exceptions
from besra.rules.loaded import RuleSet
from besra.rules.rule import Rule, RuleSeverity
from besra.schema.timestamp import format_timestamp

SEVERITIES = click.Choice([str(severity) for severity in RuleSeverity])


@dataclass(frozen=True, slots=True)
class RuleFilter:
    """Which of the loaded rules run: by the severity their alerts may have, by tag, by name or id."""

    severity: str | None = None
    tags: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def takes(self, rule: Rule) -> bool:
        """Whether the rule runs."""
        floor = RuleSeverity(self.severity).rank if self.severity else 0
        if all(severity.rank < floor for severity in possible_severities(rule)):
            return False
        if self.tags and not any(_like(tag, wanted) for tag in rule.tags for wanted in self.tags):
            return False
        return not self.names or any(_like(rule.name, n) or _like(rule.rule_id, n) for n in self.names)


def _like(text: str, pattern: str) -> bool:
    return fnmatchcase(text.lower(), pattern.lower())


@click.command(epilog=EXIT_CODE_HELP, short_help="Run detection rules over files, folders and archives.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@config_option
@rules_option
@click.option(
    "--indicators",
    multiple=True,
    metavar="PATH",
    help="File or folder of indicators for indicator match rules (repeatable).",
)
@exception_options
@click.option("--any-index", is_flag=True, help="Run every rule on every event, whatever its index patterns.")
@time_option("--from", "start", help="Only events from this time on (ISO date or date math such as now-24h).")
@time_option("--to", "end", help="Only events up to this time.")
@click.option(
    "--window-by",
    type=click.Choice([str(clock) for clock in Clock]),
    default=str(Clock.EVENT),
    show_default=True,
    help="What --from and --to are about: when events happened, or the time their rule goes by (timestamp_override).",
)
@click.option("--severity", type=SEVERITIES, help="Only rules that can give alerts of this severity or above.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only rules with this tag (glob; repeatable).")
@click.option("--rule", "names", multiple=True, metavar="GLOB", help="Only rules of this name or id (repeatable).")
@click.option("--index", metavar="NAME", help="Index name of events that do not say where they belong.")
@mapping_option
@click.option("--max-alerts", type=click.IntRange(0), metavar="N", help="Most alerts a rule, 0 for all.  [rule's own]")
@click.option("--building-blocks", is_flag=True, help="Show and count the alerts of building block rules as well.")
@click.option("--fail-on", type=SEVERITIES, help="Exit with 1 if there is an alert of this severity or above.")
@time_option("--now", "now", help="The time the alerts are created at, instead of the clock's.", is_eager=True)
@click.option(
    "--workers",
    type=click.IntRange(1),
    metavar="N",
    help="Processes that evaluate and make alerts, which are the same with any number.  [number of processors]",
)
@click.option(
    "--memory-limit",
    type=SizeType(),
    metavar="SIZE",
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
    """Run detection rules over files, folders, archives and `-` (standard input).

    JSON, EVTX, XML and CSV of event logs, syslog, audit logs and Parquet, plain or compressed, also in zip and tar
    archives, are recognised by content. The table is for people; in a pipe alerts come as NDJSON.
    """
    options = ScanOptions.of(given)
    if "-" in paths and "-" in options.indicators:
        raise click.UsageError("the standard input holds events or indicators, not both")
    if options.resources.profile and options.engine is not Engine.COLUMNAR:
        raise click.UsageError("--profile is about --engine columnar, which evaluates all rules together")
    tell_settings(context, options.output.terminal())
    context.exit(run_scan(paths, rules, options))


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """The options of a scan, typed. Times are nanoseconds since 1970."""

    filter: RuleFilter
    read: ReadOptions
    indicators: tuple[str, ...]
    window: Window
    window_by: Clock
    limits: Limits
    now: int
    match_index: bool
    engine: Engine
    resources: Resources
    shown: Shown
    exceptions: ExceptionFiles
    fail_on: str | None
    output: OutputOptions

    @classmethod
    def of(cls, given: dict[str, object]) -> "ScanOptions":
        """From what click parsed. Raises InputError for times in the wrong order."""
        pick = given.get
        return cls(
            RuleFilter(pick("severity"), pick("tags") or (), pick("names") or ()),  # type: ignore[arg-type]
            read_options(given),
            pick("indicators") or (),  # type: ignore[arg-type]
            _window(pick("start"), pick("end")),  # type: ignore[arg-type]
            Clock(pick("window_by") or Clock.EVENT),  # type: ignore[arg-type]
            Limits(pick("max_alerts")),  # type: ignore[arg-type]
            time.time_ns() if pick("now") is None else pick("now"),  # type: ignore[arg-type]
            not pick("any_index"),
            Engine(pick("engine") or Engine.COLUMNAR),  # type: ignore[arg-type]
            _resources(given),
            Shown(bool(pick("building_blocks"))),
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
    with staying():
        excepted = load_exceptions(load_named(rule_paths), options.exceptions, now=options.now)
    loaded = excepted.rules
    for problem in telling(loaded):
        terminal.show(problem)
    chosen = tuple((rule, plan) for rule, plan in loaded.runnable if options.filter.takes(rule))
    if not chosen:
        terminal.say(_no_rules(loaded, options.filter))
    job = _job(chosen, loaded.fingerprint, options)
    counts = ScanCounts()
    gathered = _gathered(job, paths, options, counts, terminal)
    run = RunInfo(options.now, seen_from=gathered.oldest)
    concluded = list(timed(partial(in_stages, job, gathered, run))) if gathered.profile else []
    made = (done.execution for done in concluded) if gathered.profile else conclude(job, gathered, run)
    executions = most_severe_first(made)
    _write(executions, options, terminal)
    told = [warning for execution in executions for warning in execution.warnings]
    for warning in [*stage_problems(job.rules, gathered.stages), *told]:
        terminal.show(warning)
    if said := exception_line(excepted):
        terminal.say(said)
    for line in summary_lines(counts, loaded, len(chosen), executions, options.shown):
        terminal.say(line)
    if gathered.profile:
        _print_profile(job, gathered, concluded, terminal)
    return _exit_code(options, loaded, counts, executions)


def _job(chosen: tuple[tuple[Rule, Plan], ...], fingerprint: str, options: ScanOptions) -> Job:
    job = Job(
        chosen,
        options.match_index,
        options.window,
        options.limits,
        options.engine,
        options.resources,
        fingerprint,
        options.now,
        options.read.recogniser,
    )
    if options.window_by is Clock.EVENT or options.window == EVERYTHING:
        return job
    # The times are part of these plans, so they are not what the files make them.
    seen = tuple((rule, seen_in(options.window, rule, plan)) for rule, plan in chosen)
    return replace(job, rules=seen, window=EVERYTHING, fingerprint="")


def _gathered(job: Job, paths: Sequence[str], options: ScanOptions, counts: ScanCounts, terminal: Terminal) -> Gathered:
    """Read events, and indicators if some rule compares with them."""
    named = options.indicators
    if named and not needs_indicators(job):
        terminal.show(unused_indicators())
        named = ()
    with Progress(terminal) as progress:

        def events(decoder: Decoder | None) -> Iterable[Event | LineBlock | TablePart]:
            return read_all(paths, replace(options.read, decoder=decoder), progress, counts)

        def indicators(decoder: Decoder | None) -> Iterable[Event | LineBlock | TablePart]:
            return read_indicators(named, replace(options.read, decoder=decoder), progress, counts)

        gathered = gather(job, events, indicators if named else None, progress.compiling)
    if problem := missing_indicators(job, gathered.hits, given=bool(named)):
        terminal.show(problem)
    return gathered


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


def _write(executions: Sequence[Execution], options: ScanOptions, terminal: Terminal) -> None:
    output = options.output
    if output.form != "table":
        alerts = [alert for execution in executions for alert in execution.alerts]
        with output_to(output.path) as out:
            write_alerts(alerts, out, output.form, options.shown)
        return
    from besra.cli.tables import alert_table, print_table  # noqa: PLC0415  rich, which other formats do without

    rows = [row for execution in executions if (row := row_of(execution, options.shown)).alerts]
    rows.sort(key=lambda row: -row.severity.rank)
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
        shown = (alert for execution in executions for alert in options.shown.of(execution.alerts))
        highest = highest_severity(shown)
        if highest is not None and highest.rank >= RuleSeverity(options.fail_on).rank:
            return ExitCode.FINDINGS
    return ExitCode.OK

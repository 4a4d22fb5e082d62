"""What `besra scan --profile` shows: phases, rules, fields and leaves by their cost, the costliest first."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from rich.console import Console
from rich.table import Table
from rich.text import Text

from besra.cli.options import FILE_WIDTH
from besra.cli.summary import counted
from besra.cli.tables import MIDDLE, WIDE, plain, print_table
from besra.cli.terminal import Terminal, console_on
from besra.detection.rule_cost import RuleCost
from besra.engine.leaf_cost import LeafCost
from besra.engine.profile import Phase, Profile
from besra.language.eql.leaf_text import leaf_text

MOST_RULES, MOST_FIELDS, MOST_LEAVES = 20, 10, 20

CONCLUDE = "conclude"

MEANINGS = {
    Phase.START: "load kernels, compile the rules, start workers",
    Phase.READ: "read files, hand lines and outcomes over",
    Phase.DECODE: "lines to columns of values",
    Phase.LEARN: "test values not met before",
    Phase.SPREAD: "values to the rows of each leaf",
    Phase.FIRE: "run the clauses",
    Phase.SCRIPTS: "clauses with functions, row by row in Python",
    Phase.KEEP: "times and join keys of rows found",
    Phase.JOIN: "drop rows without a partner",
    CONCLUDE: "correlate, read events again, build alerts",
}


@dataclass(frozen=True, slots=True)
class ProfileView:
    """What is shown: the profile, the costs of rules and leaves in order, and the seconds of correlation and alerts."""

    profile: Profile
    rules: Sequence[RuleCost]
    leaves: Sequence[LeafCost]
    conclude: float


def print_profile(view: ProfileView, terminal: Terminal) -> None:
    """All tables on standard error."""
    console = _console(terminal)
    for part in profile_parts(view, console.width):
        if isinstance(part, Table):
            print_table(console, part)
        else:
            console.print(part, soft_wrap=False)


def _console(terminal: Terminal) -> Console:
    if sys.stderr.isatty():
        return terminal.err
    width = None if os.environ.get("COLUMNS", "").isdigit() else FILE_WIDTH
    return console_on(sys.stderr, no_color=True, width=width)


def profile_parts(view: ProfileView, width: int) -> Iterator[Table | str]:
    """The tables with a line before each."""
    profile = view.profile
    workers = f" of {counted(profile.workers, 'worker')}" if profile.workers > 1 else ""
    measuring = profile.phases.get(Phase.MEASURE, 0.0)
    yield f"\nprofile: CPU seconds{workers}; to measure them took {measuring:.2f} more"
    yield phase_table(view, width)
    yield f"\n{clauses_line(profile)}"
    yield f"costliest of {counted(len(view.rules), 'rule')}:"
    yield rule_table(view.rules[:MOST_RULES], width)
    if profile.costs.fields:
        yield f"\nslowest of {counted(len(profile.costs.fields), 'field')}, each value tested once:"
        yield field_table(profile, width)
    if view.leaves:
        yield f"\nslowest of {len(view.leaves):,} leaves timed on a sample of values:"
        yield leaf_table(view, width)


def clauses_line(profile: Profile) -> str:
    """How many clauses could fire how often."""
    ran, batches = profile.costs.clauses.ran, profile.costs.batches
    never, always = int((ran == 0).sum()), int((ran == batches).sum()) if batches else 0
    return (
        f"of {counted(len(ran), 'clause')} {always:,} could fire in every batch, {never:,} in none "
        f"({batches:,} batch{'' if batches == 1 else 'es'})"
    )


def phase_table(view: ProfileView, width: int) -> Table:
    """Seconds and share of every phase."""
    table = _table(("SECONDS", True), ("SHARE", True), ("PHASE", False))
    if width >= MIDDLE:
        table.add_column("WHAT", overflow="fold")
    seconds = {phase: view.profile.phases.get(phase, 0.0) for phase in Phase if phase is not Phase.MEASURE}
    rows = {**{str(phase): time for phase, time in seconds.items()}, CONCLUDE: view.conclude}
    total = sum(rows.values())
    for name, time in rows.items():
        cells = [f"{time:.3f}", _percent(time / total if total else 0.0), name]
        table.add_row(*cells, *([MEANINGS[name]] if width >= MIDDLE else []))
    table.add_row(f"{total:.3f}", "", "all together")
    return table


def rule_table(rules: Sequence[RuleCost], width: int) -> Table:
    """One row a rule: milliseconds together and apart, how much its clauses found, what came of it."""
    table = _table(("MS", True))
    table.add_column("RULE", overflow="fold", min_width=18)
    if width >= MIDDLE:
        for name in ("FIRE", "SCRIPTS", "PATTERNS", "KEEP", "CONCLUDE")[: 5 if width >= WIDE else 0]:
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("BATCHES", justify="right", no_wrap=True)
    table.add_column("FOUND", justify="right", no_wrap=True)
    if width >= MIDDLE:
        table.add_column("JOINED", justify="right", no_wrap=True)
    table.add_column("MATCHES", justify="right", no_wrap=True)
    for cost in rules:
        cells = [Text(_ms(cost.seconds)), plain(cost.rule.name)]
        if width >= WIDE:
            parts = (cost.fire, cost.scripts, cost.patterns, cost.keep, cost.conclude)
            cells += [Text(_ms(part) if part else "-") for part in parts]
        if width >= MIDDLE:
            cells.append(Text(_percent(cost.candidates)))
        cells.append(Text(f"{cost.found:,}"))
        if width >= MIDDLE:
            cells.append(Text(f"{cost.left:,}"))
        table.add_row(*cells, Text(f"{cost.matches:,}"))
    return table


def field_table(profile: Profile, width: int) -> Table:
    """One row a field: milliseconds, values tested, nanoseconds each, and what kernels left to Python."""
    table = _table(("MS", True))
    table.add_column("FIELD", overflow="fold")
    table.add_column("VALUES", justify="right", no_wrap=True)
    table.add_column("NS EACH", justify="right", no_wrap=True)
    if width >= MIDDLE:
        table.add_column("LEFT TO PYTHON", overflow="fold")
    costs = {profile.projection.fields[number]: cost for number, cost in profile.costs.fields.items()}
    slowest = sorted(profile.field_seconds.items(), key=lambda item: (-item[1], item[0]))
    for name, seconds in islice(slowest, MOST_FIELDS):
        cost = costs[name]
        left = ", ".join(f"{count:,} {reason}" for reason, count in sorted(cost.left.items()))
        each = f"{seconds / cost.values * 1e9:,.0f}" if cost.values else "-"
        cells = [Text(_ms(seconds)), plain(name), Text(f"{cost.values:,}"), Text(each)]
        table.add_row(*cells, *([Text(left or "-")] if width >= MIDDLE else []))
    return table


def leaf_table(view: ProfileView, width: int) -> Table:
    """One row a leaf: milliseconds it added (an estimate), nanoseconds a value, rules that have it, the leaf."""
    table = _table(("~MS", True))
    table.add_column("LEAF", overflow="fold")
    table.add_column("NS EACH", justify="right", no_wrap=True)
    if width >= MIDDLE:
        table.add_column("HELD", justify="right", no_wrap=True)
        table.add_column("RULES", justify="right", no_wrap=True)
    for cost in view.leaves[:MOST_LEAVES]:
        cells = [Text(_ms(cost.seconds)), plain(leaf_text(cost.leaf)), Text(f"{cost.each * 1e9:,.0f}")]
        if width >= MIDDLE:
            cells += [Text(_percent(cost.held)), Text(f"{len(view.profile.users[cost.leaf]):,}")]
        table.add_row(*cells)
    return table


def _table(*columns: tuple[str, bool]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name, is_number in columns:
        table.add_column(name, justify="right" if is_number else "left", no_wrap=True)
    return table


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:,.1f}" if seconds >= 1e-3 else f"{seconds * 1e3:.2f}"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share in (0, 1) else f"{share * 100:.1f}%"

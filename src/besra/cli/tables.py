"""Tables for a terminal: they give up columns, not words, where it is narrow."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from besra.cli.alert_rows import AlertRow
from besra.cli.terminal import COLOURS, printable
from besra.rules.loaded import RuleSet

WIDE, MIDDLE = 110, 80


def plain(text: str) -> Text:
    """Text as it is, with no control characters in it."""
    return Text(printable(text))


def severity_text(severity: str) -> Text:
    """The severity in its colour."""
    return Text(severity, style=COLOURS.get(severity, ""))


def alert_table(rows: Sequence[AlertRow], width: int) -> Table:
    """One row a rule: severity, rule, number of alerts, first and last event, hosts, ATT&CK."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("SEVERITY", no_wrap=True)
    table.add_column("RULE", overflow="fold")
    table.add_column("ALERTS", justify="right", no_wrap=True)
    if width >= MIDDLE:
        table.add_column("FIRST (UTC)", no_wrap=True)
    if width >= WIDE:
        table.add_column("LAST (UTC)", no_wrap=True)
    table.add_column("HOST", overflow="fold")
    if width >= WIDE:
        table.add_column("ATT&CK", overflow="fold")
    for row in rows:
        cells: list[Text] = [severity_text(row.severity), plain(row.rule.name), Text(count_of(row))]
        if width >= MIDDLE:
            cells.append(Text(short_time(row.first)))
        if width >= WIDE:
            cells.append(Text(short_time(row.last)))
        cells.append(plain(shortened(row.hosts)))
        if width >= WIDE:
            cells.append(plain(shortened(row.techniques)))
        table.add_row(*cells)
    return table


def count_of(row: AlertRow) -> str:
    """How many alerts: `2 of 5` where a limit cut them off, `2 +40` where matches are counted on others' alerts."""
    of_all = f" of {row.due:,}" if row.alerts < row.due else ""
    return f"{row.alerts:,}{of_all}{f' +{row.suppressed:,}' if row.suppressed else ''}"


def short_time(iso: str) -> str:
    """An ISO time to the second, without the `T` and `Z`."""
    return iso[:19].replace("T", " ")


def shortened(items: Sequence[str], most: int = 3) -> str:
    """The first items and how many more there are."""
    more = f" +{len(items) - most}" if len(items) > most else ""
    return ", ".join(items[:most]) + more


def rule_table(rules: RuleSet, width: int) -> Table:
    """One row a rule: status, type and whether it is a building block rule, severity, name, id."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("STATUS", "TYPE", "SEVERITY"):
        table.add_column(column, no_wrap=True)
    table.add_column("NAME", overflow="fold")
    if width >= WIDE:
        table.add_column("RULE ID", no_wrap=True)
    for loaded in rules:
        severity = loaded.rule.severity if loaded.rule else "-"
        name = loaded.name or loaded.path or "?"
        kind = f"{loaded.type or '-'}{' (block)' if loaded.rule and loaded.rule.building_block else ''}"
        cells = [Text(loaded.status), Text(kind), severity_text(severity), plain(name)]
        table.add_row(*cells, *([plain(loaded.rule_id or "-")] if width >= WIDE else []))
    return table


def print_table(console: Console, table: Table) -> None:
    """Print a table over the whole width of the console."""
    console.print(table, soft_wrap=False)

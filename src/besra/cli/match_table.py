"""The matches of a search as a table: one row an event, a ruler between sequences."""

from rich.table import Table
from rich.text import Text

from besra.cli.tables import MIDDLE, WIDE, plain, short_time
from besra.detection.search import SearchResult
from besra.engine.hits import Hit
from besra.events.document import Fields
from besra.language.plan import Each
from besra.schema.fieldtype import to_text
from besra.schema.timestamp import format_timestamp

TELLING = (
    "process.command_line",
    "registry.path",
    "file.path",
    "dns.question.name",
    "destination.ip",
    "process.executable",
)
"""What says most about an event, in this order; the first that is there is shown."""


def match_table(result: SearchResult, width: int) -> Table:
    """Time, host, category, process and the most telling field of every event; for groups their number.

    A narrow table has no category, a very narrow one no host.
    """
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    is_group = not isinstance(result.plan.correlation, Each)
    if is_group:
        table.add_column("#", justify="right", no_wrap=True)
    table.add_column("TIME (UTC)", no_wrap=True)
    if width >= MIDDLE:
        table.add_column("HOST", overflow="fold")
    if width >= WIDE:
        table.add_column("CATEGORY", overflow="fold")
    table.add_column("PROCESS", overflow="fold")
    table.add_column("DETAIL", overflow="fold", min_width=width // 3)
    for number, match in enumerate(result.matches, 1):
        for hit in match.hits:
            prefix = [Text(str(number))] if is_group else []
            table.add_row(*prefix, *_cells(hit, width))
    return table


def _cells(hit: Hit | None, width: int) -> list[Text]:
    if hit is None:
        return [Text("(missing event)")]
    fields = Fields(hit.event.source)

    def first(*names: str) -> Text:
        return next((plain(to_text(v)) for name in names for v in fields.scalars(name)), Text(""))

    time = Text("" if hit.time is None else short_time(format_timestamp(hit.time)))
    host = [first("host.name")] if width >= MIDDLE else []
    category = [first("event.category")] if width >= WIDE else []
    return [time, *host, *category, first("process.name"), first(*TELLING)]

"""`besra ingest`: files of every format besra reads, to a running service."""

from collections.abc import Iterable

import click

from besra.cli.exit_codes import EXIT_CODE_HELP, ExitCode
from besra.cli.options import mapping_option
from besra.cli.progress import Progress
from besra.cli.reading import ScanCounts, read_all, read_options
from besra.cli.secrets import Url, secret_option
from besra.cli.settings import config_option, tell_settings
from besra.cli.summary import counted, not_used_lines, read_line, source_lines
from besra.cli.terminal import Terminal
from besra.events.event import Event
from besra.events.json_line import not_writable
from besra.problems import Place, Problem
from besra.service.bulk_sender import BulkSender, SentCounts, sending_of
from besra.service.peer import Address, Peer

SERVICE = "http://127.0.0.1:9200"


@click.command(epilog=EXIT_CODE_HELP, short_help="Send the events of files to a running service.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@config_option
@click.option(
    "--to",
    "url",
    type=Url(),
    default=SERVICE,
    show_default=True,
    metavar="URL",
    help="The service; a name and password in it are those of a user.",
)
@secret_option("api-key", "an API key of the service, as `besra key create` tells it as `encoded`")
@click.option("--index", metavar="NAME", help="Index name of events that do not say where they belong.")
@mapping_option
@click.option("-q", "--quiet", is_flag=True, help="Only errors, no warnings, no summary.")
@click.option("--no-color", is_flag=True, help="No colours (also: the variable NO_COLOR).")
@click.pass_context
def ingest(context: click.Context, /, paths: tuple[str, ...], url: str, **given: object) -> None:
    """Send the events of files, folders, archives and `-` (standard input) to `besra serve`.

    Events keep the ids they have in a scan, so the alerts are those of a scan, and what is sent twice is taken once.
    """
    terminal = Terminal.of(quiet=bool(given["quiet"]), no_color=bool(given["no_color"]))
    tell_settings(context, terminal)
    read, counts = read_options(given), ScanCounts()
    peer = Peer(Address.of(url, _text(given["api_key"])))
    peer.check()
    with Progress(terminal) as progress, BulkSender(peer) as sender:
        unwritable = _send(sender, read_all(paths, read, progress, counts), terminal)
    terminal.say(read_line(counts))
    for line in (*source_lines(counts), *not_used_lines(counts)):
        terminal.say(line)
    sent = sender.counts
    for reason, origin in sent.reasons.items():
        terminal.show(Problem("ingest-refused", f"refused: {reason}", place=Place(origin.path, origin.line)))
    terminal.say(_sent_line(sent, peer.address.url))
    is_bad = counts.is_bad_input or sent.refused or unwritable
    context.exit(ExitCode.BAD_INPUT if is_bad else ExitCode.OK)


def _text(value: object) -> str | None:
    return str(value).strip() if value is not None else None


def _send(sender: BulkSender, items: Iterable[object], terminal: Terminal) -> int:
    """Send events; how many cannot be written as JSON."""
    unwritable = 0
    for event in items:
        if isinstance(event, Event):
            sending = sending_of(event)
            if sending is None:
                unwritable += 1
                terminal.show(not_writable(event))
            else:
                sender.add(sending)
    return unwritable


def _sent_line(sent: SentCounts, url: str) -> str:
    told = f"sent to {url}: {counted(sent.taken, 'event')} taken"
    if sent.known:
        told += f", {sent.known:,} there already"
    return f"{told}, {sent.refused:,} refused" if sent.refused else told

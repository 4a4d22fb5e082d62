"""`besra audit`: whether the audit log of a service is as it was written."""

from typing import Any

import click

from besra.cli.access import desk, place_options
from besra.cli.exit_codes import EXIT_CODE_HELP, ExitCode


@click.group(short_help="Check the audit log of a service.")
def audit() -> None:
    """Look after what is written down of the changes of a service."""


@audit.command(epilog=EXIT_CODE_HELP, short_help="See whether entries were changed or removed.")
@click.option("--hash", "known", metavar="HASH", help="A hash seen before, which has to be in the log.")
@place_options
@click.pass_context
def verify(context: click.Context, /, known: str | None, **given: Any) -> None:
    """See whether each entry fits the one before.

    The last hash is printed. Keep it elsewhere: with `--hash` a later check also finds whether the log was written
    anew, or entries at its end were removed.
    """
    with desk(given) as at:
        chain = at.store.audit.chain(known)
    if chain.broken is not None:
        click.echo(f"entry {chain.broken:,} does not fit the one before: entries were changed or removed")
        context.exit(ExitCode.FINDINGS)
    if known is not None and not chain.has_known:
        click.echo("no entry has this hash: the log was written anew, or is another one")
        context.exit(ExitCode.FINDINGS)
    click.echo(f"{chain.entries:,} entries, each fits the one before; the last hash is {chain.hash}")

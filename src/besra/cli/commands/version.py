"""`besra version`: what this is and what it stands on."""

import platform

import click

from besra.rules.ruleset import load_rules
from besra.schema.catalogue import bundled_catalogue
from besra.version import __version__


@click.command()
def version() -> None:
    """Show the version, and what is bundled with it."""
    click.echo(f"besra {__version__}")
    click.echo(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    click.echo(f"bundled: {len(load_rules())} rules, {len(bundled_catalogue().fields):,} fields")

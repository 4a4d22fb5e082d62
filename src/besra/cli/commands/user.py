"""`besra user`: who may use a service."""

import time
from typing import Any

import click

from besra.cli.access import (
    desk,
    name_argument,
    password_of,
    password_option,
    place_options,
    print_rows,
    role_option,
    roles_in,
    told_roles,
)
from besra.cli.exit_codes import EXIT_CODE_HELP
from besra.cli.options import output_options
from besra.cli.terminal import printable
from besra.errors import InputError


@click.group(short_help="Say who may use a service.")
def user() -> None:
    """Make, change and remove the users of a service, whether it runs or not.

    What a running service is changed by this way takes effect within a second.
    """


@user.command(epilog=EXIT_CODE_HELP, short_help="Make a user.")
@name_argument
@role_option
@password_option
@place_options
def add(name: str, roles: tuple[str, ...], password: str | None, **given: Any) -> None:
    """Make a user with some roles. The password is asked for, or read from a file."""
    if not roles:
        raise _no_roles()
    secret = password_of(password)  # before there is a database
    with desk(given, makes=True) as at:
        from besra.service.set_up_token import SetUpToken  # noqa: PLC0415  optional, as what it needs

        at.book.add(name, secret, roles_in(roles), time.time_ns())
        SetUpToken(at.folder).end()
        at.record("user add", f"user {name}: {', '.join(roles)}")
        at.warn_of_spaces(roles_in(roles))
        place = at.place
    click.echo(printable(f"made user {name} in {place}"), err=True)


@user.command("list", epilog=EXIT_CODE_HELP, short_help="List users.")
@place_options
@output_options("table", "json", "ndjson")
def list_users(**given: Any) -> None:
    """List the users and their roles."""
    with desk(given) as at:
        from besra.service.user_book import user_document  # noqa: PLC0415  optional, as what it needs

        accounts = at.book.access.known.accounts
        rows = [user_document(accounts[name]) for name in sorted(accounts)]
    columns = {
        "name": lambda row: str(row["name"]),
        "roles": lambda row: told_roles(row["roles"]),
        "disabled": lambda row: "yes" if row["disabled"] else "",
    }
    print_rows(rows, columns, given)


@user.command(epilog=EXIT_CODE_HELP, short_help="Remove a user.")
@name_argument
@place_options
def remove(name: str, **given: Any) -> None:
    """Remove a user, with the keys. What the user did stays as it is."""
    with desk(given) as at:
        at.book.remove(name)
        at.record("user remove", f"user {name}")


@user.command(epilog=EXIT_CODE_HELP, short_help="Give a user a new password.")
@name_argument
@password_option
@place_options
def password(name: str, password: str | None, **given: Any) -> None:
    """Give a user a new password, which ends all log-ins; keys stay."""
    with desk(given) as at:
        at.book.change(name, {"password": password_of(password)}, time.time_ns())
        at.record("user password", f"user {name}")


@user.command(epilog=EXIT_CODE_HELP, short_help="Give a user other roles.")
@name_argument
@role_option
@place_options
def roles(name: str, roles: tuple[str, ...], **given: Any) -> None:
    """Give a user these roles, in the place of those there were."""
    if not roles:
        raise _no_roles()
    with desk(given) as at:
        at.book.change(name, {"roles": roles_in(roles)}, time.time_ns())
        at.record("user roles", f"user {name}: {', '.join(roles)}")
        at.warn_of_spaces(roles_in(roles))


def _no_roles() -> InputError:
    hint = "name at least one: --role viewer, --role analyst@default"
    return InputError.of("user-refused", "a user without roles could do nothing", hint=hint)

"""`besra key`: API keys of a service."""

import time
from typing import Any

import click

from besra.cli.access import desk, place_options, print_rows, role_option, roles_in, told_roles
from besra.cli.exit_codes import EXIT_CODE_HELP
from besra.cli.formats import as_json
from besra.cli.options import output_options


@click.group(short_help="Make and revoke API keys of a service.")
def key() -> None:
    """Make and revoke API keys, for shippers and scripts."""


@key.command(epilog=EXIT_CODE_HELP, short_help="Make a key.")
@click.argument("name", metavar="NAME")
@click.option("--user", "owner", required=True, metavar="USER", help="Whose key it is.")
@role_option
@click.option("--expiration", metavar="TIME", help="How long it is valid, such as 90d.  [for ever]")
@place_options
def create(name: str, owner: str, roles: tuple[str, ...], expiration: str | None, **given: Any) -> None:
    """Make a key, which is shown this once, as JSON: `encoded` goes into the header `Authorization: ApiKey …`."""
    asked: dict[str, object] = {"name": name, "expiration": expiration, "roles": roles_in(roles) if roles else None}
    with desk(given) as at:
        from besra.service.user_book import new_key_document, no_user  # noqa: PLC0415  optional, as what it needs

        who = at.book.access.who(owner)
        if who is None:
            raise no_user(owner)
        made, secret = at.book.add_key(who, asked, time.time_ns())
        at.record("key create", f"key {made.id} {name:.100} of {owner}")
        at.warn_of_spaces(made.roles or {})
    click.echo(as_json(new_key_document(made, secret), indent=True))


@key.command("list", epilog=EXIT_CODE_HELP, short_help="List keys.")
@place_options
@output_options("table", "json", "ndjson")
def list_keys(**given: Any) -> None:
    """List the keys, also those that are not valid any more. Their secrets nobody knows."""
    with desk(given) as at:
        from besra.service.user_book import key_document  # noqa: PLC0415  optional, as what it needs

        rows = [key_document(one) for one in at.book.all_keys()]
    columns = {
        "id": lambda row: str(row["id"]),
        "name": lambda row: str(row["name"]),
        "user": lambda row: str(row["owner"]),
        "roles": lambda row: told_roles(row["roles"]),
        "expires": lambda row: str(row["expires_at"] or ""),
        "revoked": lambda row: str(row["invalidated_at"] or ""),
    }
    print_rows(rows, columns, given)


@key.command(epilog=EXIT_CODE_HELP, short_help="Revoke a key.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@place_options
def revoke(ids: tuple[str, ...], **given: Any) -> None:
    """Have keys count no more."""
    with desk(given) as at:
        from besra.service.answering import RequestError  # noqa: PLC0415  optional, as what it needs

        known = at.book.access.known.keys
        if missing := [id_ for id_ in ids if id_ not in known]:
            raise RequestError(404, f"there is no key {missing[0]:.100}")
        at.book.invalidate(ids, time.time_ns())
        at.record("key revoke", f"keys {' '.join(ids)}")

"""The users of a service on the command line: in the database of its alerts, whether it runs or not."""

import getpass
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from besra.cli.formats import as_json
from besra.cli.options import OutputOptions
from besra.cli.secrets import SecretFile, Url, masked
from besra.cli.service_place import DATA, serves_at
from besra.cli.tables import plain
from besra.cli.terminal import Terminal, output_to
from besra.errors import InputError
from besra.problems import Problem, Severity
from besra.rules.space import DEFAULT

if TYPE_CHECKING:
    from besra.service.user_book import UserBook
    from besra.storage.alert_store import AlertStore

F = TypeVar("F", bound=Callable[..., Any])

name_argument = click.argument("name", metavar="NAME")
role_option = click.option(
    "--role",
    "roles",
    multiple=True,
    metavar="ROLE[@SPACE]",
    help="viewer, analyst, engineer, admin or ingest, in a space or in all (repeatable).",
)
password_option = click.option(
    "--password-file", "password", type=SecretFile(), metavar="FILE", help="File that holds the password.  [asked for]"
)


def place_options(command: F) -> F:
    """Where a service keeps its users."""
    for option in reversed(
        (
            click.option("--data", "folder", metavar="DIR", help="The service's --data.  [its setting]"),
            click.option("--alerts", type=Url(), metavar="URL", help="The service's --alerts.  [its setting]"),
        )
    ):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Desk:
    """What a command works on."""

    store: "AlertStore"
    book: "UserBook"
    folder: Path
    place: str
    """The database, without the password in it."""

    def record(self, command: str, about: str) -> None:
        """Write down in the audit log what was done."""
        from besra.storage.audit_log import Deed  # noqa: PLC0415

        what, here = f"besra {command}", "this machine"
        self.store.audit.add(Deed(time.time_ns(), _account(), "command line", here, "*", what, about, 200))

    def warn_of_spaces(self, roles: Mapping[str, object]) -> None:
        """Say which spaces of roles are not there, as far as the database knows: rules of files may make one later."""
        there = {"*", DEFAULT, *self.store.spaces.all()}
        for space in sorted(roles.keys() - there):
            message = f"there is no space {space!r} yet; the roles in it count once there is"
            Terminal.of().show(Problem("user-no-space", message, Severity.WARNING))


@contextmanager
def desk(given: Mapping[str, object], *, makes: bool = False) -> Iterator[Desk]:
    """The users of a service. What the service refuses is an InputError.

    Only what `makes` the first user makes a database that is not there.
    """
    try:
        from besra.service.access import Access  # noqa: PLC0415  optional, as what it needs
        from besra.service.answering import RequestError  # noqa: PLC0415
        from besra.service.stores import for_owner_alone  # noqa: PLC0415
        from besra.service.user_book import UserBook  # noqa: PLC0415
        from besra.storage.alert_store import FILE, AlertStore  # noqa: PLC0415
    except ImportError as error:
        message = f"the service needs more than is installed ({error.name})"
        raise InputError.of("serve-not-installed", message, hint="pip install 'besra[serve]'") from error
    named, url = serves_at(given["folder"], given["alerts"])
    folder = Path(named or DATA)
    place: Path | str = url or folder / FILE
    if isinstance(place, Path) and not makes and not place.exists():
        message = f"{folder} is no data folder of a service"
        raise InputError.of("user-no-data", message, hint="name it with --data, or its database with --alerts")
    with for_owner_alone(), AlertStore(place) as store:
        access = Access(store.access, time.time_ns, time.monotonic)
        access.refresh()
        try:
            yield Desk(store, UserBook(access), folder, masked(url) if url else str(place))
        except RequestError as error:
            raise InputError.of("user-refused", error.message) from error


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def password_of(given: object) -> str:
    """The password of a file, else what somebody types twice. Raises InputError where nobody is there."""
    if given is not None:
        return str(given)
    if not sys.stdin.isatty():
        hint = "name a file that holds it: --password-file FILE"
        raise InputError.of("user-no-password", "there is no terminal to ask for the password", hint=hint)
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def roles_in(given: Sequence[str]) -> dict[str, list[str]]:
    """Roles by space of `ROLE` and `ROLE@SPACE`."""
    roles: dict[str, list[str]] = {}
    for told in given:
        role, at, space = told.partition("@")
        roles.setdefault(space if at else "*", []).append(role)
    return roles


def told_roles(roles: Mapping[str, Sequence[str]] | None) -> str:
    """Roles as the command line has them."""
    if roles is None:
        return "(the user's)"
    return ", ".join(name if space == "*" else f"{name}@{space}" for space, names in roles.items() for name in names)


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, Callable[[Any], str]], given: Any) -> None:
    """Rows as a table of some columns, or whole as JSON."""
    output = OutputOptions.of(given)
    with output_to(output.path) as out:
        if output.form != "table":
            texts = [as_json(list(rows), indent=True)] if output.form == "json" else [as_json(row) for row in rows]
            out.writelines(f"{text}\n" for text in texts)
            return
        from rich.table import Table  # noqa: PLC0415  takes its time to load

        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        for name in columns:
            table.add_column(name.upper(), overflow="fold")
        for row in rows:
            table.add_row(*(plain(tell(row)) for tell in columns.values()))
        output.console_on(out, output.terminal()).print(table)

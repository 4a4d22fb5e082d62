"""Users, their API keys and who is logged in, in the database of the alerts (detection-engine.md 9)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from sqlalchemy import Connection, delete, insert, select, update

from besra.storage.access_tables import ACCESS_CHANGE, ACCOUNT, API_KEY, SESSION
from besra.storage.database import Database

T = TypeVar("T")

MOST_SESSIONS = 100
"""Of a user: beyond, the oldest end."""

Roles = Mapping[str, Sequence[str]]
"""Names of roles by space; `*` is every space."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user. `password` is its hash; times are nanoseconds since 1970."""

    name: str
    password: str
    roles: Roles
    created: int
    updated: int
    disabled: bool = False

    def __repr__(self) -> str:
        return f"Account({self.name!r})"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of an account; `digest` is that of its secret. Without roles of its own it has those of the account."""

    id: str
    name: str
    account: str
    digest: str
    roles: Roles | None
    created: int
    expires: int | None = None
    invalidated: int | None = None

    def __repr__(self) -> str:
        return f"ApiKey({self.id!r})"


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is logged in; `digest` is that of the token."""

    digest: str
    account: str
    created: int
    expires: int

    def __repr__(self) -> str:
        return f"Session({self.account!r})"


@dataclass(frozen=True, slots=True)
class Accesses:
    """All there is, as it was after so many changes."""

    number: int = -1
    accounts: Mapping[str, Account] = field(default_factory=dict)
    keys: Mapping[str, ApiKey] = field(default_factory=dict)
    sessions: Mapping[str, Session] = field(default_factory=dict)


class AccessStore:
    """The users of a database that has been brought up. Any thread may use it; methods raise AlertStoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def number(self) -> int:
        """How many changes there have been."""
        with self._database.reading() as connection:
            return _number(connection)

    def load(self) -> Accesses:
        """All there is."""
        with self._database.reading() as connection:
            accounts = (Account(**row._mapping) for row in connection.execute(select(ACCOUNT)))
            keys = (ApiKey(**row._mapping) for row in connection.execute(select(API_KEY)))
            sessions = (Session(**row._mapping) for row in connection.execute(select(SESSION)))
            return Accesses(
                _number(connection),
                {account.name: account for account in accounts},
                {key.id: key for key in keys},
                {session.digest: session for session in sessions},
            )

    # --- users --------------------------------------------------------------------------------------------------------

    def add_account(self, account: Account, *, is_first: bool = False) -> bool:
        """Add a user; False if there is one of that name, or, where it has to be the first, any."""

        def add(connection: Connection) -> bool:
            same = select(ACCOUNT.c.name) if is_first else select(ACCOUNT.c.name).where(ACCOUNT.c.name == account.name)
            if connection.execute(same.limit(1)).first() is not None:
                return False
            connection.execute(insert(ACCOUNT), [_row(account, ACCOUNT.c.keys())])
            return True

        return self._change(add)

    def change_account(
        self, name: str, change: Callable[[Account], Account], may: Callable[[Iterable[Account]], bool]
    ) -> Account | None:
        """Change a user; None if there is none. A new password, or being disabled, ends all sessions.

        Raises NotLeftError if `may` does not hold of all users as they would be.
        """

        def write(connection: Connection) -> Account | None:
            accounts = {row.name: Account(**row._mapping) for row in connection.execute(select(ACCOUNT))}
            old = accounts.get(name)
            if old is None:
                return None
            new = replace(change(old), name=name)
            if not may((accounts | {name: new}).values()):
                raise NotLeftError
            row = _row(new, ACCOUNT.c.keys())
            connection.execute(update(ACCOUNT).where(ACCOUNT.c.name == name).values(row))
            if new.password != old.password or new.disabled:
                connection.execute(delete(SESSION).where(SESSION.c.account == name))
            return new

        return self._change(write)

    def remove_account(self, name: str, may: Callable[[Iterable[Account]], bool]) -> bool:
        """Remove a user with the keys and sessions; False if there is none. Raises NotLeftError as above."""

        def remove(connection: Connection) -> bool:
            accounts = {row.name: Account(**row._mapping) for row in connection.execute(select(ACCOUNT))}
            if accounts.pop(name, None) is None:
                return False
            if not may(accounts.values()):
                raise NotLeftError
            connection.execute(delete(ACCOUNT).where(ACCOUNT.c.name == name))
            return True

        return self._change(remove)

    # --- keys and sessions --------------------------------------------------------------------------------------------

    def add_key(self, key: ApiKey) -> None:
        """Add a key of a user who is there."""
        self._change(lambda connection: connection.execute(insert(API_KEY), [_row(key, API_KEY.c.keys())]))

    def invalidate_keys(self, ids: Sequence[str], at: int) -> None:
        """Have keys count no more from now on."""
        which = API_KEY.c.id.in_(list(ids)), API_KEY.c.invalidated.is_(None)
        self._change(lambda connection: connection.execute(update(API_KEY).where(*which).values(invalidated=at)))

    def add_session(self, session: Session) -> None:
        """Add a session, and forget those that were over when it began, and the oldest of too many."""

        def add(connection: Connection) -> None:
            connection.execute(delete(SESSION).where(SESSION.c.expires <= session.created))
            own = select(SESSION.c.digest).where(SESSION.c.account == session.account)
            newest = own.order_by(SESSION.c.created.desc(), SESSION.c.digest).offset(MOST_SESSIONS - 1)
            old = list(connection.execute(newest).scalars())
            connection.execute(delete(SESSION).where(SESSION.c.digest.in_(old)))
            connection.execute(insert(SESSION), [_row(session, SESSION.c.keys())])

        self._change(add)

    def remove_session(self, digest: str) -> None:
        """End a session."""
        self._change(lambda connection: connection.execute(delete(SESSION).where(SESSION.c.digest == digest)))

    def _change(self, change: Callable[[Connection], T]) -> T:
        with self._database.writing() as connection:
            # First, so that changes are made one after the other in PostgreSQL too.
            connection.execute(update(ACCESS_CHANGE).values(number=ACCESS_CHANGE.c.number + 1))
            return change(connection)


class NotLeftError(Exception):
    """A change after which nobody would be left who can administer; it has not been made."""


def _number(connection: Connection) -> int:
    return int(connection.execute(select(ACCESS_CHANGE.c.number)).scalar_one())


def _row(value: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}

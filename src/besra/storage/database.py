"""The database of the alert store: a SQLite file, or PostgreSQL by URL.

SQLite runs in WAL mode and syncs every commit, so what is committed is on disk there as it is with PostgreSQL. One
transaction at a time writes; it says so when it begins, and so never finds out in its middle that another one does.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from besra.errors import InputError
from besra.problems import Place, Problem
from besra.storage.stored_json import from_json, to_json

BUSY = 30
"""Seconds to wait for another transaction of a SQLite file."""

WRITES = "besra_writes"


class AlertStoreError(InputError):
    """The alert store cannot be opened, read or written. Of what was being written, nothing is there."""


class Database:
    """An open database. To be closed.

    `place` is the path of a SQLite file or a URL (`postgresql://…`). Raises AlertStoreError if it cannot be used:
    `database-url` for one that names no database besra knows, `database-driver` without the package for it,
    `database-failed` if nobody answers.
    """

    def __init__(self, place: Path | str) -> None:
        url = _url(place)
        self.name = url.render_as_string(hide_password=True)
        try:
            self._engine = create_engine(
                url,
                json_serializer=to_json,
                json_deserializer=from_json,
                pool_pre_ping=True,
                connect_args={"timeout": BUSY} if url.get_backend_name() == "sqlite" else {},
            )
        except ModuleNotFoundError as error:
            hint = "pip install 'besra[postgres]'"
            raise AlertStoreError.of("database-driver", f"{self.name}: {error}", hint=hint) from error
        if self._engine.dialect.name == "sqlite":
            _follow_sqlite(self._engine)
        self._writing = self._engine.execution_options(**{WRITES: True})
        # What one transaction reads is one state of the database, as it is in SQLite by itself.
        how = {"isolation_level": "REPEATABLE READ"} if self.is_postgres else {}
        self._reading = self._engine.execution_options(**how)

    @property
    def is_postgres(self) -> bool:
        """Whether it is PostgreSQL."""
        return self._engine.dialect.name == "postgresql"

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that reads. Raises AlertStoreError."""
        with self._transaction(self._reading) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes: committed at the end of the block, undone by any exception.

        Raises AlertStoreError.
        """
        with self._transaction(self._writing) as connection:
            yield connection

    def compact(self) -> None:
        """Write a SQLite file anew, without what changed tables left between its rows; PostgreSQL does so by itself.

        It needs as much room again for a while. Where there is none, or somebody reads, the file stays as it is.
        """
        if self.is_postgres:
            return
        connection = self._engine.raw_connection()
        try:
            connection.execute("VACUUM")
        except sqlite3.OperationalError:
            pass
        finally:
            connection.close()

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        try:
            with engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self._failed(error) from error

    def _failed(self, error: SQLAlchemyError) -> AlertStoreError:
        cause = error.orig if isinstance(error, DBAPIError) else error
        told = " ".join(str(cause).split())
        hint = "see whether the disk is full or read-only, or whether the database server runs"
        return AlertStoreError(
            Problem("database-failed", f"the alert store: {told}", place=Place(self.name), hint=hint)
        )


def _url(place: Path | str) -> URL:
    if isinstance(place, Path):
        return URL.create("sqlite", database=str(place))
    hint = "give the path of a file, or postgresql://USER@HOST/DATABASE"
    try:
        url = make_url(place)
        backend = url.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise AlertStoreError.of("database-url", "this is no URL of a database", hint=hint) from error
    match backend:
        case "sqlite" if url.database and url.database != ":memory:":
            return url.set(drivername="sqlite")
        case "postgresql" | "postgres":
            return url.set(drivername="postgresql+psycopg")
        case _:
            message = f"{url.render_as_string(hide_password=True)} is no database besra can keep alerts in"
            raise AlertStoreError.of("database-url", message, hint=hint)


def _follow_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        # Else Python's module begins transactions when it likes, and none around what changes tables.
        connection.isolation_level = None
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        is_writing = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")

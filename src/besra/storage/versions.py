"""Which version of the tables a database has, and bringing it up to that of this program.

Alembic knows the steps, in `migrations/versions`; the table `besra_version` says which one was the last. Whoever opens
a database takes the missing steps, in one transaction, and whoever else opens it meanwhile waits.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from besra.storage.database import AlertStoreError, Database

VERSION_TABLE = "besra_version"
FOLDER = Path(__file__).parent / "migrations"
LOCK = 0x62657372
"""The number of the lock under which PostgreSQL lets one program at a time change tables."""


def bring_up(database: Database, to: str = "head") -> None:
    """Take the steps a database lacks. Raises AlertStoreError (`database-newer`) if it knows steps that we do not."""
    with database.writing() as connection:
        if database.is_postgres:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        config = _config(connection)
        _refuse_newer(database.name, connection, ScriptDirectory.from_config(config))
        before = version_of(connection)
        command.upgrade(config, to)
        is_upgraded = before is not None and version_of(connection) != before
    if is_upgraded:
        database.compact()


def version_of(connection: Connection) -> str | None:
    """The last step a database has seen, None for an empty one."""
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()


def newest_version() -> str | None:
    """The version of the tables this program has."""
    return ScriptDirectory(str(FOLDER)).get_current_head()


def knows_version(version: str | None) -> bool:
    """Whether a version is one this program can bring up."""
    known = {step.revision for step in ScriptDirectory(str(FOLDER)).walk_revisions()}
    return version is None or version in known


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes.update(connection=connection, version_table=VERSION_TABLE)
    return config


def _refuse_newer(name: str, connection: Connection, known: ScriptDirectory) -> None:
    version = version_of(connection)
    if version is None or version in {step.revision for step in known.walk_revisions()}:
        return
    message = f"{name}: the alert store was written by a newer besra (its tables are of version {version})"
    hint = "use that version of besra, or another database"
    raise AlertStoreError.of("database-newer", message, hint=hint)

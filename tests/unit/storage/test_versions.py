"""The tables of a database are brought up to this version of besra, from every version there has been."""

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, text
from tests.unit.storage.samples import NOW, alert, run

from besra.storage import run_tables, versions
from besra.storage.alert_row import rows_of
from besra.storage.alert_store import AlertStore
from besra.storage.alert_tables import ALERT, RULE_COPY
from besra.storage.columns import METADATA
from besra.storage.database import AlertStoreError, Database
from besra.storage.outcome import Outcome
from besra.storage.progress import Progress

FIRST = "0001"
STEPS = [step.revision for step in ScriptDirectory(versions.FOLDER).walk_revisions()]


def differences(database: Database) -> list[Any]:
    """What the tables of a database lack, or have besides, by what the program says they are."""
    assert run_tables.EXECUTION.metadata is METADATA
    with database.reading() as connection:
        how = {"version_table": versions.VERSION_TABLE, "compare_type": True}
        found: list[Any] = compare_metadata(MigrationContext.configure(connection, opts=how), METADATA)
        return found


@pytest.fixture
def database(place: Any) -> Any:
    """A database nobody has prepared."""
    opened = Database(place)
    yield opened
    opened.close()


def test_the_steps_lead_to_the_tables_of_the_program(database: Database) -> None:
    assert differences(database)
    versions.bring_up(database)
    assert differences(database) == []
    versions.bring_up(database)
    with database.reading() as connection:
        assert versions.version_of(connection) == STEPS[0]


def test_a_database_of_the_first_version_keeps_what_it_has(database: Database, place: Any) -> None:
    versions.bring_up(database, FIRST)
    rows = rows_of(alert(1))
    with database.writing() as connection:
        assert versions.version_of(connection) == FIRST
        connection.execute(insert(RULE_COPY), [{"id": rows.copy[0], "fields": rows.copy[1]}])
        connection.execute(insert(ALERT), [rows.alert])
    with AlertStore(place) as store:
        assert list(store.alerts(["a1"])) == ["a1"]
        store.commit(Outcome(run(), [alert(1)], Progress(NOW, 1)))
        assert (store.count(), len(store.runs())) == (1, 1)
    assert differences(database) == []


def test_a_database_of_a_newer_besra_is_refused_and_stays_as_it_is(database: Database, place: Any) -> None:
    versions.bring_up(database)
    with database.writing() as connection:
        connection.execute(text(f"UPDATE {versions.VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(AlertStoreError) as caught:
        AlertStore(place)
    assert caught.value.problem.code == "database-newer"
    assert "9999" in str(caught.value)
    with database.reading() as connection:
        assert versions.version_of(connection) == "9999"


def test_a_step_that_fails_leaves_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space"):
        patched.setattr("alembic.op.create_index", fail)
        versions.bring_up(database)
    with database.reading() as connection:
        assert versions.version_of(connection) is None
    versions.bring_up(database)
    assert differences(database) == []


def test_steps_are_told_apart_by_their_numbers() -> None:
    assert sorted(STEPS) == STEPS[::-1]
    assert STEPS[-1] == FIRST

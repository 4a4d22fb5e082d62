"""The tables of a database are brought up to this version of besra, from every version there has been."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from tests.unit.storage import old_rows
from tests.unit.storage.samples import NOW, alert, run

from besra.storage import run_tables, versions
from besra.storage.alert_search import Search
from besra.storage.alert_store import AlertStore
from besra.storage.columns import METADATA
from besra.storage.database import AlertStoreError, Database
from besra.storage.outcome import Outcome
from besra.storage.progress import Progress
from besra.storage.rule_store import Write
from besra.storage.space_alerts import SpaceAlerts

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


@pytest.mark.parametrize("version", STEPS[::-1])
def test_a_database_of_every_version_keeps_what_it_has(database: Database, place: Any, version: str) -> None:
    old_rows.build(database, version, STEPS[::-1])
    with database.reading() as connection:
        assert versions.version_of(connection) == version
    with AlertStore(place) as store:
        old_rows.check(store, version)
        store.commit(Outcome(run(2), [alert(9)], Progress(NOW, 9)))
        assert list(store.alerts(["a9"])) == ["a9"]
    assert differences(database) == []


def test_a_file_is_as_small_after_the_step_as_its_rows(tmp_path: Path) -> None:
    place = tmp_path / "alerts.sqlite"
    database = Database(place)
    old_rows.build(database, "0010", STEPS[::-1])
    with database.writing() as connection:
        connection.execute(text("UPDATE alert SET document = json_set(document, '$.fill', hex(zeroblob(2000000)))"))
        connection.execute(text("UPDATE alert SET document = json_remove(document, '$.fill')"))
    database.close()
    AlertStore(place).close()
    assert place.stat().st_size < 2_000_000


BEFORE_SPACES = "0009"
WRITTEN = (
    "INSERT INTO rule_copy (id, fields) VALUES ('c', '{}')",
    (
        "INSERT INTO alert (id, rule_uuid, rule_id, rule_name, rule_copy, severity, risk_score, status, created,"
        " building_block, document) VALUES ('a1', 'u', 'r', 'R', 'c', 'low', 1, 'open', 1, false, '{}')"
    ),
    "INSERT INTO alert_tag (alert, name) VALUES ('a1', 'lab')",
    (
        "INSERT INTO rule (id, rule_id, enabled, revision, created, created_by, updated, updated_by, document)"
        " VALUES ('u', 'r', true, 0, 1, 'me', 1, 'me', '{}')"
    ),
    "INSERT INTO rule_switch (rule_id, enabled) VALUES ('f', false)",
    "INSERT INTO rule_change (rule, rule_id, at, by, what, revision) VALUES ('u', 'r', 1, 'me', 'created', 0)",
    "INSERT INTO exception (kind, namespace, name, document) VALUES ('list', 'single', 'l', '{}')",
    "INSERT INTO exception (kind, namespace, name, document) VALUES ('list', 'agnostic', 'l', '{}')",
    (
        'INSERT INTO gap (rule_uuid, start, "end", status, filled, message, found, kind)'
        " VALUES ('u', 1, 2, 'unfilled', '[]', '', 3, 'gap')"
    ),
    (
        "INSERT INTO execution (rule_uuid, id, rule_id, rule_name, kind, started, duration, status, message,"
        " new_alerts, known_alerts, metrics, problems)"
        " VALUES ('u', 'x', 'r', 'R', 'live', 1, 2, 'succeeded', '', 1, 0, '{}', '[]')"
    ),
)


def test_what_was_there_before_there_were_spaces_is_in_the_default_one(database: Database, place: Any) -> None:
    versions.bring_up(database, BEFORE_SPACES)
    with database.writing() as connection:
        for statement in WRITTEN:
            connection.execute(text(statement))
    with AlertStore(place) as store:
        (found,) = SpaceAlerts(store, "default").search(Search()).alerts
        assert found["kibana.alert.workflow_tags"] == ["lab"]  # tables that are written anew take nothing with them
        assert [one.id for one in store.rules().all()] == ["u"]
        assert store.rules().switches() == {"f": False}
        assert [one.rule for one in store.rules().history("r")] == ["u"]
        assert {(key.namespace, key.space) for key in store.exceptions.all()} == {
            ("single", "default"),
            ("agnostic", "*"),
        }
        assert [gap.rule_uuid for gap in SpaceAlerts(store, "default").gaps()] == ["u"]
        assert [one.id for one in SpaceAlerts(store, "default").runs()] == ["x"]
        other = SpaceAlerts(store, "soc")
        assert (other.count(), other.gaps(), other.runs(), store.rules("soc").all()) == (0, (), (), [])
        store.rules("soc").write([Write(replace(store.rules().all()[0], id="v", space="soc"))])
        assert [one.id for one in store.rules("soc").all()] == ["v"]
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

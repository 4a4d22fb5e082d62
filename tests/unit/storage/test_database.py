"""The database: what it syncs, and who waits for whom."""

from pathlib import Path

import pytest
from sqlalchemy import text

from besra.storage.database import AlertStoreError, Database


def test_sqlite_syncs_every_commit(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.sqlite")
    with database.reading() as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys")
        values = [connection.execute(text(f"PRAGMA {name}")).scalar_one() for name in pragmas]
    database.close()
    assert values == ["wal", 2, 1]


def test_readers_do_not_wait_for_a_writer(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.sqlite")
    with database.writing() as writing:
        writing.execute(text("CREATE TABLE t (n INTEGER)"))
    with database.writing() as writing:
        writing.execute(text("INSERT INTO t VALUES (1)"))
        with database.reading() as reading:
            assert reading.execute(text("SELECT count(*) FROM t")).scalar_one() == 0
    with database.reading() as reading:
        assert reading.execute(text("SELECT count(*) FROM t")).scalar_one() == 1
    database.close()


def test_an_exception_undoes_what_was_written(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.sqlite")
    with pytest.raises(AlertStoreError) as caught, database.writing() as writing:
        writing.execute(text("CREATE TABLE t (n INTEGER)"))
        writing.execute(text("INSERT INTO nowhere VALUES (1)"))
    assert caught.value.problem.code == "database-failed"
    assert "nowhere" in caught.value.problem.message
    with database.reading() as reading:
        assert reading.execute(text("SELECT count(*) FROM sqlite_master")).scalar_one() == 0
    database.close()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    database = Database(tmp_path / "missing" / "x.sqlite")
    with pytest.raises(AlertStoreError) as caught, database.reading():
        pass
    database.close()
    assert "unable to open" in caught.value.problem.message
    assert caught.value.problem.place.path is not None

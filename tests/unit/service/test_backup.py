"""Backups of stores nobody serves at the moment: alerts elsewhere, and stores that are not of one moment."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, make_url, text
from tests.unit.storage import old_rows
from tests.unit.storage.samples import NOW, alert, run

from besra.errors import InputError
from besra.service import backup
from besra.service.backup import back_up
from besra.service.backup_form import BackupError
from besra.service.restore import restore
from besra.service.stores import Places, stores_at
from besra.storage.alert_store import AlertStore
from besra.storage.database import AlertStoreError, Database
from besra.storage.event_store import StoredEvent
from besra.storage.journal import Journal, Record
from besra.storage.outcome import Outcome
from besra.storage.versions import FOLDER, bring_up

STEPS = [step.revision for step in ScriptDirectory(FOLDER).walk_revisions()][::-1]
RECORDS = [Record(b'{"a":1}', ("x",), "1", NOW, is_create=True)]


@pytest.fixture
def schemas(postgres: str) -> Iterator[list[str]]:
    """The URLs of two empty databases of a server."""
    url = make_url(postgres).set(drivername="postgresql+psycopg")
    names = [f"test_{uuid4().hex}" for _ in range(2)]
    engine = create_engine(url)
    with engine.begin() as connection:
        for name in names:
            connection.execute(text(f"CREATE SCHEMA {name}"))
    told = url.render_as_string(hide_password=False)
    sign = "&" if "?" in told else "?"
    yield [f"{told}{sign}options={quote(f'-csearch_path={name}', safe='')}" for name in names]
    with engine.begin() as connection:
        for name in names:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
    engine.dispose()


def test_alerts_in_a_database_of_their_own_come_back_into_either_kind(schemas: list[str], tmp_path: Path) -> None:
    first, second = schemas
    with closing(Database(first)) as database:
        old_rows.build(database, STEPS[-1], STEPS)
    with stores_at(Places(tmp_path / "data", alerts=first)) as stores:
        stores.journal.submit(RECORDS, NOW).result()
        with pytest.raises(BackupError, match="there are no alerts"):
            back_up(tmp_path / "data", tmp_path / "copy")
        made = back_up(tmp_path / "data", tmp_path / "copy", first)
        assert made.batch == 8
    restore(tmp_path / "copy", tmp_path / "file")
    restore(tmp_path / "copy", tmp_path / "elsewhere", second)
    assert not list((tmp_path / "elsewhere").glob("alerts*"))
    for folder, place in (("file", None), ("elsewhere", second)):
        with stores_at(Places(tmp_path / folder, alerts=place)) as stores:
            old_rows.check(stores.alerts, STEPS[-1])
            assert [batch.number for batch in stores.journal.after(0)] == [8]
            assert stores.alerts.commit(Outcome(run(9), [alert(9)])).new == ("a9",)
            assert [found["kibana.alert.uuid"] for _, found in stores.alerts.arrived(0, 9).alerts] == ["a1", "a2", "a9"]
    with pytest.raises(AlertStoreError, match="has alerts or rules already"):
        restore(tmp_path / "copy", tmp_path / "again", second)
    assert not list((tmp_path / "again").glob("*.sqlite"))


def test_tables_of_another_version_are_refused(schemas: list[str], tmp_path: Path) -> None:
    with stores_at(Places(tmp_path / "data")):
        pass
    with closing(Database(schemas[0])) as database:
        bring_up(database, "0001")
    with pytest.raises(AlertStoreError) as caught:
        back_up(tmp_path / "data", tmp_path / "copy", schemas[0])
    assert caught.value.problem.code == "database-older"
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("times", [1, 1000])
def test_what_is_dropped_between_two_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """The journal drops a batch once the alerts are held still without it, some times or again and again."""
    with stores_at(Places(tmp_path / "data")) as stores:

        def position(_: object) -> int:
            nonlocal times
            if times > 0:
                times -= 1
                stores.journal.trim(_submit(stores.journal))
            return 0

        monkeypatch.setattr(backup, "_position", position)
        _submit(stores.journal)
        if times == 1:
            assert back_up(tmp_path / "data", tmp_path / "copy").batch == 2
        else:
            with pytest.raises(BackupError, match="changes too fast"):
                back_up(tmp_path / "data", tmp_path / "copy")
            assert [path.name for path in tmp_path.iterdir()] == ["data"]


def _submit(journal: Journal) -> int:
    return journal.submit([RECORDS[0]._replace(is_create=False)], NOW).result().number or 0


def test_other_files_of_a_service_are_in_it(tmp_path: Path) -> None:
    with AlertStore(tmp_path / "data" / "alerts.sqlite") as store, stores_at(Places(tmp_path / "data")):
        store.commit(Outcome(run(), [alert(1, **{"@timestamp": None}), alert(2)]))
        (tmp_path / "data" / "key").write_text("secret")
        (tmp_path / "data" / "setup-token").write_text("token")
        back_up(tmp_path / "data", tmp_path / "copy.tar")
    assert (tmp_path / "copy.tar").stat().st_mode & 0o077 == 0
    restored = restore(tmp_path / "copy.tar", tmp_path / "new")
    assert (tmp_path / "new" / "key").read_text() == "secret"
    assert (tmp_path / "new" / "key").stat().st_mode & 0o077 == 0
    assert restored.contents.files["key"].bytes == 6
    assert not (tmp_path / "new" / "setup-token").exists()


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `data` with events and alerts, in the folder where the test is."""
    monkeypatch.chdir(tmp_path)
    with stores_at(Places(Path("data"))) as stores:
        stores.events.add([StoredEvent(1, 0, ("x",), "1", b'{"a":1}', NOW, NOW)], 1)
        stores.alerts.commit(Outcome(run(), [alert(1)]))
    return tmp_path


@pytest.mark.parametrize("name", ["copy", "copy.tar"])
def test_paths_from_where_one_is(kept: Path, name: str) -> None:
    back_up(Path("data"), Path(name))
    restore(Path(name), Path("again"))
    names = {path.relative_to(kept / "again").as_posix() for path in (kept / "again").rglob("*.parquet")}
    assert names == {path.relative_to(kept / "data").as_posix() for path in (kept / "data").rglob("*.parquet")} != set()
    assert (kept / "again").stat().st_mode & 0o777 == 0o700


def test_a_source_that_is_no_backup_leaves_nothing(kept: Path) -> None:
    back_up(Path("data"), Path("copy.tar"))
    whole = Path("copy.tar").read_bytes()
    Path("half.tar").write_bytes(whole[: len(whole) // 2 + 100])
    Path("empty.tar").touch()
    Path("there").mkdir()
    for source, code in (("none", "restore-failed"), ("half.tar", "backup-damaged"), ("empty.tar", "backup-damaged")):
        for folder in (Path("new"), Path("there")):
            with pytest.raises(BackupError) as caught:
                restore(Path(source), folder)
            assert (caught.value.problem.code, "room" in str(caught.value)) == (code, False)
    assert not Path("new").exists()
    assert list(Path("there").iterdir()) == []
    with pytest.raises(BackupError, match="none is not there"):
        restore(Path("none"), Path("new"))


def test_a_folder_that_is_a_file(kept: Path) -> None:
    back_up(Path("data"), Path("copy"))
    Path("file").touch()
    with pytest.raises(InputError) as caught:
        restore(Path("copy"), Path("file"))
    assert (caught.value.problem.code, "it is a file" in caught.value.problem.message) == ("serve-data", True)

"""Users, keys and sessions in a database, and what was done for good."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from sqlalchemy import delete, update
from tests.unit.storage.samples import NOW, SECOND

from besra.storage.access_store import MOST_SESSIONS, Account, ApiKey, NotLeftError, Session
from besra.storage.access_tables import AUDIT
from besra.storage.alert_store import AlertStore
from besra.storage.audit_log import Deed
from besra.storage.database import AlertStoreError

ANN = Account("ann", "hash", {"*": ["admin"]}, NOW, NOW)
KEY = ApiKey("k1", "ship", "ann", "digest", {"default": ["ingest"]}, NOW, NOW + SECOND)
SESSION = Session("d1", "ann", NOW, NOW + SECOND)


def anybody(_: Iterable[Account]) -> bool:
    return True


def test_what_is_added_is_there_and_counted(store: AlertStore) -> None:
    access = store.access
    before = access.number()
    assert access.add_account(ANN, is_first=True)
    assert not access.add_account(replace(ANN, name="bob"), is_first=True)
    assert not access.add_account(ANN)
    access.add_key(KEY)
    access.add_session(SESSION)
    known = access.load()
    assert known.number == access.number() > before
    assert (known.accounts, known.keys, known.sessions) == ({"ann": ANN}, {"k1": KEY}, {"d1": SESSION})


def test_what_a_user_has_goes_with_the_user(store: AlertStore) -> None:
    access = store.access
    access.add_account(ANN)
    access.add_key(KEY)
    access.add_session(SESSION)
    assert access.remove_account("ann", anybody)
    assert not access.remove_account("ann", anybody)
    known = access.load()
    assert (known.accounts, known.keys, known.sessions) == ({}, {}, {})
    with pytest.raises(AlertStoreError):
        access.add_key(KEY)


@pytest.mark.parametrize("new", [{"password": "other"}, {"disabled": True}])
def test_a_new_password_ends_sessions(store: AlertStore, new: dict[str, object]) -> None:
    access = store.access
    access.add_account(ANN)
    access.add_session(SESSION)
    access.change_account("ann", lambda old: replace(old, roles={"*": ["viewer"]}), anybody)
    assert access.load().sessions
    changed = access.change_account("ann", lambda old: replace(old, **new), anybody)  # type: ignore[arg-type]
    assert changed == access.load().accounts["ann"]
    assert not access.load().sessions
    assert access.change_account("nobody", lambda old: old, anybody) is None


def test_a_change_that_may_not_be_is_not_made(store: AlertStore) -> None:
    store.access.add_account(ANN)
    with pytest.raises(NotLeftError):
        store.access.remove_account("ann", any)
    with pytest.raises(NotLeftError):
        store.access.change_account("ann", lambda old: replace(old, disabled=True), lambda left: False)
    assert store.access.load().accounts == {"ann": ANN}


def test_sessions_that_are_over_are_forgotten(store: AlertStore) -> None:
    store.access.add_account(ANN)
    store.access.add_session(SESSION)
    store.access.add_session(Session("d2", "ann", NOW + 2 * SECOND, NOW + 3 * SECOND))
    assert list(store.access.load().sessions) == ["d2"]
    store.access.remove_session("d2")
    assert not store.access.load().sessions


def test_the_oldest_of_too_many_sessions_end(store: AlertStore) -> None:
    store.access.add_account(ANN)
    for number in range(MOST_SESSIONS + 3):
        store.access.add_session(Session(f"d{number}", "ann", NOW + number, NOW + SECOND))
    assert sorted(store.access.load().sessions) == sorted(f"d{number}" for number in range(3, MOST_SESSIONS + 3))


# --- the audit log ----------------------------------------------------------------------------------------------------


def deed(number: int) -> Deed:
    return Deed(NOW + number, f"user{number % 2}", "key k", "192.0.2.1", "default", f"POST /{number}", "ab\x00out", 200)


@pytest.fixture
def filled(store: AlertStore) -> AlertStore:
    for number in range(5):
        store.audit.add(deed(number))
    return store


def test_the_newest_entries_come_first(filled: AlertStore) -> None:
    log = filled.audit
    assert [entry.number for entry in log.page(3)] == [5, 4, 3]
    assert [entry.number for entry in log.page(3, before=3)] == [2, 1]
    assert [entry.deed.who for entry in log.page(9, only={"who": "user1"})] == ["user1", "user1"]
    assert [entry.deed.what for entry in log.page(9, what="T /3")] == ["POST /3"]
    assert log.page(9, what="%") == []


def test_an_untouched_log_vouches_for_itself(filled: AlertStore) -> None:
    known = filled.audit.page(9)[2].hash
    chain = filled.audit.chain(known)
    assert (chain.entries, chain.broken, chain.has_known) == (5, None, True)
    assert not filled.audit.chain("other").has_known


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (update(AUDIT).where(AUDIT.c.number == 2).values(who="nobody"), 2),
        (update(AUDIT).where(AUDIT.c.number == 4).values(status=403), 4),
        (update(AUDIT).where(AUDIT.c.number == 3).values(hash="0" * 64), 3),
        (delete(AUDIT).where(AUDIT.c.number == 3), 3),
        (delete(AUDIT).where(AUDIT.c.number == 1), 1),
    ],
)
def test_what_is_changed_in_the_database_shows(filled: AlertStore, change: object, broken: int) -> None:
    with filled._database.writing() as connection:
        connection.execute(change)  # type: ignore[call-overload]
    assert filled.audit.chain().broken == broken


def test_entries_gone_at_the_end_show_to_who_kept_a_hash(filled: AlertStore) -> None:
    known = filled.audit.page(1)[0].hash
    with filled._database.writing() as connection:
        connection.execute(delete(AUDIT).where(AUDIT.c.number > 3))
    chain = filled.audit.chain(known)
    assert (chain.broken, chain.has_known) == (None, False)

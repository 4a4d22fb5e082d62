"""What was done with a service, for good: entries are added, and each vouches for those before it.

The hash of an entry is over what it says and the hash of the one before. Who changes or removes an entry in the
database has to write all later ones anew, which shows to whoever has kept a later hash; that the last entries are gone
shows to nobody else.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import insert, select, text

from besra.storage.access_tables import AUDIT
from besra.storage.columns import stored_name, stored_time
from besra.storage.database import Database

LOCK = 0x62657374
"""The number of the lock under which PostgreSQL lets one entry at a time be added."""
START = "0" * 64
PAGE = 1000
SEARCHED = ("who", "space", "address", "status")
"""Fields whose value may be asked for."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody did or tried: who (a user, or a name nobody vouches for), with what credential, from where,
    in which space, what (a method and an address), about what, and the HTTP status it came to."""

    at: int
    who: str
    credential: str
    address: str
    space: str
    what: str
    about: str
    status: int


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A deed as it stands in the log."""

    number: int
    deed: Deed
    hash: str


@dataclass(frozen=True, slots=True)
class Chain:
    """How far the log vouches for itself: its entries, the last hash, and the first number that does not fit."""

    entries: int
    hash: str
    broken: int | None = None
    has_known: bool = False
    """Whether one of the hashes is the one that was asked for."""


class AuditLog:
    """The log in a database that has been brought up. Any thread may use it; methods raise AlertStoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, deed: Deed) -> None:
        """Add an entry."""
        kept = Deed(
            stored_time(deed.at),
            stored_name(deed.who),
            stored_name(deed.credential),
            stored_name(deed.address),
            stored_name(deed.space),
            stored_name(deed.what),
            stored_name(deed.about),
            deed.status,
        )
        with self._database.writing() as connection:
            if self._database.is_postgres:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            last = connection.execute(select(AUDIT.c.number, AUDIT.c.hash).order_by(AUDIT.c.number.desc()).limit(1))
            number, before = last.first() or (0, START)
            told = hash_of(before, number + 1, kept)
            row = {name: getattr(kept, name) for name in Deed.__slots__}
            connection.execute(insert(AUDIT), [{"number": number + 1, **row, "hash": told}])

    def page(
        self, size: int, before: int | None = None, only: dict[str, str | int] | None = None, what: str = ""
    ) -> list[AuditEntry]:
        """The newest entries before a number, those whose fields have the values of `only`, and `what` in them."""
        asked = select(AUDIT).order_by(AUDIT.c.number.desc()).limit(size)
        if before is not None:
            asked = asked.where(AUDIT.c.number < before)
        for name, value in (only or {}).items():
            asked = asked.where(AUDIT.c[name] == (stored_name(value) if isinstance(value, str) else value))
        if what:
            asked = asked.where(AUDIT.c.what.contains(stored_name(what), autoescape=True))
        with self._database.reading() as connection:
            return [_entry(row._mapping) for row in connection.execute(asked)]

    def chain(self, known: str | None = None) -> Chain:
        """Whether each entry fits the one before, and whether one has a hash that is known."""
        number, last, has_known = 0, START, False
        for entry in self._all():
            if entry.number != number + 1 or entry.hash != hash_of(last, entry.number, entry.deed):
                return Chain(number, last, number + 1, has_known)
            number, last = entry.number, entry.hash
            has_known = has_known or last == known
        return Chain(number, last, None, has_known)

    def _all(self) -> Iterator[AuditEntry]:
        number = 0
        while True:
            asked = select(AUDIT).where(AUDIT.c.number > number).order_by(AUDIT.c.number).limit(PAGE)
            with self._database.reading() as connection:
                found = [_entry(row._mapping) for row in connection.execute(asked)]
            if not found:
                return
            yield from found
            number = found[-1].number


def hash_of(before: str, number: int, deed: Deed) -> str:
    """The hash of an entry: SHA-256 over a line of JSON with the hash before, the number and the deed's fields."""
    line = [before, number, *(getattr(deed, name) for name in Deed.__slots__)]
    return hashlib.sha256(json.dumps(line, ensure_ascii=False).encode()).hexdigest()


def _entry(row: object) -> AuditEntry:
    values = dict(row)  # type: ignore[call-overload]
    number, told = values.pop("number"), values.pop("hash")
    return AuditEntry(number, Deed(**values), told)

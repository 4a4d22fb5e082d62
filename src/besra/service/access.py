"""Who somebody is, by the credential of a request (detection-engine.md 9).

What the database has is in memory, and looked at again when it has changed: at once for changes of this process, within
a second for those of others, as of `besra user`. While the database is away, it stays as it was, and events are taken.
"""

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass

from besra.service.credential import Basic, Credential, Key, Token
from besra.service.endpoint import Right
from besra.service.passwords import is_password, secret_digest
from besra.service.roles import EVERYWHERE, Grants
from besra.storage.access_store import Accesses, AccessStore, Roles
from besra.storage.database import AlertStoreError

STALE = 1.0
"""Seconds after which is asked whether the database has changed."""
REMEMBERED = 300.0
"""Seconds for which a password that was right needs no argon2."""
REMEMBERED_BRIEFLY = 10.0
MOST_REMEMBERED = 10_000
WRONG = "the credential is not known, not right, or no longer valid"
"""The same for all of them: who guesses learns nothing."""


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who is known: the user's name, with which credential (as the audit log tells), and what it is good for.

    `limits` are rights, all of which have to give something: those of the user, and those of the key.
    """

    name: str
    credential: str
    limits: tuple[Grants, ...]
    roles: Roles
    """Of the credential: of the key, if it has roles of its own, else of the user."""
    expires: int | None = None
    """When the credential is no longer good."""
    mark: bytes = b""
    """Of the password that was given: another than that of the user's password of today is no longer good."""

    @property
    def is_key(self) -> bool:
        """Whether an API key was given."""
        return self.credential.startswith("key ")

    def can(self, right: Right, space: str) -> bool:
        """Whether that is allowed."""
        return all(grants.give(right, space) for grants in self.limits)

    def is_in(self, space: str) -> bool:
        """Whether there is anything it may do in a space."""
        return all(space in grants.by_space or EVERYWHERE in grants.by_space for grants in self.limits)


class Access:
    """Those who are known. To be asked on one loop; what is blocking says so."""

    def __init__(self, store: AccessStore, clock: Callable[[], int], seconds: Callable[[], float]) -> None:
        self.store = store
        self.known = Accesses()
        self._clock = clock
        self._seconds = seconds
        self._looked = float("-inf")
        self._reading = threading.Lock()
        self._secret = secrets.token_bytes(32)
        self._right: dict[bytes, tuple[str, str, float]] = {}
        self._before: dict[bytes, tuple[int, Who, float]] = {}

    # --- what the database has ----------------------------------------------------------------------------------------

    def is_stale(self, now: float) -> bool:
        """Whether `refresh` is due, by the seconds there are."""
        return now - self._looked > STALE

    def refresh(self, *, at_once: bool = True) -> None:
        """Have what the database has; blocking. What cannot be read stays as it was.

        Not `at_once` it does not wait for somebody else who is at it, as where the database takes its time.
        """
        if not self._reading.acquire(blocking=at_once or self.known.number < 0):
            return
        try:
            self._looked = self._seconds()
            if self.store.number() != self.known.number:
                self.known = self.store.load()
        except AlertStoreError:
            if self.known.number < 0:
                raise
        finally:
            self._reading.release()

    @property
    def is_nobody(self) -> bool:
        """Whether there is no user yet."""
        return not self.known.accounts

    # --- who it is ----------------------------------------------------------------------------------------------------

    def told_before(self, header: str) -> Who | None:
        """Who it is, if the header was looked at since the users have changed."""
        mark = self._mark(header)
        told = self._before.get(mark)
        if told is None or told[0] != self.known.number or self._is_over(told[1].expires):
            return None
        if told[1].credential == "password" and told[2] < self._seconds():
            return None
        return told[1]

    def remember(self, header: str, who: Who) -> None:
        """Have `told_before` tell."""
        if len(self._before) >= MOST_REMEMBERED:
            self._before.clear()
        self._before[self._mark(header)] = (self.known.number, who, self._seconds() + REMEMBERED_BRIEFLY)

    def quick(self, credential: Credential) -> Who | None:
        """Who it is, as far as that takes no argon2: None for whoever is not known, or not known yet."""
        match credential:
            case Key(id=id_, secret=secret):
                key = self.known.keys.get(id_)
                is_right = hmac.compare_digest(key.digest if key else "", secret_digest(secret))
                if key is None or not is_right or key.invalidated is not None or self._is_over(key.expires):
                    return None
                return self.who(key.account, f"key {key.id}", key.roles, key.expires)
            case Token(secret=secret):
                session = self.known.sessions.get(secret_digest(secret))
                if session is None or self._is_over(session.expires):
                    return None
                return self.who(session.account, f"session {session.digest[:12]}", None, session.expires)
            case Basic(name=name):
                told = self._right.get(self._mark(_pair(credential)))
                account = self.known.accounts.get(name)
                if told is None or account is None or told[1] != account.password or told[2] < self._seconds():
                    return None
                return self.who(name)

    def slow(self, basic: Basic) -> Who | None:
        """Who it is by a password; blocking, and slow on purpose, whether there is a user of that name or not."""
        account = self.known.accounts.get(basic.name)
        if not is_password(basic.password, account.password if account else None) or account is None:
            return None
        who = self.who(basic.name)
        if who is not None and who.mark != self._mark(account.password):
            return None  # it was changed in the meantime
        if who is not None:
            if len(self._right) >= MOST_REMEMBERED:
                self._right.clear()
            self._right[self._mark(_pair(basic))] = (account.name, account.password, self._seconds() + REMEMBERED)
        return who

    def is_still(self, who: Who, right: Right, space: str) -> bool:
        """Whether the credential of somebody who was let in is still good for something."""
        roles: Roles | None = None
        kind, _, id_ = who.credential.partition(" ")
        match kind:
            case "key":
                key = self.known.keys.get(id_)
                is_there = key is not None and key.invalidated is None and not self._is_over(key.expires)
                roles = key.roles if key else None
            case "session":
                is_there = any(
                    digest.startswith(id_) and not self._is_over(session.expires)
                    for digest, session in self.known.sessions.items()
                )
            case _:
                account = self.known.accounts.get(who.name)
                is_there = account is not None and hmac.compare_digest(who.mark, self._mark(account.password))
        now = self.who(who.name, who.credential, roles) if is_there else None
        return now is not None and now.can(right, space)

    def who(
        self, name: str, credential: str = "password", roles: Roles | None = None, expires: int | None = None
    ) -> Who | None:
        """A user, with a credential that may have roles of its own; None for one who is not there, or disabled."""
        account = self.known.accounts.get(name)
        if account is None or account.disabled:
            return None
        own = Grants.of(account.roles)
        limits = (own,) if roles is None else (own, Grants.of(roles))
        mark = self._mark(account.password) if credential == "password" else b""
        return Who(name, credential, limits, account.roles if roles is None else roles, expires, mark)

    def _is_over(self, expires: int | None) -> bool:
        return expires is not None and expires <= self._clock()

    def _mark(self, text: str) -> bytes:
        """By which something secret is known again: keyed, so that it is of no use to anybody else."""
        return hashlib.blake2b(text.encode("utf-8", "replace"), key=self._secret, digest_size=32).digest()


def _pair(basic: Basic) -> str:
    return f"{len(basic.name)}:{basic.name}:{basic.password}"

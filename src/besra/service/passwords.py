"""Passwords: hashed with argon2id, a few at a time, since each takes memory and time on purpose.

What argon2 costs is the price of guessing a password that people can remember. Secrets that besra makes are random and
long: nobody guesses them however fast that goes, so they are kept by SHA-256 (`secret_digest`), which costs a request
next to nothing.
"""

import hashlib
import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 10, 1024
"""Characters of a password."""
AT_ONCE = 2
"""Hashes computed at the same time: 64 MiB each."""
_TURNS = threading.BoundedSemaphore(AT_ONCE)
_HASHER = PasswordHasher()
SECRET_BYTES = 24


class PasswordError(Exception):
    """A password that is not taken; the text says why, and does not hold it."""


def hashed(password: str) -> str:
    """The hash of a new password. Raises PasswordError."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordError(f"a password has {SHORTEST} to {LONGEST:,} characters")
    try:
        raw = password.encode()
    except UnicodeEncodeError as error:
        raise PasswordError("a password is text") from error
    with _TURNS:
        return _HASHER.hash(raw)


def is_password(password: str, of: str | None) -> bool:
    """Whether a password is that of a hash. Without a hash it is not, which takes as long to find out."""
    raw = password[: LONGEST + 1].encode("utf-8", "replace")
    with _TURNS:
        try:
            return _HASHER.verify(of or _nobodys(), raw) and of is not None and len(password) <= LONGEST
        except (VerificationError, InvalidHashError):
            return False


_made: list[str] = []


def prepare() -> None:
    """Make what names that nobody has are compared with, which would give away the first of them."""
    _nobodys()


def _nobodys() -> str:
    """A hash of no password that anybody knows."""
    if not _made:
        _made.append(_HASHER.hash(secrets.token_bytes(32)))
    return _made[0]


def new_secret() -> str:
    """A secret that nobody guesses: 192 random bits."""
    return secrets.token_urlsafe(SECRET_BYTES)


def secret_digest(secret: str) -> str:
    """What is kept of a secret made by `new_secret`."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()

"""What a request says in its Authorization header: a name and a password, an API key, or a token."""

import base64
import binascii
from dataclasses import dataclass, field

SCHEMES = ("Basic", "ApiKey", "Bearer")
CHALLENGE = {"WWW-Authenticate": 'Basic realm="besra", charset="UTF-8", ApiKey realm="besra", Bearer realm="besra"'}
LONGEST = 8192
"""Characters of a header that are looked at."""


class CredentialError(Exception):
    """A header nobody can read; the text says why, and does not hold it."""


@dataclass(frozen=True, slots=True)
class Basic:
    """A name and its password."""

    name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Key:
    """An API key: its id and its secret."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Token:
    """What a log-in gave."""

    secret: str = field(repr=False)


Credential = Basic | Key | Token


def credential_of(header: str) -> Credential:
    """What a header says. Raises CredentialError."""
    scheme, _, given = header.partition(" ")
    given = given.strip()
    if len(header) > LONGEST or not given:
        raise CredentialError("the Authorization header is empty, or too long")
    match scheme.lower():
        case "basic":
            return Basic(*_pair(given, "a name and a password"))
        case "apikey":
            return Key(*_pair(given, "an id and a secret"))
        case "bearer":
            return Token(given)
    raise CredentialError(f"the Authorization header is of none of the kinds {', '.join(SCHEMES)}")


def _pair(given: str, what: str) -> tuple[str, str]:
    try:
        first, colon, second = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as error:
        raise CredentialError(f"the Authorization header is not Base64 of {what} with a colon between") from error
    if not colon:
        raise CredentialError(f"the Authorization header is not Base64 of {what} with a colon between")
    return first, second


def encoded(id_: str, secret: str) -> str:
    """An API key as the header has it."""
    return base64.b64encode(f"{id_}:{secret}".encode()).decode()

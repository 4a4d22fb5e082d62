"""Values that must not be shown, nor be read by everybody in a list of processes."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import click

F = TypeVar("F", bound=Callable[..., Any])

MASK = "***"
SECRET_NAME = re.compile(r"(?!.*\.(?:url|location|file)$).*(?:passw|secret|token|jaas|key\.pem)", re.IGNORECASE)
"""The name of an option of a library whose value is not shown."""


TOKEN_SCHEMES = ("nats", "tls", "ws", "wss")
"""Schemes of URLs in which an account without a colon is a token."""


class Secret(str):
    """A text that does not show itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(MASK)


class SecretFile(click.ParamType[Secret]):
    """The name of a file; its content is the value, without the line break at its end."""

    name = "secret file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Secret:
        """The secret."""
        if isinstance(value, Secret):
            return value
        return Secret(self.text_of(value, param, ctx))

    def text_of(self, path: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The content of a file."""
        try:
            text = Path(path).read_text("utf-8")
        except (OSError, ValueError) as error:
            self.fail(f"{path}: {getattr(error, 'strerror', None) or 'no text'}", param, ctx)
        return text.removesuffix("\n").removesuffix("\r")


class Url(click.ParamType[str]):
    """A URL, in which there may be a password. A list of them has commas."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The URL as it is."""
        return str(value)


class Pair(click.ParamType[tuple[str, str]]):
    """A name and a value, `NAME=VALUE`."""

    name = "pair"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """The two."""
        if isinstance(value, tuple):
            return value
        name, sign, rest = str(value).partition("=")
        if not name.strip() or not sign:
            self.fail(f"{value!r} is not NAME=VALUE", param, ctx)
        return name.strip(), rest.strip()


def secret_option(name: str, help: str) -> Callable[[F], F]:  # noqa: A002  click's own word
    """`--NAME-file FILE`: a value that is never on the command line itself."""
    return click.option(
        f"--{name}-file", name.replace("-", "_"), type=SecretFile(), metavar="FILE", help=f"File that holds {help}."
    )


def shown(kind: click.ParamType[Any], value: Any) -> object:
    """A typed value of an option of that type as it may be shown."""
    match kind:
        case SecretFile():
            return value if value is None else MASK
        case Url() if value is not None:
            return ",".join(masked(url) for url in value.split(","))
        case Pair():
            name, text = value
            return f"{name}={MASK if SECRET_NAME.match(name) else text}"
    return value


def has_secret(kind: click.ParamType[Any], value: Any) -> bool:
    """Whether there is a secret in a typed value of an option of that type. The name of a file is none."""
    match kind:
        case Url():
            return bool(shown(kind, value) != value)
        case Pair():
            return bool(SECRET_NAME.match(value[0]))
    return False


def masked(url: str) -> str:
    """A URL without its password: neither before the host, nor in a query parameter."""
    try:
        parts = urlsplit(url)
        query = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return MASK
    told = {}
    account, _, host = parts.netloc.rpartition("@")
    user, colon, _ = account.partition(":")
    if colon or (account and parts.scheme in TOKEN_SCHEMES):
        told[parts.netloc] = f"{user}:{MASK}@{host}" if colon else f"{MASK}@{host}"
    if any(SECRET_NAME.match(name) for name, _ in query):
        pairs = [(name, MASK if SECRET_NAME.match(name) else value) for name, value in query]
        told[parts.query] = urlencode(pairs, safe="*/:", quote_via=quote)
    for written, instead in told.items():
        if written not in url:  # white space in it, which is no part of a URL
            return MASK
        url = url.replace(written, instead, 1)
    return url

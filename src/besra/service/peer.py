"""A running service as another process sees it: its address, a connection to it, its answers."""

import base64
import http.client
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson

from besra.errors import InputError
from besra.version import __version__

TIMEOUT = 120.0
"""Seconds to wait for an answer."""
BUSY = (429, 502, 503, 504)
"""Statuses that ask to come again later."""
DENIED = (401, 403)
"""Statuses that ask for another credential."""
KEY = re.compile(r"[A-Za-z0-9+/_-]+=*")
SHOWN = 200
"""Bytes shown of an answer besra does not know."""


class PeerError(InputError):
    """The service cannot be reached, or does not do what it should; `problem` says what and what to do."""


class AwayError(Exception):
    """Nobody answers at the moment."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a service is: taken from a URL. `url` is without the secrets in it."""

    url: str
    is_secure: bool
    host: str
    port: int | None
    path: str
    authorization: str | None = None

    @classmethod
    def of(cls, url: str, key: str | None = None) -> "Address":
        """The address a URL names; an API key, as Elasticsearch encodes it, stands beside it. Raises PeerError."""
        hint = "write it as http://127.0.0.1:9200"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise PeerError.of("peer-url", f"the address is no URL: {error}", hint=hint) from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise PeerError.of("peer-url", "the address is no URL of http or https", hint=hint)
        path = parts.path.rstrip("/")
        secret = None
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            secret = f"Basic {base64.b64encode(pair.encode()).decode()}"
        if key:
            if secret:
                told = "there is a name in the address, and an API key beside it"
                raise PeerError.of("peer-url", told, hint="give one of them")
            if not KEY.fullmatch(key):
                told = "the API key is none"
                raise PeerError.of("peer-denied", told, hint="give what `besra key create` tells as `encoded`")
            secret = f"ApiKey {key}"
        shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}"
        return cls(shown, parts.scheme == "https", parts.hostname, port, path, secret)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its status, how many seconds it asks to wait, and its body if that is a JSON object."""

    status: int
    retry_after: float | None
    body: dict[str, Any]
    text: str

    @property
    def reason(self) -> str:
        """Why it is no better one."""
        error = self.body.get("error")
        told = error.get("reason") if isinstance(error, dict) else None
        return str(told or self.text or "without a word")


class Peer:
    """A service at an address. Not for several threads at once. To be closed."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._connection: http.client.HTTPConnection | None = None

    def check(self) -> None:
        """Raises PeerError if nobody is there, or nobody who takes events."""
        url = self.address.url
        try:
            answer = self.ask("GET", "/")
        except AwayError as error:
            hint = "start it with `besra serve`, or name the address of another one"
            raise PeerError.of("peer-away", f"{url} cannot be reached: {error}", hint=hint) from error
        if answer.status in DENIED:
            self.close()
            raise self.denied(answer)
        if answer.status not in BUSY and (answer.status != 200 or answer.body.get("cluster_name") != "besra"):
            self.close()
            message = f"{url} is no `besra serve` (it answered with {answer.status})"
            raise PeerError.of("peer-away", message, hint="name the address of the service")

    def denied(self, answer: Answer) -> PeerError:
        """The error of an answer that says that somebody may not do what they asked for."""
        if self.address.authorization is None:
            hint = "give an API key of the role `ingest`: --api-key-file FILE"
        elif answer.status == 401:
            hint = "see whether the API key, or the name and password, are right and still valid"
        else:
            hint = "give an API key of the role `ingest` in all spaces or in `default`"
        told = f"{self.address.url} does not let besra in ({answer.status}): {answer.reason}"
        return PeerError.of("peer-denied", told, hint=hint)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """The answer to a request. Raises AwayError."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        told["User-Agent"] = f"besra/{__version__}"
        if self.address.authorization:
            told["Authorization"] = self.address.authorization
        self._connection = connection = self._connection or self._connected()
        try:
            connection.request(method, f"{self.address.path}{path}", body, told)
            response = connection.getresponse()
            raw = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise AwayError(str(error) or type(error).__name__) from error
        return _answer(response.status, response.headers.get("Retry-After", ""), raw)

    def _connected(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self.address.is_secure else http.client.HTTPConnection
        return kind(self.address.host, self.address.port, timeout=TIMEOUT)

    def close(self) -> None:
        """End the connection; another one is made when it is needed."""
        if self._connection:
            self._connection.close()
        self._connection = None


def _answer(status: int, retry_after: str, raw: bytes) -> Answer:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        value = None
    seconds = float(retry_after) if retry_after.isascii() and retry_after.isdigit() else None
    text = raw[:SHOWN].decode("utf-8", "replace").strip()
    return Answer(status, seconds, value if isinstance(value, dict) else {}, text)

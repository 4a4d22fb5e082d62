"""One request over HTTP to an address that has been checked, and what came back.

No redirect is followed, no proxy is used, and only the first of an answer is read. The whole exchange has an end,
however slowly the other side sends.
"""

import email.utils
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from besra.errors import InputError
from besra.notify.answer import Answer, failed, shown
from besra.notify.outgoing import Outgoing, RefusedAddressError
from besra.problems import Problem

TIMEOUT = 10.0
LONGEST = 30.0
"""Seconds to wait for each piece of an answer, and for all of an exchange."""
READ = 2048
"""Bytes of an answer that are read."""
AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same request may be taken later; 409 is what some answer while they deal with a key."""
SCHEMES = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Trust:
    """Which certificates are taken: `verifies` is `full`, `certificate` (of any host) or `none`; `authority` is PEM."""

    verifies: str = "full"
    authority: str | None = None
    certificate: tuple[str, str] | None = None
    """A certificate of our own and its key, both PEM."""

    def context(self) -> ssl.SSLContext:
        """The same as TLS knows it. Raises InputError (`connector-tls`) for what is no certificate."""
        return _context(self)


@lru_cache(maxsize=32)
def _context(trust: Trust) -> ssl.SSLContext:
    """Made once: to read the certificates of a system takes twenty milliseconds."""
    try:
        context = ssl.create_default_context(cadata=trust.authority)
    except (ssl.SSLError, ValueError) as error:
        raise InputError.of("connector-tls", f"`ca` is no certificate in PEM: {error}") from error
    if trust.verifies != "full":
        context.check_hostname = False
    if trust.verifies == "none":
        context.verify_mode = ssl.CERT_NONE
    if trust.certificate:
        _present(context, trust.certificate)
    return context


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent: to a URL, with headers and a body."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    trust: Trust = field(default_factory=Trust)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads to. `path` has the query, too."""

    is_tls: bool
    host: str
    port: int
    path: str


def target_of(url: str) -> Target:
    """Where a URL leads to. Raises InputError (`connector-url`) for one that is not of http or https."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _bad_url(str(error)) from error
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise _bad_url("it is not of the form https://HOST/PATH")
    if parts.username is not None or parts.password is not None:
        raise _bad_url("there is an account in it; give `user` and `password` as secrets")
    if not url.isascii() or any(char <= " " for char in url):
        raise _bad_url("it has characters that have to be percent-encoded")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme == "https", parts.hostname, SCHEMES[parts.scheme] if port is None else port, path)


def _bad_url(why: str) -> InputError:
    return InputError.of("connector-url", f"this URL cannot be used: {why}", hint="use https://HOST/PATH")


class _Connection(http.client.HTTPConnection):
    """A connection to where we have checked."""

    def __init__(self, target: Target, outgoing: Outgoing, context: ssl.SSLContext | None) -> None:
        super().__init__(target.host, target.port, timeout=TIMEOUT)
        # Else Host would have the port where there need be none.
        self.default_port = SCHEMES["https" if target.is_tls else "http"]
        self._outgoing = outgoing
        self._context = context
        self.told: dict[str, Any] = {}

    def connect(self) -> None:
        opened = self._outgoing.connect(self.host, self.port, TIMEOUT)
        self.told["address"] = str(opened.getpeername()[0])
        if self._context is not None:
            # Not yet: who hangs up has to find it while the other side takes its time.
            wrapped = self._context.wrap_socket(opened, server_hostname=self.host, do_handshake_on_connect=False)
            self.sock = wrapped
            wrapped.do_handshake()
            self.told["tls"] = wrapped.version()
        else:
            self.sock = opened


def exchange(request: Request, outgoing: Outgoing) -> Answer:
    """Send a request once. Whatever happens is an answer."""
    try:
        target = target_of(request.url)
        context = request.trust.context() if target.is_tls else None
    except InputError as error:
        return failed(error.problem, is_final=True)
    connection = _Connection(target, outgoing, context)
    started = time.monotonic()
    clock = threading.Timer(LONGEST, _hang_up, [connection])
    clock.daemon = True
    clock.start()
    try:
        connection.request(request.method, target.path, request.body, dict(request.headers))
        response = connection.getresponse()
        body = response.read(READ)
        return _answer(response, body, {**connection.told, "took_ms": round((time.monotonic() - started) * 1000)})
    except RefusedAddressError as error:
        return failed(error.problem, is_final=True)
    except ssl.SSLError as error:
        why = getattr(error, "verify_message", "") or error.reason or str(error)
        hint = "see the certificate of the other side; `ca` of the connector names an authority of your own"
        return failed(Problem("connector-tls", f"no TLS with {target.host}: {why}", hint=hint), **connection.told)
    except (OSError, http.client.HTTPException) as error:
        is_late = time.monotonic() - started >= LONGEST
        why = f"no whole answer within {LONGEST:.0f} s" if is_late else _reason(error)
        hint = "see whether it is up, and whether this machine may connect to it"
        message = f"{target.host}, port {target.port}: {why}"
        return failed(Problem("connector-unreachable", message, hint=hint), **connection.told)
    except ValueError as error:  # a header that cannot be one
        return failed(Problem("connector-params", f"the request cannot be made: {error}"), is_final=True)
    finally:
        clock.cancel()
        connection.close()


def _present(context: ssl.SSLContext, certificate: tuple[str, str]) -> None:
    """Have a certificate of our own. TLS takes it from files only."""
    import tempfile  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("certificate", "key")]
        for path, text in zip(paths, certificate, strict=True):
            path.touch(0o600)
            path.write_text(text, "ascii")
        try:
            context.load_cert_chain(paths[0], paths[1])
        except (ssl.SSLError, ValueError) as error:
            raise InputError.of("connector-tls", f"`crt` and `key` are no certificate and its key: {error}") from error


def _hang_up(connection: http.client.HTTPConnection) -> None:
    if connection.sock is not None:
        try:
            connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


def _answer(response: http.client.HTTPResponse, body: bytes, given: Mapping[str, Any]) -> Answer:
    status = response.status
    told: dict[str, Any] = {**given, "status": status, "reason": shown(response.reason), "body": shown(body)}
    if 200 <= status < 300:
        return Answer(details=told)
    if 300 <= status < 400:
        message = f"it answers with {status}, to be asked elsewhere; that is not followed"
        told["location"] = shown(response.headers.get("Location") or "")
        elsewhere = "give the address it names, if that is where it should go"
        return failed(Problem("connector-answer", message, hint=elsewhere), is_final=True, **told)
    message = f"it answers with {status} {told['reason']}".rstrip()
    hint = None if status in AGAIN else "its answer is shown; what is sent again as it is would be answered the same"
    later = retry_after(response.headers.get("Retry-After"), time.time())
    problem = Problem("connector-answer", message, hint=hint)
    return failed(problem, is_final=status not in AGAIN, retry_after=later, **told)


def retry_after(value: str | None, now: float) -> float | None:
    """How many seconds to wait, by a header with seconds or a date."""
    if not value:
        return None
    if value.strip().isdecimal():
        return float(value.strip()[:9])
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - now)
    except ValueError:
        return None


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {TIMEOUT:.0f} s"
    if isinstance(error, http.client.HTTPException):
        return f"what it answers is no HTTP ({type(error).__name__})"
    return str(getattr(error, "strerror", None) or error)

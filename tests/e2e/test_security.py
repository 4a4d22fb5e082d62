"""A service with users and TLS as those outside meet it, and what they may try against it."""

import gzip
import json
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from tests.documents import ROOT, blocks_of
from tests.guarded import PASSWORD, basic, key
from tests.page_scripts import needs_curl, run_block
from tests.served import PATIENCE, Served, free_port, serving

from besra.errors import InputError
from besra.service import patience
from besra.service.listening import Server, tls_context
from besra.service.protocol import Protocol

trustme = pytest.importorskip("trustme")
BESRA = [sys.executable, "-m", "besra.cli"]
JSON = {"content-type": "application/json", "kbn-xsrf": "x"}


def made_user(folder: Path, name: str, role: str) -> None:
    """Make a user in a data folder."""
    (folder / "password").write_text(f"{PASSWORD}\n")
    options = ["--role", role, "--password-file", str(folder / "password"), "--data", str(folder / "data")]
    subprocess.run([*BESRA, "user", "add", name, *options], check=True)


def made_key(folder: Path, owner: str, role: str) -> dict[str, str]:
    """The header of a new key."""
    options = ["--user", owner, "--role", role, "--data", str(folder / "data")]
    done = subprocess.run([*BESRA, "key", "create", "test", *options], check=True, capture_output=True, text=True)
    return key(json.loads(done.stdout)["encoded"])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, dict[str, str]]]:
    """A service, and the header of an admin's key."""
    folder = tmp_path_factory.mktemp("served")
    made_user(folder, "ann", "admin")
    header = made_key(folder, "ann", "admin")
    with serving(folder / "data", users=True) as running:
        yield running, header


def status_of(address: str, **more: Any) -> int:
    """The status of an answer."""
    context = more.pop("context", None)
    try:
        with urllib.request.urlopen(
            urllib.request.Request(address, **more), timeout=PATIENCE, context=context
        ) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


# --- the first start, TLS, addresses ----------------------------------------------------------------------------------


def test_the_first_start_prints_a_token_once(tmp_path: Path) -> None:
    with serving(tmp_path, users=True) as first:
        token = (tmp_path / "setup-token").read_text().strip()
        assert status_of(f"{first.address}/") == 401
        body = json.dumps({"token": token, "name": "ann", "password": PASSWORD}).encode()
        assert status_of(f"{first.address}/api/v1/setup", data=body, headers=JSON) == 201
        _, said = first.stop()
        assert token in said
        assert PASSWORD not in said
    with serving(tmp_path, users=True) as second:
        assert status_of(f"{second.address}/", headers=basic("ann")) == 200
        _, said = second.stop()
        assert "token" not in said


@needs_curl
def test_the_examples_of_the_page_run(tmp_path: Path) -> None:
    """From the token of the first start to the audit log, with nothing but `curl`."""
    page = blocks_of(ROOT / "docs" / "security.md", "sh")

    def run(mark: str, then: str = "", **variables: str) -> str:
        (block,) = (one for one in page if mark in one.text)
        text = block.text.replace("http://127.0.0.1:9200", served.address)
        for old, new in {"…": token, "-u ann ": "-u 'ann:a long one' ", '"engineer"': '"admin"'}.items():
            text = text.replace(old, new)
        return run_block(replace(block, text=f"{text}{then}"), tmp_path, **variables)

    with serving(tmp_path / "data", users=True) as served:
        token = (tmp_path / "data" / "setup-token").read_text().strip()
        assert json.loads(run("/api/v1/setup"))["name"] == "ann"
        secret = run("/api/v1/keys", "echo $KEY").strip()
        assert json.loads(run("/api/v1/users", KEY=secret))["name"] == "bob"
        assert "POST /api/v1/setup" in run("/api/v1/audit", KEY=secret)


def test_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate, private = tmp_path / "cert.pem", tmp_path / "key.pem"
    issued = authority.issue_cert("localhost")
    for blob in issued.cert_chain_pems:
        blob.write_to_path(certificate, append=True)
    issued.private_key_pem.write_to_path(private)
    made_user(tmp_path, "ann", "admin")
    port = free_port()
    tls = ["--tls-cert", str(certificate), "--tls-key", str(private)]
    command = [*BESRA, "serve", "--data", str(tmp_path / "data"), "--port", str(port), "--host", "0.0.0.0", *tls]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    try:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                assert status_of(f"https://localhost:{port}/healthz", context=context) == 200
                break
            except urllib.error.URLError:
                assert process.poll() is None and time.monotonic() < until
                time.sleep(0.1)
        assert status_of(f"https://localhost:{port}/", headers=basic("ann"), context=context) == 200
        with pytest.raises((urllib.error.URLError, ConnectionError, OSError)):
            urllib.request.urlopen(f"http://localhost:{port}/healthz", timeout=PATIENCE)
        with pytest.raises(urllib.error.URLError):  # by somebody nobody trusts
            urllib.request.urlopen(f"https://localhost:{port}/healthz", timeout=PATIENCE)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.communicate()


def test_tls_is_not_older_than_it_should_be(tmp_path: Path) -> None:
    issued = trustme.CA().issue_cert("localhost")
    both = tmp_path / "both.pem"
    issued.private_key_and_cert_chain_pem.write_to_path(both)
    assert tls_context(str(both), str(both)).minimum_version == ssl.TLSVersion.TLSv1_2
    (tmp_path / "bad.pem").write_text("nothing")
    for certificate, private in ((tmp_path / "none", both), (tmp_path / "bad.pem", both), (both, tmp_path / "bad.pem")):
        with pytest.raises(InputError) as caught:
            tls_context(str(certificate), str(private))
        assert caught.value.problem.code == "serve-tls"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--host", "0.0.0.0"], "serve-plain-http"),
        (["--host", "::"], "serve-plain-http"),
        (["--host", "0.0.0.0", "--no-auth"], "serve-no-auth"),
        (["--host", "192.0.2.1", "--no-auth", "--plain-http"], "serve-no-auth"),
        (["--tls-cert", "cert.pem"], "serve-tls"),
        (["--tls-cert", "none.pem", "--tls-key", "none.pem"], "serve-tls"),
    ],
)
def test_what_would_let_others_in_is_refused(tmp_path: Path, options: list[str], code: str) -> None:
    command = [*BESRA, "serve", "--data", str(tmp_path / "data"), "--port", "0", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert (done.returncode, f"[{code}]" in done.stderr) == (3, True)
    assert not (tmp_path / "data").exists()


# --- probes -----------------------------------------------------------------------------------------------------------


def raw(served: Served, sent: bytes, wait: float = 3) -> bytes:
    """What comes back for some bytes, until the other side closes or nothing more comes for some seconds."""
    host, _, port = served.address.removeprefix("http://").partition(":")
    came = b""
    with socket.create_connection((host, int(port)), timeout=wait) as connection:
        try:
            connection.sendall(sent)
            while piece := connection.recv(65536):
                came += piece
        except OSError:
            pass
    return came


def statuses(came: bytes) -> list[int]:
    """The statuses of the answers in some bytes."""
    return [int(found) for found in re.findall(rb"^HTTP/1\.1 (\d{3})", came, re.MULTILINE)]


SMUGGLED = b"GET /api/v1/users HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 0\r\nContent-Length: 41\r\n",
        b"Content-Length: 41\r\nContent-Length: 0\r\n",
        b"Content-Length: 0, 41\r\n",
        b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Transfer-Encoding:\x0bchunked\r\nContent-Length: 0\r\n",
        b"Content-Length: +0\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 0x0\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b" Content-Length: 0\r\n",
        b"A: b\r\n Content-Length: 0\r\n",
        b"A\x00: b\r\n",
        b"A: b\x00c\r\n",
        b"A: b\rContent-Length: 0\r\n",
    ],
)
def test_requests_that_can_be_read_in_two_ways(served: tuple[Served, dict[str, str]], head: bytes) -> None:
    running, _ = served
    came = raw(running, b"POST /_bulk HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n" + SMUGGLED)
    # What follows is at most one more request that nobody knows the sender of.
    assert set(statuses(came)) <= {400, 401, 413}, came
    assert b"ann" not in came
    assert running.text("/healthz") == "ok\n"


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/api/v1/alerts/..%2f..%2fusers",
        "/api/v1/alerts/%00",
        "/s/..%2f/api/v1/users",
        "/s/%2e%2e/api/v1/users",
        "/logs%0d%0aSet-Cookie:%20x=1/_search",
        "/api/v1/rules/%0d%0aX-Evil:%201/history",
        "/%ff%fe/_search",
        "/" + "a" * 60_000 + "/_search",
        "//evil.example/..",
        "/api/v1/audit?size=1%0d%0aX-Evil:1",
        "/" + "a/" * 5000,
    ],
)
def test_addresses_nobody_should_ask_for(served: tuple[Served, dict[str, str]], path: str) -> None:
    running, header = served
    line = "".join(f"{name}: {value}\r\n" for name, value in header.items())
    came = raw(running, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{line}\r\n".encode())
    (status,) = statuses(came)
    assert status in (200, 400, 404, 405, 414, 431), came[:300]
    head = came.partition(b"\r\n\r\n")[0].lower()
    assert b"set-cookie" not in head
    assert b"x-evil" not in head
    assert b"location" not in head
    assert b"root:" not in came
    assert running.text("/healthz") == "ok\n"


def test_heads_that_do_not_end(served: tuple[Served, dict[str, str]]) -> None:
    running, _ = served
    for sent in (
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200_000,
        b"GET / HTTP/1.1\r\nA: " + b"b" * 2_000_000,
        b"GET /" + b"a" * 2_000_000,
        b"\x16\x03\x01" * 100,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x00" * 1000,
        b"",
    ):
        assert set(statuses(raw(running, sent))) <= {400, 401, 431}
    assert running.text("/healthz") == "ok\n"


DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
BOMB = gzip.compress(b"0" * (300 << 20), 9)


@pytest.mark.parametrize(
    ("path", "type_"),
    [
        ("/_bulk", "application/x-ndjson"),
        ("/_search", "application/json"),
        ("/logs-x/_doc", "application/json"),
        ("/v1/logs", "application/json"),
        ("/v1/logs", "application/x-protobuf"),
        ("/_security/api_key", "application/json"),
        ("/api/detection_engine/rules", "application/json"),
        ("/api/detection_engine/rules/_import", "multipart/form-data; boundary=x"),
        ("/api/detection_engine/signals/search", "application/json"),
        ("/api/exception_lists", "application/json"),
        ("/api/v1/users", "application/json"),
        ("/api/v1/runs", "application/json"),
        ("/api/v1/session", "application/json"),
    ],
)
def test_bodies_that_are_too_much(served: tuple[Served, dict[str, str]], path: str, type_: str) -> None:
    running, header = served
    headers = {**header, "kbn-xsrf": "x", "content-type": type_}
    address = f"{running.address}{path}"
    deep = status_of(address, data=DEEP, headers=headers)
    assert deep in (400, 413) or (path, deep) == ("/logs-x/_doc", 201)
    assert status_of(address, data=BOMB, headers={**headers, "content-encoding": "gzip"}) == 413
    assert status_of(address, data=BOMB[:-9], headers={**headers, "content-encoding": "gzip"}) in (400, 413)
    assert running.text("/healthz") == "ok\n"


# --- connections that take too long -----------------------------------------------------------------------------------


@contextmanager
def impatient(monkeypatch: pytest.MonkeyPatch, most: int = 1000) -> Iterator[tuple[str, int]]:
    """A server that closes what takes longer than a second."""
    for name in ("HEAD_WITHIN", "BODY_WITHIN"):
        monkeypatch.setattr(patience, name, 1.0)
    monkeypatch.setattr(patience.Watched, "most", most)

    async def slow(request: Request) -> Response:
        size = len(await request.body())
        return PlainTextResponse(str(size))

    app = Starlette(routes=[Route("/", slow, methods=["GET", "POST"])])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server(uvicorn.Config(app, http=Protocol, lifespan="off", log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        monkeypatch.setattr(server, "capture_signals", nullcontext)  # which only the main thread may
        thread.start()
        try:
            yield listening.getsockname()
        finally:
            server.should_exit = True
            thread.join()


@pytest.mark.parametrize(
    "head", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n", b"POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n"]
)
def test_who_sends_bit_by_bit_is_cut_off(monkeypatch: pytest.MonkeyPatch, head: bytes) -> None:
    with impatient(monkeypatch) as address, socket.create_connection(address, timeout=30) as connection:
        began = time.monotonic()
        connection.sendall(head)
        with pytest.raises(OSError):
            while time.monotonic() - began < 20:
                time.sleep(0.2)
                connection.sendall(b"A" if head else b"")
                connection.settimeout(0.01)
                try:
                    if not connection.recv(1):
                        raise ConnectionResetError
                except TimeoutError:
                    pass
                connection.settimeout(30)
        assert time.monotonic() - began < 10


def test_who_takes_a_while_and_goes_on_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    with impatient(monkeypatch) as address, socket.create_connection(address, timeout=30) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 131072\r\n\r\n")
        for _ in range(16):
            connection.sendall(b"x" * 8192)
            time.sleep(0.2)
        assert connection.recv(1000).endswith(b"131072")
        time.sleep(3)  # between two requests a client may be quiet
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(1000).endswith(b"0")


def test_there_are_so_many_connections_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    with impatient(monkeypatch, most=5) as address:
        opened = [socket.create_connection(address, timeout=5) for _ in range(8)]
        time.sleep(0.3)
        closed = 0
        for connection in opened:
            try:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                closed += not connection.recv(100)
            except OSError:
                closed += 1
            connection.close()
        assert closed == 3

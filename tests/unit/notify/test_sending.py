"""What reaches the other side, and what is said of what it answers: never a secret."""

import base64
import hmac
import json
import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.sinks import MailSink, Reply, WebSink, mail_sink, web_sink

from besra.notify import exchange, sending
from besra.notify.answer import Answer
from besra.notify.apprise_process import Guard, readable
from besra.notify.connector import Connector, Message
from besra.notify.connector_types import TYPES, checked
from besra.notify.exchange import retry_after
from besra.notify.mail import message_id
from besra.notify.outgoing import Outgoing, outgoing_of
from besra.notify.sending import Sender

LOCAL = Outgoing(outgoing_of(["127.0.0.1"]).networks, frozenset(), None)
MESSAGE = Message("k" * 40, "alert", {"body": '{"a": 1}', "message": "what happened", "to": ["soc@example.com"]})
SECRET = "s3cr3t-of-this-test"


@pytest.fixture
def web() -> Iterator[WebSink]:
    with web_sink() as sink:
        yield sink


@pytest.fixture
def mail() -> Iterator[MailSink]:
    pytest.importorskip("aiosmtpd")
    with mail_sink() as sink:
        yield sink


def send(connector: Connector, message: Message = MESSAGE, outgoing: Outgoing = LOCAL) -> Answer:
    lines: list[str] = []
    answer = Sender(outgoing, lines.append).send(checked(connector), message)
    assert SECRET not in repr(answer.as_json())
    assert SECRET not in "".join(lines)
    return answer


def hook(web: WebSink, secrets: dict[str, str] | None = None, **config: Any) -> Connector:
    return Connector("h", ".webhook", "Hook", config={"url": web.url, **config}, secrets=secrets or {})


# --- webhooks ---------------------------------------------------------------------------------------------------------


def test_a_webhook_is_signed_and_has_its_key(web: WebSink) -> None:
    answer = send(hook(web, {"signingKey": SECRET}, headers={"X-Team": "soc", "Idempotency-Key": "mine"}))
    assert answer.is_sent
    assert answer.as_json()["status"] == 200
    (got,) = web.got
    assert (got.method, got.path, got.body) == ("POST", "/hook", b'{"a": 1}')
    assert got.headers["idempotency-key"] == MESSAGE.key
    assert got.headers["x-besra-kind"] == "alert"
    assert got.headers["x-team"] == "soc"
    assert got.headers["host"] == f"127.0.0.1:{web.port}"
    timestamp = got.headers["x-besra-timestamp"]
    assert abs(int(timestamp) - time.time()) < 60
    digest = hmac.new(SECRET.encode(), f"{timestamp}.".encode() + got.body, sha256).hexdigest()
    assert got.headers["x-besra-signature"] == f"v1={digest}"


def test_accounts_and_secret_headers_are_sent_and_not_told(web: WebSink) -> None:
    web.reply = lambda number, got: Reply(400, {}, repr(got.headers).encode())
    secrets = {"user": "besra", "password": SECRET, "secretHeaders": json.dumps({"X-Token": SECRET + "2"})}
    answer = send(hook(web, secrets, hasAuth=True, method="put"))
    (got,) = web.got
    assert got.method == "PUT"
    assert got.headers["authorization"] == f"Basic {base64.b64encode(f'besra:{SECRET}'.encode()).decode()}"
    assert got.headers["x-token"] == f"{SECRET}2"
    assert got.headers["authorization"][6:] not in repr(answer.as_json())


@pytest.mark.parametrize(
    ("status", "is_final"),
    [(200, None), (204, None), (302, True), (400, True), (401, True), (404, True), (429, False), (500, False)],
)
def test_what_a_status_means(web: WebSink, status: int, is_final: bool | None) -> None:
    web.reply = lambda number, got: Reply(status, {"Retry-After": "7", "Location": web.url}, b"")
    answer = send(hook(web))
    assert answer.is_sent == (is_final is None)
    assert answer.is_final == bool(is_final)
    assert len(web.got) == 1, "no redirect is followed"
    if status in (429, 500):
        assert answer.retry_after == 7


def test_an_answer_is_told_in_part_and_in_characters_that_can_be_printed(web: WebSink) -> None:
    web.reply = lambda number, got: Reply(400, {}, b"\x1b[31mno\n" + b"x" * 10_000)
    body = send(hook(web)).as_json()["body"]
    assert body.startswith(" [31mno xx")
    assert len(body) == 500


def test_nobody_there(web: WebSink) -> None:
    connector = Connector("h", ".webhook", "H", config={"url": "http://127.0.0.1:9/x"})
    answer = send(connector)
    assert (answer.is_sent, answer.is_final) == (False, False)
    assert answer.problem
    assert answer.problem.code == "connector-unreachable"


def test_what_is_no_http_or_comes_too_slowly_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket  # noqa: PLC0415

    monkeypatch.setattr(exchange, "LONGEST", 0.5)
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            opened, _ = server.accept()
            with opened:
                opened.recv(100)
                while not stop.is_set():
                    try:
                        opened.send(b"H")
                    except OSError:
                        return
                    time.sleep(0.05)

        thread = threading.Thread(target=drip)
        thread.start()
        started = time.monotonic()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        answer = send(Connector("h", ".webhook", "H", config={"url": url}))
        assert time.monotonic() - started < 5
        stop.set()
        thread.join()
    assert not answer.is_sent
    assert not answer.is_final


def test_addresses_within_are_refused_before_anything_is_sent(web: WebSink) -> None:
    for url in (web.url, web.url.replace("127.0.0.1", "localhost"), web.url.replace("127.0.0.1", "2130706433")):
        answer = send(Connector("h", ".webhook", "H", config={"url": url}), outgoing=Outgoing(ports=None))
        assert answer.problem
        assert answer.problem.code == "connector-address"
        assert answer.is_final
    assert web.got == []


def test_no_proxy_is_used(web: WebSink, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert send(hook(web)).is_sent


def test_retry_after_is_seconds_or_a_date() -> None:
    assert retry_after("120", 0) == 120
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT", 1445412480 - 30) == 30
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT", 1445412480 + 30) == 0
    for text in (None, "", "soon", "-5", "1e9"):
        assert retry_after(text, 0) is None


def test_certificates_are_looked_at(web: WebSink, tmp_path: Path) -> None:
    pem, key = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    with web_sink(tls=context) as sink:
        url = sink.url.replace("http:", "https:").replace("127.0.0.1", "localhost")
        outgoing = Outgoing(hosts=frozenset({"localhost"}), ports=None)
        unknown = send(Connector("h", ".webhook", "H", config={"url": url}), outgoing=outgoing)
        assert unknown.problem
        assert unknown.problem.code == "connector-tls"
        known = Connector("h", ".webhook", "H", config={"url": url, "ca": pem.read_text()})
        assert send(known, outgoing=outgoing).as_json()["tls"].startswith("TLSv1")
        anybody = Connector("h", ".webhook", "H", config={"url": url, "verificationMode": "none"})
        assert send(anybody, outgoing=outgoing).is_sent


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415

    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, path = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return pem, path


# --- chat -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("type_", [".slack", ".teams"])
def test_chats_get_a_text(web: WebSink, type_: str) -> None:
    answer = send(Connector("c", type_, "Chat", secrets={"webhookUrl": f"{web.url}/{SECRET}"}))
    assert answer.is_sent
    assert orjson.loads(web.got[0].body) == {"text": "what happened"}
    assert web.got[0].path.endswith(SECRET)


def test_the_address_of_a_chat_is_a_secret(web: WebSink) -> None:
    web.reply = lambda number, got: Reply(404, {}, f"no such hook: {got.path}".encode())
    answer = send(Connector("c", ".slack", "Chat", secrets={"webhookUrl": f"{web.url}/{SECRET}"}))
    assert "***" in answer.as_json()["body"]


def test_pagerduty_gets_an_event_under_the_key(web: WebSink) -> None:
    connector = Connector("p", ".pagerduty", "On call", config={"apiUrl": web.url}, secrets={"routingKey": SECRET})
    params = {"summary": "it", "severity": "critical", "customDetails": {"a": 1}}
    assert send(connector, Message("key", "alert", params)).is_sent
    event = orjson.loads(web.got[0].body)
    assert (event["routing_key"], event["event_action"], event["dedup_key"]) == (SECRET, "trigger", "key")
    assert event["payload"]["summary"] == "it"
    assert event["payload"]["custom_details"] == {"a": 1}


# --- e-mail -----------------------------------------------------------------------------------------------------------


def mailer(mail: MailSink, **config: Any) -> Connector:
    told = {"from": "besra@example.com", "host": "127.0.0.1", "port": mail.port, **config}
    return Connector("m", ".email", "Mail", config=told, secrets={"user": "u", "password": SECRET})


def test_a_mail_has_the_key_as_its_id(mail: MailSink) -> None:
    params = {
        "to": ["a@example.com", "b@example.com"],
        "bcc": ["c@example.com"],
        "subject": "two\r\nBcc: x@example.com",
        "message": "ä line\n.\nanother",
        "messageHTML": "<b>it</b>",
    }
    assert send(mailer(mail), Message("key1", "alert", params)).is_sent
    (got,) = mail.got
    assert got["Message-ID"] == message_id("key1")
    assert got["Subject"] == "two Bcc: x@example.com"
    assert mail.to == [["a@example.com", "b@example.com", "c@example.com"]]
    assert got["Bcc"] is None
    plain = got.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().splitlines() == ["ä line", ".", "another"]


@pytest.mark.parametrize(("said", "is_final"), [("451 later", False), ("554 never", True)])
def test_what_a_mail_server_says(mail: MailSink, said: str, is_final: bool) -> None:
    mail.answer = said
    answer = send(mailer(mail))
    assert (answer.is_sent, answer.is_final) == (False, is_final)
    assert answer.as_json()["status"] == int(said[:3])
    assert said[4:] in answer.as_json()["body"]


def test_some_recipients_may_be_refused(mail: MailSink) -> None:
    mail.refused = frozenset({"b@example.com"})
    answer = send(mailer(mail), Message("k", "alert", {"to": ["a@example.com", "b@example.com"]}))
    assert answer.is_sent
    assert "nobody here" in str(answer.problem)
    mail.refused = frozenset({"a@example.com", "b@example.com"})
    assert send(mailer(mail), Message("k", "alert", {"to": ["a@example.com"]})).is_final


@pytest.mark.parametrize("to", [[], ["nobody"], ["a@b\r\nX: y"], ["ä@example.com"], "", None, [5]])
def test_mails_to_nobody_are_said(mail: MailSink, to: Any) -> None:
    answer = send(mailer(mail), Message("k", "alert", {"to": to}))
    assert answer.problem
    assert answer.problem.code == "connector-params"
    assert mail.got == []


def test_mail_servers_within_are_refused(mail: MailSink) -> None:
    answer = send(mailer(mail), outgoing=Outgoing(ports=None))
    assert answer.problem
    assert answer.problem.code == "connector-address"


# --- apprise ----------------------------------------------------------------------------------------------------------


def apprise(url: str) -> Connector:
    return Connector("a", ".apprise", "Apprise", secrets={"url": url})


def test_a_service_of_apprise_gets_title_and_text(web: WebSink) -> None:
    pytest.importorskip("apprise")
    answer = send(
        apprise(f"json://127.0.0.1:{web.port}/{SECRET}"), Message("k", "alert", {"message": "m", "title": "t"})
    )
    assert answer.is_sent, answer
    told = orjson.loads(web.got[0].body)
    assert (told["title"], told["message"]) == ("t", "m")


def test_apprise_connects_to_nothing_within(web: WebSink) -> None:
    pytest.importorskip("apprise")
    answer = send(apprise(f"json://localhost:{web.port}/"), outgoing=Outgoing(ports=None))
    assert answer.problem
    assert answer.problem.code == "connector-address"
    assert web.got == []


def test_apprise_is_not_led_elsewhere(web: WebSink) -> None:
    pytest.importorskip("apprise")
    with web_sink() as inside:
        there = f"http://127.0.0.2:{inside.port}/"
        web.reply = lambda number, got: Reply(302, {"Location": there}, b"")
        answer = send(apprise(f"json://127.0.0.1:{web.port}/"))
        assert inside.got == []
    assert not answer.is_sent


@pytest.mark.parametrize("url", ["syslog://", "dbus://", "nothing://x", "x", ""])
def test_what_is_no_service_of_apprise_that_sends(url: str) -> None:
    pytest.importorskip("apprise")
    answer = send(apprise(url)) if url else Sender(LOCAL, print).send(apprise(url), MESSAGE)
    assert not answer.is_sent
    assert answer.is_final


FILE_SERVICES = (
    "discord://{port}/aaaaaaaaaaaaaaaaaaaaaaaa?template={path}",
    "workflows://127.0.0.1:{port}/a/b/c/?Template={path}",
    "json://127.0.0.1:{port}/?a=b;%74emplate={path}",
    "fcm://project/device?keyfile={path}",
    "vapid://a@example.com/?subfile={path}",
    "mailto://u:p@example.com?pgppub={path}",
)


@pytest.mark.parametrize("url", FILE_SERVICES)
def test_apprise_is_given_no_file(url: str, web: WebSink, tmp_path: Path) -> None:
    """Nor told whether there is one."""
    pytest.importorskip("apprise")
    (tmp_path / "there").write_text('{"text": "of the machine"}')
    told = [send(apprise(url.format(port=web.port, path=tmp_path / name))) for name in ("there", "nowhere")]
    assert told[0].as_json() == told[1].as_json()
    assert told[0].is_final
    assert told[0].problem
    assert "names a file" in told[0].problem.message
    assert web.got == []


@pytest.mark.parametrize("mode", ["r", "w", "a", "r+"])
def test_the_guard_opens_what_is_pythons_and_nothing_else(mode: str, tmp_path: Path) -> None:
    guard = Guard(LOCAL, readable(__file__))
    flags = os.O_RDONLY if mode == "r" else os.O_WRONLY
    (tmp_path / "link").symlink_to("/etc/hostname")
    inside = (os.__file__, orjson.__file__, __file__, os.devnull)
    # A folder that only begins the same is another.
    beside = f"{Path(__file__).parent}-other/x"
    for path in (
        "/etc/passwd",
        "/proc/self/environ",
        str(tmp_path / "link"),
        beside,
        f"{Path(__file__).parent}/../../x",
    ):
        with pytest.raises(PermissionError):
            guard("open", (path, mode, flags))
        with pytest.raises(PermissionError):
            guard("open", (path.encode(), None, flags))
    for path in inside:
        if mode == "r":
            guard("open", (path, mode, flags))
            guard("open", (path, None, flags))
        else:
            with pytest.raises(PermissionError):
                guard("open", (path, mode, flags))


def test_the_process_of_apprise_opens_no_file(tmp_path: Path) -> None:
    """The hook is at work there, not only right."""
    pytest.importorskip("apprise")
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    plugin = tmp_path / "apprise_reader.py"
    plugin.write_text(
        "import apprise.plugins.custom_json as plugin\n"
        "from besra.notify import apprise_process\n"
        f"plugin.NotifyJSON.send = lambda self, **_: bool(open({str(secret)!r}).read())\n"
        "apprise_process.main()\n"
    )
    asked = {"url": "json://localhost/", "body": "b", "title": "", "type": "info"}
    asked |= {"networks": [], "hosts": [], "ports": None}
    done = subprocess.run([sys.executable, plugin], input=json.dumps(asked), capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert not told["sent"]
    assert "a file of this machine" in told["body"]


def test_a_name_is_trusted_with_its_own_addresses_only() -> None:
    guard = Guard(Outgoing(hosts=frozenset({"trusted.internal"})))
    guard("socket.getaddrinfo", ("trusted.internal", 443, 0, 0, 0))
    guard.note("trusted.internal", [(2, 1, 6, "", ("10.0.0.1", 443)), (10, 1, 6, "", ("fd00::1", 443, 0, 0))])
    guard.note(b"other.example", [(2, 1, 6, "", ("10.0.0.1", 443)), (2, 1, 6, "", ("10.0.0.3", 443))])
    for address in (("10.0.0.1", 443), ("fd00::1", 443, 0, 0), ("8.8.8.8", 443)):
        guard("socket.connect", (None, address))
    assert guard.refused == ""
    for address in (("10.0.0.2", 443), ("10.0.0.3", 443), ("10.0.0.1", 22), ("trusted.internal", 443), "/run/x"):
        with pytest.raises(OSError, match="refused"):
            guard("socket.connect", (None, address))
    assert guard.refused == "10.0.0.2 is no public address"


def test_apprise_may_send_to_a_name_that_is_allowed(web: WebSink) -> None:
    pytest.importorskip("apprise")
    outgoing = Outgoing(hosts=frozenset({"localhost"}), ports=None)
    with web_sink() as inside:
        web.reply = lambda number, got: Reply(307, {"Location": f"http://127.0.0.2:{inside.port}/"}, b"")
        assert not send(apprise(f"json://localhost:{web.port}/"), outgoing=outgoing).is_sent
        assert inside.got == []
    web.reply = lambda number, got: Reply()
    assert send(apprise(f"json://localhost:{web.port}/"), outgoing=outgoing).is_sent


# --- all --------------------------------------------------------------------------------------------------------------


def test_the_log_of_the_server_gets_a_line() -> None:
    lines: list[str] = []
    message = Message("k", "alert", {"message": "one\ntwo\x1b[0m", "level": "warn"})
    assert Sender(LOCAL, lines.append).send(Connector("l", ".server-log", "Log"), message).is_sent
    assert lines == ["notification warn k: one two [0m"]


@pytest.mark.parametrize("type_", TYPES)
def test_secrets_that_are_missing_are_said(type_: str) -> None:
    kind = TYPES[type_]
    connector = Connector("c", type_, "C", lacks_secrets=True)
    answer = Sender(LOCAL, print).send(connector, MESSAGE)
    assert answer.problem
    assert answer.problem.code == "connector-secrets"
    if set(kind.needs) & set(kind.secrets):
        assert not Sender(LOCAL, print).send(Connector("c", type_, "C"), MESSAGE).is_sent


def test_a_defect_is_an_answer(web: WebSink, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Answer:
        raise KeyError("something of ours")

    monkeypatch.setattr(sending, "SENDERS", {".webhook": broken})
    answer = send(hook(web))
    assert answer.problem
    assert answer.problem.code == "connector-defect"
    assert not answer.is_final


def test_a_connector_does_not_show_its_secrets() -> None:
    assert SECRET not in repr(Connector("c", ".slack", "C", secrets={"webhookUrl": SECRET}))

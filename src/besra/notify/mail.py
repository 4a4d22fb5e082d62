"""E-mail over SMTP. The Message-ID follows from the key, so that what is sent twice is one message to who reads it."""

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from typing import Any

from besra.errors import InputError
from besra.notify.answer import Answer, failed, shown
from besra.notify.connector import Connector, Message
from besra.notify.outgoing import Outgoing, RefusedAddressError
from besra.notify.webhook import KEY, KIND, trust_of
from besra.problems import Problem, Severity

TIMEOUT = 15.0
LONGEST = 60.0
"""Seconds to wait for each answer, and for all of a session."""
DOMAIN = "besra.invalid"
LONGEST_SUBJECT = 250
SUBMISSION, SUBMISSIONS = 587, 465


class _Smtp(smtplib.SMTP):
    """A session with a server whose address has been checked."""

    def __init__(self, outgoing: Outgoing, tls: ssl.SSLContext | None) -> None:
        self._outgoing = outgoing
        self._tls = tls
        self.address = ""
        super().__init__(timeout=TIMEOUT, local_hostname=_own_name())

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # smtplib's own hook
        self._host = host
        opened = self._outgoing.connect(host, port, timeout)
        self.address = str(opened.getpeername()[0])
        if self._tls is None:
            return opened
        wrapped = self._tls.wrap_socket(opened, server_hostname=host, do_handshake_on_connect=False)
        self.sock = wrapped  # for who hangs up while the other side takes its time
        wrapped.do_handshake()
        return wrapped


@contextmanager
def _ending(session: smtplib.SMTP) -> Iterator[None]:
    """Hang up after a while, however slowly the server talks."""

    def hang_up() -> None:
        if session.sock is not None:
            with suppress(OSError):
                session.sock.shutdown(socket.SHUT_RDWR)

    clock = threading.Timer(LONGEST, hang_up)
    clock.daemon = True
    clock.start()
    try:
        yield
    finally:
        clock.cancel()


def _own_name() -> str:
    """What we call ourselves. Not the name of the machine, which is nobody's business."""
    return "besra.local"


def message_id(key: str) -> str:
    """The Message-ID of what is sent under a key."""
    return f"<{key}@{DOMAIN}>"


def send_mail(connector: Connector, message: Message, outgoing: Outgoing) -> Answer:
    """Send a mail to all who are to have it. Whatever happens is an answer."""
    host = connector.text("host")
    is_tls = connector.config.get("secure") is True
    port = connector.config.get("port") or (SUBMISSIONS if is_tls else SUBMISSION)
    try:
        mail, recipients = mail_of(connector, message)
        context = trust_of(connector).context()
        with _Smtp(outgoing, context if is_tls else None) as session, _ending(session):
            code, said = session.connect(host, port)
            if code != 220:
                raise smtplib.SMTPConnectError(code, said)
            session.ehlo()
            if not is_tls and session.has_extn("starttls"):
                session.starttls(context=context)
                session.ehlo()
                is_tls = True
            if connector.config.get("hasAuth"):
                if not is_tls and not session.address.startswith(("127.", "::1")):
                    return failed(_without_tls(f"{host} offers no TLS, and a password is not sent in the clear"))
                session.login(connector.secrets.get("user", ""), connector.secrets.get("password", ""))
            refused = session.send_message(mail, connector.text("from"), recipients)
            return _sent(session, refused, mail, is_tls=is_tls)
    except RefusedAddressError as error:
        return failed(error.problem, is_final=True)
    except InputError as error:
        return failed(error.problem, is_final=True)
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        return _refused(code, said, f"{host} takes none of the recipients")
    except smtplib.SMTPResponseException as error:
        return _refused(error.smtp_code, error.smtp_error, host)
    except ssl.SSLError as error:
        why = getattr(error, "verify_message", "") or error.reason or str(error)
        hint = "see the certificate of the server; `ca` of the connector names an authority of your own"
        return failed(Problem("connector-tls", f"no TLS with {host}: {why}", hint=hint))
    except (OSError, smtplib.SMTPException) as error:
        why = "no answer in time" if isinstance(error, TimeoutError) else getattr(error, "strerror", None) or error
        hint = "see whether it is up, and whether this machine may connect to it"
        return failed(Problem("connector-unreachable", f"{host}, port {port}: {why}", hint=hint))


def mail_of(connector: Connector, message: Message) -> tuple[EmailMessage, list[str]]:
    """A mail, and who gets it. Raises InputError (`connector-params`)."""
    params = message.params
    to, cc, bcc = (_addresses(params.get(name)) for name in ("to", "cc", "bcc"))
    if not (to or cc or bcc):
        raise InputError.of("connector-params", "nobody is to have this mail", hint="give params.to, cc or bcc")
    mail = EmailMessage(policy=SMTP)
    try:
        mail["From"] = connector.text("from")
        for name, addresses in (("To", to), ("Cc", cc)):
            if addresses:
                mail[name] = ", ".join(addresses)
        mail["Subject"] = " ".join(str(params.get("subject") or "besra").split())[:LONGEST_SUBJECT]
    except (ValueError, MessageError, IndexError) as error:
        raise InputError.of("connector-params", f"this mail cannot be addressed: {error}") from error
    mail["Date"] = formatdate()
    mail["Message-ID"] = message_id(message.key)
    mail["Auto-Submitted"] = "auto-generated"
    mail[KEY], mail[KIND] = message.key, message.kind
    mail.set_content(_clean(params.get("message")))
    if params.get("messageHTML"):
        mail.add_alternative(_clean(params.get("messageHTML")), subtype="html")
    return mail, [*to, *cc, *bcc]


def _clean(text: Any) -> str:
    return str(text or "").encode("utf-8", "replace").decode()


def _addresses(given: Any) -> list[str]:
    texts: Iterable[Any] = given if isinstance(given, Sequence) and not isinstance(given, str) else [given or ""]
    found = [part.strip() for text in texts for part in str(text).split(",") if part.strip()]
    for text in found:
        try:
            Address(addr_spec=text)
        except (ValueError, MessageError, IndexError) as error:
            message = f"{shown(text)!r} is no address of e-mail"
            raise InputError.of("connector-params", message, hint="write it as name@example.com") from error
        if not text.isprintable() or not text.isascii():
            raise InputError.of("connector-params", f"{shown(text)!r} is no address of e-mail in ASCII")
    return found


def _sent(session: _Smtp, refused: dict[str, Any], mail: EmailMessage, *, is_tls: bool) -> Answer:
    details = {"address": session.address, "tls": is_tls, "message_id": str(mail["Message-ID"]), "status": 250}
    if not refused:
        return Answer(details=details)
    who, (code, said) = next(iter(refused.items()))
    problem = Problem(
        "connector-answer",
        f"{len(refused)} of the recipients were not taken; {who}: {code} {shown(said)}",
        Severity.WARNING,
    )
    return Answer(problem, details=details)


def _refused(code: int, said: bytes | str, where: str) -> Answer:
    reply = shown(said)
    problem = Problem("connector-answer", f"{where}: it answers with {code} {reply}".rstrip())
    # 421 and the like may pass; 535 is a password that is wrong until somebody mends it.
    return failed(problem, is_final=500 <= code < 600, status=code, body=reply)


def _without_tls(message: str) -> Problem:
    return Problem("connector-tls", message, hint="set `secure`, or use a server with STARTTLS")

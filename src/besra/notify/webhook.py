"""A webhook of one's own: the body as its author has written it, signed, under a key that tells it from others.

The signature is HMAC-SHA256 with the connector's `signingKey` over the time it was sent, a dot, and the body, so that
nobody can make one up or send an old one again later.
"""

import base64
import hashlib
import hmac
import time

from besra.errors import InputError
from besra.notify.answer import Answer, failed
from besra.notify.connector import Connector, Message
from besra.notify.connector_types import AUTH_TYPES, pem_of, secret_headers
from besra.notify.exchange import Request, Trust, exchange
from besra.notify.outgoing import Outgoing
from besra.version import __version__

KEY, KIND = "Idempotency-Key", "X-Besra-Kind"
TIMESTAMP, SIGNATURE = "X-Besra-Timestamp", "X-Besra-Signature"
USER_AGENT = f"besra/{__version__}"
OWN = frozenset({KEY.lower(), KIND.lower(), TIMESTAMP.lower(), SIGNATURE.lower(), "host", "content-length"})
"""Headers nobody else sets."""


def signature_of(secret: str, timestamp: str, body: bytes) -> str:
    """The value of the signature's header."""
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"v1={digest.hexdigest()}"


def send_webhook(connector: Connector, message: Message, outgoing: Outgoing) -> Answer:
    """Send the body of a message."""
    body = str(message.params.get("body") or "").encode("utf-8", "replace")
    config, secrets = connector.config, connector.secrets
    timestamp = str(int(time.time()))
    try:
        given = {**(config.get("headers") or {}), **secret_headers(connector)}
        trust = trust_of(connector)
    except InputError as error:
        return failed(error.problem, is_final=True)
    headers = {name: value for name, value in given.items() if name.lower() not in OWN}
    names = {name.lower() for name in headers}
    if "content-type" not in names:
        headers["Content-Type"] = "application/json"
    if "user-agent" not in names:
        headers["User-Agent"] = USER_AGENT
    headers |= {KEY: message.key, KIND: message.kind, TIMESTAMP: timestamp}
    if secret := secrets.get("signingKey"):
        headers[SIGNATURE] = signature_of(secret, timestamp, body)
    if config.get("hasAuth") and connector.text("authType") != AUTH_TYPES[1]:
        headers["Authorization"] = f"Basic {basic_account(connector)}"
    method = (connector.text("method") or "post").upper()
    return exchange(Request(connector.text("url"), body, headers, method, trust), outgoing)


def basic_account(connector: Connector) -> str:
    """The account of Basic authentication."""
    account = f"{connector.secrets.get('user', '')}:{connector.secrets.get('password', '')}"
    return base64.b64encode(account.encode()).decode()


def trust_of(connector: Connector) -> Trust:
    """Which certificates a connector takes, and which it shows. Raises InputError (`connector-invalid`)."""
    authority = pem_of(connector.text("ca")) if connector.text("ca") else None
    secrets = connector.secrets
    own = None
    if connector.text("authType") == AUTH_TYPES[1] and secrets.get("crt") and secrets.get("key"):
        own = pem_of(secrets["crt"]), pem_of(secrets["key"])
    return Trust(connector.text("verificationMode") or "full", authority, own)

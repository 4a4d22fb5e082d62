"""The types of connectors: what each is configured with, keeps secret, and is told (detection-engine.md 7.2).

Names are those of Kibana, so what manages its connectors manages these.
"""

import base64
import binascii
import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from besra.errors import InputError
from besra.notify.connector import Connector
from besra.notify.exchange import target_of

LONGEST = 20_000
"""Characters of a text of a connector."""
MOST_PER_MINUTE = 60_000


@dataclass(frozen=True, slots=True)
class ConnectorType:
    """A type by its id. Members of `config`, `secrets` and `params` have the type they name; `needs` must be there.

    `text` is the parameter that says what happened where nobody has written one, `title` the one above it.
    """

    id: str
    name: str
    config: Mapping[str, type | tuple[type, ...]] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    params: Mapping[str, type | tuple[type, ...]] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    text: str = "message"
    title: str | None = None


NUMBER = (int, float)
TYPES = {
    one.id: one
    for one in (
        ConnectorType(
            ".webhook",
            "Webhook",
            {
                "url": str,
                "method": str,
                "headers": dict,
                "hasAuth": bool,
                "authType": str,
                "verificationMode": str,
                "ca": str,
                "certType": str,
            },
            ("user", "password", "signingKey", "secretHeaders", "crt", "key"),
            {"body": str},
            ("url",),
            text="body",
        ),
        ConnectorType(
            ".email",
            "Email",
            {
                "from": str,
                "host": str,
                "port": int,
                "secure": bool,
                "hasAuth": bool,
                "service": str,
                "ca": str,
                "verificationMode": str,
            },
            ("user", "password"),
            {"to": list, "cc": list, "bcc": list, "subject": str, "message": str, "messageHTML": str},
            ("from", "host"),
            title="subject",
        ),
        ConnectorType(".slack", "Slack", {}, ("webhookUrl",), {"message": str}, ("webhookUrl",)),
        ConnectorType(".teams", "Microsoft Teams", {}, ("webhookUrl",), {"message": str}, ("webhookUrl",)),
        ConnectorType(
            ".pagerduty",
            "PagerDuty",
            {"apiUrl": str},
            ("routingKey",),
            {
                **dict.fromkeys(
                    (
                        "eventAction",
                        "dedupKey",
                        "summary",
                        "source",
                        "severity",
                        "timestamp",
                        "component",
                        "group",
                        "class",
                    ),
                    str,
                ),
                "links": list,
                "customDetails": dict,
            },
            ("routingKey",),
            text="summary",
        ),
        ConnectorType(".server-log", "Server log", {}, (), {"message": str, "level": str}),
        ConnectorType(
            ".apprise",
            "Apprise",
            {},
            ("url",),
            {"message": str, "title": str, "type": str},
            ("url",),
            title="title",
        ),
    )
}
"""By id. `.apprise` is besra's: any service apprise has a URL for."""

COMMON: Mapping[str, type | tuple[type, ...]] = {"maxPerMinute": int}
"""What every type may be configured with."""
VERIFIES = ("full", "certificate", "none")
METHODS = ("post", "put", "patch")
AUTH_TYPES = ("webhook-authentication-basic", "webhook-authentication-ssl")
SECRET_HEADERS = ("authorization", "proxy-authorization", "cookie", "x-api-key")
LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")


def refused(message: str, hint: str | None = None) -> InputError:
    """An error about what a connector was given."""
    return InputError.of("connector-invalid", message, hint=hint)


def checked(connector: Connector) -> Connector:
    """A connector that can be used, but for secrets it may lack; `lacks_secrets` says so.

    Raises InputError (`connector-invalid`, `connector-url`).
    """
    kind = TYPES.get(connector.type)
    if kind is None:
        raise refused(f"there is no type of connectors {connector.type!r}", f"there are {', '.join(TYPES)}")
    if not connector.name.strip():
        raise refused("a connector has a name")
    _check_members("config", connector.config, {**kind.config, **COMMON})
    _check_members("secrets", connector.secrets, dict.fromkeys(kind.secrets, str))
    _check_values(connector)
    for name in kind.needs:
        if name not in kind.secrets and not connector.config.get(name):
            raise refused(f"config.{name} is missing")
    return connector


def secrets_lacking(connector: Connector) -> list[str]:
    """The names of secrets without which it cannot be used."""
    kind = TYPES[connector.type]
    needed = [name for name in kind.needs if name in kind.secrets]
    if connector.config.get("hasAuth") is True:
        is_certificate = connector.text("authType") == AUTH_TYPES[1]
        needed += ["crt", "key"] if is_certificate else ["user", "password"]
    return [name for name in needed if not connector.secrets.get(name)]


def check_params(kind: ConnectorType, params: Mapping[str, Any]) -> None:
    """Raises InputError (`connector-params`) for what no action of a type is told."""
    try:
        _check_members("params", params, kind.params, longest=1 << 20)
    except InputError as error:
        raise InputError.of("connector-params", error.problem.message, hint=error.problem.hint) from error


def _check_members(
    where: str,
    given: Mapping[str, Any],
    known: Mapping[str, type | tuple[type, ...]],
    longest: int = LONGEST,
) -> None:
    for name, value in given.items():
        if name not in known:
            hint = f"there are {', '.join(known)}" if known else "there are none"
            raise refused(f"{where}.{name} is nothing a connector of this type has", hint)
        wanted = known[name]
        if value is not None and (not isinstance(value, wanted) or (isinstance(value, bool) and wanted is int)):
            told = wanted.__name__ if isinstance(wanted, type) else "number"
            names = {"str": "a text", "bool": "true or false", "int": "a number", "dict": "an object", "list": "a list"}
            raise refused(f"{where}.{name} is {names.get(told, told)}")
        if isinstance(value, str) and len(value) > longest:
            raise refused(f"{where}.{name} has more than {longest:,} characters")


def _check_values(connector: Connector) -> None:
    config = connector.config
    for name, known in (("verificationMode", VERIFIES), ("method", METHODS), ("authType", AUTH_TYPES)):
        if config.get(name) and config[name] not in known:
            raise refused(f"config.{name} is one of {', '.join(known)}")
    limit = config.get("maxPerMinute")
    if limit is not None and not 1 <= limit <= MOST_PER_MINUTE:
        raise refused(f"config.maxPerMinute is a number from 1 to {MOST_PER_MINUTE:,}")
    if config.get("port") is not None and not 1 <= config["port"] <= 65535:
        raise refused("config.port is a number from 1 to 65535")
    for name in ("url", "apiUrl"):
        if config.get(name):
            target_of(config[name])
    if connector.secrets.get("webhookUrl"):
        target_of(connector.secrets["webhookUrl"])
    if config.get("host"):
        _check_host(config["host"])
    for name, value in (config.get("headers") or {}).items():
        check_header(name, value)
        if name.lower() in SECRET_HEADERS:
            raise refused(f"the header {name} is a secret, and config is shown", "give it in secrets.secretHeaders")
    for name, value in secret_headers(connector).items():
        check_header(name, value)
    if config.get("ca"):
        pem_of(config["ca"])


def secret_headers(connector: Connector) -> dict[str, str]:
    """The headers nobody is shown. Raises InputError (`connector-invalid`)."""
    text = connector.secrets.get("secretHeaders")
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise refused("secrets.secretHeaders is an object of headers")
    return found


def _check_host(host: str) -> None:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if not host.isascii() or any(not (char.isalnum() or char in "-._") for char in host):
            raise refused("config.host is no name of a host") from None


def check_header(name: str, value: object) -> None:
    """Raises InputError for what cannot be a header."""
    if not isinstance(value, str) or not (name + value).isprintable() or not name.isascii() or not name:
        raise refused(f"the header {name!r} is no text of printable characters")
    if any(not (char.isalnum() or char in "!#$%&'*+-.^_`|~") for char in name):
        raise refused(f"{name!r} cannot be the name of a header")


def pem_of(text: str) -> str:
    """A certificate as PEM; Kibana sends it in Base64. Raises InputError (`connector-invalid`)."""
    if "-----BEGIN" in text:
        return text
    try:
        return base64.b64decode(text, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise refused("a certificate is PEM, or PEM in Base64") from error

"""Options of a service about who may reach it and who may use it."""

import ipaddress
import shlex
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from besra.cli.secrets import masked
from besra.errors import InputError

if TYPE_CHECKING:
    from besra.service.listening import Place
    from besra.service.security import Policy
    from besra.service.set_up_token import SetUpToken
    from besra.service.stores import Places

F = TypeVar("F", bound=Callable[..., Any])
BURST = 5
"""Seconds for which requests may come at once that were not made before."""


def security_options(command: F) -> F:
    """Add them to a command."""
    for option in reversed(
        (
            click.option("--tls-cert", metavar="FILE", help="Certificate in PEM form, with what leads to its root."),
            click.option("--tls-key", metavar="FILE", help="The key of the certificate."),
            click.option("--plain-http", is_flag=True, help="Listen elsewhere than on loopback without TLS."),
            click.option("--proxy", metavar="ADDRESSES", help="Proxies whose X-Forwarded headers count."),
            click.option("--no-auth", is_flag=True, help="No users: whoever reaches it may do all. Loopback only."),
            click.option(
                "--rate-limit",
                type=click.IntRange(1),
                default=1000,
                show_default=True,
                metavar="N",
                help="Requests a second of each credential.",
            ),
        )
    ):
        command = option(command)
    return command


def place_of(given: Mapping[str, object]) -> "Place":
    """Where to listen. Raises InputError where what is asked for would let others in, or read along."""
    from besra.service.limits import is_loopback  # noqa: PLC0415  optional, as what it needs
    from besra.service.listening import Place, tls_context  # noqa: PLC0415

    host, port = str(given["host"]), int(str(given["port"]))
    certificate, key = given["tls_cert"], given["tls_key"]
    if bool(certificate) != bool(key):
        raise InputError.of("serve-tls", "--tls-cert and --tls-key belong together", hint="give both")
    tls = tls_context(str(certificate), str(key)) if certificate else None
    if not is_loopback(host):
        if given["no_auth"]:
            message = f"--no-auth lets everybody in who reaches {host}"
            raise InputError.of("serve-no-auth", message, hint="listen on 127.0.0.1, or make users")
        if tls is None and not given["plain_http"]:
            message = f"without TLS, passwords and events can be read on their way to {host}"
            hint = "give --tls-cert and --tls-key, or --plain-http where a proxy before it does TLS"
            raise InputError.of("serve-plain-http", message, hint=hint)
    proxies = str(given["proxy"] or "")
    for proxy in filter(None, (one.strip() for one in proxies.split(","))):
        try:
            ipaddress.ip_network(proxy)
        except ValueError as error:
            hint = "name addresses or networks of proxies, with commas between: 192.0.2.1,10.0.0.0/8"
            raise InputError.of("serve-proxy", f"--proxy: {error}", hint=hint) from error
    return Place(host, port, tls, proxies)


def policy_of(given: Mapping[str, object]) -> "Policy":
    """Who is let in, and how often."""
    from besra.service.gate import Bounds  # noqa: PLC0415
    from besra.service.security import Policy  # noqa: PLC0415

    most = float(str(given["rate_limit"]))
    return Policy(bool(given["no_auth"]), Bounds(most, BURST * most))


def address_of(place: "Place") -> str:
    """The URL of a service."""
    host = f"[{place.host}]" if ":" in place.host else place.host
    return f"{'https' if place.tls else 'http'}://{host}:{place.port}"


def set_up_notice(token: "SetUpToken", place: "Place", places: "Places") -> str:
    """What is said where there are no users yet: whoever reads it may be in another folder."""
    told = ["--data", str(places.folder.absolute()), *(["--alerts", masked(places.alerts)] if places.alerts else [])]
    return (
        "there are no users yet; make the first one, who may do all, with\n"
        f"  besra user add NAME --role admin {shlex.join(told)}\n"
        "or with\n"
        f"  POST {address_of(place)}/api/v1/setup  "
        f'{{"token": "{token.text}", "name": "…", "password": "…"}}\n'
        f"the token is also in {token.path}"
    )

"""The gate of a service and the routes that are about it, put together."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from besra.service.access import Access
from besra.service.endpoint import DEFAULT_SPACE, Endpoint
from besra.service.gate import Bounds, Gate, Guard, HasSpace, Open, Recorder, is_default
from besra.service.ingest import Clock
from besra.service.key_routes import key_routes
from besra.service.passwords import prepare
from besra.service.session_routes import session_routes
from besra.service.set_up_token import SetUpToken
from besra.service.user_book import UserBook
from besra.service.user_routes import user_routes
from besra.storage.alert_store import AlertStore


@dataclass(frozen=True, slots=True)
class Policy:
    """Whether everybody is let through who reaches the service, and how often somebody may ask."""

    is_open: bool = False
    bounds: Bounds = Bounds()  # noqa: RUF009  frozen


@dataclass(frozen=True, slots=True)
class Security:
    """The gate, the routes about it, and the token of the first user, where one is waited for."""

    gate: Gate
    endpoints: list[Endpoint]
    token: SetUpToken
    is_open: bool


def security_of(
    alerts: AlertStore,
    folder: Path,
    clock: Clock,
    tell: Callable[[str], None],
    policy: Policy,
    has_space: HasSpace = is_default,
) -> Security:
    """All of it, over the users in a store. Raises AlertStoreError, OSError."""
    prepare()
    access = Access(alerts.access, clock, monotonic)
    access.refresh()
    recorder = Recorder(alerts.audit, clock, tell)
    guard = Guard(access, recorder, has_space, policy.bounds)
    token = SetUpToken(folder)
    if access.is_nobody and not policy.is_open:
        token.make()
    elif not access.is_nobody:
        token.end()
    book = UserBook(access, lambda space: space == DEFAULT_SPACE or has_space(space))
    endpoints = [
        *session_routes(guard, book, token, clock),
        *user_routes(book, alerts.audit, clock),
        *key_routes(book, clock),
    ]
    gate: Gate = Open(has_space, recorder) if policy.is_open else guard
    return Security(gate, endpoints, token, policy.is_open)

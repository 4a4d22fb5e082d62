"""What stands before all endpoints: who asks, whether they may, how often, and what is written down of it.

A space somebody has no role in is answered like one that is not there: who may not look into a space need not know of
it. Secrets are in nothing that is told or written down.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from besra.service.access import WRONG, Access, Who
from besra.service.answering import RequestError
from besra.service.author import UNKNOWN, WHO, told_name
from besra.service.credential import Basic, CredentialError, credential_of
from besra.service.denied import DeniedError, too_many, unknown
from besra.service.endpoint import DEFAULT_SPACE, IN_SPACES, Endpoint, Right, space_of
from besra.service.ingest import Clock
from besra.service.limits import LockOut, Rate
from besra.service.passwords import AT_ONCE
from besra.storage.audit_log import AuditLog, Deed
from besra.storage.database import AlertStoreError

ABOUT = "besra.about"
"""Of a request's scope: what it is about, where its address does not say so."""
TOLD_PARAMETERS = ("id", "rule_id", "list_id", "item_id", "name", "action")
"""Parameters of an address that are written down, what names one thing first: a secret is in none of them."""
LONGEST_VALUE = 64
"""Characters of one of them in the log, so that none displaces the others."""
FIRST = 3
"""Ids of many that are written down."""
MOST_WAITING = 50
"""Passwords that wait to be looked at; beyond, somebody has to come again."""
STILL = "besra.still"
"""Of a request's scope: what tells whether whoever asks may still do so, for answers that go on."""
LONGEST_NAME = 100
RECORDED = "besra.recorded"
"""Of a request's scope: what it came to is written down."""

HasSpace = Callable[[str], bool]


def is_default(space: str) -> bool:
    """Whether a space is there where there is only one."""
    return space == DEFAULT_SPACE


@dataclass(frozen=True, slots=True)
class Bounds:
    """Requests a second, and at once: of a credential, and of those at an address whose credentials are not right."""

    per_second: float = 1_000.0
    at_once: float = 5_000.0
    wrong_per_second: float = 5.0
    wrong_at_once: float = 100.0


class Gate(Protocol):
    """What stands before the endpoints."""

    async def admit(self, request: Request, endpoint: Endpoint) -> None:
        """Let a request through, and note in it who asks. Raises DeniedError."""

    async def record(self, request: Request, endpoint: Endpoint, status: int) -> None:
        """Write down what a request came to, if that is due."""


def check_space(request: Request, endpoint: Endpoint, has_space: HasSpace) -> str:
    """The space a request is about. Raises DeniedError if there is none of that name."""
    space = space_of(request) if endpoint.face in IN_SPACES else DEFAULT_SPACE
    if space != DEFAULT_SPACE and not has_space(space):
        raise no_space(space)
    return space


def no_space(space: str) -> DeniedError:
    """That there is no such space for whoever asks."""
    return DeniedError(404, f"there is no space {space[:100]!r}, or none that you have a role in")


@dataclass
class Recorder:
    """Writes down what is done. What cannot be written down is told to whoever runs the service."""

    log: AuditLog
    clock: Clock
    tell: Callable[[str], None]
    _rate: Rate = field(default_factory=lambda: Rate(0.2, 20))

    async def record(self, request: Request, endpoint: Endpoint, status: int) -> None:
        """Write down a change, an export, a log-in."""
        if endpoint.is_recorded and RECORDED not in request.scope:
            who: Who | None = request.scope.get(WHO)
            name, credential = (who.name, who.credential) if who else (_said(request), "none")
            await self.write(request, name, credential, status)

    async def refused(self, request: Request, name: str, credential: str, status: int) -> None:
        """Write down that somebody was not let through, unless that fills the log."""
        if not self._rate.wait(f"{credential} {address_of(request)}", time.monotonic()):
            await self.write(request, name, credential, status)

    async def write(self, request: Request, name: str, credential: str, status: int) -> None:
        """Write down what a request came to."""
        given = request.query_params
        asked = [f"{one}={_cut(given[one])}" for one in TOLD_PARAMETERS if one in given]
        about = " ".join([*([request.scope[ABOUT]] if ABOUT in request.scope else []), *asked])
        # The path that routes know; that of the URL is put together with the header Host.
        what, space = f"{request.method} {request.scope['path']}", space_of(request)
        request.scope[RECORDED] = True
        deed = Deed(self.clock(), name, credential, address_of(request), space, what, about, status)
        try:
            await run_in_threadpool(self.log.add, deed)
        except AlertStoreError as error:
            self.tell(f"error: the audit log lacks an entry ({what}, {name}, {status}): {error}")


class Open:
    """A gate that lets everybody through, who is who they say: for a service that only this machine reaches."""

    def __init__(self, has_space: HasSpace = is_default, recorder: Recorder | None = None) -> None:
        self._has_space = has_space
        self._recorder = recorder

    async def admit(self, request: Request, endpoint: Endpoint) -> None:
        """See Gate."""
        check_space(request, endpoint, self._has_space)

    async def record(self, request: Request, endpoint: Endpoint, status: int) -> None:
        """See Gate."""
        if self._recorder:
            await self._recorder.record(request, endpoint, status)


class Guard:
    """A gate that wants to know who asks."""

    def __init__(
        self,
        access: Access,
        recorder: Recorder,
        has_space: HasSpace = is_default,
        bounds: Bounds | None = None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        bounds = bounds or Bounds()
        self.access = access
        self.recorder = recorder
        self._has_space = has_space
        self._seconds = seconds
        self._rate = Rate(bounds.per_second, bounds.at_once)
        self._wrong = Rate(bounds.wrong_per_second, bounds.wrong_at_once)
        self._lock_out = LockOut()
        self._turns: CapacityLimiter | None = None

    async def record(self, request: Request, endpoint: Endpoint, status: int) -> None:
        """See Gate."""
        if WHO in request.scope and status != 429:  # else it has been refused, or the log would be filled
            await self.recorder.record(request, endpoint, status)

    async def admit(self, request: Request, endpoint: Endpoint) -> None:
        """See Gate."""
        if endpoint.right is Right.ANYBODY:
            return
        now = self._seconds()
        if self.access.is_stale(now):
            await run_in_threadpool(self.access.refresh, at_once=False)
        header = request.headers.get("authorization")
        if header is None:
            raise self._without()
        who = self.access.told_before(header) or await self._looked_at(request, header)
        self.count(who, now)
        request.scope[WHO] = who
        space = check_space(request, endpoint, self._has_space)
        if space != DEFAULT_SPACE and not who.is_in(space):
            raise no_space(space)
        request.scope[STILL] = partial(self._is_still, who, endpoint.right, space)
        if endpoint.right is not Right.KNOWN and not who.can(endpoint.right, space):
            await self.recorder.refused(request, who.name, who.credential, 403)
            where = "all spaces (`*`)" if endpoint.right is Right.ADMINISTER else f"the space {space!r}"
            told = f"the {who.credential} of {who.name!r}" if who.is_key else repr(who.name)
            raise DeniedError(403, f"{told} has not the right to {endpoint.right} in {where}")

    async def _looked_at(self, request: Request, header: str) -> Who:
        """Who it is by a header that was not looked at lately. Raises DeniedError."""
        try:
            credential = credential_of(header)
        except CredentialError as error:
            raise unknown(str(error)) from error
        who = self.access.quick(credential)
        if who is None:
            who = await self.slow(request, credential if isinstance(credential, Basic) else None)
        self.access.remember(header, who)
        return who

    async def _is_still(self, who: Who, right: Right, space: str) -> bool:
        if self.access.is_stale(self._seconds()):
            await run_in_threadpool(self.access.refresh, at_once=False)
        return self.access.is_still(who, right, space)

    def count(self, who: Who, now: float | None = None) -> None:
        """Count a request. Raises DeniedError if there are too many."""
        name = who.name if who.credential == "password" else who.credential
        if wait := self._rate.wait(name, self._seconds() if now is None else now):
            raise too_many("too many requests with this credential", wait)

    async def slow(self, request: Request, basic: Basic | None) -> Who:
        """Who it is by a password that takes a while, or that it is nobody. Raises DeniedError."""
        address, name = address_of(request), basic.name[:LONGEST_NAME] if basic else ""
        if self._turns is None:
            self._turns = CapacityLimiter(AT_ONCE)
        if self._turns.statistics().tasks_waiting >= MOST_WAITING:
            raise too_many("too many passwords wait to be looked at", 1)
        if basic:
            async with self._turns:
                # Where the same pair was waited for with others, it is known by now.
                self._check_pause(name, address)
                who = self.access.quick(basic) or await to_thread.run_sync(self.access.slow, basic)
                if who is not None:
                    self._lock_out.passed(name, address, self._seconds())
                    return who
        if wait := self._wrong.wait(address, self._seconds()):
            raise too_many("too many credentials that are not right", wait)
        self._lock_out.failed(name, address, self._seconds())
        await self.recorder.refused(request, name, "password" if basic else "none", 401)
        raise self._without(WRONG)

    def _check_pause(self, name: str, address: str) -> None:
        if (wait := self._lock_out.wait(name, address, self._seconds())) > 0:
            raise too_many("too many wrong passwords; wait before the next one", wait)

    def check_pause(self, request: Request) -> None:
        """Raises DeniedError while nothing secret that comes from an address is looked at."""
        self._check_pause("", address_of(request))

    def failed(self, request: Request) -> None:
        """Something secret from an address was wrong."""
        self._lock_out.failed("", address_of(request), self._seconds())

    def _without(self, reason: str = "this takes a credential: Basic, ApiKey or Bearer") -> DeniedError:
        if self.access.is_nobody:
            reason = (
                "this service has no users yet: send the token it printed when it started, which is also in the file"
                " `setup-token` of its data folder, with a name and a password to POST /api/v1/setup"
            )
        return unknown(reason)


def _said(request: Request) -> str:
    try:
        return told_name(request)
    except RequestError:
        return UNKNOWN


def address_of(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else "unknown"


def told_of(action: object, ids: object, query: object = None) -> str:
    """What is done with many things, which ones by the first ids or by the query, in few words for the log."""
    what = _cut(action) if isinstance(action, str) else "?"
    if isinstance(ids, list):
        named = [_cut(one) for one in ids[:FIRST] if isinstance(one, str)]
        return f"{what}: {len(ids)} by id: {' '.join([*named, *(['…'] if len(ids) > FIRST else [])])}"
    if query is None:
        return f"{what}: all"
    return f"{what}: those of {_cut(query if isinstance(query, str) else 'a query')}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def about(request: Request, what: str) -> None:
    """Have written down what a request is about, where its address does not say so."""
    request.scope[ABOUT] = what

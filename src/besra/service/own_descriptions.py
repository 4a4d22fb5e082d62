"""What is said of endpoints below /api/v1 that read their requests by themselves: users, keys, notifications."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from besra.service.description import Description

Grants = dict[str, tuple[str, ...]]
"""Names of roles by space, `*` being all."""


class FirstUser(Struct, frozen=True):
    """The first user, an admin, and the token that is printed at the first start."""

    token: str
    name: str
    password: str


class LogIn(Struct, frozen=True):
    """Who wants to log in."""

    name: str
    password: str


class NewPassword(Struct, frozen=True):
    """The password there is, and the one there shall be."""

    old: str
    new: str


class UserGiven(Struct, frozen=True):
    """A new user, and the roles by space."""

    name: str
    password: str
    roles: Grants


class UserChange(Struct, frozen=True, omit_defaults=True):
    """What of a user changes."""

    password: str | None = None
    roles: Grants | None = None
    disabled: bool | None = None


class KeyGiven(Struct, frozen=True, omit_defaults=True):
    """A new key: with roles it is good for these, else for all its owner's; `expiration` is a duration such as 30d."""

    name: str
    roles: Grants | None = None
    expiration: str | None = None


class AuditQuery(Struct, frozen=True):
    """Which entries of the audit log, the newest first."""

    size: Annotated[int, Meta(ge=1, le=1000)] = 100
    before: Annotated[int | None, Meta(description="`next` of the page before")] = None
    who: str | None = None
    space: str | None = None
    address: str | None = None
    status: int | None = None
    what: Annotated[str | None, Meta(description="a part of the method and the path")] = None


class NotificationQuery(Struct, frozen=True):
    """Which notifications, the newest first."""

    size: Annotated[int, Meta(ge=1, le=1000)] = 100
    before: Annotated[int | None, Meta(description="`next` of the page before")] = None
    status: str | None = None
    connector: str | None = None
    alert: str | None = None


class RetryGiven(Struct, frozen=True, omit_defaults=True):
    """Of which connector; without one of all."""

    connector: str | None = None


class TestGiven(Struct, frozen=True, omit_defaults=True):
    """What the message is to be like, as `params` of an action."""

    params: dict[str, Any] | None = None


ANSWER = dict[str, Any]
MISSING = {404: "there is none"}
KNOWN = {409: "there is one already, or it is not as it would have to be"}

OWN: Mapping[tuple[str, str], Description[Any, Any]] = {
    ("POST", "/api/v1/setup"): Description(
        "Make the first user.", body=FirstUser, answer=ANSWER, status=201, refusals=KNOWN
    ),
    ("POST", "/api/v1/session"): Description("Log in.", body=LogIn, answer=ANSWER, status=201),
    ("DELETE", "/api/v1/session"): Description("Log out.", status=204),
    ("GET", "/api/v1/me"): Description("Who asks, and the roles.", answer=ANSWER),
    ("PUT", "/api/v1/me/password"): Description("Change one's password.", body=NewPassword, status=204),
    ("GET", "/api/v1/users"): Description("The users.", answer=ANSWER),
    ("POST", "/api/v1/users"): Description("Make a user.", body=UserGiven, answer=ANSWER, status=201, refusals=KNOWN),
    ("GET", "/api/v1/users/{name}"): Description("A user.", answer=ANSWER, refusals=MISSING),
    ("PUT", "/api/v1/users/{name}"): Description(
        "Change a user.", body=UserChange, answer=ANSWER, refusals=MISSING | KNOWN
    ),
    ("DELETE", "/api/v1/users/{name}"): Description("Remove a user.", status=204, refusals=MISSING | KNOWN),
    ("GET", "/api/v1/audit"): Description("Who did what.", AuditQuery, answer=ANSWER),
    ("GET", "/api/v1/keys"): Description("The keys the asker may see.", answer=ANSWER),
    ("POST", "/api/v1/keys"): Description(
        "Make a key.", body=KeyGiven, answer=ANSWER, status=201, refusals=MISSING | KNOWN
    ),
    ("DELETE", "/api/v1/keys/{id}"): Description("Make a key worthless.", status=204, refusals=MISSING),
    ("POST", "/api/v1/connectors/{id}/_test"): Description(
        "Send a test, and tell what was answered.", body=TestGiven, answer=ANSWER, refusals=MISSING
    ),
    ("GET", "/api/v1/notifications"): Description("Notifications.", NotificationQuery, answer=ANSWER),
    ("GET", "/api/v1/notifications/{id}"): Description("A notification, whole.", answer=ANSWER, refusals=MISSING),
    ("POST", "/api/v1/notifications/_retry"): Description(
        "Send what waits or was given up again.", body=RetryGiven, answer=ANSWER
    ),
    ("POST", "/api/v1/notifications/{id}/_retry"): Description(
        "Send one again.", answer=ANSWER, refusals=MISSING | KNOWN
    ),
    ("DELETE", "/api/v1/notifications/{id}"): Description("Send one never.", answer=ANSWER, refusals=MISSING | KNOWN),
}
"""By method and path."""

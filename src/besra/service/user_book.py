"""Users and API keys made, changed and ended, by requests and by the command line alike."""

import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from besra.schema.timestamp import NANOS, format_timestamp
from besra.service.access import Access, Who
from besra.service.answering import RequestError
from besra.service.credential import encoded
from besra.service.endpoint import Right
from besra.service.passwords import PasswordError, hashed, new_secret, secret_digest
from besra.service.roles import EVERYWHERE, RIGHTS, Grants, Role, RolesError, roles_of
from besra.storage.access_store import Account, ApiKey, NotLeftError, Roles

LONGEST_NAME = 100
PERIOD = re.compile(r"([1-9]\d{0,8})(ms|s|m|h|d)")
UNITS = {"ms": NANOS // 1000, "s": NANOS, "m": 60 * NANOS, "h": 3600 * NANOS, "d": 86_400 * NANOS}
LONGEST_KEY_NAME = 256
MOST_KEYS = 1000
"""Keys of a user that are valid."""


class UserBook:
    """Users and keys of a service; all methods are blocking, and take effect at once. They raise RequestError.

    Roles are in spaces that `has_space` knows, or in all.
    """

    def __init__(self, access: Access, has_space: Callable[[str], bool] = lambda _: True) -> None:
        self.access = access
        self._has_space = has_space

    # --- users --------------------------------------------------------------------------------------------------------

    def add(self, name: object, password: object, roles: object, now: int, *, is_first: bool = False) -> Account:
        """Make a user, perhaps only if it is the first one (409 if it is not)."""
        account = Account(_name(name), _hashed(password), self._roles(roles), now, now)
        if not self.access.store.add_account(account, is_first=is_first):
            told = "there are users already" if is_first else f"there is a user {account.name!r} already"
            raise RequestError(409, told)
        self.access.refresh()
        return account

    def change(self, name: str, given: Mapping[str, object], now: int) -> Account:
        """Change the password, the roles, or whether a user is disabled."""
        if not given or set(given) - {"password", "roles", "disabled"}:
            raise RequestError(400, "what of a user changes is `password`, `roles`, `disabled`")
        new: dict[str, Any] = {"updated": now}
        if "password" in given:
            new["password"] = _hashed(given["password"])
        if "roles" in given:
            new["roles"] = self._roles(given["roles"])
        if "disabled" in given:
            if not isinstance(given["disabled"], bool):
                raise RequestError(400, "`disabled` is true or false")
            new["disabled"] = given["disabled"]
        try:
            account = self.access.store.change_account(name, lambda old: replace(old, **new), _has_admin)
        except NotLeftError as error:
            raise _not_left() from error
        if account is None:
            raise no_user(name)
        self.access.refresh()
        return account

    def remove(self, name: str) -> None:
        """Remove a user, with the keys and sessions."""
        try:
            if not self.access.store.remove_account(name, _has_admin):
                raise no_user(name)
        except NotLeftError as error:
            raise _not_left() from error
        self.access.refresh()

    # --- keys ---------------------------------------------------------------------------------------------------------

    def add_key(self, owner: Who, given: Mapping[str, object], now: int) -> tuple[ApiKey, str]:
        """A key for somebody, and its secret, which nobody is told again.

        `given` has its `name`, and may have `roles` and `expiration`.
        """
        if unknown := sorted(set(given) - {"name", "roles", "expiration"}):
            raise RequestError(400, f"`{unknown[0]:.100}` is not known; a key has a name, roles and an expiration")
        name = given.get("name")
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_KEY_NAME or not name.isprintable():
            raise RequestError(400, f"`name` is a text of 1 to {LONGEST_KEY_NAME} characters in one line")
        if owner.is_key:  # a key that leaked would outlive itself in those it makes
            raise RequestError(403, "a key makes no keys; make them with a password or the token of a log-in")
        roles: Roles | None = None
        if given.get("roles") is not None:
            roles = _roles(given["roles"])
            _refuse_more(owner, roles)  # first: nobody need know which spaces there are
            self._check_spaces(roles)
        expires = None if given.get("expiration") is None else now + _period(given["expiration"])
        valid = [key for key in self.all_keys() if key.account == owner.name and _is_valid(key, now)]
        if len(valid) >= MOST_KEYS:
            raise RequestError(400, f"{owner.name!r} has {MOST_KEYS:,} keys; invalidate some")
        if owner.name not in self.access.known.accounts:
            raise RequestError(400, f"there is no user {owner.name[:100]!r} whose key it could be")
        secret = new_secret()
        key = ApiKey(secrets.token_urlsafe(15), name, owner.name, secret_digest(secret), roles, now, expires)
        self.access.store.add_key(key)
        self.access.refresh()
        return key, secret

    def all_keys(self) -> list[ApiKey]:
        """All keys, in the order of their making."""
        return sorted(self.access.known.keys.values(), key=lambda key: (key.created, key.id))

    def _roles(self, given: object) -> Roles:
        roles = _roles(given)
        self._check_spaces(roles)
        return roles

    def _check_spaces(self, roles: Roles) -> None:
        for space in roles:
            if space != EVERYWHERE and not self._has_space(space):
                raise RequestError(400, f"there is no space {space[:100]!r} to have a role in: make it first")

    def invalidate(self, ids: Sequence[str], now: int) -> None:
        """Have keys count no more."""
        self.access.store.invalidate_keys(ids, now)
        self.access.refresh()


def no_user(name: str) -> RequestError:
    """That there is none of that name."""
    return RequestError(404, f"there is no user {name[:100]!r}")


def _not_left() -> RequestError:
    return RequestError(409, 'nobody would be left who can administer: make another user with {"*": ["admin"]} first')


def _has_admin(accounts: Iterable[Account]) -> bool:
    """Whether there is somebody who can administer."""
    return any(Grants.of(one.roles).give(Right.ADMINISTER, EVERYWHERE) for one in accounts if not one.disabled)


def _refuse_more(owner: Who, roles: Roles) -> None:
    for space, names in roles.items():
        for name in names:
            if not all(owner.can(right, space) for right in RIGHTS[Role(name)] if right is not Right.ADMINISTER) or (
                Role(name) is Role.ADMIN and space == EVERYWHERE and not owner.can(Right.ADMINISTER, space)
            ):
                raise RequestError(403, f"a key is no more than its owner: you are not {name} in {space!r}")


def _name(given: object) -> str:
    is_name = isinstance(given, str) and 0 < len(given) <= LONGEST_NAME and given.isprintable()
    if not isinstance(given, str) or not is_name or {":", "/"} & {*given} or given != given.strip():
        raise RequestError(400, "the name of a user has 1 to 100 characters, no colon or slash, and is one line")
    return given


def _hashed(given: object) -> str:
    if not isinstance(given, str):
        raise RequestError(400, "`password` is a text")
    try:
        return hashed(given)
    except PasswordError as error:
        raise RequestError(400, str(error)) from error


def _roles(given: object) -> Roles:
    try:
        return roles_of(given)
    except RolesError as error:
        raise RequestError(400, str(error)) from error


def _period(given: object) -> int:
    found = PERIOD.fullmatch(given) if isinstance(given, str) else None
    if found is None or int(found[1]) * UNITS[found[2]] > 36_500 * UNITS["d"]:
        raise RequestError(400, "`expiration` is a time such as 30d, 12h or 90m; of a hundred years at most")
    return int(found[1]) * UNITS[found[2]]


def _is_valid(key: ApiKey, now: int) -> bool:
    return key.invalidated is None and (key.expires is None or key.expires > now)


# --- as they are told -------------------------------------------------------------------------------------------------


def user_document(account: Account) -> dict[str, Any]:
    """A user, without the password."""
    return {
        "name": account.name,
        "roles": dict(account.roles),
        "disabled": account.disabled,
        "created_at": format_timestamp(account.created),
        "updated_at": format_timestamp(account.updated),
    }


def key_document(key: ApiKey) -> dict[str, Any]:
    """A key, without its secret."""
    return {
        "id": key.id,
        "name": key.name,
        "owner": key.account,
        "roles": None if key.roles is None else dict(key.roles),
        "created_at": format_timestamp(key.created),
        "expires_at": None if key.expires is None else format_timestamp(key.expires),
        "invalidated_at": None if key.invalidated is None else format_timestamp(key.invalidated),
    }


def new_key_document(key: ApiKey, secret: str) -> dict[str, Any]:
    """A new key with its secret, as Elasticsearch tells of one."""
    expiration = {} if key.expires is None else {"expiration": key.expires // 1_000_000}
    told = {"id": key.id, "name": key.name, **expiration}
    return {**told, "api_key": secret, "encoded": encoded(key.id, secret)}
